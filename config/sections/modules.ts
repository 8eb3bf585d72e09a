/** What follows the journal: clearing, reconciliation, e-invoices. */
import { Cron } from 'croner';
import { z } from 'zod';
import { port, secretSource } from './values.ts';

export const sftpDrop = z.strictObject({
  host: z.string().min(1),
  port: port.default(22),
  username: z.string().min(1),
  /** Of the server's key, as `ssh-keygen -l` shows it behind `SHA256:`. */
  hostKeySha256: z.string().regex(/^[A-Za-z0-9+/]{43}=?$/, 'the 43 characters behind SHA256:'),
  password: secretSource.optional(),
  privateKey: secretSource.optional(),
  /** There already; each day gets a folder in it. */
  folder: z.string().min(1),
});

const flowName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,47}$/, 'lower-case letters, digits, hyphens');

/** Which bill is reconciled with what, where it lies and when (docs/reconciliation.md). */
export const reconciliationFlow = z.strictObject({
  name: flowName,
  layer: z.enum(['L1', 'L2', 'L3', 'L4', 'L5', 'L6']).default('L3'),
  /** A known source (`posp reconcile --help`), or a YAML file that describes one. */
  source: z.string().min(1),
  /** Left out: the only one there is. */
  institution: z.string().min(1).optional(),
  folder: z.string().min(1),
  /** `{date}` is YYYYMMDD, `{day}` YYYY-MM-DD, `*` anything. */
  fileName: z.string().min(1),
  ours: z
    .union([
      z.enum(['journal', 'settlements']),
      z.strictObject({ folder: z.string().min(1), fileName: z.string().min(1) }),
    ])
    .default('journal'),
  /** Only transactions of this channel; `all`: of every one. Left out: of those that the source is about. */
  channel: z.string().optional(),
  /** Only this merchant's: for a bill of one merchant. */
  merchant: z.string().min(1).optional(),
  /** Cron times in the institution's time zone, as many a day as there are. */
  at: z.array(z.string().refine(isCron, 'a cron time such as 0 10 * * *')).default(['0 10 * * *']),
  daysBack: z.int().min(0).max(31).default(1),
  bufferDays: z.int().min(0).max(31).default(2),
  proposesRefunds: z.boolean().default(true),
});

function isCron(text: string): boolean {
  try {
    new Cron(text, { paused: true }).stop();
    return true;
  } catch {
    return false;
  }
}

const fiscalFront = z.discriminatedUnion('style', [
  z.strictObject({ style: z.literal('none') }),
  /** HTTP, JSON in Base64. */
  z.strictObject({
    style: z.literal('gateway'),
    url: z.url(),
    regionCode: z.string().min(1),
    agencyCode: z.string().min(1),
    appId: z.string().min(1),
    appKey: secretSource,
    timeoutMs: z.int().min(100).max(120_000).default(10_000),
  }),
  /** A plain socket, XML in GBK. */
  z.strictObject({
    style: z.literal('socket'),
    host: z.string().min(1),
    port,
    unitCode: z.string().min(1),
    timeoutMs: z.int().min(100).max(120_000).default(10_000),
  }),
]);

/** Hospital software that speaks the vendor's envelope. */
const hisApplication = z.strictObject({
  appId: z.string().min(1),
  institution: z.string().min(1),
  /** `md5` is for software that knows nothing better. */
  algorithm: z.enum(['md5', 'sm3-hmac']).default('sm3-hmac'),
  key: secretSource.optional(),
  /** A published value; refused in production. */
  testKey: z.string().min(8).optional(),
});

export const invoicing = z.strictObject({
  fiscal: fiscalFront.default({ style: 'none' }),
  /** Where messages to patients are sent; empty: nowhere. */
  push: z
    .strictObject({
      url: z.url().or(z.literal('')).default(''),
      timeoutMs: z.int().min(100).max(60_000).default(5_000),
      /** Doubled with every attempt that failed. */
      retryMs: z.int().min(10).max(3_600_000).default(5_000),
    })
    .prefault({}),
  /** More numbers are asked for when fewer are left; 0: somebody asks. */
  applyBelow: z.int().min(0).default(0),
  applyCount: z.int().min(1).default(10_000),
  /** So many days into a year, what is left of the last year's numbers is voided. */
  yearCloseDays: z.int().min(0).max(365).default(31),
  /** Yearly packages: on a disk of their own where possible. */
  archiveDir: z.string().default('./data/invoice-archive'),
  his: z
    .strictObject({
      applications: z.array(hisApplication).default([]),
      /** The socket for old software; left out: none. */
      tcp: z.strictObject({ address: z.string().default('127.0.0.1'), port }).optional(),
    })
    .prefault({}),
});
