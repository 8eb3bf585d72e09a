/**
 * What terminals download, as managed data: terminal parameters, public keys of card organisations,
 * parameters of chip applications. What stands here when nothing was set are values to start with;
 * real keys come from the acquirer.
 */
import { z } from 'zod';

const hex = (bytesMin: number, bytesMax: number) =>
  z
    .string()
    .regex(/^([0-9A-Fa-f]{2})+$/, 'hex digits in pairs')
    .refine(({ length }) => length >= bytesMin * 2 && length <= bytesMax * 2, {
      message: `${bytesMin} to ${bytesMax} bytes`,
    });

/** Parts of the terminal parameter block, each a two-digit tag with its text (parameter download). */
const terminalParameters = z.strictObject({
  /** 12: seconds that a terminal waits for an answer. */
  timeoutSeconds: z.int().min(1).max(99).default(60),
  /** 13: how often it dials or connects again. */
  retries: z.int().min(1).max(9).default(3),
  /** 14, 15: telephone numbers of old times; kept because terminals expect them. */
  telephone: z
    .string()
    .regex(/^\d{0,14}$/)
    .default(''),
  /** 22: the merchant's name on slips; left out, the registry's name of the merchant. */
  merchantName: z.string().max(40).optional(),
  /** 23: may the terminal take tips, and how much of the amount. */
  tipPercent: z.int().min(0).max(99).default(0),
  /** 24: may a card number be keyed in. */
  manualEntry: z.boolean().default(false),
  /** 25: does it sign off by itself after settlement. */
  automaticSignOff: z.boolean().default(false),
  /** 26: how often a reversal is sent. */
  reversalAttempts: z.int().min(1).max(9).default(3),
});

const publicKey = z.strictObject({
  /** 9F06 */
  rid: hex(5, 5),
  /** 9F22 */
  index: hex(1, 1),
  /** DF05: YYYYMMDD. */
  expiry: z.string().regex(/^\d{8}$/),
  /** DF06, DF07: hash and signature algorithm, 01 SHA-1 and 01 RSA. */
  hashAlgorithm: hex(1, 1).default('01'),
  keyAlgorithm: hex(1, 1).default('01'),
  /** DF02, DF04, DF03 */
  modulus: hex(1, 248),
  exponent: hex(1, 3),
  check: hex(20, 20),
});

const application = z.strictObject({
  /** 9F06 */
  aid: hex(5, 16),
  /** Everything else of the application as BER-TLV in hex: DF01 matching, 9F08 version, DF11 … limits. */
  parameters: hex(1, 400),
});

/** A test key of the cards that terminal makers test with; it proves nothing about real cards. */
const TEST_PUBLIC_KEY = {
  rid: 'A000000333',
  index: '01',
  expiry: '20301231',
  modulus: 'BBE9066D2517511D239C7BFA77884144AE20C7372F515147E8CE6537C54C0A6A'.repeat(2),
  exponent: '03',
  check: '0000000000000000000000000000000000000000',
};

const TEST_APPLICATION = {
  aid: 'A000000333010101',
  parameters:
    'DF0101009F08020020DF1105D84000A800DF1205D84004F800DF130500100000009F1B0400000000DF150400000000DF160199DF170199DF14039F3704DF180101',
};

export const DOWNLOAD_SETTINGS = {
  'terminal-parameters': terminalParameters,
  'public-keys': z.strictObject({ keys: z.array(publicKey).max(99).prefault([TEST_PUBLIC_KEY]) }),
  'ic-applications': z.strictObject({
    applications: z.array(application).max(99).prefault([TEST_APPLICATION]),
  }),
} as const;
