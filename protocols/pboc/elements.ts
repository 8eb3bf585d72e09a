import { ProtocolError } from '../error.ts';

/**
 * Data elements of PBOC e-purse transactions (电子钱包, 电子存折): what goes into session keys, MAC1,
 * MAC2 and TAC, as upper-case hex. Field names are those of the specification's walk-throughs. No
 * cryptography here: the hsm folder encrypts what this file puts together (notes B, sections 3-9).
 */
export interface PurseFields {
  /** Card random number, 4 bytes. */
  readonly rand?: string;
  /** Online and offline transaction sequence numbers of the card, 2 bytes. */
  readonly online_sn?: string;
  readonly offline_sn?: string;
  /** Terminal transaction serial, 4 bytes. */
  readonly terminal_sn?: string;
  /** Binary fen, 4 bytes. For load and unload the balance before the transaction. */
  readonly balance?: string;
  readonly amount?: string;
  /** Overdraft limits, 3 bytes. */
  readonly old_limit?: string;
  readonly new_limit?: string;
  /** Transaction type, 1 byte, see PURSE_TYPES. */
  readonly type?: string;
  /** Terminal number, 6 bytes. */
  readonly terminal?: string;
  /** YYYYMMDD and hhmmss, packed. */
  readonly date?: string;
  readonly time?: string;
}

const BYTES: Readonly<Record<keyof PurseFields, number>> = {
  rand: 4,
  online_sn: 2,
  offline_sn: 2,
  terminal_sn: 4,
  balance: 4,
  amount: 4,
  old_limit: 3,
  new_limit: 3,
  type: 1,
  terminal: 6,
  date: 4,
  time: 3,
};

/** Transaction types (交易类型标识). */
export const PURSE_TYPES = {
  loadPassbook: '01',
  loadPurse: '02',
  unload: '03',
  cashWithdrawal: '04',
  purchasePassbook: '05',
  purchasePurse: '06',
  overdraftUpdate: '07',
  creditPurchase: '08',
  composite: '09',
} as const;

/** What an element is made of: field names in order, or what is computed from them. */
type Element = readonly (keyof PurseFields | 'new_balance' | 'terminal_sn_low' | '8000')[];

/** A transaction's elements, each the list of its fields, as the specification's tables have them. */
interface PurseTransaction {
  readonly session: Element;
  readonly mac1: Element;
  readonly mac2: Element;
  readonly mac3?: Element;
  readonly tac?: Element;
}

const AT_TERMINAL: Element = ['type', 'terminal'];
const WITH_TIME: Element = [...AT_TERMINAL, 'date', 'time'];

/** Layouts of notes B sections 5 to 9. */
export const PURSE_TRANSACTIONS = {
  load: {
    session: ['rand', 'online_sn', '8000'],
    mac1: ['balance', 'amount', ...AT_TERMINAL],
    mac2: ['amount', ...WITH_TIME],
    tac: ['new_balance', 'online_sn', 'amount', ...WITH_TIME],
  },
  unload: {
    session: ['rand', 'online_sn', '8000'],
    mac1: ['balance', 'amount', ...AT_TERMINAL],
    mac2: ['amount', ...WITH_TIME],
    mac3: ['new_balance', 'online_sn', 'amount', ...WITH_TIME],
  },
  purchase: {
    session: ['rand', 'offline_sn', 'terminal_sn_low'],
    mac1: ['amount', ...WITH_TIME],
    mac2: ['amount'],
    tac: ['amount', ...AT_TERMINAL, 'terminal_sn', 'date', 'time'],
  },
  overdraft: {
    session: ['rand', 'online_sn', '8000'],
    mac1: ['balance', 'old_limit', ...AT_TERMINAL],
    mac2: ['new_limit', ...WITH_TIME],
    tac: ['new_balance', 'online_sn', 'new_limit', ...WITH_TIME],
  },
} as const satisfies Record<string, PurseTransaction>;

export type PurseTransactionName = keyof typeof PURSE_TRANSACTIONS;
export type PurseElementName = 'session' | 'mac1' | 'mac2' | 'mac3' | 'tac';

/** Composite transactions and cash withdrawals use the purchase's elements. */
export function purseTransactionOf(type: string): PurseTransactionName | undefined {
  switch (type) {
    case PURSE_TYPES.loadPassbook:
    case PURSE_TYPES.loadPurse:
      return 'load';
    case PURSE_TYPES.unload:
      return 'unload';
    case PURSE_TYPES.overdraftUpdate:
      return 'overdraft';
    case PURSE_TYPES.cashWithdrawal:
    case PURSE_TYPES.purchasePassbook:
    case PURSE_TYPES.purchasePurse:
    case PURSE_TYPES.composite:
      return 'purchase';
    default:
      return undefined;
  }
}

/** The bytes of one element, as upper-case hex. Throws ProtocolError `bad-value`. */
export function purseElement(
  transaction: PurseTransactionName,
  element: PurseElementName,
  fields: PurseFields,
): string {
  const layout: PurseTransaction = PURSE_TRANSACTIONS[transaction];
  const parts = layout[element];
  if (parts === undefined) throw new ProtocolError('bad-value', `${transaction} has no ${element}`);
  return parts
    .map((part) => {
      if (part === '8000') return '8000';
      if (part === 'terminal_sn_low') return hexField(fields, 'terminal_sn').slice(4);
      if (part === 'new_balance') return newBalance(transaction, fields);
      return hexField(fields, part);
    })
    .join('');
}

/** The balance behind the transaction: TAC and MAC3 are computed over it. */
function newBalance(transaction: PurseTransactionName, fields: PurseFields): string {
  const read = (name: keyof PurseFields): number => Number.parseInt(hexField(fields, name), 16);
  let balance = read('balance');
  if (transaction === 'overdraft') balance += read('new_limit') - read('old_limit');
  else balance += transaction === 'unload' ? -read('amount') : read('amount');
  if (balance < 0 || balance > 0xffffffff) {
    throw new ProtocolError('bad-value', 'the balance behind the transaction does not fit 4 bytes');
  }
  return balance.toString(16).toUpperCase().padStart(8, '0');
}

function hexField(fields: PurseFields, name: keyof PurseFields): string {
  const value = fields[name];
  if (value === undefined || !/^[0-9A-Fa-f]*$/.test(value) || value.length !== BYTES[name] * 2) {
    throw new ProtocolError('bad-value', `${name} must be ${BYTES[name]} bytes of hex`);
  }
  return value.toUpperCase();
}

/** Fen as the 4 binary bytes of the card, in hex. */
export function purseAmount(amountFen: number): string {
  if (!Number.isInteger(amountFen) || amountFen < 0 || amountFen > 0xffffffff) {
    throw new ProtocolError('bad-value', 'an e-purse amount is 0 to 4294967295 fen');
  }
  return amountFen.toString(16).toUpperCase().padStart(8, '0');
}

/** Diversification factor: the rightmost 8 bytes of the application serial number. */
export function diversificationFactor(applicationSerial: string): string {
  if (!/^[0-9A-Fa-f]{16,}$/.test(applicationSerial)) {
    throw new ProtocolError('bad-value', 'the application serial number has at least 16 digits');
  }
  return applicationSerial.slice(-16).toUpperCase();
}
