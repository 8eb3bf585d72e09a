/** The story of one transaction, from the journal: what happened, in order, and what it moved. */
import type { Reader } from '../../ledger/reader.ts';
import { type JournalRecord, TransferFlag } from '../../ledger/types.ts';
import { maskPan } from '../../protocols/mask.ts';
import { EXTRA } from '../../switch/routed/asked.ts';
import { endingOf, MODULE } from '../../switch/store-and-forward/records.ts';

export interface Posting {
  /** `pending`, `posted`, `released`. */
  effect: string;
  amountFen: number;
  debitAccount?: string;
  creditAccount?: string;
}

export interface Chapter {
  position: number;
  at: string;
  businessDate: string;
  /** What the record is to the story. */
  step: string;
  status: string;
  responseCode?: string;
  rule?: string;
  details: Record<string, string | number>;
  postings: Posting[];
}

/** Null when no transaction has this reference. */
export function storyOf(reference: number, reader: Reader): Chapter[] | null {
  const first = reader.record(reference);
  if (first?.entry.fact?.transaction === undefined) return null;
  const related = new Set([reference]);
  const chapters = [chapterOf(first, reference)];
  for (const record of reader.records({ from: reference + 1 })) {
    if (!concerns(record, related)) continue;
    related.add(record.position);
    chapters.push(chapterOf(record, reference));
  }
  return chapters;
}

/** The record is about the transaction, or about a record that is. */
function concerns({ entry }: JournalRecord, related: ReadonlySet<number>): boolean {
  const { transaction, module } = entry.fact ?? {};
  if (module !== undefined) return module.module === MODULE && related.has(Number(module.key));
  if (transaction === undefined) return false;
  const { originalPosition = 0, extra } = transaction;
  const asked = Number(extra?.[EXTRA.asked] ?? 0);
  return related.has(originalPosition) || related.has(asked);
}

function chapterOf(record: JournalRecord, reference: number): Chapter {
  const { position, timestampUs, businessDate, status, entry } = record;
  const fact = entry.fact?.transaction;
  const chapter: Chapter = {
    position,
    at: new Date(timestampUs / 1_000).toISOString(),
    businessDate,
    step: stepOf(record, reference),
    status,
    details: detailsOf(record),
    postings: postingsOf(record),
  };
  if (fact?.responseCode) chapter.responseCode = fact.responseCode;
  if (fact?.rule) chapter.rule = fact.rule;
  return chapter;
}

function stepOf(record: JournalRecord, reference: number): string {
  const { transaction: fact, module } = record.entry.fact ?? {};
  if (fact === undefined) {
    const steps: Record<string, string> = {
      repeat: 'asked again in the background',
      'late-answer': 'late answer of the host',
      answered: 'the host confirmed',
      'closed-by-hand': 'closed by an operator',
      'handed-to-operator': 'handed to an operator',
    };
    return steps[module?.kind ?? ''] ?? (module?.kind || 'record');
  }
  if (fact.extra?.[EXTRA.sort] !== undefined) return `${fact.kind}: host asked`;
  if (fact.extra?.[EXTRA.asked] !== undefined) return `${fact.kind}: result`;
  return record.position === reference ? fact.kind : `${fact.kind} of it`;
}

const SHOWN_EXTRA = [EXTRA.host, EXTRA.hostCode, EXTRA.forward, EXTRA.answer] as const;

function detailsOf(record: JournalRecord): Record<string, string | number> {
  const details: Record<string, string | number> = {};
  const fact = record.entry.fact?.transaction;
  if (fact !== undefined) {
    const { terminalId, merchantId, batchNumber, traceNumber, cardNumber, messageType } = fact;
    const { amountFen, listener } = fact;
    const known = { messageType, terminalId, merchantId, batchNumber, traceNumber, listener };
    for (const [name, value] of Object.entries(known)) if (value) details[name] = value;
    if (cardNumber) details['cardNumber'] = maskPan(cardNumber);
    if (amountFen !== undefined) details['amountFen'] = amountFen;
    for (const name of SHOWN_EXTRA) {
      const value = fact.extra?.[name];
      if (value !== undefined) details[name] = value;
    }
    const hash = record.entry.wireHash;
    if (hash !== undefined) details['wireSha256'] = Buffer.from(hash).toString('hex');
    return details;
  }
  const payload = record.entry.fact?.module?.payload;
  const ending = endingOf(record);
  if (ending !== null) details['reason'] = ending.reason;
  else if (payload !== undefined && payload.length > 0) {
    Object.assign(details, JSON.parse(Buffer.from(payload).toString('utf8')));
  }
  return details;
}

function postingsOf({ entry, outcomes, status }: JournalRecord): Posting[] {
  if (status !== 'applied') return [];
  return (entry.transfers ?? []).map(({ flags = 0, debitAccount, creditAccount }, index) => ({
    effect: effectOf(flags),
    amountFen: outcomes[index]?.amountFen ?? 0,
    ...(debitAccount === undefined ? {} : { debitAccount: hex(debitAccount) }),
    ...(creditAccount === undefined ? {} : { creditAccount: hex(creditAccount) }),
  }));
}

function effectOf(flags: number): string {
  if ((flags & TransferFlag.pending) !== 0) return 'pending';
  return (flags & TransferFlag.voidPending) !== 0 ? 'released' : 'posted';
}

function hex(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}
