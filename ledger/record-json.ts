/**
 * Records as JSON, complete: an entry that went through JSON has the same bytes again. Ids and other
 * bytes are hex, but within facts base64, which is protobuf's own rule for JSON.
 */
import { LedgerError } from './errors.ts';
import { factFromJson, factToJson } from './messages.ts';
import type { Entry, JournalRecord, TransferInput } from './types.ts';

type Json = Record<string, unknown>;

/** The record with everything it holds; the fields of the answer beside those of the entry. */
export function recordToJson(record: JournalRecord): Json {
  const { entry, position, status, failedIndex, timestampUs, businessDate } = record;
  return {
    position,
    timestampUs,
    businessDate,
    status,
    ...(failedIndex === undefined ? {} : { failedIndex }),
    ...entryToJson(entry),
    ...(record.outcomes.length === 0 ? {} : { outcomes: record.outcomes }),
    ...(record.tallies.length === 0 ? {} : { tallyValues: record.tallies }),
  };
}

export function entryToJson(entry: Entry): Json {
  const { fact, ...rest } = entry;
  const json = hexed(rest) as Json;
  return fact === undefined ? json : { ...json, fact: factToJson(fact) };
}

/** Replaces bytes by hex, all the way down. */
function hexed(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  }
  if (Array.isArray(value)) return value.map(hexed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hexed(item)]));
}

/** The entry of a JSON object made by `recordToJson`. Throws LedgerError bad_input. */
export function entryFromJson(json: Json): Entry {
  const entry: Entry = { id: id(json['id']), institution: text(json['institution']) };
  if (json['transfers']) entry.transfers = list(json['transfers']).map(transfer);
  if (json['tallies']) {
    entry.tallies = list(json['tallies']).map(
      (move) => ({ ...move, subject: id(move['subject']) }) as never,
    );
  }
  if (json['accounts']) {
    entry.accounts = list(json['accounts']).map(
      (account) => ({ ...account, id: id(account['id']) }) as never,
    );
  }
  if (json['freezes']) {
    entry.freezes = list(json['freezes']).map(
      (freeze) => ({ ...freeze, account: id(freeze['account']) }) as never,
    );
  }
  if (json['registry']) {
    entry.registry = list(json['registry']).map(
      (change) =>
        ({ ...change, body: change['body'] === null ? null : bytes(change['body']) }) as never,
    );
  }
  if (json['blocks']) entry.blocks = (json['blocks'] as unknown[]).map(id);
  if (json['expired']) entry.expired = id(json['expired']);
  if (json['fact']) entry.fact = factFromJson(json['fact'] as Json);
  if (json['wireHash']) entry.wireHash = bytes(json['wireHash']);
  return entry;
}

function transfer(json: Json): TransferInput {
  const input: Json = { ...json };
  for (const name of ['id', 'debitAccount', 'creditAccount', 'pendingId']) {
    if (json[name] !== undefined) input[name] = id(json[name]);
  }
  return input as TransferInput;
}

function list(value: unknown): Json[] {
  if (Array.isArray(value)) return value as Json[];
  throw new LedgerError('bad_input', 'a list is expected');
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new LedgerError('bad_input', 'a text is expected');
}

function bytes(value: unknown): Uint8Array {
  const hex = text(value);
  if (/^([0-9a-f]{2})*$/.test(hex)) return new Uint8Array(Buffer.from(hex, 'hex'));
  throw new LedgerError('bad_input', 'hex digits are expected');
}

function id(value: unknown): Uint8Array {
  const result = bytes(value);
  if (result.length === 16) return result;
  throw new LedgerError('bad_input', 'an id has 32 hex digits');
}
