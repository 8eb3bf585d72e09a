import t from 'tap';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { type Answer, amount, OutsideTerminal } from '../support/outside-terminal.ts';
import { servedFor } from '../support/serve.ts';

const FOREIGN_REQUEST = '0'.repeat(31);
const FOREIGN_ANSWER = `${'0'.repeat(30)}1`;

function totals(
  debitFen: number,
  debits: number,
  creditFen: number,
  credits: number,
  result: number,
) {
  const count = (value: number) => String(value).padStart(3, '0');
  return `${amount(debitFen)}${count(debits)}${amount(creditFen)}${count(credits)}${result}`;
}

t.test('settlement compares totals and begins a new batch', async (t) => {
  const served = await servedFor(t, 'settlement');
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  t.teardown(() => terminal.disconnect());
  const settleFrame = (half: string) =>
    terminal.frame('0500', {
      11: terminal.nextTrace(),
      48: half + FOREIGN_REQUEST,
      49: '156',
      60: `00${terminal.batch}201`,
      63: Buffer.from('01 '),
    });

  t.equal((await terminal.ask(terminal.purchase(CARD.good, 1_000)))?.fields.get(39), '00');
  t.equal((await terminal.ask(terminal.purchase(CARD.good, 200)))?.fields.get(39), '00');
  const reversed = terminal.purchaseFields(CARD.good, 300);
  await terminal.ask(terminal.frame('0200', reversed, 'right'));
  t.equal((await terminal.ask(terminal.reversal(reversed)))?.fields.get(39), '00');

  const frame = settleFrame(totals(1_200, 2, 0, 0, 0));
  const matched = (await terminal.ask(frame))!;
  t.equal(matched.messageType, '0510');
  t.equal(matched.fields.get(39), '00');
  t.equal(
    matched.fields.get(48),
    totals(1_200, 2, 0, 0, 1) + FOREIGN_ANSWER,
    'totals match; a reversed purchase is not in them',
  );
  const repeated = (await terminal.ask(frame))!;
  t.strictSame(repeated.frame, matched.frame, 'asked again: the same answer');

  const old = await terminal.ask(terminal.purchase(CARD.good, 100));
  t.equal(old?.fields.get(39), '77', 'the settled batch takes nothing more');
  const before = terminal.batch;
  await terminal.signIn();
  t.equal(Number(terminal.batch), Number(before) + 1, 'the next sign-in gives the next batch');

  t.equal((await terminal.ask(terminal.purchase(CARD.good, 500)))?.fields.get(39), '00');
  const mismatch = (await terminal.ask(settleFrame(totals(400, 1, 0, 0, 0))))!;
  t.equal(mismatch.fields.get(39), '00', 'never told by field 39');
  t.equal(
    mismatch.fields.get(48),
    totals(500, 1, 0, 0, 2) + FOREIGN_ANSWER,
    'our totals, and that they differ',
  );
});

t.test('the batch stays the same over sign-ins', async (t) => {
  const served = await servedFor(t, 'batch');
  const terminal = new OutsideTerminal('10000003', OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  const batch = terminal.batch;
  t.equal((await terminal.ask(terminal.purchase(CARD.good, 100)))?.fields.get(39), '00');
  const oldKeys = terminal.purchase(CARD.good, 200);
  await terminal.signIn();
  t.equal(terminal.batch, batch);
  const late = await terminal.ask(oldKeys);
  t.equal(late?.fields.get(39), '00', 'what was made with the keys before is still taken');
  t.equal((await terminal.ask(terminal.purchase(CARD.good, 300)))?.fields.get(39), '00');
  terminal.disconnect();
});

t.test('a sign-off ends what its MAC or its address proves, no more', async (t) => {
  const served = await servedFor(t, 'sign-off');
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  const stranger = new OutsideTerminal('10000001', OUTPATIENT);
  stranger.trace = 5_000;
  await stranger.connect(served.port, '127.0.0.2');
  t.teardown(() => {
    terminal.disconnect();
    stranger.disconnect();
  });
  const code = (answer: Answer | null) => answer?.fields.get(39);
  const signOff = async (by: OutsideTerminal, mac: 'right' | 'wrong' | 'none' = 'none') => {
    const fields = { 11: by.nextTrace(), 60: `00${terminal.batch}002` };
    return code(await by.ask(by.frame('0820', fields, mac)));
  };
  const buy = async () => code(await terminal.ask(terminal.purchase(CARD.good, 100)));
  const settle = async () => {
    const fields = {
      11: terminal.nextTrace(),
      48: totals(0, 0, 0, 0, 0) + FOREIGN_REQUEST,
      60: `00${terminal.batch}201`,
    };
    return code(await terminal.ask(terminal.frame('0500', fields)));
  };
  const signIn = async (by: OutsideTerminal) => code(await by.signIn());
  // biome-ignore format: a scenario, one step a line.
  const steps: [what: string, step: () => Promise<string | undefined>, code: string][] = [
    ['before its first sign-in',                     buy,                              '97'],
    ['it signs in',                                  () => signIn(terminal),           '00'],
    ['signs off before it has proven anything',      () => signOff(terminal),          '00'],
    ['and is signed off',                            buy,                              '97'],
    ['it signs in again',                            () => signIn(terminal),           '00'],
    ['and proves its keys',                          buy,                              '00'],
    ['a stranger signs it off',                      () => signOff(stranger),          '00'],
    ['that ends nothing',                            buy,                              '00'],
    ['a stranger signs in for it',                   () => signIn(stranger),           '00'],
    ['and off',                                      () => signOff(stranger),          '00'],
    ['that ends the stranger’s keys alone',          buy,                              '00'],
    ['the stranger may sign in again',               () => signIn(stranger),           '00'],
    ['the terminal signs off from where it proved',  () => signOff(terminal),          '00'],
    ['its keys are gone',                            buy,                              '97'],
    ['what carries no MAC is refused, too',          settle,                           '97'],
    ['so is a second sign-off',                      () => signOff(terminal),          '97'],
    ['even with a MAC',                              () => signOff(terminal, 'right'), '97'],
    ['which changes nothing',                        buy,                              '97'],
    ['after a sign-in',                              () => signIn(terminal),           '00'],
    ['it trades again',                              buy,                              '00'],
    ['a sign-off with a wrong MAC',                  () => signOff(terminal, 'wrong'), 'A0'],
    ['ends nothing',                                 buy,                              '00'],
    ['the terminal moves to another address',        () => moved('127.0.0.3'),         '00'],
    ['from there a sign-off is not believed',        () => signOff(terminal),          '00'],
    ['so it trades on',                              buy,                              '00'],
    ['but with a right MAC',                         () => signOff(terminal, 'right'), '00'],
    ['its keys are gone',                            buy,                              '97'],
  ];
  const moved = async (address: string) => {
    terminal.disconnect();
    await terminal.connect(served.port, address);
    return buy();
  };
  for (const [what, step, expected] of steps) t.equal(await step(), expected, what);
});
