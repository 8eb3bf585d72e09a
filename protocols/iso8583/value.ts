import {
  isHex,
  readHex,
  readPackedDigits,
  readPackedDigitsRight,
  writePacked,
} from '../coding/digits.ts';
import { ebcdicOfLatin1, readEbcdic } from '../coding/ebcdic.ts';
import { encodeGbk, readGbk, readInterned, readLatin1 } from '../coding/text.ts';
import { ProtocolError } from '../error.ts';
import type { FieldValue } from './message.ts';
import { type Plan, Spread, spreadBytes, ValueKind } from './plan.ts';

const DIGITS_ONLY = /^[0-9]*$/;

/**
 * Reads the value of a field. `units` is the number of digits for packed fields. Throws
 * ProtocolError `bad-digit`; every other kind of value can be read whatever its bytes are.
 */
export function readValue(
  plan: Plan,
  field: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  units: number,
): string {
  const text = readLenient(plan.valueKind[field]!, bytes, start, end, units);
  if (text === undefined) {
    throw new ProtocolError('bad-digit', `field ${field} holds something else than digits`, {
      field,
      offset: start,
    });
  }
  return text;
}

/** Like readValue, but undefined where a digit is not one. */
function readLenient(
  kind: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  units: number,
): string | undefined {
  switch (kind) {
    case ValueKind.packedDigits:
      return readPackedDigits(bytes, start, units);
    case ValueKind.internedLatin1:
      return readInterned(bytes, start, end);
    case ValueKind.latin1:
      return readLatin1(bytes, start, end);
    case ValueKind.bytes:
      return readHex(bytes, start, end);
    case ValueKind.packedDigitsRight:
      return readPackedDigitsRight(bytes, start, units);
    case ValueKind.packedTrack:
      return readHex(bytes, start, end).slice(0, units);
    case ValueKind.packedTrackRight:
      return readHex(bytes, start, end).slice(units % 2);
    case ValueKind.gbk:
      return readGbk(bytes, start, end);
    case ValueKind.ebcdic:
      return readEbcdic(bytes, start, end);
    case ValueKind.hexAscii:
      return hexText(readLatin1(bytes, start, end));
    case ValueKind.hexEbcdic:
      return hexText(readEbcdic(bytes, start, end));
    case ValueKind.asciiDigits:
      return digits(readLatin1(bytes, start, end));
    case ValueKind.ebcdicDigits:
      return digits(readEbcdic(bytes, start, end));
    case ValueKind.asciiTrack:
      return readLatin1(bytes, start, end).replaceAll('=', 'D');
    default:
      return readEbcdic(bytes, start, end).replaceAll('=', 'D');
  }
}

function digits(text: string): string | undefined {
  return DIGITS_ONLY.test(text) ? text : undefined;
}

function hexText(text: string): string | undefined {
  return /^[0-9a-fA-F]*$/.test(text) ? text.toUpperCase() : undefined;
}

/** Wire bytes that the value takes without its prefix, and the units its prefix counts. */
interface Prepared {
  readonly units: number;
  readonly bytes: number;
  readonly value: FieldValue;
}

/** Brings a value to its final text or bytes and measures it. Throws ProtocolError `bad-value`. */
export function prepareValue(plan: Plan, field: number, value: FieldValue): Prepared {
  if (typeof value !== 'string') return prepareRaw(plan, field, value);
  const kind = plan.valueKind[field]!;
  const fixed = plan.fixedBytes[field]! >= 0;
  if (kind === ValueKind.gbk) {
    const bytes = encodeGbk(value);
    if (bytes === undefined) refuse(field, 'has a character that GBK does not have');
    return prepareRaw(plan, field, fixed ? filledBytes(plan, field, bytes) : bytes);
  }
  let units = value.length;
  let text = value;
  if (kind === ValueKind.bytes || kind === ValueKind.hexAscii || kind === ValueKind.hexEbcdic) {
    if (!isHex(value)) refuse(field, 'is binary: give whole bytes as hex');
    if (kind === ValueKind.bytes || plan.spread[field] === Spread.twoBytes) units /= 2;
  } else if (fixed) {
    text = filled(plan, field, value);
    units = text.length;
  } else if (plan.spread[field] === Spread.byte && kind <= ValueKind.packedTrackRight) {
    units = (units + 1) >> 1;
  }
  checkUnits(plan, field, units);
  return { units, bytes: spreadBytes(plan.spread[field]!, units), value: text };
}

/** Raw bytes go onto the wire as they are; the prefix of packed digits counts all their nibbles. */
function prepareRaw(plan: Plan, field: number, value: Uint8Array): Prepared {
  const kind = plan.valueKind[field]!;
  if (kind === ValueKind.hexAscii || kind === ValueKind.hexEbcdic) {
    return prepareValue(plan, field, readHex(value, 0, value.length));
  }
  const spread = plan.spread[field]!;
  const fixed = plan.fixedBytes[field]! >= 0;
  if (fixed) {
    if (value.length !== plan.fixedBytes[field]) {
      refuse(field, `is ${plan.fixedBytes[field]} bytes long, not ${value.length}`);
    }
    return { units: plan.units[field]!, bytes: value.length, value };
  }
  const units = spread === Spread.nibble ? value.length * 2 : value.length;
  checkUnits(plan, field, units);
  return { units, bytes: value.length, value };
}

function checkUnits(plan: Plan, field: number, units: number): void {
  const most = plan.units[field]!;
  if (plan.fixedBytes[field]! >= 0 ? units !== most : units > most) {
    refuse(field, `has ${units} digits or bytes where ${most} fit`);
  }
}

/** A fixed field's text filled up to its length: digits with zeros, text with spaces. */
function filled(plan: Plan, field: number, value: string): string {
  const length = plan.units[field]!;
  if (value.length >= length) return value;
  const { type } = plan.dialect.fields[field]!;
  const character = type === 'n' || type === 'z' ? '0' : ' ';
  return plan.padLeft[field] === 1
    ? value.padStart(length, character)
    : value.padEnd(length, character);
}

function filledBytes(plan: Plan, field: number, value: Uint8Array): Uint8Array {
  const length = plan.units[field]!;
  if (value.length >= length) return value;
  const bytes = new Uint8Array(length).fill(0x20);
  bytes.set(value, plan.padLeft[field] === 1 ? length - value.length : 0);
  return bytes;
}

/** Writes a prepared text at `start`; gives the position behind it. */
export function writeText(
  plan: Plan,
  field: number,
  target: Uint8Array,
  start: number,
  text: string,
): number {
  switch (plan.valueKind[field]) {
    case ValueKind.packedDigits:
      return checked(field, writePacked(target, start, text, 10));
    case ValueKind.packedDigitsRight:
      return checked(field, writePacked(target, start, evenLeft(text), 10));
    case ValueKind.packedTrack:
      return checked(field, writePacked(target, start, text.replaceAll('=', 'D'), 16));
    case ValueKind.packedTrackRight:
      return checked(field, writePacked(target, start, evenLeft(text.replaceAll('=', 'D')), 16));
    case ValueKind.bytes:
      return checked(field, writePacked(target, start, text, 16));
    case ValueKind.latin1:
    case ValueKind.internedLatin1:
      return writeLatin1(field, target, start, text);
    case ValueKind.asciiDigits:
      return writeLatin1(field, target, start, onlyDigits(field, text));
    case ValueKind.hexAscii:
      return writeLatin1(field, target, start, text.toUpperCase());
    case ValueKind.asciiTrack:
      return writeLatin1(field, target, start, text.replaceAll('D', '='));
    case ValueKind.ebcdicDigits:
      return writeEbcdic(field, target, start, onlyDigits(field, text));
    case ValueKind.hexEbcdic:
      return writeEbcdic(field, target, start, text.toUpperCase());
    case ValueKind.ebcdicTrack:
      return writeEbcdic(field, target, start, text.replaceAll('D', '='));
    default:
      return writeEbcdic(field, target, start, text);
  }
}

function evenLeft(text: string): string {
  return text.length % 2 === 0 ? text : `0${text}`;
}

function onlyDigits(field: number, text: string): string {
  if (!DIGITS_ONLY.test(text)) refuse(field, 'holds something else than digits');
  return text;
}

function checked(field: number, position: number): number {
  if (position < 0) refuse(field, 'holds something else than digits');
  return position;
}

function writeLatin1(field: number, target: Uint8Array, start: number, text: string): number {
  let position = start;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0xff) refuse(field, 'has a character outside of the single-byte set');
    target[position++] = code;
  }
  return position;
}

function writeEbcdic(field: number, target: Uint8Array, start: number, text: string): number {
  let position = start;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0xff) refuse(field, 'has a character outside of the single-byte set');
    target[position++] = ebcdicOfLatin1(code);
  }
  return position;
}

/** The bytes behind a field's hex text, when the wire carries binary as characters. */
export function bytesOfHexText(plan: Plan, field: number, text: string): Uint8Array | undefined {
  const kind = plan.valueKind[field]!;
  const isText = kind === ValueKind.hexAscii || kind === ValueKind.hexEbcdic;
  return isText ? Buffer.from(text, 'hex') : undefined;
}

function refuse(field: number, reason: string): never {
  throw new ProtocolError('bad-value', `field ${field} ${reason}`, { field });
}
