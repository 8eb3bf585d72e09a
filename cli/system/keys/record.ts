/**
 * What is done to keys gets into the journal, whatever happens in between: it is written to a file
 * first, and the file goes when the journal has it. What is left is recorded at the next start.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StoredKeyJson, storedKeyFromJson } from '../../../hsm/stored-key.ts';
import type { StoredKey } from '../../../hsm/types.ts';
import { registryChange } from '../../../ledger/registry.ts';
import type { RegistryChange } from '../../../ledger/types.ts';
import { toKeyItem, toWorkingKey } from '../../../switch/keys.ts';
import { type KeyEvent, keyEventEntry } from './key-event.ts';
import { pendingFolder } from './places.ts';
import type { KeyParts } from './rewrap.ts';

/** Where an imported key goes in the registry. */
export interface KeyPlace {
  /** The key's name. */
  name?: string;
  /** Terminals whose master key it is. */
  terminals?: string[];
}

export interface KeyRecord {
  event: KeyEvent;
  key?: StoredKeyJson;
  place?: KeyPlace;
}

/** A key that cannot go where it should: one sentence for the person who asked. */
export class KeyPlaceError extends Error {
  override readonly name = 'KeyPlaceError';
}

/** What a ceremony must know of a place before people enter their components. */
export function checkPlace({ name, terminals }: KeyPlace, { reader }: KeyParts): number {
  let version = 0;
  if (name !== undefined) version = reader.registry.get('key', name)?.value.version ?? 0;
  for (const id of terminals ?? []) {
    const terminal = reader.registry.get('terminal', id);
    if (terminal === null) throw new KeyPlaceError(`there is no terminal ${id}`);
    version = Math.max(version, terminal.value.masterKey?.version ?? 0);
  }
  return version + 1;
}

/** Keeps the record in a file until the journal has it. Gives the file's path. */
export function keepPending(dataDir: string, record: KeyRecord): string {
  const text = JSON.stringify(record);
  const folder = pendingFolder(dataDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const path = join(folder, `${name}.json`);
  writeFileSync(path, text, { mode: 0o600, flush: true });
  return path;
}

/** Records what waits in files. Gives the sentences of what could not be recorded; its files stay. */
export async function recordPending(parts: KeyParts): Promise<string[]> {
  const folder = pendingFolder(parts.dataDir);
  if (!existsSync(folder)) return [];
  const problems: string[] = [];
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const path = join(folder, name);
    try {
      await record(JSON.parse(readFileSync(path, 'utf8')) as KeyRecord, parts);
      rmSync(path);
    } catch (error) {
      problems.push(`${path}: ${error instanceof Error ? error.message : 'not recorded'}`);
    }
  }
  return problems;
}

async function record({ event, key, place }: KeyRecord, parts: KeyParts): Promise<void> {
  const registry =
    key === undefined || place === undefined
      ? []
      : changesFor(storedKeyFromJson(key), place, parts, event);
  const entry = keyEventEntry(event);
  const { status } = await parts.ledger.submit(
    registry.length > 0 ? { ...entry, registry } : entry,
  );
  if (status !== 'applied' && status !== 'exists') throw new KeyPlaceError(`refused: ${status}`);
}

function changesFor(
  key: StoredKey,
  { name, terminals }: KeyPlace,
  { reader }: KeyParts,
  event: KeyEvent,
): RegistryChange[] {
  const who = event.kind === 'ceremony' ? holdersOf(event) : 'posp';
  const by = { who, why: 'key ceremony' };
  const changes: RegistryChange[] = [];
  if (name !== undefined) changes.push(registryChange('key', name, toKeyItem(name, key), by));
  for (const id of terminals ?? []) {
    const item = reader.registry.get('terminal', id);
    if (item === null) throw new KeyPlaceError(`there is no terminal ${id}`);
    const keyAlgorithm = key.algorithm === 'sm4' ? 'sm4' : '3des';
    const value = { ...item.value, keyAlgorithm, masterKey: toWorkingKey(key) };
    changes.push(registryChange('terminal', id, value, { ...by, expectedVersion: item.version }));
  }
  return changes;
}

function holdersOf({ signed }: Extract<KeyEvent, { kind: 'ceremony' }>): string {
  return signed.protocol.components.map(({ holder }) => holder).join(', ');
}
