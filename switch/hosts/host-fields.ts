/**
 * The fields of messages to hosts, made from a terminal's request or from the journal alone.
 *
 * Everything that names a message (trace number, transmission time, reference) is made from the
 * position and time of its journal record, so that the same message can be made again after a crash
 * without having been stored.
 */
import type { JournalRecord, TransactionFact } from '../../ledger/types.ts';
import { field90Original } from '../../protocols/dialects/bank-host.ts';
import type { FieldValue, Message } from '../../protocols/iso8583/message.ts';
import type { InstitutionView } from '../services.ts';

export type HostFields = Record<number, FieldValue>;

/** Fields that go from the terminal's request to the host as they are. */
const COPIED_TEXT = [2, 3, 4, 14, 22, 23, 25, 26, 35, 36, 38, 49] as const;
const COPIED_BYTES = [55] as const;

const TRACE_NUMBERS = 1_000_000;

/** What names a message: field 11, field 7, and who sends it. */
export interface Sender {
  institution: InstitutionView;
  terminalId: string;
  merchantId: string;
}

/** Names a message after a journal record. */
export function namedByRecord(position: number, timestampUs: number, sender: Sender): HostFields {
  const trace = String(position % TRACE_NUMBERS).padStart(6, '0');
  return named(trace, timestampUs, sender, String(position).padStart(12, '0'));
}

/** Names a message that leaves no record after the terminal's own trace number. */
export function namedByTrace(trace: string, timestampUs: number, sender: Sender): HostFields {
  const { time } = sender.institution.time.localFields(Math.floor(timestampUs / 1_000));
  return named(trace, timestampUs, sender, time + trace);
}

function named(
  trace: string,
  timestampUs: number,
  { institution, terminalId, merchantId }: Sender,
  reference: string,
): HostFields {
  const { time, date } = institution.time.localFields(Math.floor(timestampUs / 1_000));
  return {
    7: date + time,
    11: trace,
    12: time,
    13: date,
    32: institution.acquirerId,
    37: reference,
    41: terminalId,
    42: merchantId,
  };
}

/** What a terminal's request says of card and transaction. The values are copies: they cross to another thread. */
export function copiedFields(message: Message): HostFields {
  const fields: HostFields = {};
  for (const field of COPIED_TEXT) {
    const value = message.get(field);
    if (value !== undefined) fields[field] = value;
  }
  for (const field of COPIED_BYTES) {
    const value = message.bytes(field);
    if (value !== undefined) fields[field] = Uint8Array.from(value);
  }
  return fields;
}

/** Field 90 of what undoes or completes the transaction of a record. */
export function originalField(
  { position, timestampUs }: Pick<JournalRecord, 'position' | 'timestampUs'>,
  fact: TransactionFact,
  sender: Sender,
): string {
  const { 7: transmitted, 11: traceNumber } = namedByRecord(position, timestampUs, sender);
  return field90Original.format({
    messageType: fact.messageType ?? '0200',
    traceNumber: String(traceNumber),
    transmitted: String(transmitted),
    acquirer: sender.institution.acquirerId,
  });
}

/** What the journal knows of a transaction's card and amount: no track, no PIN, no chip data. */
export function recordedFields(fact: TransactionFact, conditionCode: string): HostFields {
  const fields: HostFields = { 25: conditionCode };
  if (fact.cardNumber) fields[2] = fact.cardNumber;
  if (fact.processingCode) fields[3] = fact.processingCode;
  if (fact.amountFen) fields[4] = String(fact.amountFen).padStart(12, '0');
  if (fact.entryMode) fields[22] = fact.entryMode;
  if (fact.currency) fields[49] = fact.currency;
  return fields;
}
