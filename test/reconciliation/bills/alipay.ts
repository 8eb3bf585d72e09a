/** Bills of Alipay: the details, and the archive with the summary beside them. */
import { zipSync } from 'fflate';
import type { Line } from '../day.ts';
import { gbk, total, yuan } from './text.ts';

const ALIPAY_TITLES =
  '支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注';
const DASHES = '-'.repeat(40);

export function alipay(lines: readonly Line[]): string {
  const received = (line: Line): number =>
    line.kind === 'refund' ? -line.amountFen : line.amountFen - line.couponFen;
  const details = lines.map((line) => {
    const refund = line.kind === 'refund';
    const amount = yuan(refund ? -line.amountFen : line.amountFen);
    const started = refund ? '2026-11-19 08:00:00' : line.time;
    return [
      ...[`${line.channelId}\t`, `${line.orderId}\t`, refund ? '退款\t' : '交易\t'],
      ...[line.name.replace(',', '，'), started, line.time, '2088S1\t', '总院\t', '\t', '\t'],
      ...['*小明(139****0000)\t', amount, yuan(received(line)), '0.00', '0.00', '0.00'],
      ...[yuan(line.couponFen), '0.00', '', '0.00\t', '0.00', `${line.refundId}\t`],
      ...[yuan(refund ? line.feeFen : -line.feeFen), '0.00', '  '],
    ].join(',');
  });
  const pays = lines.filter(({ kind }) => kind === 'pay');
  const refunds = lines.filter(({ kind }) => kind === 'refund');
  return [
    '#支付宝业务明细查询',
    '#账号：[20880000000000000156]',
    '#起始日期：[2026年11月20日 00:00:00]   终止日期：[2026年11月21日 00:00:00]',
    `#${DASHES}业务明细列表${DASHES}`,
    ALIPAY_TITLES,
    ...details,
    `#${DASHES}业务明细列表结束${DASHES}`,
    `#交易合计：${pays.length}笔，商家实收共${yuan(total(pays, received))}元，商家优惠共0.00元`,
    `#退款合计：${refunds.length}笔，商家实收退款共${yuan(total(refunds, received))}元，商家优惠退款共0.00元`,
    '#导出时间：[2026年11月21日 05:46:49]',
    '',
  ].join('\r\n');
}

export function alipayZip(lines: readonly Line[], refundCount?: number): Buffer {
  const pays = lines.filter(({ kind }) => kind === 'pay').length;
  const refunds = refundCount ?? lines.length - pays;
  const summary = [
    '#支付宝业务汇总查询',
    '门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）',
    `合计\t,,${pays}\t,${refunds}\t,0.00`,
    '#导出时间：[2026年11月21日 05:46:49]',
  ].join('\r\n');
  // Chinese names in these archives are GBK without the flag that would say so.
  const name = (text: string): string => gbk(text).toString('latin1');
  return Buffer.from(
    zipSync({
      [name('20880000_20261120_业务明细(汇总).csv')]: gbk(summary),
      [name('20880000_20261120_业务明细.csv')]: gbk(alipay(lines)),
    }),
  );
}
