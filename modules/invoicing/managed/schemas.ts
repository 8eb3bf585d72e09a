/**
 * What a hospital manages itself, one table each: the unit, its bill types, issuing points, issuers,
 * item groups, code mapping, business categories, channels, seals. A change is a fact of the journal;
 * what bills or numbers were made with is only ever disabled, never removed.
 */
import { z } from 'zod';

const code = z.string().regex(/^[\w.-]{1,50}$/, 'letters, digits, . _ -');
const name = z.string().min(1).max(100);
const enabled = z.boolean().default(true);
const publicKey = z.string().regex(/^04[0-9A-Fa-f]{128}$/, '04 and 128 hex digits');

const unit = z.strictObject({
  /** The unit's code with the fiscal side. */
  code,
  name,
  /** Supervising region, the first two digits of bill codes. */
  regionCode: z.string().regex(/^\d{2}$/, '2 digits'),
  receiverName: z.string().max(100).default(''),
  receiverAccount: z.string().max(50).default(''),
  receiverBank: z.string().max(100).default(''),
  seal: z.string().max(50).default(''),
  supervisorSeal: z.string().max(50).default(''),
  /** Numbers come as segments in advance, or one by one from the fiscal side when a bill is made. */
  numbers: z.enum(['segments', 'per-request']).default('segments'),
  /** Where patients reach the pages of bills: `https://bills.example.cn`. */
  pageAddress: z.string().max(200).default(''),
  /** Whether a charge of nothing gets a bill. */
  zeroBills: z.boolean().default(false),
  /** The charge line that takes a rounding difference of the HIS; null refuses any difference. */
  rounding: z
    .strictObject({ code, name, maxFen: z.int().min(1).max(99).default(5) })
    .nullable()
    .default(null),
  /** Whether bills are reported to the fiscal side at all. */
  fiscal: z.boolean().default(true),
  retentionYears: z.int().min(1).max(100).default(30),
});

const billType = z.strictObject({
  code,
  name,
  /** Digits 3–4 of bill codes: 06 medical. */
  classCode: z
    .string()
    .regex(/^\d{2}$/)
    .default('06'),
  /** Digits 5–6: 01 outpatient and 02 inpatient as a rule, others by region. */
  kindCode: z.string().regex(/^\d{2}$/),
  specimenCode: z.string().regex(/^\d{1,20}$/),
  /** Lines that the face has room for; more go to the charge list. */
  faceLinesMax: z.int().min(1).max(100).default(12),
  /** A deposit's voucher instead of a bill. */
  voucher: z.boolean().default(false),
  enabled,
});

const point = z.strictObject({
  code,
  name,
  /** The point above it, '' for the unit. */
  parent: z.string().max(50).default(''),
  /** Bill types and charge codes that it may issue; empty: all. */
  billTypes: z.array(code).default([]),
  chargeCodes: z.array(code).default([]),
  users: z.array(z.string().max(50)).default([]),
  paperExchange: z.boolean().default(false),
  /** The template for printing at this point. */
  printTemplate: z.string().max(50).default('a4'),
  /** So many numbers come from above by themselves when none is left; 0: somebody distributes. */
  autoDistribute: z.int().min(0).max(1_000_000).default(0),
  warnBelow: z.int().min(0).default(100),
  enabled,
});

const issuer = z.strictObject({
  /** The cashier's code in the HIS. */
  cashier: code,
  name,
  /** The system user (operator) that it is. */
  user: z.string().max(50).default(''),
  point: z.string().max(50).default(''),
  enabled,
});

const itemGroup = z.strictObject({
  code,
  name,
  billType: code,
  lines: z
    .array(
      z.strictObject({
        code,
        name,
        unit: z.string().max(20).default(''),
        price: z.string().max(20).default(''),
        amountFen: z.int().min(0),
      }),
    )
    .min(1)
    .max(100),
  enabled,
});

const codeMapping = z.strictObject({
  kind: z.enum(['charge', 'channel', 'department', 'business-type']),
  external: z.string().min(1).max(50),
  internal: code,
  name: z.string().max(100).default(''),
  enabled,
});

const category = z.strictObject({
  /** 业务标识. */
  busType: z.string().regex(/^\d{2}$/),
  name,
  billType: code,
  /** When the bill is due: with the payment, or only when the patient has checked in. */
  issueAt: z.enum(['payment', 'check-in']).default('payment'),
  enabled,
});

const channel = z.strictObject({
  code,
  name,
  /** Its money is in our journal: bills with it wait for the payment there. */
  journal: z.boolean().default(false),
  enabled,
});

const seal = z.strictObject({
  code,
  name,
  owner: z.enum(['unit', 'supervisor']),
  /** PNG or SVG, Base64. */
  image: z.string().max(200_000).default(''),
  /** SM3 over the image, hex; checked when the seal is saved. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  validFrom: z.string().regex(/^\d{8}$/),
  validTo: z.string().regex(/^\d{8}$/),
  enabled,
});

/** A merchant of the switch whose payments get bills. */
const merchant = z.strictObject({ id: z.string().regex(/^\d{15}$/), point: code, enabled });

/** A key of the supervising body that its signatures are checked with. */
const certificate = z.strictObject({
  serial: code,
  name,
  publicKey,
  validFrom: z.string().regex(/^\d{8}$/),
  validTo: z.string().regex(/^\d{8}$/),
  revoked: z.boolean().default(false),
});

export const MANAGED_SCHEMAS = {
  unit,
  billType,
  point,
  issuer,
  itemGroup,
  codeMapping,
  category,
  channel,
  seal,
  merchant,
  certificate,
} as const;

export type ManagedTable = keyof typeof MANAGED_SCHEMAS;
export type Managed = { [Table in ManagedTable]: z.output<(typeof MANAGED_SCHEMAS)[Table]> };
export type ManagedInput = { [Table in ManagedTable]: z.input<(typeof MANAGED_SCHEMAS)[Table]> };

export const MANAGED_TABLES = Object.keys(MANAGED_SCHEMAS) as ManagedTable[];

/** The key of a value in its table. */
export const MANAGED_KEYS: { [Table in ManagedTable]: (value: Managed[Table]) => string } = {
  unit: () => 'unit',
  billType: ({ code }) => code,
  point: ({ code }) => code,
  issuer: ({ cashier }) => cashier,
  itemGroup: ({ code }) => code,
  codeMapping: ({ kind, external }) => `${kind}.${external}`,
  category: ({ busType }) => busType,
  channel: ({ code }) => code,
  seal: ({ code }) => code,
  merchant: ({ id }) => id,
  certificate: ({ serial }) => serial,
};

/** A managed value as the view keeps it. */
export interface ManagedRow<Value = unknown> {
  value: Value;
  /** Position of its last change. */
  revision: number;
  /** Bills or numbers were made with it: it may be disabled, not removed. */
  used: boolean;
}
