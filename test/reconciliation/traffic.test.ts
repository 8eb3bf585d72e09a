/** A day of card traffic through the real switch against the bank's bill of it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { ReconciliationResult } from '../../modules/reconciliation/result.ts';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { amount, OutsideTerminal } from '../support/outside-terminal.ts';
import { documentOf, posp } from '../support/posp.ts';
import { servedFor } from '../support/serve.ts';
import { yuan } from './bills.ts';

t.setTimeout(300_000);

interface Slip {
  reference: string;
  /** Negative for money that goes back. */
  fen: number;
}

const PURCHASES = 12;

/** What the terminal's slips say: purchases, a refund; a reversed purchase is on none. */
async function trade(port: number): Promise<Slip[]> {
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(port);
  await terminal.signIn();
  const slips: Slip[] = [];
  for (let number = 1; number <= PURCHASES; number++) {
    const answer = (await terminal.ask(terminal.purchase(CARD.good, 1_000 + number)))!;
    slips.push({ reference: answer.fields.get(37)!, fen: 1_000 + number });
  }
  const fields = terminal.purchaseFields(CARD.second, 10_000);
  const sale = (await terminal.ask(terminal.frame('0200', fields, 'right')))!;
  slips.push({ reference: sale.fields.get(37)!, fen: 10_000 });
  const refund = {
    2: CARD.second,
    3: '200000',
    4: amount(2_500),
    11: terminal.nextTrace(),
    22: '022',
    25: '00',
    37: sale.fields.get(37)!,
    49: '156',
    60: `25${terminal.batch}00050`,
    61: `${terminal.batch}${fields[11]}${sale.fields.get(13)}`,
  };
  const back = (await terminal.ask(terminal.frame('0220', refund, 'right')))!;
  t.equal(back.fields.get(39), '00');
  slips.push({ reference: back.fields.get(37)!, fen: -2_500 });
  const undone = terminal.purchaseFields(CARD.third, 7_777);
  await terminal.ask(terminal.frame('0200', undone, 'right'));
  await terminal.ask(terminal.reversal(undone));
  const refused = (await terminal.ask(terminal.purchase(CARD.lost, 5_000)))!;
  t.equal(refused.fields.get(39), '41');
  terminal.disconnect();
  return slips;
}

function bill(date: string, slips: readonly Slip[]): string {
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  const total = slips.reduce((sum, { fen }) => sum + fen, 0);
  return [
    `H|${date}|${OUTPATIENT}`,
    ...slips.map(({ reference, fen }) => `D|${reference}||${day} 12:00:00|${yuan(fen)}|0.00|`),
    `T|${slips.length}|${yuan(total)}`,
    '',
  ].join('\n');
}

t.test('a day of traffic', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'posp-test-traffic-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const served = await servedFor(t, 'traffic');
  const slips = await trade(served.port);
  const cleared = documentOf(await posp(['clearing', 'run', '--data', served.dataDir, '--json']));
  const date = String(cleared['date']);
  const against = async (name: string, lines: readonly Slip[]) => {
    const file = join(folder, name);
    writeFileSync(file, bill(date, lines));
    const words = ['--source', 'bank-pipe', '--file', file, '--date', date];
    return posp(['reconcile', ...words, '--data', served.dataDir, '--json']);
  };

  const whole = await against('whole.txt', slips);
  t.equal(whole.code, 0, whole.stderr + whole.stdout);
  const result = documentOf(whole) as unknown as ReconciliationResult;
  t.equal(result.matched, slips.length);
  t.strictSame(result.differences, []);
  t.equal(result.totals.ours.withoutMoney, 1, 'the reversed purchase');
  t.equal(result.totals.matchedRefundFen, 2_500);

  const none = await posp([
    ...['reconcile', '--source', 'bank-pipe', '--file', join(folder, 'whole.txt')],
    ...['--date', '2001-01-01', '--data', served.dataDir],
  ]);
  t.equal(none.code, 2);
  t.match(none.stderr, /4802 has no business day 20010101/);

  // biome-ignore format: one line a case.
  const faults: [what: string, lines: Slip[], code: string, reference: string][] = [
    ['a line missing',     slips.slice(1),                                                      'OUR_ONLY',       slips[0]!.reference],
    ['a line too many',    [...slips, { reference: '999999999999', fen: 5 }],                   'CH_ONLY',        '999999999999'],
    ['a line twice',       [...slips, slips[3]!],                                               'DUP',            slips[3]!.reference],
    ['a fen too much',     slips.map((slip, at) => (at === 5 ? { ...slip, fen: slip.fen + 1 } : slip)), 'AMT_LOW', slips[5]!.reference],
    ['the refund missing', slips.filter(({ fen }) => fen > 0),                                  'REFUND_PENDING', slips.at(-2)!.reference],
  ];
  for (const [what, lines, code, reference] of faults) {
    const ran = await against('fault.txt', lines);
    t.equal(ran.code, 1, what);
    const { differences } = documentOf(ran) as unknown as ReconciliationResult;
    t.match(differences, [{ code, orderId: reference }], what);
    t.equal(differences.length, 1, what);
  }
});
