/** Where the keys are. */
import { z } from 'zod';
import { secretSource } from './values.ts';

/** Sessions on threads of their own, for a token whose calls block for long. */
const hsmPool = z.strictObject({
  /** Sessions, each on its thread. A call of 2 ms and 32 sessions give some 14,000 calls a second. */
  threads: z.int().min(1).max(256),
  /** Calls that may wait; one more is refused at once. */
  queueLimit: z.int().min(1).default(10_000),
  /** A call that is not answered in this time is refused. */
  timeoutMs: z.int().min(1).default(5_000),
});

/** `create` makes master keys at random in a token that has none; `ceremony` refuses such a token. */
const hsmMasters = z.enum(['create', 'ceremony']).default('create');

/** A number of the module's maker, such as 0x80000001. */
const vendorNumber = z.int().min(0).max(0xffff_ffff);

const softwareHsm = z.strictObject({
  provider: z.literal('software'),
  /** Names the key file and the HSM in status and logs. */
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'letters, digits, _ and -')
    .optional(),
  passphrase: secretSource.optional(),
  masters: hsmMasters,
  pool: hsmPool.optional(),
});

const pkcs11Hsm = z.strictObject({
  provider: z.literal('pkcs11'),
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'letters, digits, _ and -')
    .optional(),
  /** A path, or `nss` or `softhsm` for the loader's usual folders. */
  module: z.string().min(1),
  tokenLabel: z.string().optional(),
  slot: z.int().min(0).optional(),
  pin: secretSource.optional(),
  masters: hsmMasters,
  /** Left out: a fast token is called in the switch worker. A network HSM gets a pool. */
  pool: hsmPool.optional(),
  /** Unwrapped keys kept as session objects, for each thread. */
  cachedKeys: z.int().min(1).default(32_768),
  /** CBC operations kept open, for each thread; 0 for a token with few sessions. Pools keep none. */
  openStreams: z.int().min(0).default(1_024),
  /** Where the module has SM4: all four of its maker's numbers. Without them SM4 runs in the process. */
  mechanisms: z
    .strictObject({
      sm4KeyType: vendorNumber,
      sm4KeyGen: vendorNumber,
      sm4Ecb: vendorNumber,
      sm4Cbc: vendorNumber,
    })
    .optional(),
});

export const hsm = z.discriminatedUnion('provider', [
  /** NSS softoken when its library is there, else software; the log says which. */
  z.strictObject({ provider: z.literal('auto') }),
  softwareHsm,
  pkcs11Hsm,
  /** Several tokens with the same master keys, made by a ceremony with the same components. */
  z.strictObject({
    provider: z.literal('group'),
    /** `share` spreads calls over all tokens, `failover` uses the first that works. */
    mode: z.enum(['share', 'failover']).default('share'),
    members: z.array(z.discriminatedUnion('provider', [softwareHsm, pkcs11Hsm])).min(2),
  }),
]);
