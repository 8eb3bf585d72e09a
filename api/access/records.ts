/**
 * Clients, operators and roles as the journal keeps them: settings of the registry, JSON under a
 * name of their own. Nothing in them is a secret in the clear.
 */
import { z } from 'zod';
import { registryChange } from '../../ledger/registry.ts';
import type { RegistryChange, RegistryReader } from '../../ledger/types.ts';

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,31}$/, 'lower-case letters, digits, . _ -');

/** A program that calls, with a key of its own. */
export const clientRecord = z.object({
  id: name,
  title: z.string().max(64),
  /** Empty: the whole deployment. */
  institution: z.string().max(16),
  roles: z.array(name).max(16),
  status: z.enum(['active', 'disabled']),
  ratePerSecond: z.int().min(1).max(10_000),
  /** Hex: the key, encrypted by the HSM. */
  encryptedKey: z.string(),
});

/** A person who signs in. */
export const operatorRecord = z.object({
  id: name,
  title: z.string().max(64),
  institution: z.string().max(16),
  roles: z.array(name).max(16),
  status: z.enum(['active', 'disabled']),
  mustChangePassword: z.boolean(),
  password: z.object({ salt: z.string(), hash: z.string(), cost: z.int() }),
});

/** What its holders may do: permissions such as `cards:write`, with `*` for any part. */
export const roleRecord = z.object({
  id: name,
  title: z.string().max(64),
  permissions: z.array(z.string().regex(/^(\*|[a-z-]+):(\*|[a-z-]+)$/, 'like cards:write')).max(64),
});

export const recordName = name;
export type ClientRecord = z.output<typeof clientRecord>;
export type OperatorRecord = z.output<typeof operatorRecord>;
export type RoleRecord = z.output<typeof roleRecord>;

const SCHEMAS = { client: clientRecord, operator: operatorRecord, role: roleRecord } as const;

export type RecordKind = keyof typeof SCHEMAS;
export interface RecordValues {
  client: ClientRecord;
  operator: OperatorRecord;
  role: RoleRecord;
}

export interface StoredRecord<Kind extends RecordKind> {
  value: RecordValues[Kind];
  /** Position of its last change. */
  version: number;
}

export function readRecord<Kind extends RecordKind>(
  registry: RegistryReader,
  kind: Kind,
  id: string,
): StoredRecord<Kind> | null {
  const item = registry.get('setting', keyOf(kind, id));
  if (item === null) return null;
  return { value: parse(kind, item.value.value), version: item.version };
}

export function listRecords<Kind extends RecordKind>(
  registry: RegistryReader,
  kind: Kind,
): StoredRecord<Kind>[] {
  const prefix = keyOf(kind, '');
  return [...registry.list('setting')]
    .filter(({ key }) => key.startsWith(prefix))
    .map(({ value, version }) => ({ value: parse(kind, value.value), version }));
}

/** The change that stores the record; a version 0 must not exist yet. */
export function recordChange<Kind extends RecordKind>(
  kind: Kind,
  value: RecordValues[Kind],
  by: { who: string; why: string; expectedVersion: number },
): RegistryChange {
  const text = JSON.stringify(SCHEMAS[kind].parse(value));
  return registryChange('setting', keyOf(kind, value.id), { value: text }, by);
}

function parse<Kind extends RecordKind>(kind: Kind, text: string): RecordValues[Kind] {
  return SCHEMAS[kind].parse(JSON.parse(text)) as RecordValues[Kind];
}

function keyOf(kind: RecordKind, id: string): string {
  return `api/${kind}/${id}`;
}
