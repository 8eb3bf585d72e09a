/** One journal record into the view: a pure function of the record and the tables. */

import { idToHex } from '../../../ledger/id.ts';
import type { JournalRecord, ModuleFact } from '../../../ledger/types.ts';
import { type FactKind, type FactPayloads, MODULE_NAME, readPayload } from '../facts.ts';
import type { OutcomeRow, WritableTables } from '../tables.ts';
import { Change, done } from './change.ts';
import {
  applyCharge,
  applyCheckIn,
  applyRedLetter,
  applyRemainder,
  convergeWaiting,
} from './charges.ts';
import { applyVoucherCancelled } from './deposits.ts';
import * as keeping from './keeping.ts';
import { applyManaged } from './managed.ts';
import { applyMoney, applyRegistry } from './money.ts';
import { applyBooked, applyExchange, applyPaperVoided, applyReExchange } from './paper.ts';
import * as signed from './signed.ts';
import * as stock from './stock.ts';

type Rules = {
  [Kind in FactKind]: (change: Change, payload: FactPayloads[Kind]) => OutcomeRow;
};

const RULES: Rules = {
  managed: applyManaged,
  'numbers-received': stock.applyNumbersReceived,
  'numbers-distributed': stock.applyNumbersDistributed,
  'numbers-wanted': stock.applyNumbersWanted,
  'numbers-asked': stock.applyNumbersAsked,
  'numbers-returned': stock.applyNumbersReturned,
  'numbers-voided': stock.applyNumbersVoided,
  'year-closed': stock.applyYearClosed,
  charge: applyCharge,
  'check-in': applyCheckIn,
  'retry-waiting': () => done(),
  remainder: applyRemainder,
  'red-letter': applyRedLetter,
  'voucher-cancelled': applyVoucherCancelled,
  exchange: applyExchange,
  're-exchange': applyReExchange,
  'paper-voided': applyPaperVoided,
  booked: applyBooked,
  signed: signed.applySigned,
  'fiscal-attempt': signed.applyFiscalAttempt,
  'fiscal-accepted': signed.applyFiscalAccepted,
  'fiscal-number': signed.applyFiscalNumber,
  'fiscal-retry': signed.applyFiscalRetry,
  pushed: signed.applyPushed,
  notice: signed.applyNotice,
  'archive-packed': keeping.applyArchivePacked,
  'destruction-listed': keeping.applyDestructionListed,
  'destruction-approved': keeping.applyDestructionApproved,
  'destruction-done': keeping.applyDestructionDone,
  'request-opened': keeping.applyRequestOpened,
  'request-moved': keeping.applyRequestMoved,
};

/** Facts after which what was waiting may have become possible. */
const OPENS_WAYS = new Set<string>([
  'managed',
  'numbers-received',
  'numbers-distributed',
  'numbers-returned',
  'retry-waiting',
]);

/** Facts that nobody waits for: their outcome needs no row. */
const SILENT = new Set<string>(['signed', 'fiscal-attempt', 'fiscal-accepted', 'pushed']);

export function applyRecord(record: JournalRecord, tables: WritableTables): void {
  if (record.status !== 'applied') return;
  const change = new Change(tables, record);
  if (record.entry.registry !== undefined) applyRegistry(change);
  const fact = record.entry.fact;
  if (fact?.module !== undefined) applyFact(change, fact.module);
  else if (record.entry.transfers !== undefined || record.entry.expired !== undefined) {
    applyMoney(change);
  }
}

function applyFact(change: Change, fact: ModuleFact): void {
  if (fact.module !== MODULE_NAME) return;
  const rule = RULES[fact.kind as FactKind] as
    | ((change: Change, payload: unknown) => OutcomeRow)
    | undefined;
  if (rule === undefined) throw new Error(`invoicing does not know the fact ${fact.kind}`);
  const outcome = rule(change, readPayload(fact));
  if (OPENS_WAYS.has(fact.kind) && outcome.status === 'done') convergeWaiting(change);
  if (SILENT.has(fact.kind)) return;
  change.tables.table('outcomes').put(idToHex(change.record.entry.id), outcome);
}
