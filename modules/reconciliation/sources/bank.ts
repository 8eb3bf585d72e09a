/**
 * Bills that follow no public standard, in the three families that occur: pipes with header and
 * trailer, a CSV with titles, fixed widths. A deployment copies one into a YAML file and changes the
 * columns. An aggregator's daily text and the insurance's detail file are of the same families.
 */
import { BANK_PIPE } from '../../../protocols/records/layouts.ts';
import type { BillSource, LineRule } from '../source.ts';

const PLAIN_ROUNDS = [
  { ours: 0, theirs: 0 },
  { ours: 1, theirs: 1 },
  { ours: 0, theirs: 1 },
  { ours: 2, theirs: 2, weak: true },
];

/** H|date|merchant, D|order|channel id|time|amount|fee|remark, T|count|sum; refunds are negative. */
export const PIPE: BillSource = {
  name: 'bank-pipe',
  title: BANK_PIPE.title,
  encoding: 'gbk',
  unit: 'yuan',
  shape: {
    kind: 'delimited',
    separator: '|',
    detailMark: 'D|',
    columns: BANK_PIPE.detail.columns.map(({ id }) => id),
  },
  lines: [
    {
      event: 'pay',
      negative: 'refund',
      amount: ['amountFen'],
      fee: { plus: ['feeFen'] },
      keys: [['orderId'], ['channelId'], ['orderId']],
    },
  ],
  date: { columns: ['occurredAt'], announced: /^H\|(\d{4})-?(\d{2})-?(\d{2})/ },
  rounds: PLAIN_ROUNDS,
  trailer: { kind: 'record', mark: 'T|', countAt: 1, sumAt: 2, sumOf: 'amountFen' },
};

const CSV_LINE = { amount: ['amountFen'], fee: { plus: ['feeFen'] } };
const CSV_PAY: LineRule = { ...CSV_LINE, event: 'pay', keys: [['orderId'], ['channelId']] };
const CSV_REFUND: LineRule = {
  ...CSV_LINE,
  event: 'refund',
  keys: [['refundId'], ['channelId'], ['orderId']],
  orderId: ['orderId'],
};
/** A bill of payments alone has no column of types, one of what succeeded none of states. */
const CSV_IS = {
  pay: { column: 'type', in: ['pay', ''] },
  refund: { column: 'type', in: ['refund'] },
  done: { column: 'status', in: ['success', ''] },
  undone: { column: 'status', in: ['failed', 'pending'] },
};

/** A CSV with the names of the common record as titles, e.g. what another system exports. */
export const CSV: BillSource = {
  name: 'bank-csv',
  title: { zh: '通用对账 CSV', en: 'Plain CSV of common records' },
  encoding: 'utf8',
  unit: 'fen',
  shape: { kind: 'delimited', separator: ',', heading: ['orderId'] },
  lines: [
    { ...CSV_PAY, when: [CSV_IS.pay, CSV_IS.done] },
    { ...CSV_PAY, when: [CSV_IS.pay, CSV_IS.undone], status: 'failed' },
    { ...CSV_REFUND, when: [CSV_IS.refund, CSV_IS.done] },
    { ...CSV_REFUND, when: [CSV_IS.refund, CSV_IS.undone], status: 'failed' },
  ],
  date: { columns: ['occurredAt'] },
  rounds: PLAIN_ROUNDS,
};

/** The daily text of the aggregator Leshua (乐刷): commas, fen, order of the columns fixed. */
export const LESHUA: BillSource = {
  name: 'leshua',
  title: { zh: '乐刷日对账文件', en: 'Leshua daily file' },
  encoding: 'utf8',
  unit: 'fen',
  shape: {
    kind: 'delimited',
    separator: ',',
    columns: [
      ...[
        'recordType',
        'number',
        'occurredAt',
        'leshuaOrder',
        'merchantId',
        'rate',
        'amount',
        'fee',
      ],
      ...['settled', 'direction', 'type', 'method', 'cardType', 'discountType', 'reference'],
      ...['voucher', 'terminalId', 'orderId', 'refundId', 'paidAt', 'bankOrder', 'upstreamOrder'],
      ...['bank', 'consumer', 'scanType'],
    ],
  },
  lines: [
    {
      when: [{ column: 'refundId', in: ['', '0'] }],
      event: 'pay',
      amount: ['amount'],
      fee: { plus: ['fee'] },
      keys: [['orderId'], ['leshuaOrder']],
    },
    {
      event: 'refund',
      amount: ['amount'],
      fee: { plus: ['fee'] },
      keys: [['refundId'], ['leshuaOrder'], ['orderId']],
      orderId: ['orderId'],
    },
  ],
  date: { columns: ['occurredAt', 'paidAt'] },
  rounds: PLAIN_ROUNDS,
};

const INSURANCE_LINE = { amount: ['medfee_sumamt'], keys: [['setl_id'], ['msgid'], ['setl_id']] };

/**
 * Medical insurance (医保), the detail file of 9101 and 3202: tabs, yuan. It is asked for only when
 * the totals of 3201 differ. A settlement that was taken back has the flag 1.
 */
export const INSURANCE: BillSource = {
  name: 'insurance',
  title: { zh: '医保对账明细', en: 'Medical insurance detail file' },
  encoding: 'utf8',
  unit: 'yuan',
  shape: {
    kind: 'delimited',
    separator: '\t',
    heading: ['psn_no'],
    columns: [
      ...['psn_no', 'mdtrt_id', 'setl_id', 'msgid', 'stmt_rslt', 'refd_setl_flag', 'memo'],
      ...['medfee_sumamt', 'fund_pay_sumamt', 'acct_pay'],
    ],
  },
  lines: [
    { ...INSURANCE_LINE, when: [{ column: 'refd_setl_flag', in: ['1'] }], event: 'refund' },
    { ...INSURANCE_LINE, when: [{ column: 'refd_setl_flag', in: ['0', ''] }], event: 'pay' },
  ],
  date: { columns: [] },
  rounds: PLAIN_ROUNDS,
};
