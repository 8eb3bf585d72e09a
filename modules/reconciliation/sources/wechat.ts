/**
 * WeChat Pay trade bill (微信支付交易账单), types ALL, SUCCESS and REFUND, new and old column sets.
 * Columns are found by title because their order differs by type and year.
 */
import type { BillSource, LineRule } from '../source.ts';

const FEE = { plus: ['手续费'] };
/** 订单金额 is before coupons and what we asked for; older bills call it 总金额. */
const ORDER_AMOUNT = ['订单金额', '总金额', '应结订单金额'];
const REFUND_AMOUNT = ['申请退款金额', '退款金额'];
const PAY_KEYS = [['商户订单号'], ['微信订单号']];
const REFUND_KEYS = [['商户退款单号'], ['微信退款单号'], ['商户订单号'], ['微信订单号']];

const refund = (states: string[], status: 'success' | 'failed'): LineRule => ({
  when: [
    { column: '交易状态', in: ['REFUND', '转入退款'] },
    { column: '退款状态', in: states },
  ],
  event: 'refund',
  status,
  mayBeOlder: true,
  amount: REFUND_AMOUNT,
  fee: FEE,
  keys: REFUND_KEYS,
  orderId: ['商户订单号'],
});

export const WECHAT: BillSource = {
  name: 'wechat',
  title: { zh: '微信支付交易账单', en: 'WeChat Pay trade bill' },
  encoding: 'utf8',
  unit: 'yuan',
  shape: {
    kind: 'delimited',
    separator: ',',
    mark: '`',
    heading: ['交易时间'],
  },
  lines: [
    {
      when: [{ column: '交易状态', in: ['SUCCESS', '支付成功'] }],
      event: 'pay',
      amount: ORDER_AMOUNT,
      fee: FEE,
      keys: PAY_KEYS,
    },
    // The state of a refund is the one of the moment the bill was made and never changes: an accepted
    // refund counts, one that the user's bank sent back does not.
    refund(['SUCCESS', 'PROCESSING', '退款成功', '退款处理中', ''], 'success'),
    refund(['FAIL', 'CHANGE', '退款失败', '转入代发'], 'failed'),
    {
      when: [{ column: '交易状态', in: ['REVOKED', '已撤销'] }],
      event: 'cancel',
      amount: ORDER_AMOUNT,
      keys: PAY_KEYS,
      link: { key: 0, columns: ['商户订单号'] },
    },
  ],
  labels: { merchantId: ['特约商户号', '子商户号', '商户号'], terminalId: ['设备号'] },
  date: { columns: ['交易时间', '退款申请时间', '退款成功时间'] },
  rounds: [
    { ours: 0, theirs: 0 },
    { ours: 1, theirs: 1 },
    { ours: 2, theirs: 2, weak: true },
    { ours: 1, theirs: 3, weak: true },
  ],
  trailer: {
    kind: 'summary-lines',
    count: ['总交易单数'],
    sums: {
      应结订单总金额: ['应结订单金额'],
      总交易额: ['总金额', '应结订单金额'],
      订单总金额: ['订单金额'],
      退款总金额: ['退款金额'],
      总退款金额: ['退款金额'],
      申请退款总金额: ['申请退款金额'],
      充值券退款总金额: ['充值券退款金额'],
      总代金券或立减优惠退款金额: ['代金券或立减优惠退款金额'],
      总企业红包退款金额: ['企业红包退款金额', '代金券或立减优惠退款金额'],
      手续费总金额: ['手续费'],
    },
  },
};
