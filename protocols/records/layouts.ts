import type { Column, RecordLayout } from './layout.ts';

const text = (id: string, title: string, width: number): Column => ({
  id,
  title,
  type: 'text',
  width,
});
const maybe = (id: string, title: string, width: number): Column => ({
  id,
  title,
  type: 'text',
  width,
  optional: true,
});
const fen = (id: string, title: string, width: number): Column => ({
  id,
  title,
  type: 'fen',
  width,
  optional: true,
});

/**
 * UnionPay acquirer clearing, general transaction flow (受理方一般交易流水, COM): fixed width in GBK
 * with one blank between columns.
 */
export const UNIONPAY_COM: RecordLayout = {
  name: 'unionpay-com',
  title: { zh: '银联受理方一般交易流水', en: 'UnionPay acquirer transaction flow (COM)' },
  encoding: 'gbk',
  format: { kind: 'fixed', gapBytes: 1 },
  lineEnd: '\r\n',
  detail: {
    columns: [
      text('agentId', '代理机构标识码', 11),
      text('forwarderId', '发送机构标识码', 11),
      text('traceNumber', '系统跟踪号', 6),
      text('transmissionTime', '交易传输时间', 10),
      text('pan', '主账号', 19),
      fen('amountFen', '交易金额', 12),
      maybe('partialAmount', '部分代收时的承兑金额', 13),
      maybe('cardholderFee', '持卡人交易手续费', 11),
      text('mti', '报文类型', 4),
      text('processingCode', '交易类型码', 6),
      text('merchantCategory', '商户类型', 4),
      text('terminalId', '受卡机终端标识码', 8),
      text('merchantId', '受卡方标识码', 15),
      text('retrievalReference', '检索参考号', 12),
      maybe('conditionCode', '服务点条件码', 2),
      maybe('authorisationCode', '授权应答码', 6),
      maybe('receiverId', '接收机构标识码', 11),
      maybe('originalTrace', '原始交易的系统跟踪号', 6),
      maybe('responseCode', '交易返回码', 2),
      maybe('entryMode', '服务点输入方式', 3),
      maybe('interchangeReceivable', '受理方应收交换费', 12),
      maybe('interchangePayable', '受理方应付交换费', 12),
      maybe('switchFee', '转接清算费', 12),
      maybe('conversionFlag', '单双转换标志', 1),
      maybe('cardSequence', '卡片序列号', 3),
      maybe('terminalCapability', '终端读取能力', 1),
      maybe('icCondition', 'IC卡条件代码', 1),
      maybe('originalTime', '原始交易日期时间', 10),
      maybe('issuerId', '发卡机构标识码', 11),
      maybe('regionFlag', '交易地域标志', 1),
      maybe('terminalType', '终端类型', 2),
      maybe('eci', 'ECI标志', 3),
      maybe('instalmentFee', '分期付款附加手续费', 12),
      maybe('other', '其他信息', 13),
    ],
  },
};

/**
 * The usual form of a bank's bill: pipes, a header with the date, details, a trailer with count and
 * sum. Banks publish no standard; a deployment copies this and changes the columns.
 */
export const BANK_PIPE: RecordLayout = {
  name: 'bank-pipe',
  title: { zh: '银行竖线分隔对账文件', en: 'Bank bill separated by pipes' },
  encoding: 'gbk',
  format: { kind: 'delimited', separator: '|', trim: true },
  header: {
    columns: [
      { id: 'kind', type: 'text', constant: 'H' },
      { id: 'date', type: 'text' },
      { id: 'merchantId', type: 'text' },
    ],
  },
  detail: {
    columns: [
      { id: 'kind', type: 'text', constant: 'D' },
      { id: 'orderId', type: 'text' },
      { id: 'channelId', type: 'text' },
      { id: 'occurredAt', type: 'text' },
      { id: 'amountFen', type: 'yuan' },
      { id: 'feeFen', type: 'yuan' },
      { id: 'remark', type: 'text', optional: true },
    ],
  },
  trailer: {
    columns: [
      { id: 'kind', type: 'text', constant: 'T' },
      { id: 'count', type: 'digits' },
      { id: 'totalFen', type: 'yuan' },
    ],
  },
  checks: [
    { at: 'trailer', column: 'count', is: 'count' },
    { at: 'trailer', column: 'totalFen', is: { sumOf: 'amountFen' } },
  ],
};
