/**
 * A channel's bill as data: how its lines are cut, which columns give the parts of the common record,
 * and what its trailer must agree with. A new bank is a new literal (or a YAML file), never new code.
 */
import type { Label } from './record.ts';

export interface BillSource {
  /** What `posp reconcile --source` and flows call it. */
  readonly name: string;
  readonly title: Label;
  readonly encoding: BillEncoding;
  /** What amounts are written in. */
  readonly unit: 'yuan' | 'fen';
  readonly shape: DelimitedShape | FixedShape;
  /** Which kind of event a line is: the first rule that fits. A line that fits none is refused. */
  readonly lines: readonly LineRule[];
  readonly date: DateRule;
  /**
   * In which order keys are compared: number of our key, number of the line's key. Our keys are
   * 0 order id (refunds: refund id), 1 channel id, 2 order id of a refund, 3 retrieval reference.
   */
  readonly rounds: readonly KeyRound[];
  readonly trailer?: TrailerRule;
  /** Which file of an archive is the bill, and what its summary file must agree with. */
  readonly archive?: { readonly main: RegExp; readonly summary?: SummaryFile };
  /** What differences are shown and cut by: columns, the first that the file has. */
  readonly labels?: Partial<Record<'merchantId' | 'terminalId', readonly string[]>>;
}

/** A second file of the archive with totals: found by its name, its line by its first value. */
export interface SummaryFile {
  readonly name: RegExp;
  readonly heading: string;
  readonly line: string;
  /** Title of a count -> which lines it counts. */
  readonly counts: Readonly<Record<string, 'pay' | 'refund'>>;
}

export type BillEncoding = 'utf8' | 'gbk' | 'latin1';

/** Columns with separators, found by their titles in the heading (or in the order of `columns`). */
export interface DelimitedShape {
  readonly kind: 'delimited';
  readonly separator: string;
  /** Stands in front of every value, e.g. the back-tick of WeChat bills. */
  readonly mark?: string;
  /** A line that begins so is a comment. */
  readonly comment?: string;
  /** Columns in order when the file has no heading. */
  readonly columns?: readonly string[];
  /** Titles one of which makes a line the heading; left out when there is none. */
  readonly heading?: readonly string[];
  /** What detail lines begin with, where header and trailer begin otherwise (`D|`). */
  readonly detailMark?: string;
}

/** Columns of a fixed number of bytes. */
export interface FixedShape {
  readonly kind: 'fixed';
  readonly gapBytes: number;
  readonly columns: readonly { readonly id: string; readonly width: number }[];
  /** A line ends here at the earliest; columns behind the end of a line are empty. */
  readonly shortestBytes: number;
}

/** The parts of the common record on the lines for which all conditions hold. Names are columns. */
export interface LineRule {
  readonly when?: readonly Condition[];
  /** `cancel` undoes the payment of the same `link`; `ignore` is no event of money. */
  readonly event: 'pay' | 'refund' | 'cancel' | 'ignore';
  /** What a negative amount makes of a payment. Without it a negative payment is refused. */
  readonly negative?: 'refund';
  /** What became of it; success when left out. */
  readonly status?: 'success' | 'failed';
  /** A bill with one column of times may give a refund the time of its order, on an earlier day. */
  readonly mayBeOlder?: boolean;
  /** The first of these columns that the file has and that is not empty. */
  readonly amount: readonly string[];
  readonly fee?: FeeRule;
  /** One entry for each key; a key of several columns is their values one after the other. */
  readonly keys: readonly (readonly string[])[];
  /** Columns that say the order, to show it; the first key that there is when left out. */
  readonly orderId?: readonly string[];
  /** Which key names the payment that a cancellation undoes, and of which columns it is made. */
  readonly link?: { readonly key: number; readonly columns: readonly string[] };
}

export interface Condition {
  readonly column: string;
  readonly in: readonly string[];
}

/** What the channel charges for the line: plus columns less minus columns. */
export interface FeeRule {
  readonly plus: readonly string[];
  readonly minus?: readonly string[];
  /** A file whose fees are all zero says nothing about fees: they are then not compared. */
  readonly zerosSayNothing?: boolean;
}

export interface DateRule {
  /** One of these columns must be on the date; the first one that is there says when it happened. */
  readonly columns: readonly string[];
  /** The evening before belongs to the date as well: the channel's day ends before midnight. */
  readonly eveningBefore?: boolean;
  /** A comment or header line that says the date: in brackets behind these words. */
  readonly announced?: RegExp;
}

export interface KeyRound {
  readonly ours: number;
  readonly theirs: number;
  /** Not unique by itself: only where one side has no key 0. */
  readonly weak?: boolean;
}

/** What ends the file and what it says. */
export type TrailerRule =
  /** A heading of totals and one line of them, as in WeChat bills. */
  | {
      readonly kind: 'summary-lines';
      readonly count: readonly string[];
      /** Title of a total -> titles of the column it adds up. */
      readonly sums: Readonly<Record<string, readonly string[]>>;
    }
  /** Comment lines that end the list, with totals in words behind it, as in Alipay bills. */
  | {
      readonly kind: 'end-comment';
      readonly end: string;
      readonly totals: readonly {
        readonly pattern: RegExp;
        readonly event: 'pay' | 'refund';
        readonly column: string;
      }[];
    }
  /** A record of its own with count and sum (`T|3|60.00`). */
  | {
      readonly kind: 'record';
      readonly mark: string;
      readonly countAt: number;
      readonly sumAt: number;
      readonly sumOf: string;
    };
