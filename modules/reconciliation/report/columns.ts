/** The columns of a list of differences, the same in CSV, XLSX and HTML. */
import { DIFFERENCE_LABELS, type Difference } from '../record.ts';

export interface ReportColumn {
  readonly title: string;
  readonly kind: 'text' | 'yuan';
  readonly value: (difference: Difference) => string | number | null;
}

const text = (
  title: string,
  value: (difference: Difference) => string | undefined,
): ReportColumn => ({
  title,
  kind: 'text',
  value: (difference) => value(difference) ?? '',
});

const money = (
  title: string,
  value: (difference: Difference) => number | null | undefined,
): ReportColumn => ({ title, kind: 'yuan', value: (difference) => value(difference) ?? null });

export const COLUMNS: readonly ReportColumn[] = [
  text('差异代码 Code', ({ code }) => code),
  text('说明 Meaning', meaningOf),
  text('类型 Type', ({ type }) => (type === 'refund' ? '退款 refund' : '支付 pay')),
  text('订单号 Order', ({ orderId }) => orderId),
  text('退款号 Refund', ({ refundId }) => refundId),
  text('渠道流水号 Channel id', ({ channelId }) => channelId),
  money('我方金额 Ours', ({ oursFen }) => oursFen),
  money('渠道金额 Theirs', ({ theirsFen }) => theirsFen),
  money('我方手续费 Our fee', ({ oursFeeFen }) => oursFeeFen),
  money('渠道手续费 Their fee', ({ theirsFeeFen }) => theirsFeeFen),
  text('我方状态 Our status', ({ oursStatus }) => oursStatus),
  text('渠道状态 Their status', ({ theirsStatus }) => theirsStatus),
  text('时间 Time', ({ occurredAt }) => occurredAt),
  text('商户 Merchant', ({ merchantId }) => merchantId),
  text('终端 Terminal', ({ terminalId }) => terminalId),
  text('科室 Department', ({ department }) => department),
  text('收费员 Cashier', ({ cashier }) => cashier),
  text('业务 Business', ({ business }) => business),
];

function meaningOf({ code, message }: Difference): string {
  const { zh, en } = DIFFERENCE_LABELS[code];
  return message === undefined ? `${zh} ${en}` : `${zh} ${en}: ${message}`;
}

/** `-12.05`. */
export function yuanText(amountFen: number): string {
  const digits = String(Math.abs(amountFen)).padStart(3, '0');
  return `${amountFen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/**
 * A text that no spreadsheet runs: what begins like a formula, also behind blanks, gets an apostrophe,
 * which spreadsheets hide.
 */
export function harmless(value: string): string {
  return /^[\s\p{Cc}]*[=+\-@＝＋－＠]/u.test(value) ? `'${value}` : value;
}
