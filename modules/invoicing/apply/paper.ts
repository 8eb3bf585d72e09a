/** 换开: a bill on printed paper. The paper has numbers and a stock of its own. */
import { billName, type PaperName } from '../bill/bill.ts';
import type { FactPayloads } from '../facts.ts';
import type { OutcomeRow } from '../tables.ts';
import { type Change, done, refused } from './change.ts';
import { converge } from './charges.ts';
import { putFiscalTask } from './issue.ts';
import { chargeKey } from './links.ts';
import { takePaper } from './stock.ts';

export function paperKey({ paperCode, paperNumber }: PaperName): string {
  return `${paperCode}-${paperNumber}`;
}

/** First exchange: the bill must have no paper, the point must be allowed to and hold the number. */
export function applyExchange(change: Change, payload: FactPayloads['exchange']): OutcomeRow {
  const found = change.bill(payload);
  if (found === null) return refused('unknown-bill', 'there is no such bill');
  if (found.state.paper !== null)
    return refused('already-exchanged', 'the bill is on paper already');
  return print(change, payload, found);
}

/** 重新换开: the paper was spoiled; it is void, and another takes its place. */
export function applyReExchange(change: Change, payload: FactPayloads['re-exchange']): OutcomeRow {
  const found = change.bill(payload);
  if (found === null) return refused('unknown-bill', 'there is no such bill');
  const { paper } = found.state;
  if (paper === null) return refused('not-exchanged', 'the bill was not exchanged to paper before');
  const printed = print(change, payload, { ...found, state: { ...found.state, paper: null } });
  if (printed.status === 'done') voidPaper(change, paper, '重新换开');
  return printed;
}

export function applyPaperVoided(
  change: Change,
  payload: FactPayloads['paper-voided'],
): OutcomeRow {
  const row = change.tables.table('papers').get(paperKey(payload));
  if (row === undefined || row.institution !== change.institution) {
    return refused('unknown-paper', 'no bill was printed on this paper');
  }
  if (row.state === 'void') return refused('already-void', 'the paper is void already');
  voidPaper(change, row, payload.reason);
  const found = change.bill(billName(row.bill))!;
  change.tables.table('bill-states').put(found.key, { ...found.state, paper: null });
  const charge = change.tables
    .table('charges')
    .get(chargeKey(change.institution, found.bill.busNo));
  if (charge !== undefined && charge.reason !== '') converge(change, charge);
  return done(found.key);
}

function print(
  change: Change,
  payload: FactPayloads['exchange'],
  { key, bill, state }: NonNullable<ReturnType<Change['bill']>>,
): OutcomeRow {
  const { paperCode, paperNumber, pointCode, operator } = payload;
  if (bill.kind === 'red') return refused('is-a-red-bill', 'a red bill is not exchanged');
  if (state.state === 'red-lettered') return refused('red-lettered', 'the bill was red-lettered');
  const point = change.managed('point', pointCode);
  if (point === null) return refused('unknown-point', `there is no issuing point ${pointCode}`);
  if (!point.enabled || !point.paperExchange) {
    return refused('exchange-not-allowed', `${pointCode} does not exchange bills to paper`);
  }
  if (!takePaper(change, paperCode, Number(paperNumber), pointCode)) {
    return refused('paper-not-in-stock', `${pointCode} does not hold paper ${paperNumber}`);
  }
  const paper = { paperCode, paperNumber };
  change.tables.table('papers').put(paperKey(paper), {
    ...paper,
    institution: change.institution,
    bill: key,
    pointCode,
    operator,
    state: 'good',
    reason: '',
    businessDate: change.record.businessDate,
  });
  change.tables.table('bill-states').put(key, { ...state, paper });
  report(change, 'print-paper', key, paper);
  return done(key);
}

function voidPaper(change: Change, paper: PaperName, reason: string): void {
  const papers = change.tables.table('papers');
  const row = papers.get(paperKey(paper))!;
  papers.put(paperKey(paper), { ...row, state: 'void', reason });
  report(change, 'cancel-print', row.bill, paper);
}

function report(
  change: Change,
  kind: 'print-paper' | 'cancel-print',
  bill: string,
  { paperCode, paperNumber }: PaperName,
): void {
  if (change.managed('unit', 'unit')?.fiscal !== true) return;
  const paper = { paperCode, paperNumber };
  putFiscalTask(change, change.nextId(), { kind, bill, number: null, paper });
}

/** 入账: the payer's unit has booked the bill. From then on it is not red-lettered any more. */
export function applyBooked(change: Change, payload: FactPayloads['booked']): OutcomeRow {
  const found = change.bill(payload);
  if (found === null) return refused('unknown-bill', 'there is no such bill');
  if (found.state.booked !== null) return done(found.key);
  if (found.state.state !== 'issued') return refused('red-lettered', 'the bill was red-lettered');
  const { date, amountFen, by } = payload;
  const booked = { date, amountFen, by };
  change.tables.table('bill-states').put(found.key, { ...found.state, booked });
  return done(found.key);
}
