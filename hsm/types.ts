import type { SecretSource } from '../config/types.ts';

/**
 * Keys and cryptograms behind one interface.
 *
 * Everybody passes `StoredKey`s around: keys wrapped under the HSM's master key, with algorithm,
 * purpose and version bound to them. No operation takes or gives a clear key, except `importKey`,
 * which takes the components that people type in a ceremony.
 *
 * In-thread providers answer at once, pooled ones with a promise. Callers always `await`.
 */
export type Awaitable<T> = T | Promise<T>;

/** `3des` has two or three keys of 8 bytes; `des` is one key of 8 bytes. */
export type KeyAlgorithm = 'des' | '3des' | 'aes' | 'sm4' | 'sm2';

/** What a key may be used for. A key is refused (`wrong_purpose`) for anything else. */
export type KeyPurpose =
  /** Wraps other keys on the wire: terminal master key (TMK), zone master key (ZMK). */
  | 'kek'
  | 'pin'
  | 'mac'
  /** Encrypts tracks and other data. */
  | 'data'
  /** Turns a PIN into a reference value that cannot be turned back. */
  | 'pin-reference'
  /** PIN verification values: Visa PVV, IBM 3624 offset. */
  | 'pin-verification'
  /** PBOC e-purse issuer masters, diversified by card. */
  | 'epurse-purchase'
  | 'epurse-load'
  | 'epurse-unload'
  | 'epurse-overdraft'
  | 'epurse-tac'
  | 'epurse-maintenance'
  /** EMV issuer master key for application cryptograms (ARQC, ARPC). */
  | 'emv-ac'
  /** TR-31 key block protection key. */
  | 'key-block'
  | 'sign';

/** What a new key shall be. */
export interface KeySpec {
  algorithm: KeyAlgorithm;
  purpose: KeyPurpose;
  /** 1 when it is left out. */
  version?: number;
  /** Defaults: des 8, 3des 16, aes 16, sm4 16, sm2 32. */
  lengthBytes?: number;
  /**
   * May the key travel wrapped under a `kek`? Left out: yes for generated `pin`, `mac` and `data`
   * keys (they are made to be downloaded at sign-in), no for everything else.
   */
  exportable?: boolean;
}

/**
 * A key as it is stored in the journal. Algorithm, purpose, version, check value and the right to
 * travel are bound to the cryptogram: a changed field is found when the key is next loaded
 * (`tampered`).
 */
export interface StoredKey {
  algorithm: KeyAlgorithm;
  purpose: KeyPurpose;
  version: number;
  cryptogram: Uint8Array;
  /** First 4 bytes of a zero block encrypted with the key, 8 upper-case hex digits. */
  checkValue: string;
  /** SM2 only: the uncompressed point, 04 + x + y, 130 upper-case hex digits. */
  publicKey?: string;
}

/** A key on the wire: encrypted block by block (ECB) under a `kek`. */
export interface WrappedKey {
  cryptogram: Uint8Array;
  checkValue: string;
}

/**
 * `cup-ecb` and `cup-sm4` give the 8 ASCII bytes of field 64, all others the raw bytes of the MAC
 * (8 for DES, 16 for AES and SM4). `pad80` pads with 80 00…, the plain names with zeros.
 */
export type MacAlgorithm =
  | 'cup-ecb'
  | 'cup-sm4'
  | 'x9.9'
  | 'x9.9-pad80'
  | 'x9.19'
  | 'x9.19-pad80'
  | 'cmac-3des'
  | 'cmac-aes'
  | 'cmac-sm4';

/** ISO 9564 formats. Under an SM4 key, format 0 is the 16-byte block of docs/hsm.md. */
export type PinFormat = 0 | 1 | 3 | 4;

/** A PIN in the clear: exists only where a person typed it (terminal simulator, card issuing). */
export interface ClearPin {
  format: PinFormat;
  /** 4 to 12 digits. */
  pin: string;
  /** The whole PAN with its check digit; format 1 does not use it. */
  pan: string;
}

/** A PIN block with what is needed to open it. */
export interface EncryptedPin {
  pinKey: StoredKey;
  format: PinFormat;
  pinBlock: Uint8Array;
  pan: string;
}

/** The value to compare a PIN with: `createPinReference` made it. */
export interface PinReference {
  referenceKey: StoredKey;
  reference: Uint8Array;
}

/** The card whose keys are derived: an issuer master and one 8-byte factor for each level. */
export interface EpurseCard {
  master: StoredKey;
  /** In order: issuer or city level first, the card's serial last. Empty: `master` is the card key. */
  factors: Uint8Array[];
}

/** A cryptogram of the PBOC e-purse; each has its layout in hsm/operations/epurse.ts. */
export type EpurseStep =
  | 'load-mac1'
  | 'load-mac2'
  | 'load-tac'
  | 'unload-mac1'
  | 'unload-mac2'
  | 'unload-mac3'
  | 'purchase-mac1'
  | 'purchase-mac2'
  | 'purchase-tac'
  | 'overdraft-mac1'
  | 'overdraft-mac2'
  | 'overdraft-tac';

/** The data elements of e-purse cryptograms. A step reads those of its layout and ignores others. */
export interface EpurseFields {
  /** Transaction type (交易类型标识), e.g. 0x02 EP load, 0x06 EP purchase. */
  type: number;
  /** Terminal id, 12 digits; for purchases the one of the PSAM. */
  terminal: string;
  /** The card's random, 4 bytes. */
  random?: Uint8Array;
  onlineSequence?: number;
  offlineSequence?: number;
  /** The PSAM's transaction serial. */
  terminalSequence?: number;
  /** Balance before the transaction. */
  balanceFen?: number;
  /** Balance after it: TAC of a load, MAC3 of an unload. */
  newBalanceFen?: number;
  amountFen?: number;
  oldLimitFen?: number;
  newLimitFen?: number;
  /** YYYYMMDD. */
  date?: string;
  /** hhmmss. */
  time?: string;
}

/** How an EMV application cryptogram is made; the two schemes seen in China are PBOC and EMV CSK. */
export interface EmvCryptogram {
  /** Purpose `emv-ac`. */
  master: StoredKey;
  pan: string;
  /** Card sequence number, two digits; 00 when the card has none. */
  panSequence: string;
  /** Application transaction counter, 2 bytes. */
  atc: Uint8Array;
  /** `pboc`: ATC and its complement. `emv-csk`: EMV common session key. `none`: the card key itself. */
  session: 'pboc' | 'emv-csk' | 'none';
  /** The data the card signed, unpadded, in the card's order (CDOL1). */
  data: Uint8Array;
  padding: 'zero' | '80';
}

/** Where an operation is done and why not in the token, for the health page. */
export interface OperationPlace {
  operation: string;
  /** `token`: wholly inside. `composed`: from several token calls, keys stay inside. `process`: keys or PINs touch this process's memory. */
  place: 'token' | 'composed' | 'process';
  why: string;
}

export interface HsmStatus {
  name: string;
  provider: 'software' | 'pkcs11' | 'pool' | 'group';
  /** False for the software provider: its keys are in this process's memory. */
  production: boolean;
  state: 'ready' | 'degraded' | 'down';
  /** Why it is not ready: an error code, never a key or a PIN. */
  problem?: string;
  module?: string;
  token?: { label: string; manufacturer: string; model: string; serial: string };
  /** What the module can do, found from its mechanism list and a self-test. */
  capabilities: string[];
  operations: OperationPlace[];
  /** Numbers of the masters that the token holds, the newest last: new keys are wrapped under that one. */
  masters: number[];
  cachedKeys: number;
  /** How often the session or token was lost and found again since the start. */
  reconnects: number;
  queue?: { threads: number; waiting: number; limit: number };
  members?: HsmStatus[];
}

export interface Hsm {
  readonly name: string;
  status(): Awaitable<HsmStatus>;

  /** Makes a key inside the HSM. */
  generateKey(spec: KeySpec): Awaitable<StoredKey>;
  /** The key is the XOR of the components. They are wiped afterwards. */
  importKey(spec: KeySpec, components: Uint8Array[]): Awaitable<StoredKey>;
  /** The key, encrypted under a `kek` for the other side. Needs an exportable key. */
  exportKey(key: StoredKey, under: StoredKey): Awaitable<WrappedKey>;
  /** The other direction. A given check value (6 or 8 hex digits) must match (`check_value_mismatch`). */
  importWrapped(
    spec: KeySpec,
    under: StoredKey,
    cryptogram: Uint8Array,
    checkValue?: string,
  ): Awaitable<StoredKey>;
  /** A new random key like this one, its version one higher. */
  rotateKey(key: StoredKey): Awaitable<StoredKey>;
  /**
   * The same key wrapped under another master (HsmStatus.masters), inside the token where it can; the
   * same object when it is under that one already. Keys under any master that the token holds work.
   */
  rewrapKey(key: StoredKey, masterNumber: number): Awaitable<StoredKey>;
  /** Drops the loaded copy of a key that will not be used again. The journal keeps the cryptogram. */
  forgetKey(key: StoredKey): Awaitable<void>;
  /** Computed afresh from the key, not read from the record. */
  checkValue(key: StoredKey): Awaitable<string>;
  /** A TR-31 key block (versions B and D) of an exportable key under a `key-block` key. */
  exportKeyBlock(key: StoredKey, under: StoredKey): Awaitable<string>;
  importKeyBlock(spec: KeySpec, under: StoredKey, block: string): Awaitable<StoredKey>;

  generateMac(key: StoredKey, algorithm: MacAlgorithm, data: Uint8Array): Awaitable<Uint8Array>;
  /** Constant time. A shorter MAC is compared with the leftmost bytes; fewer than 4 never match. */
  verifyMac(
    key: StoredKey,
    algorithm: MacAlgorithm,
    data: Uint8Array,
    mac: Uint8Array,
  ): Awaitable<boolean>;

  encryptPin(key: StoredKey, pin: ClearPin): Awaitable<Uint8Array>;
  translatePin(
    from: EncryptedPin,
    to: { pinKey: StoredKey; format: PinFormat; pan?: string },
  ): Awaitable<Uint8Array>;
  createPinReference(
    key: StoredKey,
    pin: { pan: string; pin: string } | EncryptedPin,
  ): Awaitable<Uint8Array>;
  /** False for a wrong PIN; `bad_pin_block` when the block does not open to a PIN at all. */
  verifyPin(pin: EncryptedPin, against: PinReference): Awaitable<boolean>;
  /** Visa PVV: four digits for PAN, PIN verification key index 0 to 9. */
  createPvv(key: StoredKey, keyIndex: number, pin: EncryptedPin): Awaitable<string>;
  verifyPvv(key: StoredKey, keyIndex: number, pin: EncryptedPin, pvv: string): Awaitable<boolean>;
  /** IBM 3624 offset with the PAN's 12 digits left of the check digit as validation data. */
  createPinOffset(key: StoredKey, pin: EncryptedPin): Awaitable<string>;
  verifyPinOffset(key: StoredKey, pin: EncryptedPin, offset: string): Awaitable<boolean>;

  /**
   * Tracks 2 and 3 with field 53 digit 3 = 1: a string of hex digits (the separator is D, `=` is
   * taken as D), one block of it encrypted, same length; a track shorter than the block and one digit
   * is filled with F, which decrypting takes off.
   */
  encryptTrack(key: StoredKey, track: string): Awaitable<string>;
  decryptTrack(key: StoredKey, track: string): Awaitable<string>;
  /** CBC with a random initial value in front and ISO 9797 padding 2; for data at rest. */
  encryptData(key: StoredKey, clear: Uint8Array): Awaitable<Uint8Array>;
  decryptData(key: StoredKey, encrypted: Uint8Array): Awaitable<Uint8Array>;

  generateEpurseMac(
    card: EpurseCard,
    step: EpurseStep,
    fields: EpurseFields,
  ): Awaitable<Uint8Array>;
  verifyEpurseMac(
    card: EpurseCard,
    step: EpurseStep,
    fields: EpurseFields,
    mac: Uint8Array,
  ): Awaitable<boolean>;
  /** MAC of a secure-messaging command to the card: `initial` is the card's random, zero-padded. */
  generateCardUpdateMac(
    card: EpurseCard,
    initial: Uint8Array,
    command: Uint8Array,
  ): Awaitable<Uint8Array>;

  verifyArqc(request: EmvCryptogram, arqc: Uint8Array): Awaitable<boolean>;
  /** ARPC method 1 over the authorisation response code (2 bytes). */
  generateArpc(
    request: EmvCryptogram,
    arqc: Uint8Array,
    responseCode: Uint8Array,
  ): Awaitable<Uint8Array>;

  /** SM2 with SM3: r and s, 64 bytes. The user id defaults to 1234567812345678. */
  sign(key: StoredKey, data: Uint8Array, userId?: string): Awaitable<Uint8Array>;
  /** Takes the public key as `StoredKey.publicKey` has it. */
  verify(
    publicKey: string,
    data: Uint8Array,
    signature: Uint8Array,
    userId?: string,
  ): Awaitable<boolean>;

  close(): Awaitable<void>;
}

/** Mechanism numbers of a vendor's SM algorithms; without them SM4 and SM2 run in the process. */
export interface VendorMechanisms {
  sm4KeyGen?: number;
  sm4Ecb?: number;
  sm4Cbc?: number;
  /** CKA_KEY_TYPE of SM4 keys. */
  sm4KeyType?: number;
}

export interface PoolLimits {
  /** Sessions, each on a thread of its own. */
  pool: number;
  /** Calls that may wait; one more is refused at once (`queue_full`). Default 10,000. */
  queueLimit?: number;
  /** A call not answered in this time fails with `timeout`. Default 5,000. */
  timeoutMs?: number;
}

/**
 * `create`, the default: a token without master keys gets them made at random inside when it is
 * first opened. `ceremony`: it is refused until a key ceremony has made them. `look`: it is opened as it
 * is, to be shown.
 */
export type MasterPolicy = 'create' | 'ceremony' | 'look';

export interface SoftwareConfig {
  provider: 'software';
  name?: string;
  masters?: MasterPolicy;
  /** Created, readable by its owner only, when it does not exist. */
  keyFile: string;
  /** Left out: a random passphrase in `<keyFile>.passphrase`, for demonstrations only. */
  passphraseSource?: SecretSource;
  /** Each call takes at least this long: to try how a slow network HSM would behave. */
  simulatedCallMs?: number;
  cachedKeys?: number;
  threads?: 'in-thread' | PoolLimits;
}

export interface Pkcs11Config {
  provider: 'pkcs11';
  name?: string;
  masters?: MasterPolicy;
  /** A Cryptoki module's path, or `nss` or `softhsm`, which are looked for where packages put them. */
  module: string;
  /** Where an embedded token (nss, softhsm) lives; created when it does not exist. */
  dataDir?: string;
  tokenLabel?: string;
  /** Index in the module's slot list. With a label too, both must fit; without either, the only token is taken. */
  slot?: number;
  /** Left out with a dataDir: a random PIN in `<dataDir>/pin`. */
  pinSource?: SecretSource;
  mechanisms?: VendorMechanisms;
  /** CBC operations kept open in sessions of their own, for each thread. Default 1,024; 0 for a network HSM. */
  openStreams?: number;
  /** Unwrapped keys kept as session objects, for each thread. Default 32,768. */
  cachedKeys?: number;
  threads?: 'in-thread' | PoolLimits;
}

/** Several tokens with the same master keys: calls go round, a lost one is left out until it is back. */
export interface GroupConfig {
  provider: 'group';
  name?: string;
  members: (SoftwareConfig | Pkcs11Config)[];
  /** `share`: calls go round. `failover`: the first that works. Default `share`. */
  mode?: 'share' | 'failover';
}

export type HsmConfig = SoftwareConfig | Pkcs11Config | GroupConfig;
