/** Bills of WeChat Pay, of each type and age. */
import type { Line } from '../day.ts';
import { yuan } from './text.ts';

const WECHAT_ALL =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注';
export const WECHAT_OLD =
  '交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,企业红包金额,微信退款单号,商户退款单号,退款金额,企业红包退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率';

const REFUND_TITLES = '微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,';
/** Of type SUCCESS: no column of refunds. */
export const WECHAT_SUCCESS = WECHAT_ALL.replace(REFUND_TITLES, '').replace(',申请退款金额', '');
/** Of type REFUND: with the times of refunds. */
export const WECHAT_REFUND = WECHAT_ALL.replace(
  '微信退款单号',
  '退款申请时间,退款成功时间,微信退款单号',
);

const STATES = { pay: 'SUCCESS', refund: 'REFUND', cancel: 'REVOKED' };

function wechatValues(line: Line): Record<string, string> {
  const refund = line.kind === 'refund';
  const order = line.kind === 'pay' ? line.amountFen : 0;
  return {
    交易时间: line.time,
    公众账号ID: 'wx2421b1c4370ec43b',
    商户号: '1900000109',
    特约商户号: '0',
    子商户号: '0',
    微信订单号: line.channelId,
    商户订单号: line.orderId,
    用户标识: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
    交易类型: 'JSAPI',
    交易状态: STATES[line.kind],
    付款银行: 'OTHERS',
    货币种类: 'CNY',
    应结订单金额: yuan(order - (order > 0 ? line.couponFen : 0)),
    总金额: yuan(order),
    代金券金额: yuan(line.couponFen),
    企业红包金额: yuan(line.couponFen),
    微信退款单号: refund ? line.channelRefundId : '0',
    商户退款单号: refund ? line.refundId : '0',
    退款金额: yuan(refund ? line.amountFen : 0),
    充值券退款金额: '0.00',
    企业红包退款金额: '0.00',
    退款申请时间: line.time,
    退款成功时间: line.processing ? '' : line.time,
    退款类型: refund ? 'ORIGINAL' : '',
    退款状态: refund ? (line.processing ? 'PROCESSING' : 'SUCCESS') : '',
    商品名称: line.name,
    手续费: `${yuan(refund ? -line.feeFen : line.kind === 'pay' ? line.feeFen : 0)}000`,
    费率: '0.60%',
    订单金额: yuan(order),
    申请退款金额: yuan(refund ? line.amountFen : 0),
  };
}

function sumOf(rows: readonly Record<string, string>[], title: string): string {
  const fen = rows.reduce((sum, row) => sum + Math.round(Number(row[title]) * 100), 0);
  return yuan(fen);
}

export function wechat(lines: readonly Line[], heading = WECHAT_ALL): string {
  const titles = heading.split(',');
  const rows = lines.map(wechatValues);
  const details = rows.map((row) => titles.map((title) => `\`${row[title] ?? ''}`).join(','));
  const all: [string, string][] = [
    ['总交易单数', String(lines.length)],
    ['应结订单总金额', sumOf(rows, '应结订单金额')],
    ['退款总金额', sumOf(rows, '退款金额')],
    ['充值券退款总金额', '0.00'],
    ['手续费总金额', `${sumOf(rows, '手续费')}000`],
    ['订单总金额', sumOf(rows, '订单金额')],
    ['申请退款总金额', sumOf(rows, '申请退款金额')],
  ];
  const totals: [string, string][] =
    heading !== WECHAT_OLD
      ? all.filter(([title]) => heading !== WECHAT_SUCCESS || !title.includes('退款'))
      : [
          ['总交易单数', String(lines.length)],
          ['总交易额', sumOf(rows, '总金额')],
          ['总退款金额', sumOf(rows, '退款金额')],
          ['总企业红包退款金额', '0.00'],
          ['手续费总金额', `${sumOf(rows, '手续费')}000`],
        ];
  const summary = [
    totals.map(([title]) => title).join(','),
    totals.map(([, value]) => `\`${value}`).join(','),
  ];
  return `${[heading, ...details, ...summary].join('\r\n')}\r\n`;
}
