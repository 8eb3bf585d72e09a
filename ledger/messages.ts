/** Facts and registry bodies to bytes and back: the messages of the journal that are not hot enough for code of their own. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import type { RegistryKind, RegistryValues } from './registry-kinds.ts';
import type { Fact, RegistryChange } from './types.ts';

/** The schema lies beside the sources, two folders up from this compiled file. */
const schema = new URL('../../ledger/journal.proto', import.meta.url);
const root = protobuf.parse(readFileSync(schema, 'utf8')).root;
const factType = root.lookupType('posp.ledger.Fact');

const REGISTRY_TYPES: Record<RegistryKind, protobuf.Type> = {
  institution: root.lookupType('posp.ledger.Institution'),
  merchant: root.lookupType('posp.ledger.Merchant'),
  terminal: root.lookupType('posp.ledger.Terminal'),
  card: root.lookupType('posp.ledger.Card'),
  key: root.lookupType('posp.ledger.Key'),
  account: root.lookupType('posp.ledger.ChartAccount'),
  setting: root.lookupType('posp.ledger.Setting'),
  control: root.lookupType('posp.ledger.Control'),
  blacklist: root.lookupType('posp.ledger.BlacklistEntry'),
  hold: root.lookupType('posp.ledger.Hold'),
  purse: root.lookupType('posp.ledger.Purse'),
  'grey-record': root.lookupType('posp.ledger.GreyRecord'),
};

export const REGISTRY_KINDS = Object.keys(REGISTRY_TYPES) as readonly RegistryKind[];

/** The message type of a name in journal.proto, for tools and tests. */
export function journalType(name: string): protobuf.Type {
  return root.lookupType(`posp.ledger.${name}`);
}

export function encodeFact(fact: Fact): Uint8Array {
  const set = Object.values(fact).filter((value) => value !== undefined);
  assert.equal(set.length, 1, 'a fact has exactly one of its fields');
  return factType.encode(fact).finish();
}

/** The fact with the fields that were written, no others. */
export function decodeFact(bytes: Uint8Array): Fact {
  return factType.toObject(factType.decode(bytes), { longs: Number, bytes: Uint8Array }) as Fact;
}

export function isRegistryKind(kind: string): kind is RegistryKind {
  return Object.hasOwn(REGISTRY_TYPES, kind);
}

export function encodeRegistryValue<Kind extends RegistryKind>(
  kind: Kind,
  value: Partial<RegistryValues[Kind]>,
): Uint8Array {
  const type = REGISTRY_TYPES[kind];
  const problem = type.verify(value);
  assert(problem === null, `${kind}: ${problem}`);
  return type.encode(value).finish();
}

/** The value with every field present: what was not written is empty. */
export function decodeRegistryValue<Kind extends RegistryKind>(
  kind: Kind,
  bytes: Uint8Array,
): RegistryValues[Kind] {
  const type = REGISTRY_TYPES[kind];
  return type.toObject(type.decode(bytes), {
    longs: Number,
    bytes: Uint8Array,
    defaults: true,
  }) as RegistryValues[Kind];
}

/** A change of the registry with its body encoded; `value` null removes the item. */
export function registryChange<Kind extends RegistryKind>(
  kind: Kind,
  key: string,
  value: Partial<RegistryValues[Kind]> | null,
  by: { who: string; why: string; expectedVersion?: number },
): RegistryChange {
  return { kind, key, body: value === null ? null : encodeRegistryValue(kind, value), ...by };
}

/** A fact as protobuf's JSON. */
export function factToJson(fact: Fact): Record<string, unknown> {
  const message = factType.fromObject(fact);
  return factType.toObject(message, { longs: Number, bytes: String });
}

/** The way back of `factToJson`. */
export function factFromJson(json: Record<string, unknown>): Fact {
  const message = factType.fromObject(json);
  return factType.toObject(message, { longs: Number, bytes: Uint8Array }) as Fact;
}
