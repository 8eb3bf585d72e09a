import t from 'tap';
import type { KeyAlgorithm, KeyPurpose } from '../../hsm/types.ts';
import { bytes, codeOf } from './hex.ts';
import { eachProvider } from './providers.ts';

const KEY = '3F419E1CB7079442AA37474C2EFBF8B8';
const CASES: [string, KeyAlgorithm, string, KeyAlgorithm, string][] = [
  [
    'version B',
    '3des',
    'DD7515F2BFC17F85CE48F3CA25CB21F6',
    '3des',
    'B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E',
  ],
  [
    'version D',
    'aes',
    '88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6',
    'aes',
    'D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457DC34',
  ],
];

t.test('blocks of the standard open, and only whole', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    for (const [name, kbpkAlgorithm, kbpk, algorithm, block] of CASES) {
      const under = await hsm.importKey(
        { algorithm: kbpkAlgorithm, purpose: 'key-block', lengthBytes: kbpk.length / 2 },
        [bytes(kbpk)],
      );
      const spec = { algorithm, purpose: 'pin' as const };
      const key = await hsm.importKeyBlock(spec, under, block);
      const expected = await hsm.importKey(spec, [bytes(KEY)]);
      t.equal(key.checkValue, expected.checkValue, name);
      const last = block.endsWith('E') ? 'F' : 'E';
      t.equal(
        await codeOf(() => hsm.importKeyBlock(spec, under, block.slice(0, -1) + last)),
        'tampered',
      );
      const relabelled = block.replace('P0', 'K0');
      t.equal(await codeOf(() => hsm.importKeyBlock(spec, under, relabelled)), 'wrong_purpose');
      t.equal(
        await codeOf(() => hsm.importKeyBlock({ algorithm, purpose: 'kek' }, under, relabelled)),
        'tampered',
      );
      t.equal(await codeOf(() => hsm.importKeyBlock(spec, under, block.slice(0, -2))), 'bad_input');
      t.equal(await codeOf(() => hsm.importKeyBlock(spec, under, '')), 'bad_input');
      t.equal(
        await codeOf(() => hsm.importKeyBlock({ ...spec, purpose: 'mac' }, under, block)),
        'wrong_purpose',
      );
    }
  });
});

t.test('exportable keys go out and come back, others do not', async (t) => {
  const keys: [KeyAlgorithm, KeyPurpose, number][] = [
    ['des', 'mac', 8],
    ['3des', 'pin', 16],
    ['3des', 'kek', 24],
    ['aes', 'data', 32],
    ['aes', 'kek', 16],
  ];
  await eachProvider(t, async (t, hsm) => {
    for (const lengthBytes of [16, 24]) {
      for (const kbpkAlgorithm of ['3des', 'aes'] as const) {
        const under = await hsm.generateKey({
          algorithm: kbpkAlgorithm,
          purpose: 'key-block',
          lengthBytes,
        });
        for (const [algorithm, purpose, keyBytes] of keys) {
          const spec = { algorithm, purpose, lengthBytes: keyBytes, exportable: true };
          const key = await hsm.generateKey(spec);
          const block = await hsm.exportKeyBlock(key, under);
          t.equal(Number(block.slice(1, 5)), block.length);
          const back = await hsm.importKeyBlock(spec, under, block);
          t.equal(
            back.checkValue,
            key.checkValue,
            `${algorithm} ${purpose} under ${kbpkAlgorithm} ${lengthBytes}`,
          );
          t.not(await hsm.exportKeyBlock(key, under), block, 'padding is random');
        }
      }
    }
    const under = await hsm.generateKey({ algorithm: 'aes', purpose: 'key-block' });
    const fixed = await hsm.generateKey({ algorithm: '3des', purpose: 'pin', exportable: false });
    t.equal(await codeOf(() => hsm.exportKeyBlock(fixed, under)), 'not_exportable');
    const sm4 = await hsm.generateKey({ algorithm: 'sm4', purpose: 'mac' });
    t.equal(await codeOf(() => hsm.exportKeyBlock(sm4, under)), 'unsupported');
  });
});
