import t from 'tap';
import type { KeyAlgorithm, MacAlgorithm } from '../../hsm/types.ts';
import { bytes, codeOf, fixture, hex } from './hex.ts';
import { eachProvider } from './providers.ts';

const ascii = (text: string) => hex(Buffer.from(text, 'latin1'));
const MAB = '4012345678909D987';
const NIST = '6BC1BEE22E409F96E93D7E117393172A';
const RFC = `${NIST}AE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411`;
const SM4_MESSAGE =
  '36303030313132303138313131343131303033303230313730393330313031303130313230313731303235303030373535303030303030303035353533';
const TDES = '8AA83BF8CBDA10620BC1BF19FBB6CD58BC313D4A371CA8B5';

// Sources: UnionPay ECB and SM4 fold as published on CSDN and cnblogs, X9.19 from X9.24's data,
// CMAC from NIST SP 800-38B and RFC 4493; the x9.9 rows computed with two independent programs.
// biome-ignore format: a table, one case a line.
const MACS: [MacAlgorithm, KeyAlgorithm, string, string, string][] = [
  ['cup-ecb',    'des',  'C24A8FB57AA20123',                 '4D08F434464FE7BF', ascii('8A9E91B8')],
  ['cup-ecb',    '3des', 'C24A8FB57AA20123C24A8FB57AA20123', '4D08F434464FE7BF', ascii('8A9E91B8')],
  ['cup-sm4',    'sm4',  '12345678901234567890123456789012', SM4_MESSAGE,        ascii('1E80F373')],
  ['x9.19',      '3des', '042666B4918430A368DE9628D03984C9', ascii(MAB),         '9CCC78173FC4FB64'],
  ['x9.19',      '3des', '042666B46E84CFA368DE96282F397BC9', ascii(MAB),         '20364223C1FF00FA'],
  ['x9.9-pad80', 'des',  '0123456789ABCDEF',                 '1122334455667788', '5345E865'],
  ['cmac-aes',   'aes',  '2B7E151628AED2A6ABF7158809CF4F3C', '',                 'BB1D6929E95937287FA37D129B756746'],
  ['cmac-aes',   'aes',  '2B7E151628AED2A6ABF7158809CF4F3C', NIST,               '070A16B46B4D4144F79BDD9DD04A287C'],
  ['cmac-aes',   'aes',  '2B7E151628AED2A6ABF7158809CF4F3C', RFC,                'DFA66747DE9AE63030CA32611497C827'],
  ['cmac-3des',  '3des', TDES,                               '',                 'B7A688E122FFAF95'],
  ['cmac-3des',  '3des', TDES,                               NIST.slice(0, 16),  '8E8F293136283797'],
  ['cmac-3des',  '3des', TDES,                               RFC.slice(0, 40),   '743DDBE0CE2DC2ED'],
];

t.test('every MAC algorithm gives its published value and verifies it', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    for (const [algorithm, keyAlgorithm, key, data, expected] of MACS) {
      const stored = await hsm.importKey(
        { algorithm: keyAlgorithm, purpose: 'mac', lengthBytes: key.length / 2 },
        [bytes(key)],
      );
      const mac = hex(await hsm.generateMac(stored, algorithm, bytes(data)));
      t.equal(mac.slice(0, expected.length), expected, `${algorithm} ${keyAlgorithm}`);
      t.equal(await hsm.verifyMac(stored, algorithm, bytes(data), bytes(mac)), true, 'the MAC');
      t.equal(await hsm.verifyMac(stored, algorithm, bytes(data), bytes(mac.slice(0, 8))), true);
      t.equal(await hsm.verifyMac(stored, algorithm, bytes(data), bytes(mac.slice(0, 6))), false);
      const wrong = bytes(mac);
      wrong[0]! ^= 1;
      t.equal(await hsm.verifyMac(stored, algorithm, bytes(data), wrong), false, 'one bit off');
      const changed = Buffer.concat([bytes(data), Buffer.from([1])]);
      t.equal(await hsm.verifyMac(stored, algorithm, changed, bytes(mac)), false, 'other data');
    }
  });
});

interface Frame {
  name: string;
  hex: string;
  keys?: { mak?: string };
  expected: { layout: string };
  mac_verified?: boolean | null;
}

/** From the message type up to the field before the MAC; the last 8 bytes of the frame are the MAC. */
function macInput(frame: Frame): { data: Buffer; mac: Buffer } {
  const whole = bytes(frame.hex);
  const skip = { 'len2+tpdu5+header6+body': 13, 'tpdu5+header6+body': 11, body: 0 };
  const start = skip[frame.expected.layout as keyof typeof skip];
  return { data: whole.subarray(start, -8), mac: whole.subarray(-8) };
}

t.test('field 64 of the published and computed frames', async (t) => {
  const frames = fixture<{ frames: Frame[] }>('cup.json').frames.filter(
    (frame) => typeof frame.mac_verified === 'boolean' && frame.keys?.mak !== undefined,
  );
  t.ok(frames.length >= 10, 'the file has frames with keys');
  await eachProvider(t, async (t, hsm) => {
    for (const frame of frames) {
      const key = frame.keys!.mak!;
      const [algorithm, mac] =
        key.length === 16 ? (['des', 'cup-ecb'] as const) : (['sm4', 'cup-sm4'] as const);
      const mak = await hsm.importKey({ algorithm, purpose: 'mac' }, [bytes(key)]);
      const input = macInput(frame);
      const verified = await hsm.verifyMac(mak, mac, input.data, input.mac);
      t.equal(verified, frame.mac_verified, frame.name);
    }
  });
});

t.test('many keys and lengths in turn give what a fresh key gives', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const keys = [];
    for (let i = 0; i < 40; i++)
      keys.push(await hsm.generateKey({ algorithm: '3des', purpose: 'mac' }));
    for (let round = 0; round < 400; round++) {
      const key = keys[(round * 7) % keys.length]!;
      const data = Buffer.alloc(1 + ((round * 13) % 200), round);
      const again = { ...key, cryptogram: Uint8Array.from(key.cryptogram) };
      const mac = await hsm.generateMac(key, 'x9.19', data);
      if (!(await hsm.verifyMac(again, 'x9.19', data, mac))) t.fail(`round ${round}`);
      await hsm.forgetKey(key);
      if (!(await hsm.verifyMac(key, 'x9.19', data, mac))) t.fail(`round ${round}, loaded again`);
    }
    t.ok((await hsm.status()).cachedKeys <= 40);
  });
});

t.test('an algorithm takes its own kind of key only', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const aes = await hsm.generateKey({ algorithm: 'aes', purpose: 'mac' });
    const des = await hsm.generateKey({ algorithm: 'des', purpose: 'mac' });
    t.equal(await codeOf(() => hsm.generateMac(aes, 'cup-ecb', bytes('00'))), 'wrong_algorithm');
    t.equal(await codeOf(() => hsm.generateMac(des, 'x9.19', bytes('00'))), 'wrong_algorithm');
    t.equal(await codeOf(() => hsm.generateMac(des, 'cup-sm4', bytes('00'))), 'wrong_algorithm');
  });
});
