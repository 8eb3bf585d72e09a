/** Keys between the registry, which stores them, and the HSM, which uses them. */
import type { KeyAlgorithm, KeyPurpose, StoredKey } from '../hsm/types.ts';
import type { Reader } from '../ledger/reader.ts';
import type { Key, Terminal, WorkingKey } from '../ledger/registry-kinds.ts';
import { Refusal } from './refusal.ts';

/** Registry names of the keys that belong to no terminal. */
export const KEY_NAME = {
  pinReference: 'pin-reference',
  epursePurchase: 'epurse-purchase',
  epurseLoad: 'epurse-load',
  epurseTac: 'epurse-tac',
  epurseUnload: 'epurse-unload',
  /** Makes the codes that a card holder's telephone shows. */
  walletCode: 'wallet-code',
  /** Signs the seals of business days. */
  ledgerSeal: 'ledger-seal',
} as const;

/** The registry's form of a key. */
export function toWorkingKey(key: StoredKey): WorkingKey {
  return {
    purpose: key.purpose,
    algorithm: key.algorithm,
    version: key.version,
    cryptogram: key.cryptogram,
    checkValue: Buffer.from(key.checkValue, 'hex'),
  };
}

/** The registry hands out the same object again and again, and the HSM finds a loaded key by its object. */
const storedKeys = new WeakMap<WorkingKey | Key, StoredKey>();

/** The HSM's form of a key: the same cryptogram, its check value as text. */
export function toStoredKey(key: WorkingKey | Key): StoredKey {
  const known = storedKeys.get(key);
  if (known !== undefined) return known;
  const stored = storedForm(key);
  storedKeys.set(key, stored);
  return stored;
}

function storedForm(key: WorkingKey | Key): StoredKey {
  return {
    purpose: key.purpose as KeyPurpose,
    algorithm: key.algorithm as KeyAlgorithm,
    version: key.version,
    cryptogram: key.cryptogram,
    checkValue: Buffer.from(key.checkValue).toString('hex').toUpperCase(),
    ...('publicKey' in key && key.publicKey !== '' ? { publicKey: key.publicKey } : {}),
  };
}

/** The registry's item of a key by name. */
export function toKeyItem(name: string, key: StoredKey): Key {
  return { name, ...toWorkingKey(key), publicKey: key.publicKey ?? '' };
}

/** A key that the whole deployment shares. Refuses with 40 when it was never brought in. */
export function sharedKey(name: string, { registry }: Reader): StoredKey {
  const item = registry.get('key', name);
  if (item === null) throw new Refusal('40', `key-${name}-missing`);
  return toStoredKey(item.value);
}

/** A terminal's working keys of one sign-in. */
export type WorkingKeySet = readonly WorkingKey[];

/** The key sets that a terminal may be working with, the newest first, each once. */
export function* usableKeySets(terminal: Terminal): Iterable<WorkingKeySet> {
  const { currentKeys, previousKeys, provenKeys } = terminal;
  yield currentKeys;
  yield previousKeys;
  const isOlder = !isSameSet(provenKeys, currentKeys) && !isSameSet(provenKeys, previousKeys);
  if (isOlder) yield provenKeys;
}

/** Sets of different sign-ins have no key in common. */
export function isSameSet(one: WorkingKeySet, other: WorkingKeySet): boolean {
  const [first, second] = [one[0], other[0]];
  if (first === undefined || second === undefined) return first === second;
  return first === second || Buffer.compare(first.cryptogram, second.cryptogram) === 0;
}

/** The key of a purpose from a set. */
export function keyOf(keys: WorkingKeySet, purpose: KeyPurpose): StoredKey {
  const key = keys.find((candidate) => candidate.purpose === purpose);
  if (key === undefined) throw new Refusal('A7', `terminal-has-no-${purpose}-key`);
  return toStoredKey(key);
}
