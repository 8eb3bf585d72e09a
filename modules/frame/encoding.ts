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

/** LMDB's limit for pages of 4 KiB. */
const KEY_BYTES_MAX = 1_978;
const UTF8_BYTES_MAX = 3;

/** Keys of one table's rows, one at a time in the same bytes: each is good until the next is written. */
export class KeyWriter {
  readonly #table: string;
  readonly #bytes = Buffer.alloc(KEY_BYTES_MAX);
  readonly #start: number;

  constructor(table: string) {
    this.#table = table;
    this.#start = rowKey(table, '').copy(this.#bytes);
  }

  /** Throws when LMDB cannot take a key so long. */
  check(key: string): void {
    const room = KEY_BYTES_MAX - this.#start;
    if (key.length * UTF8_BYTES_MAX <= room) return;
    const bytes = Buffer.byteLength(key);
    assert(bytes <= room, `a key of ${this.#table} has ${bytes} bytes`);
  }

  write(key: string): Buffer {
    this.check(key);
    return this.#bytes.subarray(0, this.#start + this.#bytes.write(key, this.#start));
  }
}

/** Behind every key that starts so: UTF-8 has no such byte. */
export function behindPrefix(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0xff)]);
}

/** A value as it is kept while a batch is applied: its JSON, or bytes that are a value as a whole. */
export type ValueText = string | Buffer;

/** Throws when the value is not plain data. */
export function textOf(value: unknown): ValueText {
  if (value instanceof Uint8Array) return Buffer.concat([Buffer.of(RAW), value]);
  const text = JSON.stringify(isJson(value) ? value : plain(value, 'value'));
  assert(text !== undefined, 'a value of a table is plain data');
  return text;
}

export function valueFrom(text: ValueText): unknown {
  if (typeof text !== 'string') return new Uint8Array(text.subarray(1));
  return text.includes(`"${BYTES_NAME}":`) ? JSON.parse(text, revive) : JSON.parse(text);
}

/** Most values fit; a longer one gets bytes of its own. */
const SCRATCH = Buffer.alloc(64 * 1024);

/** As it is stored; the bytes are good until the next value is encoded. */
export function encodeText(text: ValueText): Buffer {
  if (typeof text !== 'string') return text;
  if (text.length * UTF8_BYTES_MAX > SCRATCH.length) return Buffer.from(text, 'utf8');
  return SCRATCH.subarray(0, SCRATCH.write(text));
}

export function decodeText(bytes: Buffer): ValueText {
  assert(bytes.length > 0, "a row of a module's store is damaged");
  return bytes[0] === RAW ? bytes : bytes.toString('utf8');
}

/** True for an object that JSON says as it is, and that has no other object in it. */
export function isFlat(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype) return false;
  for (const name in value) {
    const field = (value as Record<string, unknown>)[name];
    if (name === BYTES_NAME || (typeof field === 'object' && field !== null) || !isJson(field))
      return false;
  }
  return true;
}

/** True when JSON says the value as it is: the usual case, told without making anything. */
function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) {
    return (
      value === null ||
      typeof value === 'string' ||
      typeof value === 'boolean' ||
      value === undefined
    );
  }
  if (Array.isArray(value)) return value.every(isJson);
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const name in value) {
    if (name === BYTES_NAME || !isJson((value as Record<string, unknown>)[name])) return false;
  }
  return true;
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
