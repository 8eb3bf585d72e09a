/** Bills as the channels write them, made from a day: written by their descriptions, not by our tables. */
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import iconv from 'iconv-lite';
import type { Abilities, Day, Line } from './day.ts';

export interface Format {
  source: string;
  /** Name of the file that is written. */
  file: string;
  abilities: Abilities;
  /** The lines that the format has a place for. */
  only?: 'pay' | 'refund';
  /** Order numbers that fit into the format. */
  id?: (id: string) => string;
  write(lines: readonly Line[]): Buffer;
}

const ALL = { fees: true, cancels: true, failed: true };

export function yuan(fen: number): string {
  const digits = String(Math.abs(fen)).padStart(3, '0');
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function gbk(text: string): Buffer {
  return iconv.encode(text, 'gbk');
}

export function total(lines: readonly Line[], value: (line: Line) => number): number {
  return lines.reduce((sum, line) => sum + value(line), 0);
}

const WECHAT_ALL =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注';
const WECHAT_OLD =
  '交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,总金额,企业红包金额,微信退款单号,商户退款单号,退款金额,企业红包退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率';

const REFUND_TITLES = '微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,';
/** Of type SUCCESS: no column of refunds. */
const WECHAT_SUCCESS = WECHAT_ALL.replace(REFUND_TITLES, '').replace(',申请退款金额', '');
/** Of type REFUND: with the times of refunds. */
const WECHAT_REFUND = WECHAT_ALL.replace('微信退款单号', '退款申请时间,退款成功时间,微信退款单号');

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

/** Puts values at their places of a line of blanks. */
function placed(length: number, values: readonly (readonly [number, string | Buffer])[]): Buffer {
  const line = Buffer.alloc(length, 0x20);
  for (const [at, value] of values) Buffer.from(value).copy(line, at);
  return line;
}

const COM_BYTES = 299;
/** With the columns that name merchant and address, up to the payment method. */
const COM_EXTENDED_BYTES = 719;

function comTime(line: Line): string {
  return line.time.replace(/[-: ]/g, '').slice(4);
}

function comLine(line: Line, extended: boolean): Buffer {
  const trace = line.channelId.slice(-6);
  const reference = line.kind === 'refund' ? line.refundId : line.orderId;
  const cancel = line.kind === 'cancel';
  const mti = cancel ? '0420' : line.kind === 'refund' ? '0220' : '0200';
  const fee = String(line.feeFen).padStart(11, '0');
  // A name of 40 bytes that ends in the middle of a character.
  const name = gbk(`X${'海军总医院门诊部'.repeat(4)}`).subarray(0, 40);
  return placed(extended ? COM_EXTENDED_BYTES : COM_BYTES, [
    [0, '48021000'],
    [12, '00010000'],
    [24, line.kind === 'refund' ? line.channelRefundId.slice(-6) : trace],
    [31, comTime(line)],
    [42, '6228480000000000018'],
    [62, String(line.amountFen).padStart(12, '0')],
    [101, mti],
    [106, line.kind === 'refund' ? '200000' : '000000'],
    [113, '8062'],
    [118, '10000001'],
    [127, '123456789012345'],
    [143, cancel ? '' : reference],
    [156, '00'],
    [159, '123456'],
    [166, '01030000'],
    [178, cancel ? trace : '000000'],
    [185, line.failed ? '51' : '00'],
    [188, '051'],
    [192, '000000000000'],
    [205, `${line.kind === 'refund' ? 'C' : 'D'}${fee}`],
    [218, '000000000000'],
    [231, '0'],
    [241, cancel ? comTime(line) : '0000000000'],
    [252, '01030000'],
    [264, '0'],
    [266, '01'],
    ...(extended
      ? ([
          [328, '1120'],
          [336, name],
          [377, '156'],
          [391, fee.slice(-9)],
        ] as const)
      : []),
  ]);
}

function com(lines: readonly Line[], extended: boolean): Buffer {
  const end = Buffer.from('\r\n');
  return Buffer.concat(lines.flatMap((line) => [comLine(line, extended), end]));
}

/** COM's widths with those of the refund flow that differ, and what stands behind them. */
const REFUND_WIDTHS = [
  ...[11, 11, 6, 10, 19, 12, 12, 11, 4, 6, 4, 8, 15, 12, 2, 6, 11, 6, 2, 3, 12, 12, 11, 1, 3, 1, 1],
  ...[10, 11, 1, 2, 2, 11, 14, 19, 2, 40, 4],
];

function refundLine(line: Line): string {
  const values = Array.from(REFUND_WIDTHS, () => '');
  const put = (field: number, value: string): void => {
    values[field - 1] = value;
  };
  put(1, '48021000');
  put(2, '00010000');
  put(3, line.channelRefundId.slice(-6));
  put(4, comTime(line));
  put(5, '6228480000000000018');
  put(6, String(line.amountFen).padStart(12, '0'));
  put(9, '0220');
  put(10, '200000');
  put(13, '123456789012345');
  put(14, line.refundId);
  put(19, '00');
  put(22, `C${String(line.feeFen).padStart(11, '0')}`);
  put(29, '01030000');
  return values.map((value, at) => value.padEnd(REFUND_WIDTHS[at]!)).join(' ');
}

/** One line of the error flow: a credit that UnionPay adjusted of an earlier payment. */
export function errorLine(originalReference: string, amountFen: number): string {
  const values: [width: number, value: string][] = [
    ...([
      [3, 'E74'],
      [11, '48021000'],
      [11, '00010000'],
      [6, '000001'],
      [10, '1120120000'],
      [19, '6228480000000000018'],
      [12, String(amountFen).padStart(12, '0')],
      [4, '0422'],
      [6, '200000'],
      [4, '8062'],
      [8, '10000001'],
      [12, originalReference],
    ] as [number, string][]),
    ...[2, 6, 11, 11, 6, 2, 3, 12, 12, 12, 12, 12, 12].map((width): [number, string] => [
      width,
      '',
    ]),
    [4, '4808'],
  ];
  return `${values.map(([width, value]) => value.padEnd(width)).join(' ')}\r\n`;
}

/** A line of the all-channel merchant error file (ZME), by the widths of its published table. */
export function merchantErrorLine(trace: string, time: string, amountFen: number): string {
  const values: [width: number, value: string][] = [
    [3, 'E74'],
    [11, '48021000'],
    [11, '00010000'],
    [6, trace],
    [10, time],
    [19, '6228480000000000018'],
    [12, String(amountFen).padStart(12, '0')],
    [4, '5311'],
    [2, '07'],
    [2, '00'],
    [6, '000001'],
    [10, '1119101500'],
    [4, '4808'],
    [12, String(amountFen).padStart(12, '0')],
    [13, 'C000000000000'],
    [13, `D${String(amountFen).padStart(12, '0')}`],
    [15, '123456789012345'],
    [15, ''],
    [1, ''],
    [12, ''],
    [2, ''],
    [135, ''],
  ];
  return `${values.map(([width, value]) => value.padEnd(width)).join(' ')}\r\n`;
}

/** 25 values of the aggregator's text, in fen. */
function leshua(lines: readonly Line[]): string {
  return lines
    .map((line) => {
      const refund = line.kind === 'refund';
      const id = refund ? line.channelRefundId : line.channelId;
      return [
        ...['BT', id.slice(-6), line.time, id, 'M1', '60', line.amountFen, line.feeFen],
        ...[line.amountFen - line.feeFen, refund ? '2' : '1', '', 'WX', '', '', '', '', '10000001'],
        ...[line.orderId, line.refundId, line.time, '', '', 'OTHERS', 'oU', ''],
      ].join(',');
    })
    .join('\n');
}

function zmLine(line: Line): Buffer {
  const refund = line.kind === 'refund';
  return placed(607, [
    [0, refund ? 'S30' : 'S22'],
    [4, '48021000'],
    [16, '00010000'],
    [28, line.channelId.slice(-6)],
    [35, comTime(line)],
    [46, '6228480000000000018'],
    [66, String(line.amountFen).padStart(12, '0')],
    [79, '8062'],
    [84, '07'],
    [87, (refund ? line.channelRefundId : line.channelId).slice(-21)],
    [112, refund ? line.refundId : line.orderId],
    [155, '0000000000'],
    [166, `${refund ? 'C' : 'D'}${String(line.feeFen).padStart(12, '0')}`],
    [215, refund ? '04' : '01'],
    [293, '898000000000001'],
    [476, refund ? line.orderId : ''],
  ]);
}

function pipe(lines: readonly Line[]): string {
  const signed = (line: Line): number =>
    line.kind === 'refund' ? -line.amountFen : line.amountFen;
  return [
    'H|20261120|898000000000001',
    ...lines.map((line) =>
      [
        'D',
        line.kind === 'refund' ? line.refundId : line.orderId,
        line.kind === 'refund' ? line.channelRefundId : line.channelId,
        line.time,
        yuan(signed(line)),
        yuan(line.feeFen),
        line.name,
      ].join('|'),
    ),
    `T|${lines.length}|${yuan(total(lines, signed))}`,
    '',
  ].join('\n');
}

function csv(lines: readonly Line[]): string {
  return [
    '\uFEFForderId,refundId,channelId,type,status,amountFen,feeFen,occurredAt,remark',
    ...lines.map((line) =>
      [
        line.orderId,
        line.refundId,
        line.kind === 'refund' ? line.channelRefundId : line.channelId,
        line.kind,
        line.failed ? 'failed' : 'success',
        line.amountFen,
        line.feeFen,
        `${line.time.replace(' ', 'T')}+08:00`,
        `"${line.name}"`,
      ].join(','),
    ),
    '',
    '',
  ].join('\n');
}

function insurance(lines: readonly Line[]): string {
  const rows = lines.map((line) =>
    [
      'P0001',
      'M0001',
      line.kind === 'refund' ? line.refundId : line.orderId,
      line.kind === 'refund' ? line.channelRefundId : line.channelId,
      '0',
      line.kind === 'refund' ? '1' : '0',
      '',
      yuan(line.amountFen),
      '0.00',
      '0.00',
    ].join('\t'),
  );
  return `${rows.join('\n')}\n`;
}

const short = (id: string): string => id.slice(-12);

export const FORMATS: readonly Format[] = [
  {
    source: 'wechat',
    file: 'wechat.csv',
    abilities: { ...ALL, failed: false },
    write: (lines) => Buffer.from(wechat(lines)),
  },
  {
    source: 'wechat',
    file: 'wechat-old.csv',
    abilities: { ...ALL, failed: false },
    write: (lines) => Buffer.from(`\uFEFF${wechat(lines, WECHAT_OLD)}`),
  },
  {
    source: 'wechat',
    file: 'wechat-success.csv',
    abilities: { fees: true, cancels: false, failed: false },
    only: 'pay',
    write: (lines) => Buffer.from(wechat(lines, WECHAT_SUCCESS)),
  },
  {
    source: 'wechat',
    file: 'wechat-refund.csv.gz',
    abilities: { fees: true, cancels: false, failed: false },
    only: 'refund',
    write: (lines) => gzipSync(wechat(lines, WECHAT_REFUND)),
  },
  {
    source: 'alipay',
    file: 'alipay.csv',
    abilities: { fees: true, cancels: false, failed: false },
    write: (lines) => gbk(alipay(lines)),
  },
  {
    source: 'alipay',
    file: 'alipay.csv.zip',
    abilities: { fees: true, cancels: false, failed: false },
    write: (lines) => alipayZip(lines),
  },
  {
    source: 'unionpay-com',
    file: 'IND20112101ACOMN',
    abilities: ALL,
    id: short,
    write: (lines) => com(lines, false),
  },
  {
    source: 'unionpay-com',
    file: 'IND20112101ACOMA',
    abilities: ALL,
    id: short,
    write: (lines) => com(lines, true),
  },
  {
    source: 'unionpay-coma',
    file: 'IND20112102ACOMA',
    abilities: ALL,
    id: short,
    write: (lines) => com(lines, true),
  },
  {
    source: 'unionpay-refund',
    file: 'IND20112101ARFDCOMN',
    abilities: { fees: true, cancels: false, failed: false },
    only: 'refund',
    id: short,
    write: (lines) => Buffer.from(lines.map((line) => `${refundLine(line)}\r\n`).join('')),
  },
  {
    source: 'leshua',
    file: 'leshua.txt',
    abilities: { fees: true, cancels: false, failed: false },
    write: (lines) => Buffer.from(leshua(lines)),
  },
  {
    source: 'unionpay-zm',
    file: 'INN26112088ZM_898000000000001',
    abilities: { fees: true, cancels: false, failed: false },
    write: (lines) => Buffer.concat(lines.flatMap((line) => [zmLine(line), Buffer.from('\r\n')])),
  },
  {
    source: 'bank-pipe',
    file: 'bank.txt',
    abilities: { fees: true, cancels: false, failed: false },
    write: (lines) => gbk(pipe(lines)),
  },
  {
    source: 'bank-csv',
    file: 'bank.csv',
    abilities: { fees: true, cancels: false, failed: true },
    write: (lines) => Buffer.from(csv(lines)),
  },
  {
    source: 'insurance',
    file: 'detail.txt',
    abilities: { fees: false, cancels: false, failed: false },
    write: (lines) => Buffer.from(insurance(lines)),
  },
];

/** The part of the day that the format has a place for, with order numbers that fit into it. */
export function dayFor({ id, only }: Format, whole: Day): Day {
  const day = only === undefined ? whole : partOf(whole, only);
  if (id === undefined) return day;
  const changed = <Item extends { orderId: string; refundId?: string }>(item: Item): Item => ({
    ...item,
    orderId: id(item.orderId),
    ...(item.refundId === undefined ? {} : { refundId: id(item.refundId) }),
  });
  return {
    theirs: day.theirs.map(changed),
    ours: day.ours.map(changed),
    planted: day.planted.map(changed),
  };
}

function partOf({ theirs, ours, planted }: Day, only: 'pay' | 'refund'): Day {
  return {
    theirs: theirs.filter(({ kind }) => kind === only),
    ours: ours.filter(({ type }) => type === only),
    planted: planted.filter(({ refundId }) => (refundId === undefined) === (only === 'pay')),
  };
}
