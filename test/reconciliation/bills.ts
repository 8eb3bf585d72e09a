/** Bills as the channels write them, made from a day: written by their descriptions, not by our tables. */
import { gzipSync } from 'node:zlib';
import { alipay, alipayZip } from './bills/alipay.ts';
import { csv, insurance, leshua, pipe } from './bills/others.ts';
import { gbk } from './bills/text.ts';
import { com, refundLine, zmLine } from './bills/unionpay.ts';
import { WECHAT_OLD, WECHAT_REFUND, WECHAT_SUCCESS, wechat } from './bills/wechat.ts';
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
    abilities: { fees: true, cancels: true, failed: false },
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
