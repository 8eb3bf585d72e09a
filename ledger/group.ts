/**
 * A group: the records that went to disk in one commit, under the position of the first of them.
 * Its value is a Group of `ledger/journal.proto` and, behind it, the 32 bytes of its chain hash.
 */
import { createHash } from 'node:crypto';
import { ByteReader, type ByteWriter } from './bytes.ts';
import { EntryView } from './entry-view.ts';
import { NumberList } from './outcome.ts';

export const HASH_BYTES = 32;

/** Starts a group; the records follow as fields 4. */
export function putGroupHeader(
  out: ByteWriter,
  previousHash: Uint8Array,
  firstPosition: number,
  timestampUs: number,
): void {
  out.field(0x0a, previousHash);
  out.number(0x10, firstPosition);
  out.number(0x18, timestampUs);
}

/** SHA-256 of the previous hash and the group's bytes. */
export function chainHash(previousHash: Uint8Array, group: Uint8Array): Uint8Array {
  return createHash('sha256').update(previousHash).update(group).digest();
}

/** A group's value taken apart: its header, and where its records are. */
export class GroupView {
  readonly value: Uint8Array;
  readonly previousHash: Uint8Array;
  readonly firstPosition: number;
  readonly timestampUs: number;
  readonly hash: Uint8Array;
  /** Bounds of record i: bytes [bounds[2 i], bounds[2 i + 1]) of the value. */
  readonly bounds: number[] = [];

  /** Throws RangeError when the bytes are not a group. */
  constructor(value: Uint8Array) {
    this.value = value;
    const end = value.length - HASH_BYTES;
    if (end < 0) throw new RangeError('a group is longer than its hash');
    this.hash = value.subarray(end);
    let previousHash: Uint8Array = new Uint8Array(0);
    let firstPosition = 0;
    let timestampUs = 0;
    const reader = new ByteReader(value, 0, end);
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag === 0x22) {
        const recordEnd = reader.span();
        this.bounds.push(reader.at, recordEnd);
        reader.at = recordEnd;
      } else if (tag === 0x0a) previousHash = reader.view();
      else if (tag === 0x10) firstPosition = reader.varint();
      else if (tag === 0x18) timestampUs = reader.varint();
      else reader.skip(tag);
    }
    if (previousHash.length !== HASH_BYTES)
      throw new RangeError('a group names the hash before it');
    this.previousHash = previousHash;
    this.firstPosition = firstPosition;
    this.timestampUs = timestampUs;
  }

  get count(): number {
    return this.bounds.length / 2;
  }

  get lastPosition(): number {
    return this.firstPosition + this.count - 1;
  }

  /** True when the stored hash is that of the stored bytes. */
  isIntact(): boolean {
    const bytes = this.value.subarray(0, this.value.length - HASH_BYTES);
    return Buffer.compare(chainHash(this.previousHash, bytes), this.hash) === 0;
  }

  /** Puts the record at a position of this group into the view. */
  read(position: number, into: RecordView): void {
    const index = position - this.firstPosition;
    const start = this.bounds[index * 2];
    if (start === undefined) throw new RangeError(`no record ${position} in this group`);
    into.read(this.value, start, this.bounds[index * 2 + 1]!);
    into.position = position;
    into.timestampUs = this.timestampUs + index;
  }
}

/** A Record taken apart in place; used again for every record. */
export class RecordView {
  position = 0;
  timestampUs = 0;
  readonly entry = new EntryView();
  entryStart = 0;
  entryEnd = 0;
  status = 0;
  /** -1: no item in particular. */
  failedIndex = -1;
  businessDate = 0;
  readonly outcomes = new NumberList();
  readonly tallies = new NumberList();
  private readonly reader = new ByteReader(new Uint8Array(0));

  read(bytes: Uint8Array, start: number, end: number): void {
    this.status = 0;
    this.failedIndex = -1;
    this.businessDate = 0;
    this.outcomes.length = 0;
    this.tallies.length = 0;
    const reader = this.reader;
    reader.reset(bytes, start, end);
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag === 0x0a) {
        this.entryEnd = reader.span();
        this.entryStart = reader.at;
        reader.at = this.entryEnd;
      } else if (tag === 0x10) this.status = reader.varint();
      else if (tag === 0x18) this.failedIndex = reader.varint() - 1;
      else if (tag === 0x20) this.businessDate = reader.varint();
      else if (tag === 0x2a) readPacked(reader, this.outcomes);
      else if (tag === 0x32) readPacked(reader, this.tallies);
      else reader.skip(tag);
    }
    this.entry.read(bytes, this.entryStart, this.entryEnd);
  }
}

function readPacked(reader: ByteReader, list: NumberList): void {
  const end = reader.span();
  while (reader.at < end) {
    const at = list.extend(1);
    list.values[at] = reader.varint();
  }
}
