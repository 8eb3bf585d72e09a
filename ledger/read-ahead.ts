/**
 * Brings what the next entries will look up into the processor's cache. In a ledger of a million
 * accounts each look-up waits for memory; looked at one after the other in a tight loop, many of them
 * wait at the same time. Nothing but speed depends on it: an entry of a shape that is not expected
 * here is passed over.
 */
import { IdWords } from './entry-view.ts';
import type { RowTable } from './row-table.ts';
import type { LedgerState } from './state.ts';

/** Entries that are worth reading ahead at once: what they touch fits into the first cache. */
export const ENTRIES_AHEAD = 32;

export class ReadAhead {
  private readonly accounts: RowTable;
  private readonly ids: RowTable;
  private readonly id = new IdWords();
  /** Hashes of the accounts' ids. */
  private readonly hashes = new Int32Array(ENTRIES_AHEAD * 8);
  private count = 0;
  /** Keeps the engine from leaving out reads whose value nobody needs. */
  sum = 0;

  constructor({ accounts, ids }: LedgerState) {
    this.accounts = accounts.rows;
    this.ids = ids.rows;
  }

  /** Starts with the entry at bytes [start, end). */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (bytes[start] !== 0x0a || end - start < 40) return;
    const { id, ids } = this;
    id.read(bytes, start + 2);
    this.sum ^= ids.touchSlot(ids.hashOf(id.w0, id.w1, id.w2, id.w3));
    let at = start + 18;
    if (bytes[at] === 0x12) at += 2 + bytes[at + 1]!;
    while (bytes[at] === 0x1a && at < end) {
      const transferEnd = at + 2 + bytes[at + 1]!;
      if (transferEnd <= end) this.addTransfer(bytes, at + 2, transferEnd);
      at = transferEnd;
    }
  }

  /** Then looks at the rows of what was added; the next `add` starts afresh. */
  finish(): void {
    const { accounts, hashes, count } = this;
    let sum = this.sum;
    for (let i = 0; i < count; i++) sum ^= accounts.touchRow(hashes[i]!);
    this.sum = sum;
    this.count = 0;
  }

  private addTransfer(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    if (bytes[at] === 0x0a) at += 18;
    for (let tag = 0x12; tag <= 0x1a && bytes[at] === tag && at + 18 <= end; tag += 8) {
      if (this.count === this.hashes.length) return;
      const { id, accounts } = this;
      id.read(bytes, at + 2);
      const hash = accounts.hashOf(id.w0, id.w1, id.w2, id.w3);
      this.sum ^= accounts.touchSlot(hash);
      this.hashes[this.count++] = hash;
      at += 18;
    }
  }
}
