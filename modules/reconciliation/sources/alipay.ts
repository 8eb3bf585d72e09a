/**
 * Alipay trade bill (支付宝业务账单): the detail CSV 业务明细 in GBK, alone or in the ZIP that also
 * holds the summary 业务明细(汇总). A payment is charged with a negative fee, a refund carries the
 * opposite signs; what is compared are sizes.
 */
import type { BillSource } from '../source.ts';

const AMOUNT = ['订单金额（元）', '订单金额'];
const FEE = { plus: ['服务费（元）', '服务费'] };

export const ALIPAY: BillSource = {
  name: 'alipay',
  title: { zh: '支付宝业务账单', en: 'Alipay trade bill' },
  encoding: 'gbk',
  unit: 'yuan',
  shape: {
    kind: 'delimited',
    separator: ',',
    comment: '#',
    heading: ['支付宝交易号'],
  },
  lines: [
    {
      when: [{ column: '业务类型', in: ['交易'] }],
      event: 'pay',
      amount: AMOUNT,
      fee: FEE,
      keys: [['商户订单号'], ['支付宝交易号']],
    },
    {
      when: [{ column: '业务类型', in: ['退款', '交易退款'] }],
      event: 'refund',
      amount: AMOUNT,
      fee: FEE,
      orderId: ['商户订单号'],
      keys: [['退款批次号/请求号'], ['退款批次号/请求号'], ['商户订单号'], ['支付宝交易号']],
    },
  ],
  labels: { merchantId: ['门店编号'], terminalId: ['终端号'] },
  archive: {
    main: /^(?!.*(汇总|账务|财务)).*\.(csv|txt)$/i,
    summary: {
      name: /业务.*汇总/,
      heading: '门店编号',
      line: '合计',
      counts: { 交易订单总笔数: 'pay', 退款订单总笔数: 'refund' },
    },
  },
  date: {
    columns: ['完成时间', '创建时间'],
    announced: /起始日期[：:]\s*\[(\d{4})年?-?(\d{2})月?-?(\d{2})/,
  },
  rounds: [
    { ours: 0, theirs: 0 },
    { ours: 1, theirs: 1 },
    { ours: 2, theirs: 2, weak: true },
    { ours: 1, theirs: 3, weak: true },
  ],
  trailer: {
    kind: 'end-comment',
    end: '列表结束',
    totals: [
      {
        pattern: /交易合计[：:]\s*(\d+)笔[，,]\s*商家实收共(-?[\d.]+)元/,
        event: 'pay',
        column: '商家实收（元）',
      },
      {
        pattern: /退款合计[：:]\s*(\d+)笔[，,]\s*商家实收退款共(-?[\d.]+)元/,
        event: 'refund',
        column: '商家实收（元）',
      },
    ],
  },
};
