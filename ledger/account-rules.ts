/** Opening and freezing accounts: what refuses it, and what it does. */
import { type AccountTable, OPENING_FLAGS } from './accounts.ts';
import { ByteReader } from './bytes.ts';
import type { EntryView, IdWords } from './entry-view.ts';
import { APPLIED, STATUS } from './status.ts';
import { AccountFlag } from './types.ts';
import type { Undo } from './undo.ts';

const FROZEN = AccountFlag.debitsFrozen | AccountFlag.creditsFrozen;
const LIMITS = AccountFlag.debitsMustNotExceedCredits | AccountFlag.creditsMustNotExceedDebits;

export interface AccountPart {
  ledger: number;
  code: number;
  flags: number;
}

/** Reads account `index` of an entry; its id goes into `id`. */
export function readAccount(entry: EntryView, index: number, id: IdWords): AccountPart {
  const part = { ledger: 0, code: 0, flags: 0 };
  const end = entry.accounts.end(index);
  const reader = new ByteReader(entry.bytes, entry.accounts.start(index), end);
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === 0x0a) {
      id.read(entry.bytes, reader.at + 1);
      reader.skip(tag);
    } else if (tag === 0x10) part.ledger = reader.varint();
    else if (tag === 0x18) part.code = reader.varint();
    else if (tag === 0x20) part.flags = reader.varint();
    else reader.skip(tag);
  }
  return part;
}

/** Reads freeze `index` of an entry as the flags it sets; the account's id goes into `id`. */
export function readFreeze(entry: EntryView, index: number, id: IdWords): number {
  let flags = 0;
  const end = entry.freezes.end(index);
  const reader = new ByteReader(entry.bytes, entry.freezes.start(index), end);
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === 0x0a) {
      id.read(entry.bytes, reader.at + 1);
      reader.skip(tag);
    } else if (tag === 0x10) flags |= reader.varint() === 1 ? AccountFlag.debitsFrozen : 0;
    else if (tag === 0x18) flags |= reader.varint() === 1 ? AccountFlag.creditsFrozen : 0;
    else reader.skip(tag);
  }
  return flags;
}

/** Opens an account, or returns why not. */
export function openAccount(
  accounts: AccountTable,
  id: IdWords,
  part: AccountPart,
  position: number,
  undo: Undo,
): number {
  const refusal = refusalToOpen(accounts, id, part);
  if (refusal !== APPLIED) return refusal;
  undo.opened(accounts.open(id, part.ledger, part.code, part.flags, position));
  return APPLIED;
}

function refusalToOpen(accounts: AccountTable, id: IdWords, part: AccountPart): number {
  const row = accounts.find(id);
  if (row >= 0) {
    // Freezes come and go; only what an account keeps for life can differ.
    const kept = OPENING_FLAGS & ~FROZEN;
    if ((accounts.flags(row) & kept) !== (part.flags & kept)) {
      return STATUS.account_exists_with_different_flags;
    }
    if (accounts.ledger(row) !== part.ledger) return STATUS.account_exists_with_different_ledger;
    if (accounts.code(row) !== part.code) return STATUS.account_exists_with_different_code;
    return STATUS.account_exists;
  }
  if ((part.flags & LIMITS) === LIMITS) return STATUS.account_flags_are_mutually_exclusive;
  if ((part.flags & ~OPENING_FLAGS) !== 0) return STATUS.account_flags_reserved;
  if (id.isZero()) return STATUS.account_id_must_not_be_zero;
  if (part.ledger === 0) return STATUS.account_ledger_must_not_be_zero;
  if (part.code === 0) return STATUS.account_code_must_not_be_zero;
  return APPLIED;
}

/** Sets both freezes of an account to what `frozen` says. */
export function freezeAccount(
  accounts: AccountTable,
  row: number,
  frozen: number,
  position: number,
): void {
  accounts.setFlags(row, (accounts.flags(row) & ~FROZEN) | frozen, position);
}
