/**
 * Writing and reading the protobuf wire format without an object per field: what the hot path of
 * the ledger is made of. Numbers are integers from 0 to 2^53 - 1 unless said otherwise.
 */
import assert from 'node:assert/strict';

/** Appends to a buffer that grows; `bytes.subarray(0, length)` is what was written. */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 4096) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for so many bytes more. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  varint(value: number): void {
    if (this.length + 8 > this.bytes.length) this.reserve(8);
    const bytes = this.bytes;
    let at = this.length;
    let rest = value;
    if (rest >= 0x80000000) {
      // Above 31 bits the low 28 go first; what is left fits the integer loop below.
      let low = rest % 0x10000000;
      rest = Math.floor(rest / 0x10000000);
      for (let i = 0; i < 4; i++) {
        bytes[at++] = (low & 0x7f) | 0x80;
        low >>>= 7;
      }
    }
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.length = at;
  }

  /** The first numbers of a list, one after the other. */
  varints(values: Float64Array, count: number): void {
    this.reserve(count * 8);
    const bytes = this.bytes;
    let at = this.length;
    for (let i = 0; i < count; i++) {
      const value = values[i]!;
      if (value < 0x80000000) {
        let rest = value | 0;
        for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
        bytes[at++] = rest;
      } else {
        this.length = at;
        this.varint(value);
        at = this.length;
      }
    }
    this.length = at;
  }

  /** Zigzag, for -(2^52) … 2^52. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  raw(source: Uint8Array): void {
    const count = source.length;
    this.reserve(count);
    const bytes = this.bytes;
    const at = this.length;
    if (count <= 32) for (let i = 0; i < count; i++) bytes[at + i] = source[i]!;
    else bytes.set(source, at);
    this.length = at + count;
  }

  /** Copies part of another buffer. */
  slice(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    const bytes = this.bytes;
    const at = this.length;
    if (count <= 192) for (let i = 0; i < count; i++) bytes[at + i] = source[start + i]!;
    else bytes.set(source.subarray(start, end), at);
    this.length = at + count;
  }

  /** Four bytes, little-endian. */
  uint32(value: number): void {
    this.reserve(4);
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = value & 0xff;
    bytes[at++] = (value >>> 8) & 0xff;
    bytes[at++] = (value >>> 16) & 0xff;
    bytes[at++] = value >>> 24;
    this.length = at;
  }

  /** A tag and a length-delimited value. */
  field(tag: number, value: Uint8Array): void {
    this.byte(tag);
    this.varint(value.length);
    this.raw(value);
  }

  /** A tag and a string; an empty one is left out, as proto3 does. */
  text(tag: number, value: string): void {
    if (value.length === 0) return;
    this.byte(tag);
    const count = value.length;
    if (count < 64 && isAscii(value)) {
      this.reserve(count + 1);
      const bytes = this.bytes;
      let at = this.length;
      bytes[at++] = count;
      for (let i = 0; i < count; i++) bytes[at++] = value.charCodeAt(i);
      this.length = at;
      return;
    }
    const encoded = Buffer.from(value, 'utf8');
    this.varint(encoded.length);
    this.raw(encoded);
  }

  /** A tag and a number; zero is left out, as proto3 does. */
  number(tag: number, value: number): void {
    if (value === 0) return;
    this.byte(tag);
    this.varint(value);
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Bytes that a value takes as a varint. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  let size = 4;
  for (let rest = value / 0x10000000; rest >= 1; rest /= 128) size++;
  return size;
}

/** Walks over part of a buffer. Reading past its end throws RangeError. */
export class ByteReader {
  bytes: Uint8Array;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  varint(): number {
    const bytes = this.bytes;
    let at = this.at;
    let byte = bytes[at++]!;
    if (byte < 0x80 && at <= this.end) {
      this.at = at;
      return byte;
    }
    let value = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.advance(at);
        return value;
      }
    }
    let scale = 0x10000000;
    for (let i = 0; i < 4; i++) {
      byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.advance(at);
        if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('number beyond 2^53 - 1');
        return value;
      }
      scale *= 128;
    }
    throw new RangeError('number of more than 8 bytes, or the end of the bytes within a number');
  }

  private advance(at: number): void {
    if (at > this.end) throw new RangeError('the bytes end within a number');
    this.at = at;
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Reads a length and steps over so many bytes; returns where they end. */
  span(): number {
    const length = this.varint();
    const end = this.at + length;
    if (end > this.end) throw new RangeError(`${length} bytes announced, fewer are there`);
    return end;
  }

  /** A length-delimited value as a view of the same memory. */
  view(): Uint8Array {
    const end = this.span();
    const view = this.bytes.subarray(this.at, end);
    this.at = end;
    return view;
  }

  /** A length-delimited value as a copy. */
  copy(): Uint8Array {
    return new Uint8Array(this.view());
  }

  text(): string {
    const view = this.view();
    return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('utf8');
  }

  /** Steps over the value of a field that this version does not know. */
  skip(tag: number): void {
    const wireType = tag & 7;
    if (wireType === 0) this.varint();
    else if (wireType === 2) this.at = this.span();
    else if (wireType === 1) this.at += 8;
    else if (wireType === 5) this.at += 4;
    else throw new RangeError(`unknown wire type ${wireType}`);
    if (this.at > this.end) throw new RangeError('the bytes end within a field');
  }
}

/** Amounts, counts and positions everywhere in the ledger. */
export function assertSafe(value: number, what: string): void {
  assert(
    Number.isSafeInteger(value) && value >= 0,
    `${what} must be an integer from 0 to 2^53 - 1, not ${value}`,
  );
}
