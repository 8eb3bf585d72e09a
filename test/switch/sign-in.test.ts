import { createCipheriv, createDecipheriv } from 'node:crypto';
import t from 'tap';
import { CARD, INPATIENT, OUTPATIENT } from '../support/cards.ts';
import { OutsideSm4Terminal } from '../support/outside-sm4-terminal.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { servedFor } from '../support/serve.ts';

const TMK = Buffer.from('0123456789ABCDEFFEDCBA9876543210', 'hex');

function tripleDes(key: Buffer, bytes: Buffer, decrypt = false): Buffer {
  const full = Buffer.concat([key, key, key]).subarray(0, 24);
  const make = decrypt ? createDecipheriv : createCipheriv;
  const cipher = make('des-ede3-ecb', full, null);
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
      const key = tripleDes(TMK, field62.subarray(start, start + length), true);
      const computed = tripleDes(key, Buffer.alloc(8)).subarray(0, 4);
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

t.test('a terminal with SM4 keys', async (t) => {
  const served = await servedFor(t, 'sm4');
  const terminal = new OutsideSm4Terminal('10000019', OUTPATIENT);
  await terminal.connect(served.port);
  t.teardown(() => terminal.disconnect());
  t.equal(
    (await terminal.ask(terminal.signInFrame('003')))?.fields.get(39),
    '12',
    'it cannot have 3DES keys',
  );
  t.equal((await terminal.signInSm4()).fields.get(39), '00');
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
