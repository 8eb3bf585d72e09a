/** Where terminals connect, and how they speak. */
import { z } from 'zod';
import { isNetwork } from '../network.ts';
import { port } from './values.ts';

const framing = z.strictObject({
  /** How long a frame is: today a two-byte binary length before it, as UnionPay terminals send. */
  length: z.enum(['2-byte-binary', '2-byte-bcd', '4-byte-ascii']).default('2-byte-binary'),
  tpdu: z.boolean().default(true),
  header: z.boolean().default(true),
  bytesMax: z.int().min(64).max(65_535).default(2048),
});

export const listener = z.strictObject({
  name: z.string().min(1),
  address: z.string().default('127.0.0.1'),
  port,
  dialect: z.enum(['cup']).default('cup'),
  framing: framing.prefault({}),
  tpduReply: z.enum(['swap', 'echo']).default('swap'),
  /** Whether a declined answer carries a MAC too; a wrong request MAC is always answered without. */
  macOnDecline: z.boolean().default(true),
  /** What a reversal gets whose original never arrived. */
  reversalNotFound: z.enum(['00', '25']).default('00'),
  /**
   * Where terminals with SM4 keys put their PIN block of 16 bytes (docs/switch.md). `any` finds it in
   * fields 62 and 63; with `field52` that field has 16 bytes and all terminals here have SM4 keys.
   */
  sm4PinCarrier: z
    .enum(['any', 'field62-length', 'field62-sm', 'field63-sm', 'field52', 'none'])
    .default('any'),
  /** Addresses and networks that may connect (`10.1.0.0/16`); left out: all. Rules at run time narrow it. */
  sources: z
    .array(z.string().refine(isNetwork, 'an address, or a network as 10.1.0.0/16'))
    .optional(),
  /** PEM files. With a client authority, a client must show a certificate that it signed. */
  tls: z
    .strictObject({
      certificate: z.string().min(1),
      key: z.string().min(1),
      clientAuthority: z.string().min(1).optional(),
      /** Common names of the certificates that may connect; left out: all that the authority signed. */
      clientNames: z.array(z.string().min(1)).min(1).optional(),
    })
    .optional(),
  connectionsMax: z.int().min(1).default(20_000),
  /** Answers that one connection may be waiting for; beyond it nothing more is read from it. */
  inFlightMax: z.int().min(1).default(32),
  /** Requests of all connections that one worker has under way; beyond it a terminal is told 96 at once. */
  requestsInFlightMax: z.int().min(1).default(20_000),
  idleTimeoutSeconds: z.int().min(1).default(600),
  /** How long a frame may take from its first byte to its last. */
  frameTimeoutSeconds: z.int().min(1).default(60),
});
