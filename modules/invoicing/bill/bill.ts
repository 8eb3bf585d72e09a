/** A bill and what has become of it. */
import type { BillContent } from './content.ts';

/** Code and number together, 18 characters: the key of a bill everywhere. */
export type BillKey = string;

export interface BillName {
  billCode: string;
  billNumber: string;
}

export function billKey({ billCode, billNumber }: BillName): BillKey {
  return `${billCode}-${billNumber}`;
}

export function billName(key: BillKey): BillName {
  const [billCode = '', billNumber = ''] = key.split('-');
  return { billCode, billNumber };
}

/** What is fixed when a bill gets its number. Nothing of it ever changes. */
export interface Bill extends BillName {
  institution: string;
  /** A red bill mirrors `original` with negative amounts. */
  kind: 'normal' | 'red';
  /** Key of the managed bill type. */
  billType: string;
  name: string;
  specimenCode: string;
  regionCode: string;
  checkCode: string;
  /** yyyyMMdd and HH:mm:ss of the institution's clock. */
  issueDate: string;
  issueTime: string;
  /** YYYYMMDD, the business date of the journal record that issued it. */
  businessDate: string;
  /** Journal position of the record that issued it. */
  position: number;
  /** Counts the bills of one busNo, from 1; a red bill has its original's. */
  generation: number;
  busNo: string;
  content: BillContent;
  original: BillName | null;
  reason: string;
  operator: string;
  handled: Handling;
  face: FaceSettings;
  unit: UnitFace;
  /** A deposit's voucher (预交金凭证) instead of a bill. */
  voucher: boolean;
}

/** Who issued a bill, where, and when by the HIS's clock; a red bill has its own. */
export interface Handling {
  /** 收费员. */
  cashier: string;
  /** The issuing point whose number it has. */
  pointCode: string;
  /** yyyyMMddHHmmssSSS. */
  busDateTime: string;
}

/** What a face takes from managed data, as it stood at issue: a later setting does not change the file. */
export interface FaceSettings {
  /** Of the bill's type: so many lines have room on the face. */
  faceLinesMax: number;
  /** Of the unit: where pages are. */
  pageAddress: string;
}

/** What the face says of the issuing unit, as it stood at issue. */
export interface UnitFace {
  code: string;
  name: string;
  receiverName: string;
  receiverAccount: string;
  receiverBank: string;
  seal: SealFace;
  supervisorSeal: SealFace;
}

export interface SealFace {
  id: string;
  name: string;
  hash: string;
}

/** A signature beside the stored original: never inside it. */
export interface BillSignature {
  /** Base64 of r and s. */
  value: string;
  algorithm: 'SM2-SM3';
  /** How the value is packed: r and s, 64 bytes, over the exact bytes of the original. */
  format: 'raw';
  /** Name of the key in the registry, or of the supervising body's certificate. */
  keyName: string;
  publicKey: string;
  signedAtUs: number;
}

export interface PaperName {
  paperCode: string;
  paperNumber: string;
}

/** What changes in a bill's life. */
export interface BillState {
  state: 'issued' | 'red-lettered';
  redBill: BillName | null;
  unitSignature: BillSignature | null;
  supervisorSignature: BillSignature | null;
  fiscal: 'waiting' | 'accepted' | 'failing';
  /** The paper that it was exchanged to and that is still good. */
  paper: PaperName | null;
  booked: { date: string; amountFen: number; by: string } | null;
  /** Of a voucher: what bills have used up, what was paid back. */
  consumedFen: number;
  cancelledFen: number;
}

export const NEW_STATE: BillState = {
  state: 'issued',
  redBill: null,
  unitSignature: null,
  supervisorSignature: null,
  fiscal: 'waiting',
  paper: null,
  booked: null,
  consumedFen: 0,
  cancelledFen: 0,
};

/** 1 for a bill, -1 for a red one: what its amounts are multiplied with. */
export function signOf({ kind }: Bill): 1 | -1 {
  return kind === 'red' ? -1 : 1;
}

export function totalFenOf(bill: Bill): number {
  return times(bill.content.totalFen, signOf(bill));
}

/** Never -0. */
export function times(amountFen: number, sign: 1 | -1): number {
  return sign === 1 || amountFen === 0 ? amountFen : -amountFen;
}
