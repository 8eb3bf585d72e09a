import t from 'tap';
import type { KeyAlgorithm, KeyPurpose } from '../../hsm/types.ts';
import { bytes, codeOf, fixture, hex } from './hex.ts';
import { eachProvider } from './providers.ts';

const TMK = '0123456789ABCDEFFEDCBA9876543210';
const SM4_TMK = '00112233445566778899AABBCCDDEEFF';

interface KcvVector {
  name: string;
  alg: string;
  key: string;
  kcv8: string;
}

t.test('published check values, from whole keys and from components', async (t) => {
  const { kcv } = fixture<{ kcv: KcvVector[] }>('pin-kcv-dukpt.json');
  const algorithms: Record<string, KeyAlgorithm> = { '3DES': '3des', DES: 'des', SM4: 'sm4' };
  await eachProvider(t, async (t, hsm) => {
    for (const vector of kcv) {
      const algorithm = algorithms[vector.alg]!;
      const key = await hsm.importKey({ algorithm, purpose: 'pin' }, [bytes(vector.key)]);
      t.equal(key.checkValue, vector.kcv8, vector.name);
      t.equal(await hsm.checkValue(key), vector.kcv8, `${vector.name} computed afresh`);
    }
    const components = ['138CE5B32C0E9126C291E970EA98764C', '1FD3C2437F6EE6DCD9383E1A49E9674C'].map(
      bytes,
    );
    const combined = await hsm.importKey({ algorithm: '3des', purpose: 'kek' }, components);
    t.equal(combined.checkValue, '9BAE3E97', 'the XOR of two published components');
    t.ok(
      components.every((part) => part.every((byte) => byte === 0)),
      'components are wiped',
    );
  });
});

interface WorkKeys {
  hex: string;
  keys: { tmk: string };
  expected: { work_keys: Record<string, { clear: string; kcv_in_frame: string }> };
}

t.test('the published sign-in answer opens under its terminal master key', async (t) => {
  const vectors = fixture<{ field_vectors: (WorkKeys & { name: string })[] }>('cup.json');
  const vector = vectors.field_vectors.find(({ name }) => name === 'work_keys_field62_code456')!;
  const field62 = bytes(vector.hex);
  await eachProvider(t, async (t, hsm) => {
    const tmk = await hsm.importKey({ algorithm: '3des', purpose: 'kek' }, [
      bytes(vector.keys.tmk),
    ]);
    const pik = await hsm.importWrapped(
      { algorithm: '3des', purpose: 'pin' },
      tmk,
      field62.subarray(0, 16),
      hex(field62.subarray(16, 20)),
    );
    const mak = await hsm.importWrapped(
      { algorithm: 'des', purpose: 'mac' },
      tmk,
      field62.subarray(20, 28),
      hex(field62.subarray(36, 40)),
    );
    t.equal(pik.checkValue, vector.expected.work_keys['PIK']!.kcv_in_frame);
    t.equal(mak.checkValue, vector.expected.work_keys['MAK8']!.kcv_in_frame);
    const wrong = () =>
      hsm.importWrapped(
        { algorithm: 'des', purpose: 'mac' },
        tmk,
        field62.subarray(20, 28),
        '000000',
      );
    t.equal(await codeOf(wrong), 'check_value_mismatch');
    const short = () =>
      hsm.importWrapped({ algorithm: '3des', purpose: 'pin' }, tmk, field62.subarray(0, 12));
    t.equal(await codeOf(short), 'bad_input');
  });
});

// biome-ignore format: a table, one case a line.
const DOWNLOADS: [KeyAlgorithm, KeyPurpose, number, KeyAlgorithm, string][] = [
  ['des',  'mac',  8,  '3des', TMK],
  ['3des', 'pin',  16, '3des', TMK],
  ['3des', 'mac',  16, '3des', TMK],
  ['3des', 'data', 24, '3des', TMK],
  ['aes',  'pin',  16, '3des', TMK],
  ['aes',  'pin',  32, 'aes',  SM4_TMK],
  ['3des', 'pin',  16, 'aes',  SM4_TMK],
  ['sm4',  'pin',  16, 'sm4',  SM4_TMK],
  ['sm4',  'mac',  16, '3des', TMK],
  ['3des', 'mac',  16, 'sm4',  SM4_TMK],
];

t.test('generated keys travel under a terminal master key and back', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    for (const [algorithm, purpose, lengthBytes, kekAlgorithm, kekBytes] of DOWNLOADS) {
      const name = `${algorithm} ${lengthBytes} ${purpose} under ${kekAlgorithm}`;
      const kek = await hsm.importKey({ algorithm: kekAlgorithm, purpose: 'kek' }, [
        bytes(kekBytes),
      ]);
      const key = await hsm.generateKey({ algorithm, purpose, lengthBytes });
      const wrapped = await hsm.exportKey(key, kek);
      t.equal(wrapped.cryptogram.length, lengthBytes, name);
      t.equal(wrapped.checkValue, key.checkValue, name);
      const back = await hsm.importWrapped(
        { algorithm, purpose, lengthBytes },
        kek,
        wrapped.cryptogram,
        wrapped.checkValue,
      );
      t.equal(await hsm.checkValue(back), key.checkValue, name);
      const another = await hsm.generateKey({ algorithm, purpose, lengthBytes });
      t.not(another.checkValue, key.checkValue, `${name}: every key is another`);
    }
  });
});

t.test('a key serves its purpose only, and leaves only when it may', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const kek = await hsm.importKey({ algorithm: '3des', purpose: 'kek' }, [bytes(TMK)]);
    const mac = await hsm.generateKey({ algorithm: '3des', purpose: 'mac' });
    const pin = await hsm.generateKey({ algorithm: '3des', purpose: 'pin', exportable: false });
    const clearPin = { format: 0, pin: '123456', pan: '6219990000000000010' } as const;
    // biome-ignore format: a table, one case a line.
    const refused: [string, string, () => unknown][] = [
      ['PIN under a MAC key',         'wrong_purpose',  () => hsm.encryptPin(mac, clearPin)],
      ['MAC under a PIN key',         'wrong_purpose',  () => hsm.generateMac(pin, 'cup-ecb', bytes('00'))],
      ['track under a MAC key',       'wrong_purpose',  () => hsm.encryptTrack(mac, '6219990000000000010D3012')],
      ['export under a MAC key',      'wrong_purpose',  () => hsm.exportKey(mac, mac)],
      ['sign with a MAC key',         'wrong_purpose',  () => hsm.sign(mac, bytes('00'))],
      ['TAC from a kek',              'wrong_purpose',  () => hsm.generateEpurseMac({ master: kek, factors: [] }, 'load-tac', { type: 1, terminal: '' })],
      ['export of what may not',      'not_exportable', () => hsm.exportKey(pin, kek)],
      ['export of a master',          'not_exportable', () => hsm.exportKey(kek, kek)],
      ['an AES signing key',          'wrong_algorithm', () => hsm.generateKey({ algorithm: 'aes', purpose: 'sign' })],
      ['a single DES master',         'wrong_algorithm', () => hsm.generateKey({ algorithm: 'des', purpose: 'kek' })],
      ['a 3DES key of 8 bytes',       'bad_input',      () => hsm.generateKey({ algorithm: '3des', purpose: 'mac', lengthBytes: 8 })],
      ['components of two lengths',   'bad_input',      () => hsm.importKey({ algorithm: '3des', purpose: 'kek' }, [bytes(TMK), bytes('00')])],
      ['no component',                'bad_input',      () => hsm.importKey({ algorithm: '3des', purpose: 'kek' }, [])],
    ];
    for (const [name, code, work] of refused) t.equal(await codeOf(work), code, name);
  });
});

t.test('whatever is changed in a stored key is found', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const key = await hsm.generateKey({ algorithm: '3des', purpose: 'pin' });
    const otherKey = await hsm.generateKey({ algorithm: '3des', purpose: 'pin' });
    const use = (changed: typeof key) =>
      codeOf(() =>
        changed.purpose === 'mac'
          ? hsm.generateMac(changed, 'x9.19', bytes('00'))
          : hsm.checkValue(changed),
      );
    t.equal(await use(key), 'no error');
    t.equal(await use({ ...key, purpose: 'mac' }), 'tampered', 'purpose');
    t.equal(await use({ ...key, algorithm: 'aes' }), 'tampered', 'algorithm');
    t.equal(await use({ ...key, version: 2 }), 'tampered', 'version');
    t.equal(await use({ ...key, checkValue: '00000000' }), 'tampered', 'check value');
    t.equal(await use({ ...key, cryptogram: otherKey.cryptogram }), 'tampered', 'other cryptogram');
    t.equal(await use({ ...key, cryptogram: new Uint8Array(0) }), 'tampered', 'no cryptogram');
    for (let at = 0; at < key.cryptogram.length; at++) {
      const cryptogram = Uint8Array.from(key.cryptogram);
      cryptogram[at]! ^= 1;
      if ((await use({ ...key, cryptogram })) !== 'tampered') t.fail(`byte ${at}`);
    }
    const cut = { ...key, cryptogram: key.cryptogram.subarray(0, -1) };
    t.equal(await use(cut), 'tampered', 'one byte short');
  });
});

t.test('rotation gives a new key of the same kind, one version on', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const kek = await hsm.importKey({ algorithm: '3des', purpose: 'kek' }, [bytes(TMK)]);
    const first = await hsm.generateKey({ algorithm: '3des', purpose: 'mac', version: 7 });
    const second = await hsm.rotateKey(first);
    t.match(second, { algorithm: '3des', purpose: 'mac', version: 8 });
    t.not(second.checkValue, first.checkValue);
    t.equal((await hsm.exportKey(second, kek)).cryptogram.length, 16);
    const data = bytes('0102');
    const old = await hsm.generateMac(first, 'x9.19', data);
    t.equal(await hsm.verifyMac(first, 'x9.19', data, old), true, 'the old version goes on');
    t.equal(await hsm.verifyMac(second, 'x9.19', data, old), false);
  });
});
