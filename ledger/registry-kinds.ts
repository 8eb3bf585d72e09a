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

export interface RegistryValues {
  institution: Institution;
  merchant: Merchant;
  terminal: Terminal;
  card: Card;
  key: Key;
  account: ChartAccount;
  setting: Setting;
}

export type RegistryKind = keyof RegistryValues;
