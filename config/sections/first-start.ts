/** What an empty journal is given once: an institution with its merchants, terminals and cards. */
import { z } from 'zod';
import { cutOff, digits, hexKey, timeZone } from './values.ts';

const merchant = z.strictObject({
  id: digits(15),
  nameZh: z.string().min(1),
  nameEn: z.string().min(1),
  category: z.enum(['outpatient', 'inpatient', 'other']).default('other'),
  fee: z.strictObject({
    /** Millionths of the amount: 0.38 % is 3800. */
    rateMicros: z.int().min(0).max(1_000_000).default(0),
    capFen: z.int().min(0).default(0),
    refundReturnsFee: z.boolean().default(true),
  }),
});

const terminalSeries = z.strictObject({
  from: digits(8),
  to: digits(8),
  merchant: digits(15),
  keyAlgorithm: z.enum(['3des', 'sm4']).default('3des'),
  /** A published test value. Real terminals get theirs by key ceremony, never from a file. */
  testMasterKey: hexKey,
});

const cardSeries = z.strictObject({
  /** Followed by `serialDigits` digits counted from 1 and the Luhn check digit. */
  prefix: z.string().regex(/^\d{6,15}$/),
  serialDigits: z.int().min(1).max(9),
  count: z.int().min(1).max(1_000_000),
  expiry: digits(4),
  testPin: z.string().regex(/^\d{4,12}$/),
  openingBalanceFen: z.int().min(0),
  exceptions: z
    .array(
      z.strictObject({
        serial: z.int().min(1),
        status: z.enum(['active', 'lost', 'frozen', 'closed']).optional(),
        expiry: digits(4).optional(),
        openingBalanceFen: z.int().min(0).optional(),
      }),
    )
    .default([]),
});

const apiClient = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,31}$/),
  title: z.string().default(''),
  /** A published test value. Real clients get their keys from `posp` once, never from a file. */
  testKey: z.string().min(12),
  roles: z.array(z.string()).default(['integration']),
});

export const firstStart = z.strictObject({
  institution: z.strictObject({
    id: z.string().regex(/^[A-Za-z0-9-]{1,16}$/),
    /** Field 32 of answers. */
    acquirerId: z.string().regex(/^\d{1,11}$/),
    /** Field 44 of answers: the card issuer's code. */
    issuerId: z.string().regex(/^\d{1,11}$/),
    nameZh: z.string().min(1),
    nameEn: z.string().min(1),
    timeZone,
    cutOff,
  }),
  merchants: z.array(merchant),
  terminals: z.array(terminalSeries),
  cards: z.array(cardSeries),
  /** Programs that may call the HTTP API. */
  apiClients: z.array(apiClient).default([]),
  /** Sample data of e-invoicing, with numbers that no fiscal side has given. */
  invoicing: z
    .strictObject({
      regionCode: digits(2),
      province: z.string().min(1),
      pageAddress: z.url().or(z.literal('')).default(''),
      testNumbers: z.int().min(0).max(10_000_000),
    })
    .optional(),
  /** Published test masters of the e-purse issuer; real ones are imported by key ceremony. */
  testIssuerKeys: z
    .strictObject({
      epursePurchase: hexKey,
      epurseLoad: hexKey,
      epurseTac: hexKey,
      epurseUnload: hexKey.optional(),
    })
    .optional(),
});
