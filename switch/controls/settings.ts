/**
 * Terms that operators may change at run time, each with its schema and what holds when nothing was
 * set. They lie in the registry under their names, as JSON.
 */

import { z } from 'zod';
import { faultsOf } from '../../config/faults.ts';
import type { Reader } from '../../ledger/reader.ts';
import { DOWNLOAD_SETTINGS } from './download-settings.ts';

const DAY_SECONDS = 86_400;

export const SETTINGS = {
  /** Wrong PINs in a row, over all terminals and days, that block a card. */
  pin: z.strictObject({ triesMax: z.int().min(1).max(20).default(6) }),
  'pre-authorisation': z.strictObject({
    /** How long money is held, then the ledger lets go of it. */
    validSeconds: z
      .int()
      .min(1)
      .default(30 * DAY_SECONDS),
    /** How far a completion may go beyond what was authorised. */
    overCompletionPercent: z.int().min(0).max(100).default(15),
  }),
  deposit: z.strictObject({
    /** A stay in hospital may be long; 0 holds the money until it is released. */
    validSeconds: z
      .int()
      .min(0)
      .default(180 * DAY_SECONDS),
  }),
  adjustment: z.strictObject({
    /** How far a tip or a corrected amount may go beyond the original. */
    abovePercent: z.int().min(0).max(100).default(20),
  }),
  'e-purse': z.strictObject({
    /** Most of one load, and of what a chip may hold after it. */
    loadMaxFen: z.int().min(1).default(100_000),
    balanceMaxFen: z.int().min(1).default(100_000),
    /** Most of one offline payment, for which nobody shows a PIN. */
    purchaseMaxFen: z.int().min(1).default(30_000),
    /** How old an offline payment may be when it is uploaded. */
    uploadDaysMax: z.int().min(1).default(30),
  }),
  'wallet-code': z.strictObject({
    /** A code shows for so long; the one before is taken too. */
    seconds: z.int().min(10).max(600).default(60),
  }),
  ...DOWNLOAD_SETTINGS,
} as const satisfies Record<string, z.ZodType>;

export type SettingName = keyof typeof SETTINGS;
export type SettingValue<Name extends SettingName> = z.output<(typeof SETTINGS)[Name]>;

/** The registry key of a setting's item. */
export function settingKey(name: string): string {
  return `terms/${name}`;
}

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/** The value of a JSON text, or the sentence that says what is wrong with it. */
export function parseSetting(name: SettingName, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `${name} is no JSON`;
  }
  const parsed = SETTINGS[name].safeParse(value);
  return parsed.success ? parsed.data : faultsOf(parsed.error);
}

/** The settings as one thread uses them: parsed once for each version. */
export class Settings {
  readonly #reader: Reader;
  readonly #known = new Map<string, { version: number; value: unknown }>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  get<Name extends SettingName>(name: Name): SettingValue<Name> {
    const item = this.#reader.registry.get('setting', settingKey(name));
    const version = item?.version ?? 0;
    let known = this.#known.get(name);
    if (known === undefined || known.version !== version) {
      const value = parseSetting(name, item?.value.value ?? '{}');
      // What operators set is checked before it is recorded.
      if (typeof value === 'string') throw new Error(`the setting ${name}: ${value}`);
      known = { version, value };
      this.#known.set(name, known);
    }
    return known.value as SettingValue<Name>;
  }
}
