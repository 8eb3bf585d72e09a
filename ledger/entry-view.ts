/**
 * An encoded entry taken apart in place: where its parts are, and the fields of one part at a time.
 * The views are used again for every entry, so that the hot path makes no objects. What they read was
 * encoded by `encode.ts`; anything else throws.
 */
import { ByteReader } from './bytes.ts';

/** Positions of the parts of one kind: part i is bytes [starts[i], ends[i]). */
export class Spans {
  count = 0;
  private bounds = new Int32Array(16);

  add(start: number, end: number): void {
    if (this.count * 2 === this.bounds.length) {
      const grown = new Int32Array(this.bounds.length * 2);
      grown.set(this.bounds);
      this.bounds = grown;
    }
    this.bounds[this.count * 2] = start;
    this.bounds[this.count * 2 + 1] = end;
    this.count++;
  }

  start(index: number): number {
    return this.bounds[index * 2]!;
  }

  end(index: number): number {
    return this.bounds[index * 2 + 1]!;
  }
}

/** A 16-byte id as four words, as it lies in memory. */
export class IdWords {
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;

  clear(): void {
    this.w0 = 0;
    this.w1 = 0;
    this.w2 = 0;
    this.w3 = 0;
  }

  copy(other: IdWords): void {
    this.w0 = other.w0;
    this.w1 = other.w1;
    this.w2 = other.w2;
    this.w3 = other.w3;
  }

  read(bytes: Uint8Array, at: number): void {
    const view = viewOf(bytes);
    this.w0 = view.getInt32(at, true);
    this.w1 = view.getInt32(at + 4, true);
    this.w2 = view.getInt32(at + 8, true);
    this.w3 = view.getInt32(at + 12, true);
  }

  equals(other: IdWords): boolean {
    return (
      this.w0 === other.w0 && this.w1 === other.w1 && this.w2 === other.w2 && this.w3 === other.w3
    );
  }

  isZero(): boolean {
    return (this.w0 | this.w1 | this.w2 | this.w3) === 0;
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setInt32(0, this.w0, true);
    new DataView(bytes.buffer).setInt32(4, this.w1, true);
    new DataView(bytes.buffer).setInt32(8, this.w2, true);
    new DataView(bytes.buffer).setInt32(12, this.w3, true);
    return bytes;
  }
}

let lastBytes: Uint8Array = new Uint8Array(0);
let lastView: DataView = new DataView(lastBytes.buffer);

/** Many ids are read out of the same bytes, one after the other. */
function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== lastBytes) {
    lastBytes = bytes;
    lastView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return lastView;
}

export class EntryView {
  bytes: Uint8Array = new Uint8Array(0);
  readonly id = new IdWords();
  institutionStart = 0;
  institutionEnd = 0;
  readonly transfers = new Spans();
  readonly tallies = new Spans();
  readonly accounts = new Spans();
  readonly freezes = new Spans();
  readonly registry = new Spans();
  readonly blocks = new Spans();
  readonly expired = new IdWords();
  factStart = 0;
  factEnd = 0;
  /** True when there is nothing in it but transfers. */
  isPlain = true;
  private readonly reader = new ByteReader(new Uint8Array(0));

  /** Finds the parts of the entry at [start, end). */
  read(bytes: Uint8Array, start: number, end: number): void {
    this.clear(bytes);
    const reader = this.reader;
    reader.reset(bytes, start, end);
    while (reader.at < end) {
      const tag = reader.varint();
      if ((tag & 7) !== 2) {
        reader.skip(tag);
        continue;
      }
      const partEnd = reader.span();
      this.part(tag >>> 3, reader.at, partEnd);
      reader.at = partEnd;
    }
  }

  private part(field: number, start: number, end: number): void {
    if (field === 3) this.transfers.add(start, end);
    else if (field === 1) this.readId(this.id, start, end);
    else if (field === 2) {
      this.institutionStart = start;
      this.institutionEnd = end;
    } else if (field !== 11) this.otherPart(field, start, end);
  }

  private otherPart(field: number, start: number, end: number): void {
    this.isPlain = false;
    if (field === 4) this.tallies.add(start, end);
    else if (field === 5) this.accounts.add(start, end);
    else if (field === 6) this.freezes.add(start, end);
    else if (field === 7) this.registry.add(start, end);
    else if (field === 8) this.blocks.add(start, end);
    else if (field === 9) this.readId(this.expired, start, end);
    else if (field === 10) {
      this.factStart = start;
      this.factEnd = end;
    }
  }

  private readId(id: IdWords, start: number, end: number): void {
    if (end - start !== 16) throw new RangeError('an id has 16 bytes');
    id.read(this.bytes, start);
  }

  private clear(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.id.clear();
    this.institutionStart = 0;
    this.institutionEnd = 0;
    this.transfers.count = 0;
    if (this.isPlain) return;
    this.isPlain = true;
    this.expired.clear();
    this.tallies.count = 0;
    this.accounts.count = 0;
    this.freezes.count = 0;
    this.registry.count = 0;
    this.blocks.count = 0;
    this.factStart = 0;
    this.factEnd = 0;
  }
}

/** One transfer of an entry. An id that was left out is zero. */
export class TransferView {
  readonly id = new IdWords();
  readonly debit = new IdWords();
  readonly credit = new IdWords();
  readonly pending = new IdWords();
  /** -1 when it was left out. */
  amountFen = -1;
  ledger = 0;
  code = 0;
  flags = 0;
  timeoutSeconds = 0;
  private readonly reader = new ByteReader(new Uint8Array(0));

  read(bytes: Uint8Array, start: number, end: number): void {
    this.id.clear();
    this.debit.clear();
    this.credit.clear();
    this.pending.clear();
    this.amountFen = -1;
    this.ledger = 0;
    this.code = 0;
    this.flags = 0;
    this.timeoutSeconds = 0;
    const reader = this.reader;
    reader.reset(bytes, start, end);
    while (reader.at < end) this.field(reader, reader.varint());
  }

  private field(reader: ByteReader, tag: number): void {
    if (tag === 0x12) this.readId(this.debit, reader);
    else if (tag === 0x1a) this.readId(this.credit, reader);
    else if (tag === 0x20) this.amountFen = reader.varint();
    else if (tag === 0x28) this.ledger = reader.varint();
    else if (tag === 0x30) this.code = reader.varint();
    else if (tag === 0x38) this.flags = reader.varint();
    else if (tag === 0x0a) this.readId(this.id, reader);
    else if (tag === 0x42) this.readId(this.pending, reader);
    else if (tag === 0x48) this.timeoutSeconds = reader.varint();
    else reader.skip(tag);
  }

  private readId(id: IdWords, reader: ByteReader): void {
    const end = reader.span();
    if (end - reader.at !== 16) throw new RangeError('an id has 16 bytes');
    id.read(reader.bytes, reader.at);
    reader.at = end;
  }
}

/** One tally move. */
export class TallyView {
  readonly subject = new IdWords();
  amountFen = 0;
  count = 0;
  /** Number.POSITIVE_INFINITY when there is none. */
  limitFen = 0;
  limitCount = 0;
  reset = false;
  /** 0 long, 1 day, 2 batch. */
  until = 0;

  read(bytes: Uint8Array, start: number, end: number): void {
    this.amountFen = 0;
    this.count = 0;
    this.limitFen = Number.POSITIVE_INFINITY;
    this.limitCount = Number.POSITIVE_INFINITY;
    this.reset = false;
    this.until = 0;
    const reader = new ByteReader(bytes, start, end);
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag === 0x0a) {
        this.subject.read(bytes, reader.at + 1);
        reader.skip(tag);
      } else if (tag === 0x10) this.amountFen = reader.zigzag();
      else if (tag === 0x18) this.count = reader.zigzag();
      else if (tag === 0x20) this.limitFen = reader.varint();
      else if (tag === 0x28) this.limitCount = reader.varint();
      else if (tag === 0x30) this.reset = reader.varint() === 1;
      else if (tag === 0x38) this.until = reader.varint();
      else reader.skip(tag);
    }
  }
}
