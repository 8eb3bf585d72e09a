import { ProtocolError } from '../error.ts';
import {
  ADDITIONAL_AMOUNTS,
  CUSTOM_60,
  ORIGINAL_MESSAGE,
  SECURITY_CONTROL,
  SETTLEMENT_TOTALS,
  WORKING_KEY_LAYOUTS,
  type WorkingKeyLayoutId,
} from './cup-layouts.ts';

/**
 * Typed readers and writers of the sub-fields that the switch and terminals work with. Amounts are
 * integer fen. Readers throw ProtocolError `bad-digit`, writers `bad-value`.
 */

/** F60: `field60.parse(text).batchNumber`, `field60.format({ transactionType: '22', … })`. */
export const field60 = CUSTOM_60;
/** F61: batch, trace and date (MMDD) of the original. */
export const field61 = ORIGINAL_MESSAGE;
/** F53. */
export const field53 = SECURITY_CONTROL;

/** One half of F48 at settlement. `result`: 0 request, 1 match, 2 mismatch, 3 error. */
export interface TotalsHalf {
  readonly debitFen: number;
  readonly debitCount: number;
  readonly creditFen: number;
  readonly creditCount: number;
  readonly result: 0 | 1 | 2 | 3;
}

export interface SettlementTotals {
  /** RMB cards (内卡). */
  readonly domestic: TotalsHalf;
  /** Foreign cards (外卡). */
  readonly foreign: TotalsHalf;
}

/** F48 of 0500 and 0510: 62 digits. */
export const field48Totals = {
  parse(text: string): SettlementTotals {
    if (text.length !== 62) fail('bad-digit', 'settlement totals have 62 digits');
    const parts = SETTLEMENT_TOTALS.parse(text);
    return {
      domestic: {
        debitFen: digits(parts.debitAmount),
        debitCount: digits(parts.debitCount),
        creditFen: digits(parts.creditAmount),
        creditCount: digits(parts.creditCount),
        result: resultOf(parts.result),
      },
      foreign: {
        debitFen: digits(parts.foreignDebitAmount),
        debitCount: digits(parts.foreignDebitCount),
        creditFen: digits(parts.foreignCreditAmount),
        creditCount: digits(parts.foreignCreditCount),
        result: resultOf(parts.foreignResult),
      },
    };
  },
  format({ domestic, foreign }: SettlementTotals): string {
    return SETTLEMENT_TOTALS.format({
      debitAmount: padded(domestic.debitFen, 12),
      debitCount: padded(domestic.debitCount, 3),
      creditAmount: padded(domestic.creditFen, 12),
      creditCount: padded(domestic.creditCount, 3),
      result: padded(domestic.result, 1),
      foreignDebitAmount: padded(foreign.debitFen, 12),
      foreignDebitCount: padded(foreign.debitCount, 3),
      foreignCreditAmount: padded(foreign.creditFen, 12),
      foreignCreditCount: padded(foreign.creditCount, 3),
      foreignResult: padded(foreign.result, 1),
    });
  },
};

/** One detail of a batch upload. The card number comes without its leading zeros. */
export interface BatchDetail {
  readonly foreign: boolean;
  readonly traceNumber: string;
  readonly pan: string;
  readonly amountFen: number;
}

const DETAIL_DIGITS = 40;
const MOST_DETAILS = 8;

/** F48 of 0320: count and up to eight details. */
export const field48Details = {
  parse(text: string): BatchDetail[] {
    const count = digits(text.slice(0, 2));
    if (count > MOST_DETAILS || text.length !== 2 + count * DETAIL_DIGITS) {
      fail('bad-digit', 'the count of details and their length disagree');
    }
    return Array.from({ length: count }, (_, index) => {
      const start = 2 + index * DETAIL_DIGITS;
      const detail = text.slice(start, start + DETAIL_DIGITS);
      return {
        foreign: detail.startsWith('01'),
        traceNumber: detail.slice(2, 8),
        pan: detail.slice(8, 28).replace(/^0+/, ''),
        amountFen: digits(detail.slice(28)),
      };
    });
  },
  format(details: readonly BatchDetail[]): string {
    if (details.length > MOST_DETAILS) fail('bad-value', 'one message holds eight details');
    const texts = details.map((detail) =>
      [
        detail.foreign ? '01' : '00',
        detail.traceNumber.padStart(6, '0'),
        detail.pan.padStart(20, '0'),
        padded(detail.amountFen, 12),
      ].join(''),
    );
    return padded(details.length, 2) + texts.join('');
  },
};

/** One amount of F54. Negative when the sign is D. */
export interface AdditionalAmount {
  readonly accountType: string;
  /** `01` ledger balance, `02` available balance. */
  readonly amountType: string;
  readonly currency: string;
  readonly amountFen: number;
}

/** F54: groups of 20 characters. */
export const field54Amounts = {
  parse(text: string): AdditionalAmount[] {
    if (text.length % 20 !== 0) fail('bad-digit', 'additional amounts come in groups of 20');
    return Array.from({ length: text.length / 20 }, (_, index) => {
      const parts = ADDITIONAL_AMOUNTS.parse(text.slice(index * 20, index * 20 + 20));
      const amountFen = digits(parts.amount);
      return {
        accountType: parts.accountType!,
        amountType: parts.amountType!,
        currency: parts.currency!,
        amountFen: parts.sign === 'D' ? 0 - amountFen : amountFen,
      };
    });
  },
  format(amounts: readonly AdditionalAmount[]): string {
    return amounts
      .map((amount) =>
        ADDITIONAL_AMOUNTS.format({
          accountType: amount.accountType,
          amountType: amount.amountType,
          currency: amount.currency,
          sign: amount.amountFen < 0 ? 'D' : 'C',
          amount: padded(Math.abs(amount.amountFen), 12),
        }),
      )
      .join('');
  },
};

/** A key encrypted under the terminal master key, with its check value. */
export interface WrappedKey {
  readonly wrapped: Uint8Array;
  readonly checkValue: Uint8Array;
}

/** F62 of the sign-in answer. A single-length MAC key has 8 bytes, its zero half taken off. */
export interface WorkingKeys {
  readonly pin: WrappedKey;
  readonly mac: WrappedKey;
  readonly track?: WrappedKey;
}

const HALF = 8;
/** Layouts whose MAC key may be 8 bytes and 8 zeros. */
const ZERO_HALF_LAYOUTS: ReadonlySet<WorkingKeyLayoutId> = new Set(['40', '60']);

/** F62 of 0810 (notes section 7): the layout follows from the length and, for SM keys, from F60.3. */
export const field62WorkingKeys = {
  /** The layout id for a value's length; `networkCode` is F60.3. Undefined when none has it. */
  layoutOf(bytes: number, networkCode?: string): WorkingKeyLayoutId | undefined {
    if (bytes === 60 && networkCode === '006') return 'sm60';
    return Object.values(WORKING_KEY_LAYOUTS).find((layout) => layout.bytes === bytes)?.id;
  },
  parse(value: Uint8Array, layoutId: WorkingKeyLayoutId): WorkingKeys {
    const layout = WORKING_KEY_LAYOUTS[layoutId];
    if (value.length !== layout.bytes) fail('bad-length', `keys of ${layoutId} have other lengths`);
    let position = 0;
    const parts: Record<string, Uint8Array> = {};
    for (const part of layout.parts) {
      const end = position + Number(part.length);
      parts[part.id] = value.subarray(position, end);
      position = end;
    }
    const macKey = ZERO_HALF_LAYOUTS.has(layoutId)
      ? withoutZeroHalf(parts['macKey']!)
      : parts['macKey']!;
    return {
      pin: { wrapped: parts['pinKey']!, checkValue: parts['pinCheck']! },
      mac: { wrapped: macKey, checkValue: parts['macCheck']! },
      ...(parts['trackKey'] === undefined
        ? {}
        : { track: { wrapped: parts['trackKey'], checkValue: parts['trackCheck']! } }),
    };
  },
  format(keys: WorkingKeys, layoutId: WorkingKeyLayoutId): Buffer {
    const layout = WORKING_KEY_LAYOUTS[layoutId];
    const values: Record<string, Uint8Array | undefined> = {
      pinKey: keys.pin.wrapped,
      pinCheck: keys.pin.checkValue,
      macKey: keys.mac.wrapped,
      macCheck: keys.mac.checkValue,
      trackKey: keys.track?.wrapped,
      trackCheck: keys.track?.checkValue,
    };
    const target = Buffer.alloc(layout.bytes);
    let position = 0;
    for (const part of layout.parts) {
      const value = values[part.id];
      const length = Number(part.length);
      const halfFits = part.id === 'macKey' && ZERO_HALF_LAYOUTS.has(layoutId);
      const fits = value?.length === length || (halfFits && value?.length === HALF);
      if (value === undefined || !fits) fail('bad-value', `${part.id} does not fit ${layoutId}`);
      target.set(value, position);
      position += length;
    }
    return target;
  },
};

const TAGGED_BYTES = 25;
const TAGGED_KINDS = ['master', 'mac', 'pin', 'track'] as const;

/** Keys by kind, as the vendor's tagged F62 carries them (key 16 bytes, check value 8). */
export type TaggedKeys = { readonly [kind in (typeof TAGGED_KINDS)[number]]?: WrappedKey };

/** A vendor's F62 of the sign-in answer in which every key says what it is. */
export const field62TaggedKeys = {
  parse(value: Uint8Array): TaggedKeys {
    if (value.length % TAGGED_BYTES !== 0) fail('bad-length', 'tagged keys have 25 bytes each');
    const keys: { [kind in (typeof TAGGED_KINDS)[number]]?: WrappedKey } = {};
    for (let start = 0; start < value.length; start += TAGGED_BYTES) {
      const kind = TAGGED_KINDS[value[start]!];
      if (kind === undefined) fail('bad-value', 'a tagged key is of kind 00, 01, 02 or 03');
      keys[kind] = {
        wrapped: value.subarray(start + 1, start + 17),
        checkValue: value.subarray(start + 17, start + TAGGED_BYTES),
      };
    }
    return keys;
  },
  format(keys: TaggedKeys): Buffer {
    const entries = TAGGED_KINDS.flatMap((kind, tag) => {
      const key = keys[kind];
      if (key === undefined) return [];
      const fits = key.wrapped.length === 16 && key.checkValue.length === 8;
      if (!fits) fail('bad-value', `the ${kind} key has 16 bytes and a check value of 8`);
      return [Uint8Array.of(tag), key.wrapped, key.checkValue];
    });
    return Buffer.concat(entries);
  },
};

function withoutZeroHalf(key: Uint8Array): Uint8Array {
  return key.subarray(HALF).every((byte) => byte === 0) ? key.subarray(0, HALF) : key;
}

function digits(text: string | undefined): number {
  if (text === undefined || !/^\d{1,15}$/.test(text)) fail('bad-digit', 'sub-field is no number');
  return Number(text);
}

function resultOf(text: string | undefined): 0 | 1 | 2 | 3 {
  const result = digits(text);
  if (result > 3) fail('bad-digit', 'the result of a settlement is 0, 1, 2 or 3');
  return result as 0 | 1 | 2 | 3;
}

function padded(value: number, width: number): string {
  const text = String(value);
  if (!Number.isSafeInteger(value) || value < 0 || text.length > width) {
    fail('bad-value', `${value} is not a whole number of at most ${width} digits`);
  }
  return text.padStart(width, '0');
}

function fail(code: 'bad-digit' | 'bad-value' | 'bad-length', reason: string): never {
  throw new ProtocolError(code, reason);
}
