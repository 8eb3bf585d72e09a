/**
 * The configuration of a deployment, as one schema: what a person may write, what it means, and
 * what stands where nothing is written. What an operator changes at run time (merchants, terminals,
 * cards, limits) is not here but in the journal; `firstStart` only says what an empty journal is
 * given once.
 */
import { Cron } from 'croner';
import { z } from 'zod';
import { isNetwork } from './network.ts';

const port = z.int().min(0).max(65_535);
const digits = (count: number) =>
  z.string().regex(new RegExp(`^\\d{${count}}$`), `${count} digits`);
const hexKey = z.string().regex(/^([0-9A-Fa-f]{32}|[0-9A-Fa-f]{48})$/, '32 or 48 hex digits');
const cutOff = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected HH:mm, e.g. 23:00');
const timeZone = z.string().refine(isTimeZone, 'an IANA time zone such as Asia/Shanghai');

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

const secretSource = z.union([
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ environment: z.string().min(1) }),
]);

const framing = z.strictObject({
  /** How long a frame is: today a two-byte binary length before it, as UnionPay terminals send. */
  length: z.enum(['2-byte-binary', '2-byte-bcd', '4-byte-ascii']).default('2-byte-binary'),
  tpdu: z.boolean().default(true),
  header: z.boolean().default(true),
  bytesMax: z.int().min(64).max(65_535).default(2048),
});

const listener = z.strictObject({
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

const hsm = z.discriminatedUnion('provider', [
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

const hostName = z.string().regex(/^[a-z][a-z0-9-]{0,15}$/, 'lower-case letters, digits, hyphens');
const hexDigits = (count: number) =>
  z.string().regex(new RegExp(`^[0-9A-Fa-f]{${count}}$`), `${count} hex digits`);
const address = z.strictObject({ address: z.string().min(1), port });

/** One bank host, and everything in which banks differ. */
const host = z
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
        /** An operator takes over when the host has not answered for so long. */
        giveUpHours: z.number().positive().default(72),
      })
      .prefault({}),
  })
  .refine((one) => (one.connect === undefined) !== (one.listen === undefined), {
    message: 'either connect or listen',
  });

/** Where a card goes that is not ours: the first rule that fits decides. */
const route = z
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

const firstStart = z.strictObject({
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

const sftpDrop = z.strictObject({
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
const reconciliationFlow = z.strictObject({
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
  channel: z.string().optional(),
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

const invoicing = z.strictObject({
  fiscal: fiscalFront.default({ style: 'none' }),
  /** Where messages to patients are sent; empty: nowhere. */
  push: z
    .strictObject({
      url: z.url().or(z.literal('')).default(''),
      timeoutMs: z.int().min(100).max(60_000).default(5_000),
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

export const configSchema = z
  .strictObject({
    /** True refuses every published test value. */
    production: z.boolean().default(false),
    dataDir: z.string().default('./data'),
    clearingDir: z.string().default('./data/clearing'),
    ledger: z
      .strictObject({
        /** Encrypts a new ledger on disk, under a key of the HSM. */
        encrypted: z.boolean().default(false),
      })
      .prefault({}),
    log: z
      .strictObject({
        level: z
          .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
          .default('info'),
      })
      .prefault({}),
    /** Switch worker threads; 0 takes one for each processor but one, at least one. */
    switchWorkers: z.int().min(0).max(64).default(0),
    listeners: z.array(listener).min(1),
    hosts: z
      .array(host)
      .default([])
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
        message: 'two hosts have the same name',
      }),
    routes: z.array(route).default([]),
    http: z.strictObject({ address: z.string().default('127.0.0.1'), port }),
    /** HL7 v2 over MLLP: PIX and PDQ of the patient index. Left out: not served. */
    hl7: z.strictObject({ address: z.string().default('127.0.0.1'), port }).optional(),
    hsm: hsm.default({ provider: 'auto' }),
    clearing: z
      .strictObject({
        /** Clears a business day as soon as its cut-off has closed it. */
        atCutOff: z.boolean().default(true),
        /** Where released files are put for those who pick them up; both may be given. */
        drop: z
          .strictObject({ folder: z.string().min(1).optional(), sftp: sftpDrop.optional() })
          .optional(),
      })
      .prefault({}),
    reconciliation: z.strictObject({ flows: z.array(reconciliationFlow).default([]) }).prefault({}),
    invoicing: invoicing.prefault({}),
    'health-card': z
      .strictObject({
        /** The upper centre: black lists come from it, card uses go to it. */
        centre: z
          .strictObject({
            url: z.url(),
            level: z.enum(['city', 'province', 'nation']),
            everySeconds: z.number().min(1).default(60),
          })
          .optional(),
      })
      .prefault({}),
    firstStart: firstStart.optional(),
  })
  .superRefine(({ hosts, routes }, context) => {
    const names = new Set(hosts.map(({ name }) => name));
    for (const [index, { host: named }] of routes.entries()) {
      if (named === undefined || names.has(named)) continue;
      const path = ['routes', index, 'host'];
      context.addIssue({ code: 'custom', path, message: `there is no host ${named}` });
    }
  });

export type Config = z.output<typeof configSchema>;
export type HostConfig = Config['hosts'][number];
export type ListenerConfig = Config['listeners'][number];
export type HsmSettings = Config['hsm'];
export type FirstStart = NonNullable<Config['firstStart']>;
