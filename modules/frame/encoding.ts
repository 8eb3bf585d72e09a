/**
 * Rows of a module's store as bytes. Keys are UTF-8, so they sort by the bytes of their text. Values
 * are JSON, because the same value has to give the same bytes in every process; V8's own format does
 * not promise that. Bytes inside of a value are base64 under a name of their own, and a value that is
 * bytes as a whole is stored as it is.
 */
import assert from 'node:assert/strict';

const RAW = 0x01;
const BYTES_NAME = '$bytes';

/** The key of a row: the table's name, a zero byte, the row's own key. */
export function rowKey(table: string, key: string): Buffer {
  return Buffer.from(`${table}\0${key}`, 'utf8');
}

/** Behind every key that starts so: UTF-8 has no such byte. */
export function behindPrefix(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0xff)]);
}

/** Throws when the value is not plain data. */
export function encodeValue(value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.concat([Buffer.of(RAW), value]);
  const text = JSON.stringify(plain(value, 'value'));
  assert(text !== undefined, 'a value of a table is plain data');
  return Buffer.from(text, 'utf8');
}

export function decodeValue(bytes: Buffer): unknown {
  assert(bytes.length > 0, "a row of a module's store is damaged");
  if (bytes[0] === RAW) return new Uint8Array(bytes.subarray(1));
  const text = bytes.toString('utf8');
  return text.includes(`"${BYTES_NAME}":`) ? JSON.parse(text, revive) : JSON.parse(text);
}

/** The value itself, or a copy in which bytes have become text. */
function plain(value: unknown, place: string): unknown {
  if (typeof value === 'number') {
    assert(Number.isFinite(value), `${place} is not a number that can be stored`);
    return value;
  }
  if (typeof value !== 'object' || value === null) {
    const known = value === null || ['string', 'boolean', 'undefined'].includes(typeof value);
    assert(known, `${place}: a ${typeof value} cannot be stored`);
    return value;
  }
  if (value instanceof Uint8Array) return { [BYTES_NAME]: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map((item, index) => plain(item, `${place}[${index}]`));
  return plainObject(value, place);
}

function plainObject(value: object, place: string): Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  assert(prototype === Object.prototype || prototype === null, `${place} is not plain data`);
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    assert(name !== BYTES_NAME, `${place}: ${BYTES_NAME} is a name of the store's own`);
    copy[name] = plain(item, `${place}.${name}`);
  }
  return copy;
}

function revive(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !(BYTES_NAME in value)) return value;
  return new Uint8Array(Buffer.from((value as Record<string, string>)[BYTES_NAME]!, 'base64'));
}
