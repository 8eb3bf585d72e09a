/**
 * The common record (标准化对账数据): what a line of any bill, and of our own side, is brought to
 * before it is compared. Amounts are integer fen.
 */

export interface Label {
  readonly zh: string;
  readonly en: string;
}

export type EventType = 'pay' | 'refund';

/** One line of our side as NDJSON (`posp reconcile --against FILE`). */
export interface OwnRecord {
  orderId: string;
  /** Of a refund. */
  refundId?: string;
  channelId?: string;
  /** Field 37 of card transactions. */
  retrievalReference?: string;
  type: EventType;
  amountFen: number;
  /** Left out when we do not know it: fees are then not compared. */
  feeFen?: number;
  status: 'success' | 'pending' | 'failed';
  /** ISO 8601 with offset. */
  occurredAt?: string;
  /** What results are cut by: carried through, never compared. */
  merchantId?: string;
  terminalId?: string;
  department?: string;
  cashier?: string;
  business?: string;
}

/** What can differ (domain code, the same in every language and configuration). */
export const DIFFERENCE_CODES = [
  'CH_ONLY',
  'OUR_ONLY',
  'STATUS',
  'STATUS_REV',
  'AMT_HIGH',
  'AMT_LOW',
  'FEE',
  'DUP',
  'REFUND_PENDING',
  'FILE',
] as const;

export type DifferenceCode = (typeof DIFFERENCE_CODES)[number];

/** The words that people see; a deployment may call them otherwise. */
export const DIFFERENCE_LABELS: Readonly<Record<DifferenceCode, Label>> = {
  CH_ONLY: { zh: '长款（渠道有、我方无）', en: 'only in the channel (long)' },
  OUR_ONLY: { zh: '短款（我方有、渠道无）', en: 'only in our books (short)' },
  STATUS: { zh: '状态不符（渠道成功、我方未成功）', en: 'channel succeeded, ours did not' },
  STATUS_REV: { zh: '状态不符（我方成功、渠道未成功）', en: 'ours succeeded, the channel did not' },
  AMT_HIGH: { zh: '金额不符（我方大）', en: 'our amount is higher' },
  AMT_LOW: { zh: '金额不符（我方小）', en: 'our amount is lower' },
  FEE: { zh: '手续费不符', en: 'fees differ' },
  DUP: { zh: '重复', en: 'several lines for one order' },
  REFUND_PENDING: { zh: '退款待渠道确认', en: 'refund only in our books' },
  FILE: { zh: '文件不符', en: 'the file itself' },
};

/** One difference, as `posp reconcile --json` prints it. */
export interface Difference {
  code: DifferenceCode;
  type: EventType;
  orderId: string;
  refundId?: string;
  channelId?: string;
  oursFen: number | null;
  theirsFen: number | null;
  oursFeeFen?: number;
  theirsFeeFen?: number;
  oursStatus?: string;
  theirsStatus?: string;
  /** `2026-11-20 10:00:00` of the side that has it, ours first. */
  occurredAt?: string;
  merchantId?: string;
  terminalId?: string;
  department?: string;
  cashier?: string;
  business?: string;
  /** What is wrong, of a FILE difference: a sentence. Such a difference names no order. */
  message?: string;
}

/** The difference of a bill that is missing, not whole, or of another day. */
export function fileDifference(message: string): Difference & { message: string } {
  return { code: 'FILE', type: 'pay', orderId: '', oursFen: null, theirsFen: null, message };
}

/** A bill or an own file that cannot be used: one sentence that names file and line. */
export class BillRefused extends Error {
  override readonly name = 'BillRefused';
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  /**
   * FILE when it is a bill, but not whole, or not the one of the day: that is a difference. Null
   * when it cannot be read as a bill at all.
   */
  readonly difference: 'FILE' | null;

  constructor(file: string, line: number, reason: string, difference: 'FILE' | null = null) {
    super(line > 0 ? `${file}: line ${line}: ${reason}` : `${file}: ${reason}`);
    this.file = file;
    this.line = line;
    this.reason = reason;
    this.difference = difference;
  }
}
