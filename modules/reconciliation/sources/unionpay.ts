/**
 * UnionPay's files as bills: COM and its variants for acquirers, ZM for all-channel merchants. The
 * widths are the tables of `protocols/records/unionpay.ts`.
 */

import type { RecordLayout } from '../../../protocols/records/layout.ts';
import { UNIONPAY_COM } from '../../../protocols/records/layouts.ts';
import {
  UNIONPAY_COM_EXTENDED,
  UNIONPAY_ERROR,
  UNIONPAY_REFUND,
  UNIONPAY_ZM,
  UNIONPAY_ZME,
} from '../../../protocols/records/unionpay.ts';
import type { BillSource, Condition, FeeRule, FixedShape, KeyRound, LineRule } from '../source.ts';

/** The shape of a table; a line has at least all columns up to `last`. */
function shapeOf(layout: RecordLayout, last: string): FixedShape {
  const columns = layout.detail.columns.map(({ id, width }) => ({ id, width: width! }));
  const required = columns.slice(0, columns.findIndex(({ id }) => id === last) + 1);
  const shortestBytes = required.reduce((sum, { width }) => sum + width + 1, -1);
  return { kind: 'fixed', gapBytes: 1, columns, shortestBytes };
}

/** Agent, forwarder, trace and transmission time name a message on UnionPay's network. */
const NETWORK_KEY = ['agentId', 'forwarderId', 'traceNumber', 'transmissionTime'];
const COM_KEYS = [
  ['orderNumber'],
  ['retrievalReference'],
  NETWORK_KEY,
  ['traceNumber', 'transmissionTime'],
  ['transmissionTime', 'traceNumber'],
  ['traceNumber'],
];
/** The acquirer's cost of a payment: interchange and switching that it pays less what it receives. */
const COM_FEE: FeeRule = {
  plus: ['interchangePayable', 'switchFee'],
  minus: ['interchangeReceivable'],
  zerosSayNothing: true,
};
const COM_ROUNDS: readonly KeyRound[] = [
  { ours: 0, theirs: 0 },
  { ours: 3, theirs: 1 },
  { ours: 0, theirs: 1 },
  { ours: 1, theirs: 1 },
  { ours: 1, theirs: 2 },
  { ours: 0, theirs: 2 },
  { ours: 1, theirs: 3 },
  { ours: 0, theirs: 3 },
  { ours: 1, theirs: 4 },
  { ours: 0, theirs: 4 },
  { ours: 0, theirs: 5, weak: true },
  { ours: 1, theirs: 5, weak: true },
];

const APPROVED = { column: 'responseCode', in: ['00', '11', 'A2', 'A4', 'A5', 'A6', ''] };
const REVERSALS = ['0400', '0410', '0420', '0421', '0430', '0432'];

function comLines(fee: FeeRule): LineRule[] {
  const amount = ['amountFen'];
  const cancel: LineRule = {
    event: 'cancel',
    amount,
    keys: COM_KEYS,
    link: { key: 2, columns: ['agentId', 'forwarderId', 'originalTrace', 'originalTime'] },
  };
  return [
    { ...cancel, when: [APPROVED, { column: 'mti', in: REVERSALS }] },
    // 消费撤销: a void is a 0200 with the processing code of a credit.
    {
      ...cancel,
      when: [
        APPROVED,
        { column: 'mti', in: ['0200', '0210'] },
        { column: 'processingCode', in: ['200000', '201000', '202000', '203000', '209000'] },
      ],
    },
    {
      when: [APPROVED, { column: 'mti', in: ['0220', '0230'] }, REFUND_CODE],
      event: 'refund',
      amount,
      fee,
      keys: COM_KEYS,
    },
    { when: [APPROVED], event: 'pay', amount, fee, keys: COM_KEYS },
    { event: 'pay', status: 'failed', amount, fee, keys: COM_KEYS },
  ];
}

const REFUND_CODE = {
  column: 'processingCode',
  in: ['200000', '201000', '202000', '203000', '209000'],
};

function comSource(name: string, layout: RecordLayout, last: string, fee: FeeRule): BillSource {
  return {
    name,
    title: layout.title,
    encoding: 'gbk',
    unit: 'fen',
    shape: shapeOf(layout, last),
    lines: comLines(fee),
    // The channel day ends at 23:00, so the evening before belongs to the file.
    labels: { merchantId: ['merchantId'], terminalId: ['terminalId'] },
    date: { columns: ['clearingDate', 'transmissionTime'], eveningBefore: true },
    rounds: COM_ROUNDS,
  };
}

/** Reads extended files as well: what stands behind the 34 columns is then known, too. */
export const COM: BillSource = {
  ...comSource('unionpay-com', UNIONPAY_COM_EXTENDED, 'issuerId', COM_FEE),
  title: UNIONPAY_COM.title,
};
/** The extended file where the fee to compare is the one that the merchant pays. */
export const COM_EXTENDED = comSource('unionpay-coma', UNIONPAY_COM_EXTENDED, 'merchantFee', {
  plus: ['merchantFee'],
  zerosSayNothing: true,
});

export const REFUND: BillSource = {
  ...comSource('unionpay-refund', UNIONPAY_REFUND, 'issuerId', COM_FEE),
  lines: [
    { when: [APPROVED], event: 'refund', amount: ['amountFen'], fee: COM_FEE, keys: COM_KEYS },
    { event: 'refund', status: 'failed', amount: ['amountFen'], keys: COM_KEYS },
  ],
};

export const ERROR_FLOW: BillSource = {
  ...comSource('unionpay-err', UNIONPAY_ERROR, 'reasonCode', {
    plus: ['feePayable'],
    minus: ['feeReceivable'],
  }),
  // It names what it corrects by the reference of the transaction before it.
  lines: [
    {
      event: 'refund',
      amount: ['amountFen'],
      keys: [[], [], ...COM_KEYS.slice(2), ['originalReference']],
      orderId: ['originalReference'],
    },
  ],
  rounds: [...COM_ROUNDS, { ours: 2, theirs: 6, weak: true }, { ours: 3, theirs: 6, weak: true }],
};

const ZM_AMOUNT = ['amountFen'];
const ZM_KEYS = [['orderNumber'], ['queryId'], NETWORK_KEY, ['traceNumber', 'transmissionTime']];
const ZM_FEE: FeeRule = { plus: ['merchantFee'], zerosSayNothing: true };

/** 31 消费撤销 and 33 预授权完成撤销 undo a payment of the day, under an order number of their own. */
const ZM_VOID = { column: 'transactionType', in: ['31', '33'] };
/** Files differ in how they name what was undone: query id, else order number, else trace and time. */
const ZM_VOIDS: readonly LineRule[] = [
  {
    when: [ZM_VOID, noneOf('originalQueryId', 21), noneOf('originalOrderNumber', 32)],
    link: { key: 2, columns: ['agentId', 'forwarderId', 'originalTrace', 'originalTime'] },
  },
  {
    when: [ZM_VOID, noneOf('originalQueryId', 21)],
    link: { key: 0, columns: ['originalOrderNumber'] },
  },
  { when: [ZM_VOID], link: { key: 1, columns: ['originalQueryId'] } },
].map((rule) => ({ ...rule, event: 'cancel', amount: ZM_AMOUNT, keys: ZM_KEYS }));

/** A number that a line does not have is left blank or filled with zeros. */
function noneOf(column: string, width: number): Condition {
  return { column, in: ['', '0'.repeat(width)] };
}

export const ZM: BillSource = {
  name: 'unionpay-zm',
  title: UNIONPAY_ZM.title,
  encoding: 'gbk',
  unit: 'fen',
  shape: shapeOf(UNIONPAY_ZM, 'merchantId'),
  lines: [
    ...ZM_VOIDS,
    // 04 退货
    {
      when: [{ column: 'transactionType', in: ['04'] }],
      event: 'refund',
      amount: ZM_AMOUNT,
      fee: ZM_FEE,
      keys: [['orderNumber'], ['queryId'], ['originalOrderNumber'], ['originalQueryId']],
      orderId: ['originalOrderNumber'],
    },
    // 02 and 32 reserve money and release it: nothing moves yet.
    {
      when: [{ column: 'transactionType', in: ['00', '02', '32', '71', '72', '77', '78', '79'] }],
      event: 'ignore',
      amount: ZM_AMOUNT,
      keys: [],
    },
    {
      event: 'pay',
      amount: ZM_AMOUNT,
      fee: ZM_FEE,
      keys: ZM_KEYS,
    },
  ],
  archive: { main: /ZM_/ },
  labels: { merchantId: ['merchantId'], terminalId: ['terminalId'] },
  date: { columns: ['transmissionTime'], eveningBefore: true },
  rounds: [
    { ours: 0, theirs: 0 },
    { ours: 1, theirs: 1 },
    { ours: 0, theirs: 1 },
    { ours: 2, theirs: 2, weak: true },
    { ours: 1, theirs: 3, weak: true },
    { ours: 1, theirs: 2, weak: true },
  ],
};

export const ZME: BillSource = {
  ...ZM,
  name: 'unionpay-zme',
  title: UNIONPAY_ZME.title,
  archive: { main: /ZME_/ },
  shape: shapeOf(UNIONPAY_ZME, 'settlementAmount'),
  lines: [
    {
      event: 'refund',
      amount: ZM_AMOUNT,
      fee: ZM_FEE,
      keys: [[], NETWORK_KEY, [], ['traceNumber', 'transmissionTime']],
    },
  ],
};
