import type { Dialect, Field, FieldEncoding, Safe } from './dialect.ts';

/**
 * A dialect in the form the inner loops want: one small array per property, indexed by field
 * number, so that decoding a field is a few array reads and no call through a closure.
 */
export interface Plan {
  readonly dialect: Dialect;
  /** The highest field number: 64, 128 or 192. */
  readonly maximum: number;
  readonly mti: Dialect['mti']['encoding'];
  readonly bitmap: Dialect['bitmap']['encoding'];
  /** Bytes of one 64-bit bitmap on the wire. */
  readonly bitmapBytes: number;
  /** Field numbers in order. */
  readonly defined: readonly number[];
  /** 1 when the dialect defines the field. */
  readonly known: Uint8Array;
  /** Wire bytes of a fixed field, -1 for a variable one. */
  readonly fixedBytes: Int32Array;
  /** Digits, or value bytes, of a fixed field; the most that a variable field may have. */
  readonly units: Int32Array;
  /** Wire bytes of the length prefix, 0 for a fixed field. */
  readonly prefixBytes: Uint8Array;
  /** A PrefixKind. */
  readonly prefixKind: Uint8Array;
  /** A ValueKind. */
  readonly valueKind: Uint8Array;
  /** A Spread: how the count of a prefix becomes bytes. */
  readonly spread: Uint8Array;
  /** 1 when shorter values are filled on the left. */
  readonly padLeft: Uint8Array;
  readonly safe: readonly Safe[];
}

export const PrefixKind = { bcd: 0, ascii: 1, ebcdic: 2, binary: 3 } as const;

/** How value bytes become text. */
export const ValueKind = {
  packedDigits: 1,
  packedDigitsRight: 2,
  packedTrack: 3,
  packedTrackRight: 4,
  latin1: 5,
  internedLatin1: 6,
  ebcdic: 7,
  gbk: 8,
  bytes: 9,
  hexAscii: 10,
  hexEbcdic: 11,
  asciiDigits: 12,
  ebcdicDigits: 13,
  asciiTrack: 14,
  ebcdicTrack: 15,
} as const;

/** What one unit of a length prefix takes on the wire. */
export const Spread = {
  /** One byte a unit. */
  byte: 0,
  /** Two units a byte, odd counts rounded up. */
  nibble: 1,
  /** Two bytes a unit (hex characters, the prefix counts bytes). */
  twoBytes: 2,
} as const;

/** Shown without being said: values that are short and of fixed length. */
const LONGEST_SHOWN_BY_DEFAULT = 40;

/** What a field's own row and the dialect's defaults say about its encoding. */
export function encodingOf(dialect: Dialect, field: Field): FieldEncoding {
  if (field.encoding !== undefined) return field.encoding;
  if (field.type === 'n' || field.type === 'z') return dialect.defaults.digits;
  return field.type === 'b' ? dialect.defaults.binary : dialect.defaults.text;
}

/** How a field is shown: what its row says, else shown only when it is short, fixed and not binary. */
export function safeOf(field: Field): Safe {
  if (field.safe !== undefined) return field.safe;
  const short = field.length !== undefined && field.length <= LONGEST_SHOWN_BY_DEFAULT;
  return short && field.type !== 'b' && field.type !== 'z' ? 'shown' : 'hidden';
}

/** Lays a checked dialect out in arrays. */
export function planOf(dialect: Dialect): Plan {
  const maximum = dialect.bitmap.maximum;
  const size = maximum + 1;
  const safe: Safe[] = Array.from({ length: size }, () => 'hidden');
  const plan: Plan = {
    dialect,
    maximum,
    mti: dialect.mti.encoding,
    bitmap: dialect.bitmap.encoding,
    bitmapBytes: dialect.bitmap.encoding === 'binary' ? 8 : 16,
    defined: Object.keys(dialect.fields)
      .map(Number)
      .sort((a, b) => a - b),
    known: new Uint8Array(size),
    fixedBytes: new Int32Array(size).fill(-1),
    units: new Int32Array(size),
    prefixBytes: new Uint8Array(size),
    prefixKind: new Uint8Array(size),
    valueKind: new Uint8Array(size),
    spread: new Uint8Array(size),
    padLeft: new Uint8Array(size),
    safe,
  };
  for (const number of plan.defined) {
    const field = dialect.fields[number]!;
    safe[number] = safeOf(field);
    layOutField(plan, number, field, encodingOf(dialect, field));
  }
  return plan;
}

function layOutField(plan: Plan, number: number, field: Field, encoding: FieldEncoding): void {
  const units = field.length ?? field.max!;
  plan.known[number] = 1;
  plan.units[number] = units;
  plan.valueKind[number] = valueKindOf(field, encoding, plan.safe[number] === 'shown');
  plan.spread[number] = spreadOf(field, encoding);
  plan.padLeft[number] = (field.pad ?? (field.type === 'n' ? 'left' : 'right')) === 'left' ? 1 : 0;
  if (field.prefix === undefined) {
    plan.fixedBytes[number] = spreadBytes(plan.spread[number]!, units);
    return;
  }
  const prefixEncoding = field.prefixEncoding ?? plan.dialect.defaults.prefix;
  const digits = field.prefix.length;
  const packed = prefixEncoding === 'bcd' || prefixEncoding === 'binary';
  plan.prefixKind[number] = PrefixKind[prefixEncoding];
  plan.prefixBytes[number] = packed ? (digits + 1) >> 1 : digits;
}

/** Wire bytes of `units` units. */
export function spreadBytes(spread: number, units: number): number {
  if (spread === Spread.nibble) return (units + 1) >> 1;
  return spread === Spread.twoBytes ? units * 2 : units;
}

function spreadOf(field: Field, encoding: FieldEncoding): number {
  const isHexText = encoding === 'hex-ascii' || encoding === 'hex-ebcdic';
  if (encoding === 'bcd') return field.prefixCounts === 'bytes' ? Spread.byte : Spread.nibble;
  return isHexText && field.prefixCounts !== 'digits' ? Spread.twoBytes : Spread.byte;
}

function valueKindOf(field: Field, encoding: FieldEncoding, shown: boolean): number {
  const right = field.filler === 'left';
  switch (encoding) {
    case 'bcd':
      if (field.type === 'n') return right ? ValueKind.packedDigitsRight : ValueKind.packedDigits;
      return right ? ValueKind.packedTrackRight : ValueKind.packedTrack;
    case 'ascii':
      if (field.type === 'n') return ValueKind.asciiDigits;
      if (field.type === 'z') return ValueKind.asciiTrack;
      return shown && field.length !== undefined ? ValueKind.internedLatin1 : ValueKind.latin1;
    case 'ebcdic':
      if (field.type === 'n') return ValueKind.ebcdicDigits;
      return field.type === 'z' ? ValueKind.ebcdicTrack : ValueKind.ebcdic;
    case 'gbk':
      return ValueKind.gbk;
    case 'binary':
      return ValueKind.bytes;
    case 'hex-ascii':
      return ValueKind.hexAscii;
    case 'hex-ebcdic':
      return ValueKind.hexEbcdic;
  }
}
