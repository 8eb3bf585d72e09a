/** Records from bytes to objects: the way back of `encode.ts`. */
import { ByteReader } from './bytes.ts';
import { TallyView } from './entry-view.ts';
import type { GroupView } from './group.ts';
import { RecordView } from './group.ts';
import { dateText } from './institutions.ts';
import { decodeFact } from './messages.ts';
import { tallyValues, transferOutcomes } from './messages-between-threads.ts';
import { readRegistryChange } from './registry-change.ts';
import { statusName } from './status.ts';
import type {
  AccountFreeze,
  AccountInput,
  Entry,
  JournalRecord,
  RegistryChange,
  TallyMove,
  TallyRetention,
  TransferInput,
} from './types.ts';

const RETENTIONS: readonly TallyRetention[] = ['long', 'day', 'batch'];

/** Used again for every record: what is kept of one is copied out of it. */
const view = new RecordView();

/** The record at a position of a group. */
export function decodeRecord(group: GroupView, position: number): JournalRecord {
  group.read(position, view);
  const { outcomes, tallies } = view;
  const record: JournalRecord = {
    position,
    status: statusName(view.status),
    timestampUs: view.timestampUs,
    businessDate: dateText(view.businessDate),
    entry: decodeEntry(view.entry.bytes, view.entryStart, view.entryEnd),
    outcomes: transferOutcomes(outcomes.values, 0, outcomes.length),
    tallies: tallyValues(tallies.values, 0, tallies.length),
  };
  if (view.failedIndex >= 0) record.failedIndex = view.failedIndex;
  return record;
}

/** The entry with the fields that were given, no others. */
export function decodeEntry(bytes: Uint8Array, start: number, end: number): Entry {
  const entry: Entry = { id: new Uint8Array(16), institution: '' };
  const reader = new ByteReader(bytes, start, end);
  while (reader.at < end) readEntryField(entry, reader);
  return entry;
}

function readEntryField(entry: Entry, reader: ByteReader): void {
  const tag = reader.varint();
  if ((tag & 7) !== 2) {
    reader.skip(tag);
    return;
  }
  const end = reader.span();
  const part = new ByteReader(reader.bytes, reader.at, end);
  const bytes = () => copyOf(reader.bytes, part.at, end);
  if (tag === 0x0a) entry.id = bytes();
  else if (tag === 0x12) entry.institution = textOf(reader.bytes, part.at, end);
  else if (tag === 0x1a) push(entry, 'transfers', readTransfer(part));
  else if (tag === 0x22) push(entry, 'tallies', readTally(part));
  else if (tag === 0x2a) push(entry, 'accounts', readAccount(part));
  else if (tag === 0x32) push(entry, 'freezes', readFreeze(part));
  else if (tag === 0x3a) push(entry, 'registry', readChange(part));
  else if (tag === 0x42) push(entry, 'blocks', bytes());
  else if (tag === 0x4a) entry.expired = bytes();
  else if (tag === 0x52) entry.fact = decodeFact(bytes());
  else if (tag === 0x5a) entry.wireHash = bytes();
  reader.at = end;
}

/** A plain copy, also of what is a Buffer. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, end);
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

type Lists = 'transfers' | 'tallies' | 'accounts' | 'freezes' | 'registry' | 'blocks';

function push<List extends Lists>(
  entry: Entry,
  list: List,
  item: NonNullable<Entry[List]>[number],
): void {
  const items = (entry[list] ?? []) as (typeof item)[];
  items.push(item);
  entry[list] = items as NonNullable<Entry[List]>;
}

function readTransfer(reader: ByteReader): TransferInput {
  const transfer: TransferInput = {};
  while (reader.at < reader.end) {
    const tag = reader.varint();
    if (tag === 0x0a) transfer.id = reader.copy();
    else if (tag === 0x12) transfer.debitAccount = reader.copy();
    else if (tag === 0x1a) transfer.creditAccount = reader.copy();
    else if (tag === 0x20) transfer.amountFen = reader.varint();
    else if (tag === 0x28) transfer.ledger = reader.varint();
    else if (tag === 0x30) transfer.code = reader.varint();
    else if (tag === 0x38) transfer.flags = reader.varint();
    else if (tag === 0x42) transfer.pendingId = reader.copy();
    else if (tag === 0x48) transfer.timeoutSeconds = reader.varint();
    else reader.skip(tag);
  }
  return transfer;
}

function readTally(reader: ByteReader): TallyMove {
  const view = new TallyView();
  view.read(reader.bytes, reader.at, reader.end);
  const { amountFen, count } = view;
  const move: TallyMove = { subject: view.subject.toBytes(), amountFen, count };
  if (view.limitFen !== Number.POSITIVE_INFINITY) move.limitFen = view.limitFen;
  if (view.limitCount !== Number.POSITIVE_INFINITY) move.limitCount = view.limitCount;
  if (view.reset) move.reset = true;
  if (view.until !== 0) move.until = RETENTIONS[view.until] ?? 'long';
  return move;
}

function readAccount(reader: ByteReader): AccountInput {
  const account: AccountInput = { id: new Uint8Array(16), ledger: 0, code: 0 };
  while (reader.at < reader.end) {
    const tag = reader.varint();
    if (tag === 0x0a) account.id = reader.copy();
    else if (tag === 0x10) account.ledger = reader.varint();
    else if (tag === 0x18) account.code = reader.varint();
    else if (tag === 0x20) account.flags = reader.varint();
    else reader.skip(tag);
  }
  return account;
}

function readFreeze(reader: ByteReader): AccountFreeze {
  const freeze = { account: new Uint8Array(16), debitsFrozen: false, creditsFrozen: false };
  while (reader.at < reader.end) {
    const tag = reader.varint();
    if (tag === 0x0a) freeze.account.set(reader.view());
    else if (tag === 0x10) freeze.debitsFrozen = reader.varint() === 1;
    else if (tag === 0x18) freeze.creditsFrozen = reader.varint() === 1;
    else reader.skip(tag);
  }
  return freeze;
}

function readChange(reader: ByteReader): RegistryChange {
  const { expectedVersion, ...change } = readRegistryChange(reader.bytes, reader.at, reader.end);
  return expectedVersion < 0 ? change : { ...change, expectedVersion };
}
