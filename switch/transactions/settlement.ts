import { registryChange } from '../../ledger/registry.ts';
import type { BatchSettled, TallyValue } from '../../ledger/types.ts';
import { field48Totals, type TotalsHalf } from '../../protocols/dialects/cup-fields.ts';
import { batchSubject } from '../entry-ids.ts';
import { NETWORK_KEEP } from './answer-fields.ts';
import type { RecordedRow, Request } from './row.ts';

/** Digits 31 and 62 of field 48: how the totals compare. Never told by field 39. */
const MATCH = 1;
const MISMATCH = 2;
const ERROR = 3;

/** Field 48 has three digits for a count; terminals must settle before. */
const COUNT_MAX = 999;

type BatchTotals = Omit<TotalsHalf, 'result'>;

/** After 999999 comes 000001. */
const BATCH_NUMBER_MAX = 999_999;

/**
 * 批结算: the terminal's totals of its batch against ours. Either way the batch ends here and the
 * next one begins; after a mismatch the terminal uploads its details. Foreign cards (the second half
 * of field 48) are not accepted by this switch, so those totals must be zero.
 */
export const settlement: RecordedRow = {
  kind: 'settlement',
  nameZh: '批结算',
  nameEn: 'Batch settlement',
  match: { messageType: '0500', networkCodes: ['201'] },
  answerType: '0510',
  mac: false,
  signedIn: true,
  openBatch: true,
  required: [11, 41, 42, 48, 60],
  keep: [...NETWORK_KEEP, 49],
  finishes: true,

  async plan(request, services) {
    const theirs = field48Totals.parse(request.message.get(48) ?? '');
    const { terminalId, field60, terminal } = request;
    const subjects = (['debit', 'credit'] as const).map((side) =>
      batchSubject(terminalId, field60.batchNumber, side),
    );
    const [debit, credit] = (await services.ledger.tallies(subjects)) as [TallyValue, TallyValue];
    const ours: BatchTotals = {
      debitFen: debit.amountFen,
      debitCount: debit.count,
      creditFen: credit.amountFen,
      creditCount: credit.count,
    };
    const settled = {
      ...terminal.value,
      batchNumber: batchNumberAfter(field60.batchNumber),
      lastSettledBatch: field60.batchNumber,
    };
    return {
      tallies: subjects.map((subject) => ({ subject, amountFen: 0, count: 0, reset: true })),
      registry: [
        registryChange('terminal', terminalId, settled, {
          expectedVersion: terminal.version,
          why: 'settlement',
          who: `terminal ${terminalId}`,
        }),
      ],
      fact: {
        batchSettled: factOf(request, ours, theirs.domestic, sameTotals(ours, theirs.domestic)),
      },
    };
  },

  answerFields(record) {
    const fact = record.entry.fact?.batchSettled;
    if (fact === undefined) return {};
    const ours: BatchTotals = {
      debitFen: fact.ourDebitFen ?? 0,
      debitCount: fact.ourDebitCount ?? 0,
      creditFen: fact.ourCreditFen ?? 0,
      creditCount: fact.ourCreditCount ?? 0,
    };
    return { 48: field48Totals.format({ domestic: printable(ours, fact.result), foreign: NONE }) };
  },
};

/** The batch number that follows. */
export function batchNumberAfter(batchNumber: string): string {
  const next = Number(batchNumber) >= BATCH_NUMBER_MAX ? 1 : Number(batchNumber) + 1;
  return String(next).padStart(6, '0');
}

const NONE: TotalsHalf = {
  debitFen: 0,
  debitCount: 0,
  creditFen: 0,
  creditCount: 0,
  result: MATCH,
};

/** Our half of field 48; counts that it has no room for make the result an error. */
function printable(ours: BatchTotals, result: string | undefined): TotalsHalf {
  const { debitCount, creditCount } = ours;
  if (debitCount > COUNT_MAX || creditCount > COUNT_MAX) {
    const capped = (count: number) => Math.min(count, COUNT_MAX);
    const counts = { debitCount: capped(debitCount), creditCount: capped(creditCount) };
    return { ...ours, ...counts, result: ERROR };
  }
  return { ...ours, result: result === String(MATCH) ? MATCH : MISMATCH };
}

function sameTotals(ours: BatchTotals, theirs: BatchTotals): boolean {
  const names = Object.keys(ours) as (keyof BatchTotals)[];
  return names.every((name) => ours[name] === theirs[name]);
}

function factOf(
  request: Request,
  ours: BatchTotals,
  theirs: BatchTotals,
  equal: boolean,
): BatchSettled {
  return {
    merchantId: request.merchantId,
    terminalId: request.terminalId,
    batchNumber: request.field60.batchNumber,
    ourDebitCount: ours.debitCount,
    ourDebitFen: ours.debitFen,
    ourCreditCount: ours.creditCount,
    ourCreditFen: ours.creditFen,
    theirDebitCount: theirs.debitCount,
    theirDebitFen: theirs.debitFen,
    theirCreditCount: theirs.creditCount,
    theirCreditFen: theirs.creditFen,
    result: String(equal ? MATCH : MISMATCH),
  };
}
