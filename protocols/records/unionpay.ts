/**
 * UnionPay's clearing files as tables of widths in bytes, one blank between columns, GBK: the
 * acquirer's flows (COM and its extended and refund variants), the error flow, brand fees, manual
 * fees, and the all-channel merchant file (ZM). Widths differ between versions by a byte here and
 * there, so a version is a table of its own.
 */
import type { Column, RecordLayout } from './layout.ts';
import { UNIONPAY_COM } from './layouts.ts';

/** One row of a table: key, width in bytes, name in the specification. */
type Row = readonly [id: string, width: number, title: string];

/** Amounts stay text here: they carry C, D or blanks in front, which the reader of bills knows. */
function columns(rows: readonly Row[]): Column[] {
  return rows.map(([id, width, title]) => ({ id, width, title, type: 'text', optional: true }));
}

function layout(name: string, zh: string, en: string, detail: readonly Column[]): RecordLayout {
  return {
    name,
    title: { zh, en },
    encoding: 'gbk',
    format: { kind: 'fixed', gapBytes: 1 },
    lineEnd: '\r\n',
    detail: { columns: detail },
  };
}

/** What the extended flow has behind the 34 columns of COM. */
const EXTENSION: readonly Row[] = [
  ['senderClearing', 11, '发送方清算机构'],
  ['receiverClearing', 11, '接收方清算机构'],
  ['reversalFlag', 1, '冲正标志'],
  ['voidFlag', 1, '撤销标志'],
  ['clearingDate', 4, '清算日期'],
  ['clearingSession', 2, '清算场次'],
  ['merchantNameAddress', 40, '商户名称地址'],
  ['currency', 4, '交易币种'],
  ['discountFee', 8, '自动折扣手续费'],
  ['merchantFee', 9, '商户手续费'],
  ['settlementBank', 12, '商户结算行'],
  ['settlementBankFee', 8, '结算行费用'],
  ...Array.from({ length: 9 }, (_, at): Row[] => [
    [`serviceParty${at + 1}`, 12, `服务方${at + 1}`],
    [`serviceFee${at + 1}`, at === 8 ? 9 : 8, `服务方${at + 1}费用`],
  ]).flat(),
  ['customFee1', 9, '自定义费用1'],
  ['customFee2', 9, '自定义费用2'],
  ['customFee3', 8, '自定义费用3'],
  ['transferInPan', 19, '转入卡号'],
  ['instalments', 2, '分期期数'],
  ['orderNumber', 40, '订单号'],
  ['paymentMethod', 4, '支付方式'],
];

/** COM of an acquirer that UnionPay clears for (ACOMA). */
export const UNIONPAY_COM_EXTENDED = layout(
  'unionpay-com-extended',
  '银联受理方一般交易流水（扩展）',
  'UnionPay acquirer transaction flow, extended (ACOMA)',
  [...UNIONPAY_COM.detail.columns, ...columns(EXTENSION)],
);

/** Widths of the refund flow that differ from COM's. */
const REFUND_WIDTHS: Readonly<Record<string, number>> = {
  partialAmount: 12,
  switchFee: 11,
  eci: 2,
  instalmentFee: 11,
  other: 14,
};

/** The refund flow (ARFDCOMN). */
export const UNIONPAY_REFUND = layout(
  'unionpay-refund',
  '银联受理方退货流水',
  'UnionPay acquirer refund flow (ARFD)',
  [
    ...UNIONPAY_COM.detail.columns.map((column) => ({
      ...column,
      width: REFUND_WIDTHS[column.id] ?? column.width!,
    })),
    ...columns([
      ['transferInPan', 19, '转入卡号'],
      ['instalments', 2, '分期期数'],
      ['orderNumber', 40, '订单号'],
      ['paymentMethod', 4, '支付方式'],
    ]),
  ],
);

/** All-channel merchant file (全渠道商户对账文件 ZM). */
export const UNIONPAY_ZM = layout(
  'unionpay-zm',
  '银联全渠道商户对账文件 ZM',
  'UnionPay all-channel merchant file (ZM)',
  columns([
    ['transactionCode', 3, '交易代码'],
    ['agentId', 11, '代理机构标识码'],
    ['forwarderId', 11, '发送机构标识码'],
    ['traceNumber', 6, '系统跟踪号'],
    ['transmissionTime', 10, '交易传输时间'],
    ['pan', 19, '帐号'],
    ['amountFen', 12, '交易金额'],
    ['merchantCategory', 4, '商户类别'],
    ['terminalType', 2, '终端类型'],
    ['queryId', 21, '查询流水号'],
    ['oldPaymentMethod', 2, '支付方式（旧）'],
    ['orderNumber', 32, '商户订单号'],
    ['cardType', 2, '支付卡类型'],
    ['originalTrace', 6, '原始交易的系统跟踪号'],
    ['originalTime', 10, '原始交易日期时间'],
    ['merchantFee', 13, '商户手续费'],
    ['settlementAmount', 13, '结算金额'],
    ['paymentMethod', 4, '支付方式'],
    ['merchantGroup', 15, '集团商户代码'],
    ['transactionType', 2, '交易类型'],
    ['transactionSubtype', 2, '交易子类'],
    ['businessType', 6, '业务类型'],
    ['accountType', 2, '帐号类型'],
    ['billType', 4, '账单类型'],
    ['billNumber', 32, '账单号码'],
    ['interaction', 1, '交互方式'],
    ['originalQueryId', 21, '原交易查询流水号'],
    ['merchantId', 15, '商户代码'],
    ['splitMode', 1, '分账入账方式'],
    ['subMerchantId', 15, '二级商户代码'],
    ['subMerchantName', 32, '二级商户简称'],
    ['subMerchantAmount', 13, '二级商户分账入账金额'],
    ['clearingNet', 13, '清算净额'],
    ['terminalId', 8, '终端号'],
    ['merchantReserved', 32, '商户自定义域'],
    ['discount', 13, '优惠金额'],
    ['invoiceAmount', 13, '发票金额'],
    ['instalmentFee', 12, '分期付款附加手续费'],
    ['instalments', 2, '分期付款期数'],
    ['medium', 1, '交易介质'],
    ['originalOrderNumber', 32, '原始交易订单号'],
    ['reserved', 98, '保留使用'],
  ]),
);

/** Errors of the all-channel merchant file (ZME); the last columns have no published names. */
export const UNIONPAY_ZME = layout(
  'unionpay-zme',
  '银联全渠道商户差错文件 ZME',
  'UnionPay all-channel merchant error file (ZME)',
  columns([
    ['transactionCode', 3, '交易代码'],
    ['agentId', 11, '代理机构标识码'],
    ['forwarderId', 11, '发送机构标识码'],
    ['traceNumber', 6, '系统跟踪号'],
    ['transmissionTime', 10, '交易传输时间'],
    ['pan', 19, '帐号'],
    ['amountFen', 12, '交易金额'],
    ['merchantCategory', 4, '商户类别'],
    ['terminalType', 2, '终端类型'],
    ['conditionCode', 2, '服务点条件码'],
    ['originalTrace', 6, '原始交易的系统跟踪号'],
    ['originalTime', 10, '原始交易日期时间'],
    ['reasonCode', 4, '差错原因'],
    ['originalAmount', 12, '原始交易金额'],
    ['merchantFee', 13, '商户手续费'],
    ['settlementAmount', 13, '结算金额'],
    ['merchantId', 15, '商户代码'],
    ['subMerchantId', 15, '二级商户代码'],
    ['splitMode', 1, '分账入账方式'],
    ['instalmentFee', 12, '分期付款附加手续费'],
    ['instalments', 2, '分期付款期数'],
    ['reserved', 135, '保留使用'],
  ]),
);

/** Brand service fees (品牌服务费流水 ALFEE). */
export const UNIONPAY_BRAND_FEE = layout(
  'unionpay-brand-fee',
  '银联品牌服务费流水',
  'UnionPay brand fee flow (ALFEE)',
  columns([
    ['acquirerBranch', 11, '受理方一级分行代码'],
    ['standardCard', 1, '是否银联标准卡'],
    ['cardType', 2, '借贷记卡标志'],
    ['terminalType', 2, '终端类型'],
    ['medium', 1, '卡介质'],
    ['regionFlag', 1, '交易地域标志'],
    ['merchantCategory', 4, '商户类型'],
    ['secondBranch', 11, '二级分行'],
    ['agentId', 11, '受理机构'],
    ['forwarderId', 11, '转发机构'],
    ['issuerId', 11, '发卡机构'],
    ['receiverId', 11, '接收机构'],
    ['acquirerId', 11, '收单机构'],
    ['mti', 4, '报文类型'],
    ['processingCode', 6, '交易处理码'],
    ['conditionCode', 2, '服务点条件码'],
    ['traceNumber', 6, '系统跟踪号'],
    ['transmissionTime', 10, '传输日期时间'],
    ['pan', 19, '主账号'],
    ['transferOutPan', 28, '转出卡'],
    ['transferInPan', 28, '转入卡'],
    ['original', 42, '原始交易信息'],
    ['terminalId', 8, '终端'],
    ['merchantId', 15, '商户'],
    ['retrievalReference', 12, '检索参考号'],
    ['amountFen', 12, '交易金额'],
    ['reserved1', 12, '保留'],
    ['brandFee', 12, '品牌服务费'],
    ['reserved2', 12, '保留'],
    ['reserved3', 13, '保留'],
    ['initiation', 1, '交易发起方式'],
    ['reserved4', 99, '保留'],
  ]),
);

/** Error flow (差错流水 AERR), as far as its columns are published. */
export const UNIONPAY_ERROR = layout(
  'unionpay-error',
  '银联受理方差错流水',
  'UnionPay acquirer error flow (AERR)',
  columns([
    ['errorFlag', 3, '差错交易标志'],
    ['agentId', 11, '代理机构标识码'],
    ['forwarderId', 11, '发送机构标识码'],
    ['traceNumber', 6, '系统跟踪号'],
    ['transmissionTime', 10, '交易传输时间'],
    ['pan', 19, '主账号'],
    ['amountFen', 12, '交易金额'],
    ['mti', 4, '报文类型'],
    ['processingCode', 6, '交易类型码'],
    ['merchantCategory', 4, '商户类型'],
    ['terminalId', 8, '终端'],
    ['originalReference', 12, '上一笔检索参考号'],
    ['conditionCode', 2, '服务点条件码'],
    ['authorisationCode', 6, '授权应答码'],
    ['receiverId', 11, '接收机构'],
    ['issuerId', 11, '发卡银行'],
    ['originalTrace', 6, '上一笔系统跟踪号'],
    ['responseCode', 2, '交易返回码'],
    ['entryMode', 3, '服务点输入方式'],
    ['interchangeReceivable', 12, '受理方应收交换费'],
    ['interchangePayable', 12, '受理方应付交换费'],
    ['instalmentFee', 12, '分期附加手续费'],
    ['switchFee', 12, '转接清算费'],
    ['feeReceivable', 12, '应收费用'],
    ['feePayable', 12, '应付费用'],
    ['reasonCode', 4, '差错原因'],
    ['transferOutInstitution', 11, '接收/转出机构'],
    ['transferOutPan', 19, '转出卡号'],
    ['transferInInstitution', 11, '转入机构'],
    ['transferInPan', 19, '转入卡号'],
    ['originalTime', 10, '上一笔日期时间'],
    ['cardSequence', 3, '卡片序列号'],
    ['terminalCapability', 1, '终端读取能力'],
    ['icCondition', 1, 'IC卡条件代码'],
    ['originalClearingDate', 4, '上一笔清算日期'],
    ['originalAmount', 12, '上一笔交易金额'],
  ]),
);
