/** The bills that posp knows by name. */
import type { BillSource } from '../source.ts';
import { ALIPAY } from './alipay.ts';
import { CSV, INSURANCE, LESHUA, PIPE } from './bank.ts';
import { COM, COM_EXTENDED, ERROR_FLOW, REFUND, ZM, ZME } from './unionpay.ts';
import { WECHAT } from './wechat.ts';

const SOURCES: readonly BillSource[] = [
  WECHAT,
  ALIPAY,
  COM,
  COM_EXTENDED,
  REFUND,
  ERROR_FLOW,
  ZM,
  ZME,
  INSURANCE,
  PIPE,
  CSV,
  LESHUA,
];

export function sourceNames(): string[] {
  return SOURCES.map(({ name }) => name);
}

/** The source of that name, or null. */
export function sourceNamed(name: string): BillSource | null {
  return SOURCES.find((source) => source.name === name) ?? null;
}
