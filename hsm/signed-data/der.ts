/**
 * As much of DER (X.690) as signed data needs: values are written whole, and read with every length
 * checked. Indefinite lengths and tags of more than one byte are refused.
 */
import { HsmError } from '../errors.ts';

export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A tag of the context class, e.g. [0]; constructed unless it stands for a primitive one. */
export function contextTag(number: number, constructed = true): number {
  return (constructed ? 0xa0 : 0x80) | number;
}

export function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthBytes(content.length), content]);
}

export const sequence = (...parts: Uint8Array[]) => der(TAG.sequence, ...parts);
export const octetString = (bytes: Uint8Array) => der(TAG.octetString, bytes);
export const NULL = der(TAG.null);

/** The elements of a SET OF in the order that DER asks for. */
export function setOf(tag: number, ...parts: Uint8Array[]): Buffer {
  return der(tag, ...[...parts].sort(Buffer.compare));
}

/** A number that is not negative, given by its big-endian bytes. */
export function unsigned(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const needed = bytes.subarray(start);
  return needed[0]! >= 0x80 ? der(TAG.integer, Buffer.alloc(1), needed) : der(TAG.integer, needed);
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  const bytes = [40 * first + second, ...others].flatMap(base128);
  return der(TAG.oid, Buffer.from(bytes));
}

/** Universal time, with two digits of year until 2049 as X.509 has it. */
export function time(at: Date): Buffer {
  const text = `${at.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  const isShort = at.getUTCFullYear() >= 1950 && at.getUTCFullYear() < 2050;
  return isShort
    ? der(TAG.utcTime, Buffer.from(text.slice(2), 'latin1'))
    : der(TAG.generalizedTime, Buffer.from(text, 'latin1'));
}

function base128(value: number): number[] {
  const bytes = [value % 128];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) {
    bytes.unshift(0x80 | (left % 128));
  }
  return bytes;
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

/** One value that was read: a view of the bytes. */
export interface DerValue {
  tag: number;
  content: Buffer;
  /** Tag and length included. */
  whole: Buffer;
}

/** The one value that the bytes are. Throws `bad_input`. */
export function readWhole(bytes: Uint8Array): DerValue {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = readAt(buffer, 0);
  if (value.whole.length !== buffer.length) malformed('bytes follow the value');
  return value;
}

/** The values that a constructed value holds. */
export function children(value: DerValue): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < value.content.length; ) {
    const child = readAt(value.content, at);
    values.push(child);
    at += child.whole.length;
  }
  return values;
}

/** The value when it has this tag; throws `bad_input` when there is none or another. */
export function expect(value: DerValue | undefined, tag: number, what: string): DerValue {
  if (value?.tag === tag) return value;
  malformed(`${what} is expected`);
}

export function oidText(value: DerValue | undefined): string {
  const { content } = expect(value, TAG.oid, 'an object identifier');
  const numbers: number[] = [];
  let number = 0;
  for (const byte of content) {
    number = number * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    numbers.push(number);
    number = 0;
  }
  const [first = 0, ...others] = numbers;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - 40 * root, ...others].join('.');
}

/** An integer that is not negative as bytes of this length. */
export function unsignedBytes(value: DerValue | undefined, length: number): Buffer {
  const { content } = expect(value, TAG.integer, 'an integer');
  const start = content[0] === 0 && content.length > 1 ? 1 : 0;
  const bytes = content.subarray(start);
  if (bytes.length > length || content.length === 0) malformed('an integer is too long');
  return Buffer.concat([Buffer.alloc(length - bytes.length), bytes]);
}

export function timeOf(value: DerValue | undefined): Date | undefined {
  const text = value?.content.toString('latin1') ?? '';
  const short = value?.tag === TAG.utcTime;
  const digits = short ? `${Number(text.slice(0, 2)) >= 50 ? '19' : '20'}${text}` : text;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function readAt(bytes: Buffer, at: number): DerValue {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) malformed('a value ends early');
  if ((tag & 0x1f) === 0x1f) malformed('a tag of several bytes');
  const lengthCount = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthCount > 4) malformed('a length that DER does not have');
  const start = at + 2 + lengthCount;
  if (start > bytes.length) malformed('a length ends early');
  const length = lengthCount === 0 ? first : bytes.readUIntBE(at + 2, lengthCount);
  if (start + length > bytes.length) malformed('a value is longer than what holds it');
  return {
    tag,
    content: bytes.subarray(start, start + length),
    whole: bytes.subarray(at, start + length),
  };
}

function malformed(what: string): never {
  throw new HsmError('bad_input', `not well-formed signed data: ${what}`);
}
