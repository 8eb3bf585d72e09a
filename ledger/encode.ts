/**
 * Entries to bytes, in the wire format of `ledger/journal.proto`. The bytes made here, in the
 * submitting thread, are the bytes that the journal keeps. The same entry always gives the same bytes.
 */
import assert from 'node:assert/strict';
import { assertSafe, ByteWriter, varintSize } from './bytes.ts';
import { ID_BYTES } from './id.ts';
import { encodeFact } from './messages.ts';
import type {
  AccountFreeze,
  AccountInput,
  Entry,
  Id,
  RegistryChange,
  TallyMove,
  TallyRetention,
  TransferInput,
} from './types.ts';

/** Field numbers of Entry, shifted and joined with their wire type. */
const TAG = {
  id: 0x0a,
  institution: 0x12,
  transfers: 0x1a,
  tallies: 0x22,
  accounts: 0x2a,
  freezes: 0x32,
  registry: 0x3a,
  blocks: 0x42,
  expired: 0x4a,
  fact: 0x52,
  wireHash: 0x5a,
} as const;

const RETENTION_NUMBER: Record<TallyRetention, number> = { long: 0, day: 1, batch: 2 };

/** Appends an entry. Throws AssertionError for what is a mistake of the caller: a short id, a fraction of a fen. */
export function encodeEntry(out: ByteWriter, entry: Entry): void {
  putId(out, TAG.id, entry.id);
  out.text(TAG.institution, entry.institution);
  if (entry.transfers) for (const transfer of entry.transfers) putTransfer(out, transfer);
  if (entry.tallies) for (const move of entry.tallies) putTally(out, move);
  if (entry.accounts) for (const account of entry.accounts) putAccount(out, account);
  if (entry.freezes) for (const freeze of entry.freezes) putFreeze(out, freeze);
  if (entry.registry) for (const change of entry.registry) putRegistryChange(out, change);
  if (entry.blocks) for (const id of entry.blocks) putId(out, TAG.blocks, id);
  if (entry.expired) putId(out, TAG.expired, entry.expired);
  if (entry.fact) out.field(TAG.fact, encodeFact(entry.fact));
  if (entry.wireHash) {
    assert.equal(entry.wireHash.length, 32, 'wireHash is a SHA-256');
    out.field(TAG.wireHash, entry.wireHash);
  }
}

/** The bytes of one entry. */
export function entryBytes(entry: Entry): Uint8Array {
  const out = new ByteWriter(256);
  encodeEntry(out, entry);
  return out.bytes.slice(0, out.length);
}

function putId(out: ByteWriter, tag: number, id: Id): void {
  assert(id.length === ID_BYTES, `an id has ${ID_BYTES} bytes`);
  out.reserve(2 + ID_BYTES);
  const bytes = out.bytes;
  let at = out.length;
  bytes[at++] = tag;
  bytes[at++] = ID_BYTES;
  for (let i = 0; i < ID_BYTES; i++) bytes[at++] = id[i]!;
  out.length = at;
}

/** Starts a message that is always shorter than 128 bytes; returns where its length belongs. */
function open(out: ByteWriter, tag: number): number {
  out.byte(tag);
  out.byte(0);
  return out.length;
}

function close(out: ByteWriter, start: number): void {
  const length = out.length - start;
  assert(length < 0x80);
  out.bytes[start - 1] = length;
}

function assertUint(value: number, max: number, what: string): void {
  assert(
    Number.isInteger(value) && value >= 0 && value <= max,
    `${what} must be an integer from 0 to ${max}, not ${value}`,
  );
}

function putTransfer(out: ByteWriter, transfer: TransferInput): void {
  const start = open(out, TAG.transfers);
  if (transfer.id) putId(out, 0x0a, transfer.id);
  if (transfer.debitAccount) putId(out, 0x12, transfer.debitAccount);
  if (transfer.creditAccount) putId(out, 0x1a, transfer.creditAccount);
  if (transfer.amountFen !== undefined) {
    assertSafe(transfer.amountFen, 'amountFen');
    out.byte(0x20);
    out.varint(transfer.amountFen);
  }
  if (transfer.ledger) {
    assertUint(transfer.ledger, 0x7fffffff, 'ledger');
    out.number(0x28, transfer.ledger);
  }
  if (transfer.code) {
    assertUint(transfer.code, 0xffff, 'code');
    out.number(0x30, transfer.code);
  }
  if (transfer.flags) {
    assertUint(transfer.flags, 0xff, 'flags');
    out.number(0x38, transfer.flags);
  }
  if (transfer.pendingId) putId(out, 0x42, transfer.pendingId);
  if (transfer.timeoutSeconds) {
    assertUint(transfer.timeoutSeconds, 0x7fffffff, 'timeoutSeconds');
    out.number(0x48, transfer.timeoutSeconds);
  }
  close(out, start);
}

/** Half of the safe range, so that the zigzag form is safe too. */
const MAX_MOVE = 2 ** 52 - 1;

function assertMove(value: number, what: string): void {
  assert(
    Number.isInteger(value) && Math.abs(value) <= MAX_MOVE,
    `${what} must be an integer within 2^52, not ${value}`,
  );
}

function putTally(out: ByteWriter, move: TallyMove): void {
  const start = open(out, TAG.tallies);
  putId(out, 0x0a, move.subject);
  assertMove(move.amountFen, 'amountFen of a tally');
  assertMove(move.count, 'count of a tally');
  if (move.amountFen !== 0) {
    out.byte(0x10);
    out.zigzag(move.amountFen);
  }
  if (move.count !== 0) {
    out.byte(0x18);
    out.zigzag(move.count);
  }
  if (move.limitFen !== undefined) {
    assertSafe(move.limitFen, 'limitFen');
    out.byte(0x20);
    out.varint(move.limitFen);
  }
  if (move.limitCount !== undefined) {
    assertSafe(move.limitCount, 'limitCount');
    out.byte(0x28);
    out.varint(move.limitCount);
  }
  if (move.reset) out.number(0x30, 1);
  out.number(0x38, RETENTION_NUMBER[move.until ?? 'long']);
  close(out, start);
}

function putAccount(out: ByteWriter, account: AccountInput): void {
  const start = open(out, TAG.accounts);
  putId(out, 0x0a, account.id);
  assertUint(account.ledger, 0x7fffffff, 'ledger');
  assertUint(account.code, 0xffff, 'code');
  assertUint(account.flags ?? 0, 0xff, 'flags');
  out.number(0x10, account.ledger);
  out.number(0x18, account.code);
  out.number(0x20, account.flags ?? 0);
  close(out, start);
}

function putFreeze(out: ByteWriter, freeze: AccountFreeze): void {
  const start = open(out, TAG.freezes);
  putId(out, 0x0a, freeze.account);
  out.number(0x10, freeze.debitsFrozen ? 1 : 0);
  out.number(0x18, freeze.creditsFrozen ? 1 : 0);
  close(out, start);
}

function putRegistryChange(out: ByteWriter, change: RegistryChange): void {
  assert(change.kind !== '' && !change.kind.includes('/'), 'kind of a registry change');
  assert(change.key !== '', 'key of a registry change');
  const body = new ByteWriter(128);
  body.text(0x0a, change.kind);
  body.text(0x12, change.key);
  if (change.body !== null) body.field(0x1a, change.body);
  if (change.expectedVersion !== undefined) {
    assertSafe(change.expectedVersion, 'expectedVersion');
    body.byte(0x20);
    body.varint(change.expectedVersion);
  }
  body.text(0x2a, change.why);
  body.text(0x32, change.who);
  out.reserve(1 + varintSize(body.length) + body.length);
  out.field(TAG.registry, body.bytes.subarray(0, body.length));
}
