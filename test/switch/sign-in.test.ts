import { createCipheriv, createDecipheriv } from 'node:crypto';
import t from 'tap';
import { CARD, INPATIENT, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { servedFor } from '../support/serve.ts';

const TMK = Buffer.from('0123456789ABCDEFFEDCBA9876543210', 'hex');
const SM4_TMK = Buffer.from('00112233445566778899AABBCCDDEEFF', 'hex');

function ecb(
  algorithm: 'des-ede3-ecb' | 'sm4-ecb',
  key: Buffer,
  bytes: Buffer,
  decrypt = false,
): Buffer {
  const full = algorithm === 'sm4-ecb' ? key : Buffer.concat([key, key, key]).subarray(0, 24);
  const make = decrypt ? createDecipheriv : createCipheriv;
  const cipher = make(algorithm, full, null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

t.test('field 62 as each network code asks for it', async (t) => {
  const served = await servedFor(t, 'sign-in');
  type Part = [start: number, bytes: number, check: number];
  const cases: [code: string, bytes: number, keys: Part[]][] = [
    [
      '001',
      24,
      [
        [0, 8, 8],
        [12, 8, 20],
      ],
    ],
    [
      '003',
      40,
      [
        [0, 16, 16],
        [20, 8, 36],
      ],
    ],
    [
      '004',
      60,
      [
        [0, 16, 16],
        [20, 8, 36],
        [40, 16, 56],
      ],
    ],
  ];
  for (const [code, bytes, keys] of cases) {
    const terminal = new OutsideTerminal('10000018', INPATIENT);
    await terminal.connect(served.port);
    const answer = (await terminal.ask(terminal.signInFrame(code)))!;
    t.equal(answer.fields.get(39), '00', `60.3 = ${code}`);
    const field62 = Buffer.from(answer.fields.get(62)!, 'hex');
    t.equal(field62.length, bytes, `${bytes} bytes`);
    for (const [start, length, check] of keys) {
      const key = ecb('des-ede3-ecb', TMK, field62.subarray(start, start + length), true);
      const computed = ecb('des-ede3-ecb', key, Buffer.alloc(8)).subarray(0, 4);
      t.strictSame(
        computed,
        field62.subarray(check, check + 4),
        `the check value at byte ${check}`,
      );
    }
    if (code !== '001')
      t.strictSame(field62.subarray(28, 36), Buffer.alloc(8), 'the zero half of the MAC key');
    terminal.disconnect();
  }
});

/** A terminal with SM4 keys. */
class Sm4Terminal extends OutsideTerminal {
  async signInSm4(): Promise<string | undefined> {
    const frame = this.frame('0800', { 11: this.nextTrace(), 60: `00${this.batch}006` });
    const answer = (await this.ask(frame))!;
    const field62 = Buffer.from(answer.fields.get(62) ?? '', 'hex');
    t.equal(field62.length, 60, 'three SM4 keys with their check values');
    const mak = ecb('sm4-ecb', SM4_TMK, field62.subarray(20, 36), true);
    const check = ecb('sm4-ecb', mak, Buffer.alloc(16)).subarray(0, 4);
    t.strictSame(check, field62.subarray(36, 40), 'the MAC key’s check value');
    this.sm4Mak = mak;
    this.batch = answer.fields.get(60)!.slice(2, 8);
    return answer.fields.get(39);
  }

  sm4Mak: Buffer = Buffer.alloc(16);

  sm4Mac(input: Buffer): Buffer {
    const folded = Buffer.alloc(16);
    for (let i = 0; i < input.length; i++) folded[i & 15]! ^= input[i]!;
    const text = Buffer.from(folded.toString('hex').toUpperCase(), 'latin1');
    const first = ecb('sm4-ecb', this.sm4Mak, text.subarray(0, 16));
    for (let i = 0; i < 16; i++) first[i]! ^= text[16 + i]!;
    return Buffer.from(
      ecb('sm4-ecb', this.sm4Mak, first).toString('hex').toUpperCase().slice(0, 8),
      'latin1',
    );
  }

  sm4Frame(fields: Record<number, string | Buffer>, wrong = false): Buffer {
    const frame = this.frame('0200', fields, 'right');
    const mac = this.sm4Mac(frame.subarray(13, -8));
    if (wrong) mac[0]! ^= 1;
    mac.copy(frame, frame.length - 8);
    return frame;
  }
}

t.test('a terminal with SM4 keys', async (t) => {
  const served = await servedFor(t, 'sm4');
  const terminal = new Sm4Terminal('10000019', OUTPATIENT);
  await terminal.connect(served.port);
  t.teardown(() => terminal.disconnect());
  t.equal(
    (await terminal.ask(terminal.signInFrame('003')))?.fields.get(39),
    '12',
    'it cannot have 3DES keys',
  );
  t.equal(await terminal.signInSm4(), '00');
  const answer = (await terminal.ask(terminal.sm4Frame(terminal.purchaseFields(CARD.good, 100))))!;
  t.equal(answer.fields.get(39), '00', 'its MAC is verified');
  const mac = Buffer.from(answer.fields.get(64)!, 'hex');
  t.strictSame(
    mac,
    terminal.sm4Mac(answer.frame.subarray(11, -8)),
    'and the answer has the right one',
  );
  const wrong = await terminal.ask(
    terminal.sm4Frame(terminal.purchaseFields(CARD.good, 100), true),
  );
  t.equal(wrong?.fields.get(39), 'A0', 'a wrong MAC');
});

t.test('echo, with and without a trace number', async (t) => {
  const served = await servedFor(t, 'echo');
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  t.teardown(() => terminal.disconnect());
  const cases: Record<number, string>[] = [
    { 60: '00000001301' },
    { 11: '000009', 60: '00000001301' },
  ];
  for (const fields of cases) {
    const answer = await terminal.ask(terminal.frame('0820', fields));
    t.equal(answer?.messageType, '0830');
    t.equal(answer?.fields.get(39), '00');
    t.equal(answer?.fields.get(11), fields[11]);
  }
});
