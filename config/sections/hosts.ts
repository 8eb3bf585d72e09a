/** Bank hosts, and which cards go to them. */
import { z } from 'zod';
import { address, cutOff, digits, hexDigits } from './values.ts';

const hostName = z.string().regex(/^[a-z][a-z0-9-]{0,15}$/, 'lower-case letters, digits, hyphens');

/** One bank host, and everything in which banks differ. */
export const host = z
  .strictObject({
    name: hostName,
    dialect: z
      .enum(['iso-1987-ascii', 'iso-1987-binary', 'iso-1987-ebcdic'])
      .default('iso-1987-binary'),
    framing: z
      .strictObject({
        length: z.enum(['2-byte-binary', '2-byte-bcd', '4-byte-ascii']).default('2-byte-binary'),
        /** The TPDU of our messages, 10 digits; left out: there is none. */
        tpdu: digits(10).optional(),
        /** The header of our messages, 12 digits; left out: there is none. */
        header: digits(12).optional(),
        bytesMax: z.int().min(64).max(9_999).default(2048),
      })
      .prefault({}),
    /** We connect to these. */
    connect: z.array(address).optional(),
    /** Or the host connects to us, from one of these addresses (left out: from any). */
    listen: address.extend({ sources: z.array(z.string()).optional() }).optional(),
    /** `short`: a connection for each message. */
    connection: z.enum(['long', 'short']).default('long'),
    /** Connections to each address of `connect`, or that `listen` takes at once. */
    links: z.int().min(1).max(64).default(1),
    /** `share`: requests go round; `failover`: the first link that works takes them. */
    sharing: z.enum(['share', 'failover']).default('share'),
    /** Sign-on and keys from the host; without it the host gets no MAC and no PIN. */
    signOn: z.boolean().default(true),
    mac: z.enum(['x9.9', 'x9.19', 'x9.19-pad80', 'cmac-3des']).nullable().default('x9.19'),
    /** A published test value of the ZMK. Real ones get into the registry by key ceremony. */
    testZoneMasterKey: hexDigits(32).optional(),
    /** Which fields say that an answer belongs to a request. */
    matchFields: z.array(z.int().min(2).max(128)).min(1).default([7, 11, 32, 41]),
    answerTimeoutMs: z.int().min(100).max(60_000).default(8_000),
    connectTimeoutMs: z.int().min(100).default(3_000),
    reconnect: z
      .strictObject({ firstMs: z.int().min(1).default(200), maxMs: z.int().min(1).default(30_000) })
      .prefault({}),
    /** An echo test on a link that was silent so long; one without an answer closes the link. */
    echoSeconds: z.int().min(1).default(60),
    limits: z
      .strictObject({
        inFlightPerLink: z.int().min(1).default(256),
        /** 0: no limit. */
        perSecondPerLink: z.int().min(0).default(0),
        /** Requests that may wait for a link with room; beyond it they are refused. */
        queued: z.int().min(0).default(1_000),
        queueTimeoutMs: z.int().min(0).default(1_000),
      })
      .prefault({}),
    /** After so many time-outs in a row the host is left alone for a while. */
    breaker: z
      .strictObject({
        timeouts: z.int().min(1).default(10),
        openSeconds: z.int().min(1).default(10),
      })
      .prefault({}),
    /** Field 39 of the host to field 39 of terminals, where it differs from the common table. */
    responseCodes: z.record(z.string().length(2), z.string().length(2)).default({}),
    storeAndForward: z
      .strictObject({
        firstMs: z.int().min(10).default(1_000),
        maxMs: z.int().min(10).default(300_000),
        /** Field 39 of answers after which a message is sent again. */
        retryCodes: z
          .array(z.string().length(2))
          .default(['09', '68', '90', '91', '96', '98', 'A0']),
        /** Field 39 of answers to a reversal that end it: undone, or there is nothing to undo. */
        reversalDoneCodes: z.array(z.string().length(2)).default(['00', '12', '25']),
        /** A request waits so long until the host knows of what it refers to; then it is refused. */
        waitMs: z.int().min(0).max(30_000).default(10_000),
        /** An operator takes over when the host has not answered for so long. */
        giveUpHours: z.number().positive().default(72),
      })
      .prefault({}),
  })
  .refine((one) => (one.connect === undefined) !== (one.listen === undefined), {
    message: 'either connect or listen',
  });

/** Where a card goes that is not ours: the first rule that fits decides. */
export const route = z
  .strictObject({
    bins: z.array(z.string().regex(/^\d{1,19}$/)).optional(),
    kinds: z.array(z.string()).optional(),
    merchants: z.array(z.string()).optional(),
    institutions: z.array(z.string()).optional(),
    amountFen: z
      .strictObject({ from: z.int().min(0).optional(), to: z.int().min(0).optional() })
      .optional(),
    time: z.strictObject({ from: cutOff, to: cutOff }).optional(),
    host: hostName.optional(),
    refuse: z
      .string()
      .regex(/^[0-9A-Z]{2}$/)
      .optional(),
  })
  .refine((one) => (one.host === undefined) !== (one.refuse === undefined), {
    message: 'either host or refuse',
  });
