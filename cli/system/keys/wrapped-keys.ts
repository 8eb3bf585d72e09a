/** The wrapped keys within any item of the registry, whatever its kind. */
import { REGISTRY_KINDS } from '../../../ledger/messages.ts';
import type { Key, WorkingKey } from '../../../ledger/registry-kinds.ts';

/** Every kind that may hold keys, one day. Cards do not, and there are too many to look through. */
export const KINDS_WITH_KEYS = REGISTRY_KINDS.filter((kind) => kind !== 'card');

export type WrappedKey = WorkingKey | Key;

/** Every wrapped key within a value, wherever it stands. */
export function* wrappedKeysIn(value: unknown): Iterable<WrappedKey> {
  if (isWrappedKey(value)) yield value;
  else if (isContainer(value)) {
    for (const inner of Object.values(value)) yield* wrappedKeysIn(inner);
  }
}

/** The value with its wrapped keys replaced; parts without keys stay the same objects. */
export async function replaceWrappedKeys<Value>(
  value: Value,
  replace: (key: WrappedKey) => Promise<WrappedKey>,
): Promise<Value> {
  if (isWrappedKey(value)) return (await replace(value)) as Value;
  if (!isContainer(value)) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) items.push(await replaceWrappedKeys(item, replace));
    return items as Value;
  }
  const replaced: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    replaced[name] = await replaceWrappedKeys(inner, replace);
  }
  return replaced as Value;
}

function isWrappedKey(value: unknown): value is WrappedKey {
  if (!isContainer(value)) return false;
  const { cryptogram, checkValue, purpose } = value as Partial<WrappedKey>;
  return (
    cryptogram instanceof Uint8Array &&
    checkValue instanceof Uint8Array &&
    typeof purpose === 'string'
  );
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}
