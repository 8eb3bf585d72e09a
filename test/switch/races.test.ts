import t from 'tap';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { servedFor } from '../support/serve.ts';

const ROUNDS = 60;

t.test('an original and its reversal on two connections at once end the same way', async (t) => {
  const served = await servedFor(t, 'races', { POSP__SWITCH_WORKERS: '2' });
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  const other = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  await other.connect(served.port);
  await terminal.signIn();
  other.mak = terminal.mak;
  other.batch = terminal.batch;
  const seen = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const fields = terminal.purchaseFields(CARD.good, 100);
    const purchase = terminal.frame('0200', fields, 'right');
    const reversal = other.reversal(fields);
    const [bought, undone] = await Promise.all([terminal.ask(purchase), other.ask(reversal)]);
    const codes = `${bought?.fields.get(39)} ${undone?.fields.get(39)}`;
    seen.add(codes);
    if (!['00 00', '22 00'].includes(codes)) t.fail(`round ${round}: ${codes}`);
  }
  t.comment([...seen].join(', '));
  const balance = await terminal.ask(
    terminal.frame(
      '0200',
      {
        2: CARD.good,
        3: '310000',
        11: terminal.nextTrace(),
        22: '022',
        25: '00',
        49: '156',
        60: `01${terminal.batch}00050`,
      },
      'right',
    ),
  );
  t.equal(Number(balance?.fields.get(54)?.slice(8)), 100_000, 'nothing was paid in the end');
  terminal.disconnect();
  other.disconnect();
});

t.test('sign-ins of one terminal on many connections at once', async (t) => {
  const served = await servedFor(t, 'sign-ins', { POSP__SWITCH_WORKERS: '2' });
  const terminals = Array.from({ length: 6 }, () => new OutsideTerminal('10000002', OUTPATIENT));
  for (const terminal of terminals) await terminal.connect(served.port);
  const answers = await Promise.all(terminals.map((terminal) => terminal.signIn()));
  const codes = answers.map((answer) => answer.fields.get(39));
  t.ok(codes.includes('00'), 'at least one has keys');
  t.ok(
    codes.every((code) => code === '00' || code === '96'),
    `the others too, or are told to ask again: ${codes}`,
  );
  const again = new OutsideTerminal('10000002', OUTPATIENT);
  await again.connect(served.port);
  await again.signIn();
  t.equal((await again.ask(again.purchase(CARD.good, 1)))?.fields.get(39), '00');
  for (const terminal of [...terminals, again]) terminal.disconnect();
});
