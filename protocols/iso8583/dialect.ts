/**
 * A dialect of ISO 8583 is a table of literals in this shape; `compile` turns it into a codec.
 * The same shape is what a dialect file (YAML or JSON) holds.
 */

/** A name in Chinese and English. */
export interface Label {
  readonly zh: string;
  readonly en: string;
}

/** Whole-message properties and the table of fields. */
export interface Dialect {
  readonly name: string;
  readonly title: Label;
  readonly mti: { readonly encoding: 'bcd' | 'ascii' | 'ebcdic' };
  readonly bitmap: {
    readonly encoding: 'binary' | 'hex-ascii' | 'hex-ebcdic';
    /** The highest field number: 64, 128 (second bitmap), 192 (third, directly behind the second). */
    readonly maximum: 64 | 128 | 192;
  };
  /** How fields are written that do not say it themselves. */
  readonly defaults: {
    /** n and z. */
    readonly digits: 'bcd' | 'ascii' | 'ebcdic';
    /** a, an, ans. */
    readonly text: 'ascii' | 'ebcdic' | 'gbk';
    /** b. */
    readonly binary: 'binary' | 'hex-ascii' | 'hex-ebcdic';
    /** Length prefixes: `binary` is one big-endian number of as many bytes as BCD would take. */
    readonly prefix: 'bcd' | 'ascii' | 'ebcdic' | 'binary';
  };
  readonly fields: { readonly [field: number]: Field };
  /** Rows that name a transaction by what its fields hold; the first row that matches wins. */
  readonly transactions?: readonly TransactionRow[];
}

/**
 * n digits, z track digits (hex letters, `D` for `=`), a/an/ans text, b bytes, x+n an amount with
 * its sign: `C` or `D` in front of the digits, one character even where digits are packed.
 */
export type FieldType = 'n' | 'z' | 'a' | 'an' | 'ans' | 'b' | 'x+n';

export type FieldEncoding =
  | 'bcd'
  | 'ascii'
  | 'ebcdic'
  | 'gbk'
  | 'binary'
  | 'hex-ascii'
  | 'hex-ebcdic';

/** How a value is shown in logs and explanations. */
export type Safe =
  /** As it is. */
  | 'shown'
  /** A card number: first 6, last 4. */
  | 'pan'
  /** Track data: the card number masked, the rest hidden. */
  | 'track'
  /** Text with card numbers in it: every run of 13 digits or more is masked. */
  | 'digit-runs'
  /** BER-TLV: structure shown, tags with card data masked. */
  | 'tlv'
  /** The length only. */
  | 'hidden';

/** One row of the field table. Give `length` for a fixed field, `max` and `prefix` for a variable one. */
export interface Field {
  readonly name: Label;
  readonly type: FieldType;
  /** Digits for n, z and x+n (without the sign), bytes otherwise. */
  readonly length?: number;
  readonly max?: number;
  readonly prefix?: 'L' | 'LL' | 'LLL' | 'LLLL';
  readonly prefixEncoding?: 'bcd' | 'ascii' | 'ebcdic' | 'binary';
  /** What a length prefix of a packed (bcd) field counts; digits when absent. */
  readonly prefixCounts?: 'digits' | 'bytes';
  readonly encoding?: FieldEncoding;
  /** Where the filler nibble of an odd number of packed digits stands; right when absent. */
  readonly filler?: 'left' | 'right';
  /** Side on which a shorter fixed value is filled: n left with 0, text right with spaces when absent. */
  readonly pad?: 'left' | 'right';
  /** Default: fixed n and text fields up to 40 are shown, everything else is hidden. */
  readonly safe?: Safe;
  /** Meanings of whole values. */
  readonly values?: { readonly [value: string]: Label };
  /** How people read the digits; amounts are minor units with two decimals. */
  readonly format?: 'amount' | 'hhmmss' | 'MMDD';
  /** Inner structure: the first alternative whose `when` fits the message and the value. */
  readonly subfields?: readonly Subfields[];
}

/** One possible inner structure of a field. */
export interface Subfields {
  readonly name?: Label;
  readonly when?: {
    /** Message types (`x` stands for any digit, e.g. `02xx`). */
    readonly mti?: readonly string[];
    /** Length of the value as `get` gives it, or of its bytes for b: exact, or [least, most]. */
    readonly length?: number | readonly [number, number];
    /** What other fields begin with; `x` stands for any character. */
    readonly fields?: { readonly [field: number]: string };
    /** What the value begins with. */
    readonly prefix?: string;
  };
  readonly layout: SubfieldLayout;
}

export type SubfieldLayout = PositionLayout | TagLayout | BitmapLayout;

/** Parts one behind the other. A value may end before the last parts: what is not sent is absent. */
export interface PositionLayout {
  readonly by: 'position';
  readonly parts: readonly Part[];
}

export interface Part {
  readonly id: string;
  readonly name: Label;
  /** Characters of the text, or bytes for b; `rest` takes what is left. */
  readonly length: number | 'rest';
  /** How a binary field's part is read; hex when absent. */
  readonly as?: 'hex' | 'ascii' | 'gbk';
  readonly values?: { readonly [value: string]: Label };
  readonly safe?: Safe;
  /** The part and its followers up to the end come again until the value ends. */
  readonly repeats?: boolean;
}

/** Tag, length, value. `ber` is BER-TLV; else both have a fixed width in characters or bytes. */
export interface TagLayout {
  readonly by: 'tag';
  readonly coding: 'ber' | { readonly tagLength: number; readonly lengthLength: number };
  readonly tags: { readonly [tag: string]: { readonly name: Label; readonly safe?: Safe } };
}

/** A bitmap of its own in front of fixed-width parts (bit 1 is the first part). */
export interface BitmapLayout {
  readonly by: 'bitmap';
  readonly bitmapBytes: number;
  readonly parts: { readonly [bit: number]: Part };
}

/** One line of a transaction table. */
export interface TransactionRow {
  /** Stable id, e.g. `sale-void`. */
  readonly id: string;
  readonly name: Label;
  /** Message type of the request. */
  readonly mti: string;
  /** What fields begin with; `x` stands for any character. */
  readonly fields: { readonly [field: number]: string };
  /** Whether a reversal (x4xx) with the same fields undoes it. */
  readonly reversible?: boolean;
}
