import type { Label, PositionLayout, TagLayout } from '../iso8583/dialect.ts';
import { positions } from '../iso8583/positions.ts';
import { REVERSAL_REASONS } from './cup-responses.ts';

export {
  TAGGED_KEYS,
  WORKING_KEY_LAYOUTS,
  type WorkingKeyLayout,
  type WorkingKeyLayoutId,
} from './cup-key-layouts.ts';

const label = (zh: string, en: string): Label => ({ zh, en });

/** F22: how the card got in, and whether a PIN came with it. */
export const ENTRY_MODE = positions([
  {
    id: 'panEntry',
    name: label('卡号输入方式', 'Card entry'),
    length: 2,
    values: {
      '00': label('未指明', 'not specified'),
      '01': label('手工输入', 'keyed by hand'),
      '02': label('磁条', 'magnetic stripe'),
      '03': label('扫码', 'scanned code'),
      '05': label('接触式IC卡', 'contact IC'),
      '07': label('非接触IC卡', 'contactless IC'),
      '80': label('IC卡降级磁条', 'fallback from IC to stripe'),
      '90': label('磁条（完整磁道）', 'magnetic stripe, full track'),
      '91': label('非接触磁条', 'contactless stripe data'),
      '95': label('接触式IC卡（数据不可靠）', 'contact IC, data may be unreliable'),
      '98': label('非接触式（数据不可靠）', 'contactless, data may be unreliable'),
    },
  },
  {
    id: 'pinEntry',
    name: label('PIN输入', 'PIN entry'),
    length: 1,
    values: {
      '0': label('未指明', 'not specified'),
      '1': label('有PIN', 'PIN entered'),
      '2': label('无PIN', 'no PIN'),
    },
  },
]);

/** F39 of a reversal request. */
export const REVERSAL_REASON = positions([
  { id: 'reason', name: label('冲正原因', 'Reversal reason'), length: 2, values: REVERSAL_REASONS },
]);

/** F44 of answers. */
export const ADDITIONAL_RESPONSE = positions([
  { id: 'issuer', name: label('发卡机构', 'Issuing institution'), length: 11 },
  { id: 'acquirer', name: label('收单机构', 'Acquiring institution'), length: 11 },
  { id: 'reserved', name: label('保留', 'Reserved'), length: 'rest' },
]);

const RECONCILIATION_RESULTS = {
  '0': label('请求', 'request'),
  '1': label('对账平', 'match'),
  '2': label('对账不平', 'mismatch'),
  '3': label('出错', 'error'),
};

/** F48 of 0500 and its answer: twice 31 digits, RMB then foreign cards. */
export const SETTLEMENT_TOTALS = positions([
  { id: 'debitAmount', name: label('内卡借记总金额', 'RMB debit amount'), length: 12 },
  { id: 'debitCount', name: label('内卡借记总笔数', 'RMB debit count'), length: 3 },
  { id: 'creditAmount', name: label('内卡贷记总金额', 'RMB credit amount'), length: 12 },
  { id: 'creditCount', name: label('内卡贷记总笔数', 'RMB credit count'), length: 3 },
  {
    id: 'result',
    name: label('内卡对账应答', 'RMB result'),
    length: 1,
    values: RECONCILIATION_RESULTS,
  },
  { id: 'foreignDebitAmount', name: label('外卡借记总金额', 'Foreign debit amount'), length: 12 },
  { id: 'foreignDebitCount', name: label('外卡借记总笔数', 'Foreign debit count'), length: 3 },
  { id: 'foreignCreditAmount', name: label('外卡贷记总金额', 'Foreign credit amount'), length: 12 },
  { id: 'foreignCreditCount', name: label('外卡贷记总笔数', 'Foreign credit count'), length: 3 },
  {
    id: 'foreignResult',
    name: label('外卡对账应答', 'Foreign result'),
    length: 1,
    values: RECONCILIATION_RESULTS,
  },
]);

/** F48 of 0320: a count and up to eight details. */
export const BATCH_DETAILS = positions([
  { id: 'count', name: label('明细笔数', 'Number of details'), length: 2 },
  {
    id: 'cardKind',
    name: label('卡类别', 'Card kind'),
    length: 2,
    repeats: true,
    values: { '00': label('内卡', 'domestic'), '01': label('外卡', 'foreign') },
  },
  { id: 'traceNumber', name: label('流水号', 'Trace number'), length: 6 },
  { id: 'pan', name: label('卡号', 'Card number'), length: 20, safe: 'pan' },
  { id: 'amount', name: label('金额', 'Amount'), length: 12 },
]);

/** F48 of the last 0320. */
export const BATCH_END = positions([
  { id: 'count', name: label('批上送总笔数', 'Number of uploaded records'), length: 4 },
]);

/** F48 of a load to another account: how the receiving card was read. */
export const RECEIVING_CARD_ENTRY = positions([
  { id: 'entryMode', name: label('转入卡输入方式', 'Entry of the receiving card'), length: 3 },
]);

/** F53: how PIN and track are protected. */
export const SECURITY_CONTROL = positions([
  {
    id: 'pinFormat',
    name: label('PIN格式', 'PIN format'),
    length: 1,
    values: {
      '0': label('无PIN', 'no PIN'),
      '1': label('不带主账号', 'without card number'),
      '2': label('带主账号', 'with card number (ANSI X9.8)'),
    },
  },
  {
    id: 'algorithm',
    name: label('加密算法', 'Algorithm'),
    length: 1,
    values: {
      '0': label('单倍长DES', 'single DES'),
      '3': label('国密SM4（部分终端）', 'SM4 (some terminals)'),
      '4': label('国密SM4', 'SM4'),
      '6': label('双倍长3DES', 'double-length 3DES'),
    },
  },
  {
    id: 'trackEncrypted',
    name: label('磁道加密', 'Track encryption'),
    length: 1,
    values: { '0': label('不加密', 'plain'), '1': label('加密', 'encrypted') },
  },
  { id: 'reserved', name: label('保留', 'Reserved'), length: 13 },
]);

/** F54 of balance answers: groups of 20 characters. */
export const ADDITIONAL_AMOUNTS = positions([
  { id: 'accountType', name: label('账户类型', 'Account type'), length: 2, repeats: true },
  {
    id: 'amountType',
    name: label('金额类型', 'Amount type'),
    length: 2,
    values: {
      '01': label('账面余额', 'ledger balance'),
      '02': label('可用余额', 'available balance'),
    },
  },
  { id: 'currency', name: label('币种', 'Currency'), length: 3 },
  {
    id: 'sign',
    name: label('余额符号', 'Sign'),
    length: 1,
    values: { C: label('贷（正）', 'credit'), D: label('借（负）', 'debit') },
  },
  { id: 'amount', name: label('余额', 'Amount'), length: 12 },
]);

/** F60: what kind of message, in which batch, from what kind of terminal. */
export const CUSTOM_60 = positions([
  { id: 'transactionType', name: label('60.1 交易类型码', '60.1 Transaction type'), length: 2 },
  { id: 'batchNumber', name: label('60.2 批次号', '60.2 Batch number'), length: 6 },
  { id: 'networkCode', name: label('60.3 网络管理信息码', '60.3 Network code'), length: 3 },
  {
    id: 'terminalCapability',
    name: label('60.4 终端读取能力', '60.4 Terminal capability'),
    length: 1,
    values: {
      '0': label('不可预知', 'not known'),
      '2': label('磁条', 'stripe'),
      '5': label('磁条和接触式IC', 'stripe and contact IC'),
      '6': label('磁条、接触式和非接触IC', 'stripe, contact and contactless IC'),
    },
  },
  {
    id: 'icCondition',
    name: label('60.5 IC卡条件代码', '60.5 IC condition'),
    length: 1,
    values: {
      '0': label('正常', 'normal'),
      '1': label('上一笔IC交易成功', 'fallback, last IC transaction was good'),
      '2': label('上一笔IC交易失败', 'fallback, last IC transaction failed'),
    },
  },
  { id: 'partialApproval', name: label('60.6 部分承兑标志', '60.6 Partial approval'), length: 1 },
  {
    id: 'accountType',
    name: label('60.7 账户类型', '60.7 Account type'),
    length: 3,
    values: {
      '048': label('发卡行积分', 'issuer points'),
      '065': label('银联积分', 'UnionPay points'),
    },
  },
]);

/** F61: the original transaction of a void, refund or reversal. */
export const ORIGINAL_MESSAGE = positions([
  { id: 'batchNumber', name: label('原始批次号', 'Original batch'), length: 6 },
  { id: 'traceNumber', name: label('原始流水号', 'Original trace'), length: 6 },
  { id: 'date', name: label('原始交易日期', 'Original date MMDD'), length: 4 },
  { id: 'authorisationMode', name: label('原交易授权方式', 'Authorisation mode'), length: 2 },
  {
    id: 'authorisationInstitution',
    name: label('授权机构', 'Authorising institution'),
    length: 11,
  },
]);

/** F62 of the sign-in request. The certificate number's width is fixed in the frames seen: 4. */
export const TERMINAL_SERIAL: PositionLayout = {
  by: 'position',
  parts: [
    { id: 'heading', name: label('标识', 'Heading'), length: 11, as: 'ascii' },
    { id: 'length', name: label('长度', 'Length'), length: 2, as: 'ascii' },
    {
      id: 'certificate',
      name: label('入网认证编号', 'Certificate number'),
      length: 4,
      as: 'ascii',
    },
    { id: 'serial', name: label('终端硬件序列号', 'Terminal serial'), length: 'rest', as: 'ascii' },
  ],
};

/** F62 of the vendor scan dialect: two-byte tags, one binary length byte. */
export const SCAN_CODE_TLV: TagLayout = {
  by: 'tag',
  coding: 'ber',
  tags: {
    '5F01': { name: label('付款码', 'Payment code'), safe: 'hidden' },
    '5F02': { name: label('支付渠道', 'Payment channel'), safe: 'shown' },
    '5F03': { name: label('时间', 'Time'), safe: 'shown' },
    '5F04': { name: label('日期', 'Date'), safe: 'shown' },
  },
};

/** F59 of UnionPay scan payment: `A3` + length 3 + payment code; answer `A4` + length 3 + voucher. */
export const SCAN_PAYMENT_TLV: TagLayout = {
  by: 'tag',
  coding: { tagLength: 2, lengthLength: 3 },
  tags: {
    A3: { name: label('付款码', 'Payment code'), safe: 'hidden' },
    A4: { name: label('付款凭证号', 'Voucher number'), safe: 'shown' },
  },
};

/** F63 of requests. */
export const OPERATOR: PositionLayout = {
  by: 'position',
  parts: [{ id: 'operator', name: label('操作员代码', 'Operator'), length: 3, as: 'ascii' }],
};

/** F63 of answers. */
export const CARD_ORGANISATION: PositionLayout = {
  by: 'position',
  parts: [
    {
      id: 'organisation',
      name: label('国际信用卡公司代码', 'Card organisation'),
      length: 3,
      as: 'ascii',
      values: {
        CUP: label('中国银联', 'China UnionPay'),
        VIS: label('维萨', 'Visa'),
        MCC: label('万事达', 'Mastercard'),
        MAE: label('万事顺', 'Maestro'),
        JCB: label('JCB', 'JCB'),
        DCC: label('大来', 'Diners Club'),
        AMX: label('美国运通', 'American Express'),
      },
    },
    { id: 'texts', name: label('提示信息', 'Texts'), length: 'rest', as: 'gbk' },
  ],
};
