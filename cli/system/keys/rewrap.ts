/**
 * A change of masters: every stored key is wrapped under the newest one, inside the HSM where it can.
 * Each item of the registry changes by itself, so the work can end at any point and be started again.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { masterNumberOf } from '../../../hsm/envelope.ts';
import { type StoredKeyJson, storedKeyFromJson, storedKeyToJson } from '../../../hsm/stored-key.ts';
import type { Hsm } from '../../../hsm/types.ts';
import type { LedgerClient } from '../../../ledger/client.ts';
import type { Reader } from '../../../ledger/reader.ts';
import { registryChange } from '../../../ledger/registry.ts';
import type { RegistryKind, RegistryValues } from '../../../ledger/registry-kinds.ts';
import { toStoredKey } from '../../../switch/keys.ts';
import { ledgerKeyFile } from '../ledger-key.ts';
import { ceremonySigningKeyFile } from './places.ts';
import {
  KINDS_WITH_KEYS,
  replaceWrappedKeys,
  type WrappedKey,
  wrappedKeysIn,
} from './wrapped-keys.ts';

export interface KeyParts {
  dataDir: string;
  hsm: Hsm;
  ledger: LedgerClient;
  reader: Reader;
}

export interface RewrapSlice {
  /** The master that keys are wrapped under now. */
  masterNumber: number;
  /** Keys that this call wrapped anew. */
  keys: number;
  /** Items of the registry and files that still hold keys under other masters. */
  itemsLeft: number;
}

/** Items that are on their way to the ledger at once. */
const ITEMS_IN_FLIGHT = 64;
const WHO = 'posp hsm rewrap';

/** Wraps the keys of at most `itemsMax` items anew. Call it until no items are left. */
export async function rewrapSlice(parts: KeyParts, itemsMax: number): Promise<RewrapSlice> {
  const masterNumber = await newestMaster(parts.hsm);
  let keys = await rewrapFiles(parts, masterNumber);
  const waiting = itemsUnderOthers(parts.reader, masterNumber);
  const chosen = waiting.slice(0, itemsMax);
  for (let from = 0; from < chosen.length; from += ITEMS_IN_FLIGHT) {
    const batch = chosen.slice(from, from + ITEMS_IN_FLIGHT);
    const counts = await Promise.all(batch.map((item) => rewrapItem(item, parts, masterNumber)));
    keys += counts.reduce((sum, count) => sum + count, 0);
  }
  return { masterNumber, keys, itemsLeft: itemsUnderOthers(parts.reader, masterNumber).length };
}

/** The newest master that all tokens of the HSM hold. */
export async function newestMaster(hsm: Hsm): Promise<number> {
  const newest = (await hsm.status()).masters.at(-1);
  if (newest === undefined) throw new Error('the HSM does not say which masters it holds');
  return newest;
}

interface Item {
  kind: RegistryKind;
  key: string;
}

/** Items that hold a key under another master than this one. */
function itemsUnderOthers(reader: Reader, masterNumber: number): Item[] {
  const items: Item[] = [];
  for (const kind of KINDS_WITH_KEYS) {
    for (const { key, value } of reader.registry.list(kind)) {
      for (const wrapped of wrappedKeysIn(value)) {
        if (masterNumberOf(wrapped) === masterNumber) continue;
        items.push({ kind, key });
        break;
      }
    }
  }
  return items;
}

/** Gives how many keys moved; none when the item was changed meanwhile, for then it is looked at again. */
async function rewrapItem(
  { kind, key }: Item,
  { hsm, ledger, reader }: KeyParts,
  masterNumber: number,
): Promise<number> {
  const item = reader.registry.get(kind, key);
  if (item === null) return 0;
  let keys = 0;
  const value = await replaceWrappedKeys(item.value, async (wrapped) => {
    if (masterNumberOf(wrapped) === masterNumber) return wrapped;
    keys++;
    return rewrapped(wrapped, hsm, masterNumber);
  });
  const why = `keys wrapped under master key ${masterNumber}`;
  const { status } = await ledger.submit({
    id: randomBytes(16),
    institution: institutionOf(item.value),
    registry: [
      registryChange(kind, key, value as Partial<RegistryValues[typeof kind]>, {
        who: WHO,
        why,
        expectedVersion: item.version,
      }),
    ],
  });
  if (status === 'registry_conflict') return 0;
  if (status !== 'applied') throw new Error(`${kind} ${key}: ${status}`);
  return keys;
}

async function rewrapped(wrapped: WrappedKey, hsm: Hsm, masterNumber: number): Promise<WrappedKey> {
  const { cryptogram } = await hsm.rewrapKey(toStoredKey(wrapped), masterNumber);
  return { ...wrapped, cryptogram };
}

function institutionOf(value: object): string {
  return 'institution' in value && typeof value.institution === 'string' ? value.institution : '';
}

/** Keys that lie beside the ledger: the one that encrypts it, and the one that signs ceremonies. */
async function rewrapFiles({ dataDir, hsm }: KeyParts, masterNumber: number): Promise<number> {
  let keys = 0;
  const files: [string, 'key' | null][] = [
    [ledgerKeyFile(dataDir), 'key'],
    [ceremonySigningKeyFile(dataDir), null],
  ];
  for (const [file, member] of files) {
    if (!existsSync(file)) continue;
    const content = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    const key = storedKeyFromJson(member === null ? content : content[member]);
    if (masterNumberOf(key) === masterNumber) continue;
    const moved: StoredKeyJson = storedKeyToJson(await hsm.rewrapKey(key, masterNumber));
    const changed = member === null ? moved : { ...content, [member]: moved };
    writeFileSync(`${file}.part`, JSON.stringify(changed), { mode: 0o600, flush: true });
    renameSync(`${file}.part`, file);
    keys++;
  }
  return keys;
}
