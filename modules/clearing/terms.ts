/**
 * Clearing parameters as managed data (清算参数): what a merchant pays and when it is paid. They are
 * settings of the registry; a day's clearing writes the ones it used into the journal, so that the
 * day's files can be made again after they changed.
 */
import { z } from 'zod';
import type { Merchant } from '../../ledger/registry-kinds.ts';
import type { RegistryReader } from '../../ledger/types.ts';
import type { FeeTerms } from './fee.ts';
import { type SuspenseItem, suspenseItems } from './suspense.ts';

const fen = z.int().min(0).max(100_000_000_000);
const date = z.string().regex(/^\d{8}$/, 'YYYYMMDD');

export const feeTerms = z.strictObject({
  rateMicros: z.int().min(0).max(1_000_000).describe('Millionths: 0.38 % is 3800'),
  minFen: fen.default(0),
  capFen: fen.default(0).describe('0: no cap'),
  perItemFen: fen.default(0),
  refundReturnsFee: z.boolean().default(true),
});

/** Who gets the pay-outs. */
export const payee = z.strictObject({
  name: z.string().trim().min(1).max(70),
  account: z.string().regex(/^[0-9A-Za-z-]{4,34}$/),
  bankName: z.string().trim().min(1).max(70),
  bankCode: z.string().regex(/^\d{12}$/, 'the 12 digits of the bank’s code (联行号)'),
});

export const merchantTerms = z.strictObject({
  fee: feeTerms,
  /** Other fees of single channels. */
  channelFees: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), feeTerms).default({}),
  /** Paid on the business date itself, on the next working day, or on the next calendar day. */
  cycle: z.enum(['T+0', 'T+1', 'D+1']).default('T+1'),
  /** Less than that is carried over to the next day. */
  minimumPayOutFen: fen.default(0),
  /** Always kept back. */
  reserveFen: fen.default(0),
  /** Nothing is paid out as long as it holds. */
  isHeld: z.boolean().default(false),
  payee: payee.nullable().default(null),
});

/** Days off and days on beside the usual weekends: the calendar of the State Council's notice. */
export const calendar = z.strictObject({
  holidays: z.array(date).max(1_000).default([]),
  workdays: z.array(date).max(1_000).default([]),
});

export type MerchantTerms = z.output<typeof merchantTerms>;
export type ClearingFee = z.output<typeof feeTerms>;
export type Calendar = z.output<typeof calendar>;
export type Payee = z.output<typeof payee>;

/** What one day is cleared by. */
export interface DayTerms {
  calendar: Calendar;
  /** By merchant id. */
  merchants: Record<string, MerchantTerms>;
  /** Differences of earlier days that were in suspense when the day was first cleared. */
  carried?: SuspenseItem[];
}

export function termsKey(institution: string, merchantId: string): string {
  return `clearing/terms/${institution}/${merchantId}`;
}

export function calendarKey(institution: string): string {
  return `clearing/calendar/${institution}`;
}

/** The parameters of a merchant now; where none were set, those of its registry record. */
export function readTerms(merchant: Merchant, registry: RegistryReader): MerchantTerms {
  const item = registry.get('setting', termsKey(merchant.institution, merchant.id));
  if (item !== null) return merchantTerms.parse(JSON.parse(item.value.value));
  const { feeRateMicros: rateMicros, feeCapFen: capFen, refundReturnsFee } = merchant;
  return merchantTerms.parse({ fee: { rateMicros, capFen, refundReturnsFee } });
}

export function readCalendar(institution: string, registry: RegistryReader): Calendar {
  const item = registry.get('setting', calendarKey(institution));
  return calendar.parse(item === null ? {} : JSON.parse(item.value.value));
}

/** What the day of an institution is cleared by when it is cleared now. */
export function readDayTerms(
  institution: string,
  date: string,
  registry: RegistryReader,
): DayTerms {
  const merchants: Record<string, MerchantTerms> = {};
  for (const { value } of registry.list('merchant')) {
    if (value.institution === institution) merchants[value.id] = readTerms(value, registry);
  }
  const carried = suspenseItems(institution, registry).filter(
    (item) => item.isOpen && item.date < date,
  );
  return { calendar: readCalendar(institution, registry), merchants, carried };
}

/** The fee of a channel, in the form that the calculation takes. */
export function feeTermsOf(
  terms: MerchantTerms,
  channel: string,
): FeeTerms & { refundReturnsFee: boolean } {
  const fee = terms.channelFees[channel] ?? terms.fee;
  return {
    feeRateMicros: fee.rateMicros,
    feeCapFen: fee.capFen,
    feeMinFen: fee.minFen,
    feePerItemFen: fee.perItemFen,
    refundReturnsFee: fee.refundReturnsFee,
  };
}
