import type { Dialect, Field, FieldEncoding, Safe } from './dialect.ts';

/** A dialect in the form the inner loops want: one flat record a field, found by its number. */
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
  /** The most bytes that a message of this dialect can have. */
  readonly mostBytes: number;
  /** By field number; undefined for a field that the dialect does not define. */
  readonly at: readonly (FieldPlan | undefined)[];
}

/** One field's row, worked out. */
export interface FieldPlan {
  readonly number: number;
  readonly row: Field;
  /** Wire bytes of a fixed field, -1 for a variable one. */
  readonly fixedBytes: number;
  /** Digits, or value bytes, of a fixed field; the most that a variable field may have. */
  readonly units: number;
  /** The most wire bytes, prefix included. */
  readonly mostBytes: number;
  /** Wire bytes of the length prefix, 0 for a fixed field. */
  readonly prefixBytes: number;
  /** A PrefixKind. */
  readonly prefixKind: number;
  /** A ValueKind. */
  readonly kind: number;
  /** A Spread: how the count of a prefix becomes bytes. */
  readonly spread: number;
  /** Shorter values are filled on the left. */
  readonly padLeft: boolean;
  readonly safe: Safe;
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
  signedPacked: 16,
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

/** MTI and three bitmaps, as characters. */
export const MOST_HEAD_BYTES = 4 + 3 * 16;

/** Shown without being said: values that are short and of fixed length. */
const LONGEST_SHOWN_BY_DEFAULT = 40;

const DIGIT_TYPES: ReadonlySet<Field['type']> = new Set(['n', 'z', 'x+n']);

/** What a field's own row and the dialect's defaults say about its encoding. */
export function encodingOf(dialect: Dialect, field: Field): FieldEncoding {
  if (field.encoding !== undefined) return field.encoding;
  if (DIGIT_TYPES.has(field.type)) return dialect.defaults.digits;
  return field.type === 'b' ? dialect.defaults.binary : dialect.defaults.text;
}

/** How a field is shown: what its row says, else shown only when it is short, fixed and not binary. */
export function safeOf(field: Field): Safe {
  if (field.safe !== undefined) return field.safe;
  const short = field.length !== undefined && field.length <= LONGEST_SHOWN_BY_DEFAULT;
  return short && field.type !== 'b' && field.type !== 'z' ? 'shown' : 'hidden';
}

/** Works out every row of a checked dialect. */
export function planOf(dialect: Dialect): Plan {
  const maximum = dialect.bitmap.maximum;
  const defined = Object.keys(dialect.fields)
    .map(Number)
    .sort((a, b) => a - b);
  const at = Array.from({ length: maximum + 1 }, (_, number) => {
    const row = dialect.fields[number];
    return row === undefined ? undefined : fieldPlanOf(dialect, number, row);
  });
  const most = at.map((field) => (field === undefined ? 0 : field.mostBytes));
  return {
    dialect,
    maximum,
    mostBytes: most.reduce((sum, bytes) => sum + bytes, MOST_HEAD_BYTES),
    mti: dialect.mti.encoding,
    bitmap: dialect.bitmap.encoding,
    bitmapBytes: dialect.bitmap.encoding === 'binary' ? 8 : 16,
    defined,
    at,
  };
}

function fieldPlanOf(dialect: Dialect, number: number, row: Field): FieldPlan {
  const encoding = encodingOf(dialect, row);
  const sign = row.type === 'x+n' ? 1 : 0;
  const digits = row.length ?? row.max!;
  const spread = spreadOf(row, encoding);
  const safe = safeOf(row);
  const prefixEncoding = row.prefixEncoding ?? dialect.defaults.prefix;
  const valueBytes = sign + spreadBytes(spread, digits);
  const prefixBytes = row.prefix === undefined ? 0 : prefixBytesOf(row.prefix, prefixEncoding);
  return {
    number,
    row,
    fixedBytes: row.prefix === undefined ? valueBytes : -1,
    units: sign + digits,
    mostBytes: prefixBytes + valueBytes,
    prefixBytes,
    prefixKind: PrefixKind[prefixEncoding],
    kind: valueKindOf(row, encoding, safe === 'shown'),
    spread,
    padLeft: (row.pad ?? (row.type === 'n' ? 'left' : 'right')) === 'left',
    safe,
  };
}

function prefixBytesOf(prefix: string, encoding: keyof typeof PrefixKind): number {
  const packed = encoding === 'bcd' || encoding === 'binary';
  return packed ? (prefix.length + 1) >> 1 : prefix.length;
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
      if (field.type === 'x+n') return ValueKind.signedPacked;
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
