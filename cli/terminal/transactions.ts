/** What `posp terminal` can do: each transaction with its example and how it is made. */
import { createHash } from 'node:crypto';
import { field48Details } from '../../protocols/dialects/cup-fields.ts';
import { encodeTlv } from '../../protocols/emv/tlv.ts';
import { formatPurseRecord } from '../../protocols/pboc/purse-data.ts';
import type { ChipBox } from '../../simulators/card/chip-box.ts';
import type { Exchanged, SimulatedCard, Slip } from '../../simulators/terminal/exchange.ts';
import type { PosTerminal } from '../../simulators/terminal/pos-terminal.ts';
import { type LoadName, workPurse } from '../../simulators/terminal/purse-desk.ts';
import type { SlipBox } from '../../simulators/terminal/slip-box.ts';
import type { TransactionName } from '../../simulators/terminal/transactions.ts';
import { UsageError } from '../command.ts';

export interface TerminalOptions {
  host: string;
  port: string;
  terminal: string;
  merchant: string;
  masterKey?: string;
  amount?: string;
  card: string;
  expiry: string;
  pin?: string;
  encryptTrack?: boolean;
  original?: string;
  receiver?: string;
  code?: string;
  text?: string;
  application: string;
  slips: string;
  chips: string;
  json?: boolean;
}

export interface Desk {
  terminal: PosTerminal;
  options: TerminalOptions;
  slips: SlipBox;
  chips: ChipBox;
}

export interface TerminalTransaction {
  /** After `posp terminal`. */
  example: string;
  perform: (desk: Desk) => Promise<Exchanged>;
}

/** Records of one upload message: field 62 has room for eleven. */
const RECORDS_MAX = 11;
const DETAILS_MAX = 8;

export const TERMINAL_TRANSACTIONS: Record<string, TerminalTransaction> = {
  'sign-in': { example: 'sign-in', perform: async ({ slips }) => slips.signedIn },
  echo: { example: 'echo', perform: ({ terminal }) => terminal.echo() },
  purchase: {
    example: 'purchase --amount 12.50 --pin 123456',
    perform: ({ terminal, options }) => terminal.purchase(cardOf(options), amountFenOf(options)),
  },
  balance: {
    example: 'balance --pin 123456',
    perform: ({ terminal, options }) => terminal.balance(cardOf(options)),
  },
  void: {
    example: 'void',
    perform: (desk) => desk.terminal.void(originalOf(desk, ['purchase', 'offline-purchase'])),
  },
  refund: {
    example: 'refund --amount 1.20 --original 000000000123',
    perform: (desk) => {
      const original = originalOf(desk, ['purchase', 'completion', 'deposit-charge']);
      return desk.terminal.refund(original, amountOr(desk.options, original));
    },
  },
  'pre-auth': open('pre-authorisation', 'pre-auth --amount 100 --pin 123456'),
  'pre-auth-void': later('pre-authorisation-void', ['pre-authorisation'], 'pre-auth-void'),
  'pre-auth-complete': later(
    'completion',
    ['pre-authorisation'],
    'pre-auth-complete --amount 85.50',
  ),
  'pre-auth-complete-notice': later(
    'completion-notice',
    ['pre-authorisation'],
    'pre-auth-complete-notice --amount 85.50',
  ),
  'complete-void': later('completion-void', ['completion'], 'complete-void'),
  deposit: open('deposit', 'deposit --amount 500 --pin 123456'),
  'deposit-charge': later('deposit-charge', ['deposit'], 'deposit-charge --amount 120'),
  'deposit-charge-void': later('deposit-charge-void', ['deposit-charge'], 'deposit-charge-void'),
  'deposit-release': later('deposit-release', ['deposit'], 'deposit-release --amount 380'),
  'deposit-inquiry': later('deposit-inquiry', ['deposit'], 'deposit-inquiry'),
  'offline-purchase': {
    example: 'offline-purchase --amount 30 --code 123456',
    perform: ({ terminal, options }) =>
      terminal.transact('offline-purchase', {
        card: cardOf(options),
        amountFen: amountFenOf(options),
        fields: { 38: options.code ?? '000000' },
      }),
  },
  adjust: later('adjustment', ['purchase', 'offline-purchase'], 'adjust --amount 31.00'),
  tip: later('tip', ['purchase'], 'tip --amount 33.00'),
  'cash-load': open('cash-load', 'cash-load --amount 200'),
  'cash-load-void': later('cash-load-void', ['cash-load'], 'cash-load-void'),
  transfer: {
    example: 'transfer --amount 10 --pin 123456 --receiver 6219990000000000028',
    perform: ({ terminal, options }) =>
      terminal.transact('transfer', {
        card: cardOf(options),
        amountFen: amountFenOf(options),
        fields: { 62: Buffer.from(options.receiver ?? '') },
      }),
  },
  'scan-pay': {
    example: 'scan-pay --amount 8.80 --code 8112345678901234567',
    perform: ({ terminal, options }) => {
      const code = options.code ?? '';
      const length = String(code.length).padStart(3, '0');
      return terminal.transact('scan-payment', {
        amountFen: amountFenOf(options),
        fields: { 22: '032', 59: `A3${length}${code}` },
      });
    },
  },
  'scan-order': {
    example: 'scan-order --amount 8.80',
    perform: ({ terminal, options }) =>
      terminal.transact('scan-order', { amountFen: amountFenOf(options) }),
  },
  'scan-query': {
    example: 'scan-query',
    perform: (desk) => {
      const original = originalOf(desk, ['scan-order', 'scan-payment']);
      return desk.terminal.transact('scan-query', { original });
    },
  },
  'scan-refund': later('scan-refund', ['scan-payment', 'scan-order'], 'scan-refund --amount 1'),
  'scan-void': later('scan-void', ['scan-payment', 'scan-order'], 'scan-void'),
  load: purse('load', 'load --amount 50 --pin 123456'),
  'load-cash': purse('load-from-cash', 'load-cash --amount 50'),
  'load-from': purse(
    'load-from-card',
    'load-from --amount 50 --pin 123456 --receiver 6219990000000000028',
  ),
  unload: purse('unload', 'unload --amount 20 --pin 123456 --application passbook'),
  'purse-pay': { example: 'purse-pay --amount 3', perform: payByChip },
  'purse-upload': { example: 'purse-upload', perform: uploadChipPayments },
  settle: { example: 'settle', perform: ({ terminal }) => terminal.settle() },
  'batch-upload': { example: 'batch-upload', perform: uploadBatch },
  parameters: simple('parameters', 'parameters'),
  'public-keys': simple('public-keys', 'public-keys'),
  'public-key': simple('public-key', 'public-key --code A00000033301', ({ code }) => {
    const hex = code ?? 'A00000033301';
    return encodeTlv([tlv('9F06', hex.slice(0, 10)), tlv('9F22', hex.slice(10))]);
  }),
  applications: simple('applications', 'applications'),
  application: simple('application', 'application --code A000000333010101', ({ code }) =>
    encodeTlv([tlv('9F06', code ?? 'A000000333010101')]),
  ),
  'black-list': simple('black-list', 'black-list'),
  status: simple('status', 'status --text "printer=ok"', ({ text }) => Buffer.from(text ?? 'ok')),
  signature: {
    example: 'signature --text "any bytes of an image"',
    perform: (desk) => {
      const { reference } = originalOf(desk, ['purchase']);
      const image = desk.options.text ?? createHash('sha256').update(reference).digest('hex');
      return desk.terminal.transact('signature', {
        fields: { 37: reference, 62: Buffer.from(image) },
      });
    },
  },
  'script-result': {
    example: 'script-result --code DF31050000000000',
    perform: ({ terminal, options }) =>
      terminal.transact('script-result', {
        fields: { 55: Buffer.from(options.code ?? 'DF31050000000000', 'hex') },
      }),
  },
  'sign-off': { example: 'sign-off', perform: ({ terminal }) => terminal.signOff() },
};

/** A transaction with a card and an amount. */
function open(name: TransactionName, example: string): TerminalTransaction {
  return {
    example,
    perform: ({ terminal, options }) =>
      terminal.transact(name, { card: cardOf(options), amountFen: amountFenOf(options) }),
  };
}

/** A transaction that names an earlier one; without an amount it takes that one's. */
function later(
  name: TransactionName,
  kinds: readonly string[],
  example: string,
): TerminalTransaction {
  return {
    example,
    perform: (desk) => {
      const original = originalOf(desk, kinds);
      const amountFen = amountOr(desk.options, original);
      return desk.terminal.transact(name, { card: original.card, amountFen, original });
    },
  };
}

function purse(name: LoadName, example: string): TerminalTransaction {
  return {
    example,
    async perform({ terminal, options, chips }) {
      const chipNumber = name === 'load-from-card' ? options.receiver : undefined;
      const reader = chips.reader(options.terminal, chipNumber ?? options.card);
      const done = await workPurse(terminal, reader, {
        name,
        application: options.application === 'passbook' ? '01' : '02',
        card: cardOf(options),
        amountFen: amountFenOf(options),
        ...(chipNumber === undefined ? {} : { chipNumber }),
      });
      chips.keep(options.terminal, reader);
      return done;
    },
  };
}

function simple(
  name: TransactionName,
  example: string,
  field62?: (options: TerminalOptions) => Uint8Array,
): TerminalTransaction {
  return {
    example,
    perform: ({ terminal, options }) =>
      terminal.transact(name, field62 === undefined ? {} : { fields: { 62: field62(options) } }),
  };
}

/** The chip pays without the host; the answer is that of an echo, to show that the line is not used. */
async function payByChip({ terminal, options, chips }: Desk): Promise<Exchanged> {
  const reader = chips.reader(options.terminal, options.card);
  const application = options.application === 'passbook' ? '01' : '02';
  chips.addPayment(options.terminal, reader.pay(application, amountFenOf(options), new Date()));
  chips.keep(options.terminal, reader);
  return terminal.echo();
}

async function uploadChipPayments({ terminal, options, chips }: Desk): Promise<Exchanged> {
  const records = chips.payments(options.terminal, RECORDS_MAX);
  if (records.length === 0) throw new UsageError('no chip has paid; make a purse-pay');
  const fields = { 62: Buffer.concat(records.map(formatPurseRecord)) };
  const done = await terminal.transact('purse-upload', { fields });
  if (done.responseCode === '00') chips.uploaded(options.terminal, records.length);
  return done;
}

/** The slips of the batch before, eight a message, then the end with their number. */
async function uploadBatch({ terminal, slips }: Desk): Promise<Exchanged> {
  const batchNumber = String(Number(terminal.batchNumber) - 1).padStart(6, '0');
  const own = slips.ofBatch(batchNumber).filter(({ kind }) => kind === 'purchase');
  for (let from = 0; from < own.length; from += DETAILS_MAX) {
    const details = own.slice(from, from + DETAILS_MAX).map((slip) => ({
      foreign: false,
      traceNumber: slip.traceNumber,
      pan: slip.card.number,
      amountFen: slip.amountFen,
    }));
    const fields = { 48: field48Details.format(details) };
    const done = await terminal.transact('upload-details', { fields });
    if (done.responseCode !== '00') return done;
  }
  return terminal.transact('upload-end', { fields: { 48: String(own.length).padStart(4, '0') } });
}

function tlv(tag: string, hex: string) {
  return { tag, value: Buffer.from(hex, 'hex') };
}

function cardOf({ card, expiry, pin }: TerminalOptions): SimulatedCard {
  return { number: card, expiry, ...(pin === undefined ? {} : { pin }) };
}

/** Field 4 has twelve digits. */
const AMOUNT_MOST = '9999999999.99';

function amountFenOf({ amount }: TerminalOptions): number {
  if (amount === undefined) {
    throw new UsageError('say the amount in yuan with --amount, e.g. 12.50');
  }
  const [, yuan, fen = ''] = /^0*(\d+)(?:\.(\d{1,2}))?$/.exec(amount) ?? [];
  if (yuan === undefined) {
    throw new UsageError(`--amount: expected yuan with at most two decimals, not ${amount}`);
  }
  if (yuan.length > AMOUNT_MOST.indexOf('.')) {
    throw new UsageError(`--amount: at most ${AMOUNT_MOST} yuan fit into a message`);
  }
  return Number(yuan) * 100 + Number(fen.padEnd(2, '0'));
}

function amountOr(options: TerminalOptions, original: Slip): number {
  return options.amount === undefined ? original.amountFen : amountFenOf(options);
}

/** The slip that is meant. A slip says more than its field 37, so it must be one of this simulator. */
function originalOf({ options, slips }: Desk, kinds: readonly string[]): Slip {
  const { original, terminal } = options;
  const slip = slips.find(original, kinds);
  if (slip !== null) return slip;
  const kind = kinds.join(' or ');
  if (original === undefined) {
    throw new UsageError(`terminal ${terminal} has made no ${kind} yet: make one first`);
  }
  const last = slips.find(undefined, kinds)?.reference;
  throw new UsageError(
    `--original: terminal ${terminal} has no slip of a ${kind} with field 37 ${original}; ` +
      `only what this simulator made itself can be named${last === undefined ? '' : `, last ${last}`}`,
  );
}
