/**
 * Rows of fixed size under 16-byte keys, in typed arrays: the ledger's memory. A Map of objects
 * would take ten times the room and end at 16.7 million entries.
 *
 * A row's first four words are its key. Rows live in segments that are never copied; a hash table
 * (`row-slots.ts`) points at them and grows a few slots per insertion, so that no single insertion
 * pays for all. Row numbers are stable until the row is removed.
 */
import assert from 'node:assert/strict';
import {
  EMPTY,
  FIRST_CAPACITY,
  hashKey,
  newSlots,
  putSlot,
  type Slots,
  TOMBSTONE,
} from './row-slots.ts';

const SEGMENT_SHIFT = 16;
const SEGMENT_ROWS = 1 << SEGMENT_SHIFT;
const SEGMENT_MASK = SEGMENT_ROWS - 1;

/**
 * Large buffers start 16 bytes behind the start of a page. With this many bytes left out, a row of 64
 * bytes is one line of the processor's cache instead of parts of two.
 */
const SEGMENT_OFFSET = 48;

const MAX_LOAD = 0.7;
/** Slots of the table before that move over with each insertion: a growth is felt, but not for long. */
const MIGRATED_PER_INSERT = 16;

export class RowTable {
  /** One more than the highest row number in use. */
  rowCount = 0;
  /** Rows that are in use. */
  size = 0;
  readonly rowWords: number;
  private readonly words: Int32Array[] = [];
  private readonly numbers: Float64Array[] = [];
  private readonly freeRows: number[] = [];
  /** Rows that were removed since somebody asked for them. */
  private readonly removedRows = new Set<number>();
  private slots = newSlots(FIRST_CAPACITY);
  /** The table before the last growth while it still holds slots. */
  private oldSlots: Slots | null = null;
  /** Words of it that hold nothing any more. Behind them a slot is empty, so that no run crosses the end. */
  private migrated = 0;

  /** rowWords: 32-bit words of a row, even, key included. */
  constructor(rowWords: number) {
    assert(rowWords % 2 === 0 && rowWords >= 4);
    this.rowWords = rowWords;
  }

  /** The row under a key, or -1. */
  find(k0: number, k1: number, k2: number, k3: number): number {
    const hash = hashKey(k0, k1, k2, k3);
    const slot = this.probe(this.slots, hash, k0, k1, k2, k3);
    if (slot >= 0) return this.slots.words[slot]! - 1;
    if (this.oldSlots === null || this.hasMoved(hash, this.oldSlots)) return -1;
    const old = this.probe(this.oldSlots, hash, k0, k1, k2, k3);
    return old < 0 ? -1 : this.oldSlots.words[old]! - 1;
  }

  hashOf(k0: number, k1: number, k2: number, k3: number): number {
    return hashKey(k0, k1, k2, k3);
  }

  /** Reads the slot where a key of that hash belongs, so that it is near when it is looked up. */
  touchSlot(hash: number): number {
    const { words, shift } = this.slots;
    const found = words[(hash >>> shift) * 2]!;
    const old = this.oldSlots;
    return old === null || this.hasMoved(hash, old)
      ? found
      : found + old.words[(hash >>> old.shift) * 2]!;
  }

  /** Reads the row of a key of that hash, when its slot is where it belongs. */
  touchRow(hash: number): number {
    const { words, shift, mask } = this.slots;
    let at = (hash >>> shift) * 2;
    if (words[at + 1] !== hash) at = (at + 2) & mask;
    const row = words[at]! - 1;
    return words[at + 1] !== hash || row < 0 ? 0 : this.wordsOf(row)[this.wordAt(row)]!;
  }

  /** The key of a row as bytes. */
  keyOf(row: number): Uint8Array {
    const { buffer, byteOffset } = this.wordsOf(row);
    const from = byteOffset + this.wordAt(row) * 4;
    return new Uint8Array(buffer.slice(from, from + 16));
  }

  /** Takes a row for a key that is not in the table; the rest of the row is zero. */
  insert(k0: number, k1: number, k2: number, k3: number): number {
    const row = this.freeRows.length > 0 ? this.freeRows.pop()! : this.rowCount++;
    this.place(row, k0, k1, k2, k3);
    return row;
  }

  /** Forgets a row; its memory is cleared and used again. */
  remove(row: number): void {
    const words = this.wordsOf(row);
    const at = this.wordAt(row);
    const hash = hashKey(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
    let from = this.slots;
    let slot = this.probe(from, hash, words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
    if (slot < 0) {
      assert(this.oldSlots !== null, 'a row to remove is in the table');
      from = this.oldSlots;
      slot = this.probe(from, hash, words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
      assert(slot >= 0, 'a row to remove is in the table');
    }
    from.words[slot] = TOMBSTONE;
    words.fill(0, at, at + this.rowWords);
    this.freeRows.push(row);
    this.removedRows.add(row);
    this.size--;
  }

  /** Forgets the row that was inserted last, as if it had never been. */
  removeLast(row: number): void {
    assert.equal(row, this.rowCount - 1);
    this.remove(row);
    this.freeRows.pop();
    this.rowCount--;
  }

  /** True when a row of [first, first + count) was removed since the last call for them. */
  takeRemovals(first: number, count: number): boolean {
    let removed = false;
    if (this.removedRows.size === 0) return removed;
    for (let row = first; row < first + count; row++) {
      if (this.removedRows.delete(row)) removed = true;
    }
    return removed;
  }

  /** Puts the segment's arrays and offsets of a row at hand: `wordsOf(row)[wordAt(row) + i]`. */
  wordsOf(row: number): Int32Array {
    return this.words[row >>> SEGMENT_SHIFT]!;
  }

  wordAt(row: number): number {
    return (row & SEGMENT_MASK) * this.rowWords;
  }

  numbersOf(row: number): Float64Array {
    return this.numbers[row >>> SEGMENT_SHIFT]!;
  }

  numberAt(row: number): number {
    return ((row & SEGMENT_MASK) * this.rowWords) >>> 1;
  }

  /** True for a row that holds a key (a key of sixteen zeros counts as none). */
  inUse(row: number): boolean {
    if (row >= this.rowCount) return false;
    const words = this.wordsOf(row);
    return holdsKey(words, this.wordAt(row));
  }

  /** Copies rows [first, first + count) into target, which has room for them; rows never used are zero. */
  copyRows(first: number, count: number, target: Uint8Array): void {
    const rowBytes = this.rowWords * 4;
    const end = Math.min(first + count, this.rowCount);
    let to = 0;
    for (let row = first; row < end; ) {
      // Rows of one segment lie side by side.
      const run = Math.min(end - row, SEGMENT_ROWS - (row & SEGMENT_MASK));
      const { buffer, byteOffset } = this.wordsOf(row);
      const from = byteOffset + this.wordAt(row) * 4;
      target.set(new Uint8Array(buffer, from, run * rowBytes), to);
      to += run * rowBytes;
      row += run;
    }
    target.fill(0, to, count * rowBytes);
  }

  /**
   * Puts rows back as they were copied, under their numbers. They are found once `loaded` was called
   * after the last ones.
   */
  loadRows(first: number, source: Uint8Array): void {
    const from = wordsIn(source);
    const { rowWords } = this;
    let count = from.length / rowWords;
    while (count > 0 && !holdsKey(from, (count - 1) * rowWords)) count--;
    const end = first + count;
    for (let row = first; row < end; ) {
      this.addSegmentsTo(row);
      const run = Math.min(end - row, SEGMENT_ROWS - (row & SEGMENT_MASK));
      const at = (row - first) * rowWords;
      this.wordsOf(row).set(from.subarray(at, at + run * rowWords), this.wordAt(row));
      row += run;
    }
    this.rowCount = Math.max(this.rowCount, end);
  }

  /**
   * The same for a table where one key may stand in two rows: `newer` says whether the one that is
   * loaded replaces the one that is kept.
   */
  loadRowsOnce(
    first: number,
    source: Uint8Array,
    newer: (kept: number, loaded: number) => boolean,
  ): void {
    const { rowWords } = this;
    const from = wordsIn(source);
    for (let at = 0, row = first; at < from.length; at += rowWords, row++) {
      if (!holdsKey(from, at) || !this.makesWay(row, from, at, newer)) continue;
      this.wordsOf(row).set(from.subarray(at, at + rowWords), this.wordAt(row));
      this.rowCount = Math.max(this.rowCount, row + 1);
      this.link(row, from[at]!, from[at + 1]!, from[at + 2]!, from[at + 3]!);
    }
  }

  /** False when another row under the same key is the newer one; otherwise that one is gone. */
  private makesWay(
    row: number,
    from: Int32Array,
    at: number,
    newer: (kept: number, loaded: number) => boolean,
  ): boolean {
    this.addSegmentsTo(row);
    const kept = this.find(from[at]!, from[at + 1]!, from[at + 2]!, from[at + 3]!);
    if (kept < 0) return true;
    const words = this.wordsOf(row);
    const to = this.wordAt(row);
    words.set(from.subarray(at, at + this.rowWords), to);
    const wins = newer(kept, row);
    words.fill(0, to, to + this.rowWords);
    if (wins) this.remove(kept);
    return wins;
  }

  /** Ends loading: every row is found, and those without a key are free, lowest first. */
  loaded(): void {
    this.freeRows.length = 0;
    let used = 0;
    for (let row = this.rowCount - 1; row >= 0; row--) {
      if (this.inUse(row)) used++;
      else this.freeRows.push(row);
    }
    if (this.size === used) return;
    let capacity = FIRST_CAPACITY;
    while (used * 2 > capacity * MAX_LOAD) capacity *= 2;
    this.slots = newSlots(capacity);
    this.oldSlots = null;
    this.size = used;
    for (let row = 0; row < this.rowCount; row++) {
      if (!this.inUse(row)) continue;
      const words = this.wordsOf(row);
      const at = this.wordAt(row);
      const hash = hashKey(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
      putSlot(this.slots, hash, row + 1);
    }
  }

  private place(row: number, k0: number, k1: number, k2: number, k3: number): void {
    this.addSegmentsTo(row);
    const words = this.wordsOf(row);
    const at = this.wordAt(row);
    words[at] = k0;
    words[at + 1] = k1;
    words[at + 2] = k2;
    words[at + 3] = k3;
    this.link(row, k0, k1, k2, k3);
  }

  private link(row: number, k0: number, k1: number, k2: number, k3: number): void {
    this.size++;
    this.migrate(MIGRATED_PER_INSERT);
    if (this.slots.used * 2 >= this.slots.words.length * MAX_LOAD) this.grow();
    putSlot(this.slots, hashKey(k0, k1, k2, k3), row + 1);
  }

  /** Where in the table's words the slot of a key is, or -1. */
  private probe(
    slots: Slots,
    hash: number,
    k0: number,
    k1: number,
    k2: number,
    k3: number,
  ): number {
    const words = slots.words;
    const mask = slots.mask;
    for (let at = (hash >>> slots.shift) * 2; ; at = (at + 2) & mask) {
      const entry = words[at]!;
      if (entry === EMPTY) return -1;
      if (words[at + 1] !== hash || entry === TOMBSTONE) continue;
      const row = entry - 1;
      const rowWords = this.words[row >>> SEGMENT_SHIFT]!;
      const rowAt = (row & SEGMENT_MASK) * this.rowWords;
      if (rowWords[rowAt] === k0 && rowWords[rowAt + 1] === k1 && rowWords[rowAt + 2] === k2) {
        if (rowWords[rowAt + 3] === k3) return at;
      }
    }
  }

  private addSegmentsTo(row: number): void {
    while (this.words.length <= row >>> SEGMENT_SHIFT) {
      const buffer = new ArrayBuffer(SEGMENT_OFFSET + SEGMENT_ROWS * this.rowWords * 4);
      this.words.push(new Int32Array(buffer, SEGMENT_OFFSET));
      this.numbers.push(new Float64Array(buffer, SEGMENT_OFFSET));
    }
  }

  private grow(): void {
    this.migrate(Number.POSITIVE_INFINITY);
    const capacity = this.slots.words.length / 2;
    // Mostly tombstones: a table of the same size does.
    const next = this.size * 2 > capacity * MAX_LOAD ? capacity * 2 : capacity;
    this.oldSlots = this.slots;
    this.slots = newSlots(next);
    this.migrated = 0;
  }

  /** Whether a key of that hash would have left the old table already. */
  private hasMoved(hash: number, old: Slots): boolean {
    return (hash >>> old.shift) * 2 < this.migrated;
  }

  /** Moves so many slots of the old table over, and what follows on them without a gap. */
  private migrate(limit: number): void {
    const old = this.oldSlots;
    if (old === null) return;
    const { words } = old;
    const end = Math.min(this.migrated + limit * 2, words.length);
    let at = this.migrated;
    for (; at < words.length; at += 2) {
      const entry = words[at]!;
      if (at >= end && entry === EMPTY) break;
      if (entry === EMPTY || entry === TOMBSTONE) continue;
      putSlot(this.slots, words[at + 1]!, entry);
      words[at] = TOMBSTONE;
    }
    this.migrated = at;
    if (at === words.length) this.oldSlots = null;
  }
}

/** A copy of its own is aligned to words, which a view of LMDB's buffer need not be. */
function wordsIn(source: Uint8Array): Int32Array {
  return new Int32Array(new Uint8Array(source).buffer);
}

function holdsKey(words: Int32Array, at: number): boolean {
  return (words[at]! | words[at + 1]! | words[at + 2]! | words[at + 3]!) !== 0;
}
