import type { Label } from '../iso8583/dialect.ts';

/**
 * A file of records (a bill, a clearing file) as data: how its lines look, which columns they have,
 * and which totals its header or trailer must agree with.
 */
export interface RecordLayout {
  readonly name: string;
  readonly title: Label;
  readonly encoding: 'utf8' | 'gbk' | 'latin1';
  readonly format: RecordFormat;
  /** First line (or JSON/XML object) of the file. */
  readonly header?: LineLayout;
  readonly detail: LineLayout;
  /** Last line of the file. */
  readonly trailer?: LineLayout;
  /** Totals that must hold. */
  readonly checks?: readonly TotalCheck[];
  /** Lines that begin so are comments. */
  readonly comment?: string;
  /** How lines end when they are written; both ends are read. */
  readonly lineEnd?: '\n' | '\r\n';
}

export type RecordFormat = FixedFormat | DelimitedFormat | JsonFormat | XmlFormat;

/** Columns of fixed width, counted in bytes of the file's encoding. */
export interface FixedFormat {
  readonly kind: 'fixed';
  /** Blank bytes between columns. */
  readonly gapBytes: number;
}

/** Columns with a separator of one or more characters between them. */
export interface DelimitedFormat {
  readonly kind: 'delimited';
  readonly separator: string;
  /** Values that hold the separator, a quote or a line end stand in quotes; quotes are doubled. */
  readonly quote?: '"';
  /** A character in front of every value, e.g. the back-tick of WeChat bills. */
  readonly mark?: string;
  /** Blanks and tabs around values do not count. */
  readonly trim?: boolean;
  /** A separator also stands behind the last value. */
  readonly closing?: boolean;
  /** The line in front of the details holds the columns' names; order and extra columns are free. */
  readonly named?: boolean;
}

/** Details are an array at `records` (dots between keys), or one object a line. */
export interface JsonFormat {
  readonly kind: 'json';
  readonly records: string | 'lines';
}

/** Details are elements at `records` (dots between names from the root on). */
export interface XmlFormat {
  readonly kind: 'xml';
  readonly records: string;
}

export interface LineLayout {
  readonly columns: readonly Column[];
}

/** One column. Its value is text, or a whole number for `digits`, `fen` and `yuan`. */
export interface Column {
  /** Key in the record. */
  readonly id: string;
  /** Column name in a named file; key or element in JSON and XML (`@name` an attribute). */
  readonly title?: string;
  /** `yuan` is written with two decimals, `fen` as digits; both become integer fen. */
  readonly type: 'text' | 'digits' | 'fen' | 'yuan';
  /** Fixed width in bytes. */
  readonly width?: number;
  /** Side of the value in a fixed column: text left, numbers right when absent. */
  readonly align?: 'left' | 'right';
  /** What fills a fixed column: blanks for text, zeros for `digits` and `fen` when absent. */
  readonly fill?: string;
  /** An empty value is allowed and becomes null. */
  readonly optional?: boolean;
  /** The only value that is allowed, e.g. the record type at the beginning of a line. */
  readonly constant?: string;
}

/** What a total in the header or trailer must agree with. */
export interface TotalCheck {
  readonly at: 'header' | 'trailer';
  /** Column of the header or trailer. */
  readonly column: string;
  /** The number of details, or the sum of a column of the details. */
  readonly is: 'count' | { readonly sumOf: string };
}

/** One record: text, whole number, or null for an empty optional column. */
export interface RecordRow {
  readonly [column: string]: string | number | null;
}

/** A whole file. */
export interface RecordFile {
  readonly header: RecordRow | null;
  readonly details: readonly RecordRow[];
  readonly trailer: RecordRow | null;
}
