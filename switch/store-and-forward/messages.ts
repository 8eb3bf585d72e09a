/** The message that an obligation owes a host, made from the journal alone: the same after every restart. */
import type { JournalRecord } from '../../ledger/types.ts';
import {
  type HostFields,
  namedByRecord,
  originalField,
  recordedFields,
  type Sender,
} from '../hosts/host-fields.ts';
import type { HostRequest } from '../hosts/messages.ts';
import { EXTRA } from '../routed/asked.ts';
import type { InstitutionView } from '../services.ts';
import type { Obligation, RecordAt } from './records.ts';

/** Field 39 of a reversal: why. */
const NO_ANSWER = '98';
const OTHER = '06';
/** Field 3. */
const PURCHASE = '000000';

export function messageOf(
  obligation: Obligation,
  subject: JournalRecord,
  recordAt: RecordAt,
  institution: InstitutionView,
): HostRequest {
  const fact = subject.entry.fact?.transaction;
  if (fact === undefined) throw new Error(`position ${subject.position} is no transaction`);
  const sender: Sender = {
    institution,
    terminalId: fact.terminalId ?? '',
    merchantId: fact.merchantId ?? '',
  };
  const card = recordedFields(fact, fact.extra?.[EXTRA.condition] ?? '00');
  const { host, position, timestampUs, sort } = obligation;
  if (sort === 'reversal') {
    const named = namedByRecord(position, timestampUs, sender);
    const fields: HostFields = {
      ...card,
      ...named,
      37: String(subject.position).padStart(12, '0'),
    };
    fields[39] =
      position === subject.position || isGivenUp(obligation, recordAt) ? NO_ANSWER : OTHER;
    fields[90] = originalField(subject, fact, sender);
    return { host, messageType: '0400', fields, position };
  }
  const { position: at, timestampUs: when } = subject;
  const fields: HostFields = { ...card, ...namedByRecord(at, when, sender) };
  const original = recordAt(fact.originalPosition ?? 0);
  const originalFact = original?.entry.fact?.transaction;
  if (original !== null && originalFact !== undefined) {
    fields[90] = originalField(original, originalFact, sender);
  }
  // What a terminal uploads in its batch is told to the host as the advice that never came.
  const isUpload = fact.messageType?.startsWith('03') === true;
  if (isUpload) fields[3] = PURCHASE;
  const authorisation = fact.extra?.['authorisation'];
  if (authorisation !== undefined) fields[38] = authorisation;
  const messageType = isUpload ? '0220' : (fact.messageType ?? '0220');
  return { host, messageType, fields, position: at };
}

/** We gave the transaction up; otherwise the terminal took it back. */
function isGivenUp({ position }: Obligation, recordAt: RecordAt): boolean {
  return recordAt(position)?.entry.fact?.transaction?.kind !== 'reversal';
}
