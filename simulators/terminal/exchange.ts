/** One exchange of a simulated terminal: what it is made with, and what came of it. */
import type { FieldValue, Message } from '../../protocols/iso8583/message.ts';

export interface SimulatedCard {
  number: string;
  /** YYMM. */
  expiry: string;
  pin?: string;
}

/** What a slip shows of an approved transaction, and what a void or refund needs of it. */
export interface Slip {
  kind: string;
  card: SimulatedCard;
  amountFen: number;
  batchNumber: string;
  traceNumber: string;
  /** Field 37. */
  reference: string;
  authorisation: string;
  /** MMDD. */
  date: string;
  /** What an adjustment stands in place of. */
  replacedFen?: number;
}

export interface Exchanged {
  request: Message;
  /** Null when none came. */
  answer: Message | null;
  /** Field 39, or why there is none. */
  responseCode: string;
  /** Present when the answer approved. */
  slip: Slip | null;
  /** Whether the terminal reversed it because it had no usable answer. */
  reversed: boolean;
  latencyMs: number;
}

/** What a transaction of the table is made with. */
export interface Particulars {
  card?: SimulatedCard;
  amountFen?: number;
  original?: Slip;
  /** Other fields, e.g. 55 or 62. */
  fields?: Fields;
  fault?: LineFault | undefined;
}

/** What may go wrong on purpose: the line breaks after the request left. */
export type LineFault = 'break-after-sending';

export type Fields = Record<number, FieldValue | undefined>;
