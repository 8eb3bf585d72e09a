/**
 * What the registry holds: one interface a kind, with the same field names as the message of that
 * name in `ledger/journal.proto`. A field left out is its empty value ('', 0, false, no bytes).
 */

export interface Institution {
  id: string;
  nameZh: string;
  nameEn: string;
  /** IANA name, `Asia/Shanghai`. */
  timeZone: string;
  /** `HH:MM` of local time, when the business day ends. */
  cutOff: string;
  /** YYYYMMDD: the first business date. Read when the institution is new; later only a closing moves the date. */
  openingDate: string;
  /** Field 32 of answers: who acquires. */
  acquirerId: string;
  /** Field 44 of answers: who issued the card. */
  issuerId: string;
}

export interface Merchant {
  id: string;
  institution: string;
  nameZh: string;
  nameEn: string;
  accountId: Uint8Array;
  /** Millionths of the amount: 0.38 % is 3800. */
  feeRateMicros: number;
  /** 0: no cap. */
  feeCapFen: number;
  status: string;
  category: string;
  /** Whether a refund gives the merchant its fee back. */
  refundReturnsFee: boolean;
}

/** A working key, wrapped: never usable outside the HSM. */
export interface WorkingKey {
  /** `mac`, `pin`, `track`, … */
  purpose: string;
  algorithm: string;
  cryptogram: Uint8Array;
  checkValue: Uint8Array;
  version: number;
}

export interface Terminal {
  id: string;
  merchantId: string;
  institution: string;
  status: string;
  /** `3des` or `sm4`. */
  keyAlgorithm: string;
  masterKey: WorkingKey | null;
  signedIn: boolean;
  currentKeys: WorkingKey[];
  /** Still good for messages that were under way when the keys changed. */
  previousKeys: WorkingKey[];
  /** The newest set that a message of the terminal proved to have, by a right MAC. */
  provenKeys: WorkingKey[];
  /** The remote address of that message; empty when nothing was proven, or before it was kept. */
  provenFrom: string;
  batchNumber: string;
  /** Position of the record that opened the batch. */
  batchOpenedPosition: number;
  lastSettledBatch: string;
}

export interface Card {
  number: string;
  institution: string;
  accountId: Uint8Array;
  /** YYMM. */
  expiry: string;
  /** `active`, `lost`, `frozen`, `closed`. */
  status: string;
  product: string;
  /** What the HSM needs to verify a PIN (an offset, a verification value); never a PIN. */
  pinReference: Uint8Array;
  /** Wrong PINs since the last right one: the card is blocked when there are too many. */
  wrongPins: number;
}

export interface Key {
  name: string;
  algorithm: string;
  purpose: string;
  version: number;
  cryptogram: Uint8Array;
  checkValue: Uint8Array;
  /** Of signature keys: 04, x and y of an SM2 point in hex. Empty for others. */
  publicKey: string;
}

/** One line of the chart of accounts; its key is the code in decimal. */
export interface ChartAccount {
  code: number;
  name: string;
}

export interface Setting {
  value: string;
}

/** Rules of a scope, e.g. `terminal/10000001`: limits, hours, what is allowed. JSON, checked by who uses it. */
export interface Control {
  rules: string;
}

/** A card number that is refused whatever its issuer says; its key is the number. */
export interface BlacklistEntry {
  /** Field 39 of the refusal: 04, 41, 43, 62. */
  responseCode: string;
  reason: string;
}

/**
 * Money of a card that is held back for a merchant: a pre-authorisation, or a deposit that is charged
 * part by part. There is an item as long as money is held.
 */
export interface Hold {
  /** The id of the entry that opened it, in hex; also the item's key. */
  id: string;
  /** `pre-authorisation` or `deposit`. */
  kind: string;
  institution: string;
  merchantId: string;
  terminalId: string;
  cardNumber: string;
  /** The pending transfer that holds the money now; each charge puts another in its place. */
  pendingId: Uint8Array;
  authorisedFen: number;
  heldFen: number;
  chargedFen: number;
  /** When the ledger lets go of it by itself, in microseconds of UTC. */
  expiresUs: number;
}

/** An e-purse or e-deposit on a chip, as the host knows it from its last message. */
export interface Purse {
  /** Application serial number (20 digits), `-`, and 01 for the e-deposit, 02 for the e-purse. */
  id: string;
  institution: string;
  cardNumber: string;
  accountId: Uint8Array;
  /** The next online sequence number that is expected of the card. */
  onlineSequence: number;
  /** The highest offline sequence number seen, and the balance behind it. */
  offlineSequence: number;
  balanceFen: number;
  /** A load or unload whose proof from the card is awaited; no bytes when there is none. */
  pendingId: Uint8Array;
  pendingFen: number;
  /** `load` or `unload`. */
  pendingKind: string;
  /** What the proof covers: terminal (12 digits), date (YYYYMMDD), time (hhmmss). */
  pendingTerminal: string;
  pendingDate: string;
  pendingTime: string;
  /** On the chip before it. */
  pendingBalanceFen: number;
}

/** An offline payment of a chip that is not proven, kept apart until an operator decides. */
export interface GreyRecord {
  id: string;
  institution: string;
  cardNumber: string;
  merchantId: string;
  terminalId: string;
  amountFen: number;
  /** The rule that did not hold. */
  reason: string;
  /** As it was uploaded. */
  record: Uint8Array;
}

export interface RegistryValues {
  institution: Institution;
  merchant: Merchant;
  terminal: Terminal;
  card: Card;
  key: Key;
  account: ChartAccount;
  setting: Setting;
  control: Control;
  blacklist: BlacklistEntry;
  hold: Hold;
  purse: Purse;
  'grey-record': GreyRecord;
}

export type RegistryKind = keyof RegistryValues;
