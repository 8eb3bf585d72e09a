/** Views of small memory are cloned as they are: Node's own pool of buffers has 8 KiB. */
const SMALL_MEMORY_BYTES = 8_192;

/**
 * What crosses between threads is cloned with the whole memory behind each view of bytes: a MAC input
 * of 150 bytes would drag the 64 KiB along that came from a socket. Such views become copies of their
 * own; a value without them stays the same object.
 */
export function compact<Value>(value: Value): Value {
  if (value instanceof Uint8Array) {
    const isLarge = value.buffer.byteLength > Math.max(SMALL_MEMORY_BYTES, value.length);
    return isLarge ? (Uint8Array.from(value) as Value & Uint8Array) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  let changed: Record<string, unknown> | undefined;
  for (const name of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[name];
    const compacted = compact(inner);
    if (compacted === inner) continue;
    changed ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    changed[name] = compacted;
  }
  return (changed ?? value) as Value;
}
