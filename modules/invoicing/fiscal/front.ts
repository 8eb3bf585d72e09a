/**
 * The fiscal side as this house sees it (财政前置). Two styles of message are in use; both fit behind
 * this door, and so does the next region's.
 */
import type { Bill, BillName, BillSignature, PaperName } from '../bill/bill.ts';

/** How a call to the fiscal side ended when it did not end well. */
export type FrontFailure =
  /** It was understood and refused: sending it again changes nothing. */
  | 'refused'
  /** It may or may not have happened there: ask before sending again. */
  | 'unknown'
  /** It cannot have happened: nothing was sent. */
  | 'unreachable';

export class FrontError extends Error {
  override readonly name = 'FrontError';
  readonly outcome: FrontFailure;
  /** What the other side wrote, for people who look for the cause. */
  readonly text: string;

  constructor(outcome: FrontFailure, message: string, text = '') {
    super(message);
    this.outcome = outcome;
    this.text = text;
  }
}

export interface SentBill {
  bill: Bill;
  original: Buffer;
  signature: BillSignature;
}

export interface Accepted {
  /** The supervising body's signature over the same bytes. */
  signature: BillSignature | null;
  /** The answer as it came. */
  text: string;
}

export interface GivenNumber {
  billCode: string;
  billNumber: string;
  checkCode: string;
  text: string;
}

/** What the fiscal side knows of a bill. */
export interface FiscalBill extends BillName {
  /** Fen, negative for a red bill. */
  totalFen: number;
  busNo: string;
  signature: BillSignature | null;
}

export interface NumberRequest {
  unitCode: string;
  billCode: string;
  busNo: string;
  payerName: string;
  totalFen: number;
  kind: 'normal' | 'red';
  /** Of the task: the other side gives one number for it, however often it is asked. */
  requestId: string;
}

export interface Segment {
  medium: 'electronic' | 'paper';
  billCode: string;
  from: number;
  to: number;
  /** The fiscal side's own name for the hand-over. */
  reference: string;
}

export interface Booking extends BillName {
  date: string;
  amountFen: number;
  by: string;
}

/** Every call rejects with FrontError. */
export interface FiscalFront {
  report(bill: SentBill): Promise<Accepted>;
  /** 换开 was printed (3) or its print cancelled (4). */
  reportPaper(
    kind: 'print-paper' | 'cancel-print',
    bill: Bill,
    paper: PaperName,
  ): Promise<Accepted>;
  takeNumber(request: NumberRequest): Promise<GivenNumber>;
  /** Bills that the fiscal side has of a business date: what an unknown outcome is settled with. */
  billsOfDate(unitCode: string, date: string): Promise<FiscalBill[]>;
  /** Segments that were given to the unit and not fetched yet. */
  segments(unitCode: string): Promise<Segment[]>;
  /** Asks for more numbers (在线申领); they come with `segments`. */
  applyForNumbers(unitCode: string, billCode: string, count: number): Promise<void>;
  bookings(unitCode: string, since: string): Promise<Booking[]>;
}
