import {
  readHex,
  readNibbles,
  readPackedDigits,
  readPackedDigitsRight,
  writeHex,
  writePackedDigits,
} from '../coding/digits.ts';
import { ebcdicOfLatin1, readEbcdic } from '../coding/ebcdic.ts';
import { encodeGbk, readGbk, readInterned, readLatin1 } from '../coding/text.ts';
import { ProtocolError } from '../error.ts';
import type { FieldValue } from './message.ts';
import { type FieldPlan, Spread, ValueKind } from './plan.ts';

const DIGITS_ONLY = /^[0-9]*$/;

/**
 * Reads the value of a field. `units` is the number of digits for packed fields. Throws
 * ProtocolError `bad-digit`; every other kind of value can be read whatever its bytes are.
 */
export function readValue(
  field: FieldPlan,
  bytes: Uint8Array,
  start: number,
  end: number,
  units: number,
): string {
  return readLenient(field.kind, bytes, start, end, units) ?? badDigit(field.number, start);
}

/** Throws: a digit position holds something else. */
export function badDigit(field: number, offset: number): never {
  throw new ProtocolError('bad-digit', `field ${field} holds something else than digits`, {
    field,
    offset,
  });
}

/** Undefined where a digit is not one. */
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
      return readNibbles(bytes, start, units);
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
    case ValueKind.signedPacked:
      return signed(bytes, start, readPackedDigits(bytes, start + 1, units - 1));
    case ValueKind.asciiTrack:
      return readLatin1(bytes, start, end).replaceAll('=', 'D');
    default:
      return readEbcdic(bytes, start, end).replaceAll('=', 'D');
  }
}

function signed(bytes: Uint8Array, start: number, text: string | undefined): string | undefined {
  return text === undefined ? undefined : String.fromCharCode(bytes[start]!) + text;
}

function digits(text: string): string | undefined {
  return DIGITS_ONLY.test(text) ? text : undefined;
}

function hexText(text: string): string | undefined {
  return /^[0-9a-fA-F]*$/.test(text) ? text.toUpperCase() : undefined;
}

/**
 * Brings a value to the text or bytes that go onto the wire: filled up to a fixed length, checked
 * against the field's length. Throws ProtocolError `bad-value`.
 */
export function prepareValue(field: FieldPlan, value: FieldValue): FieldValue {
  const { kind } = field;
  if (typeof value !== 'string') {
    if (kind === ValueKind.hexAscii || kind === ValueKind.hexEbcdic) {
      return prepareValue(field, readHex(value, 0, value.length));
    }
    if (field.fixedBytes < 0) checkUnits(field, unitsOf(field, value));
    else if (value.length !== field.fixedBytes) {
      refuse(field, `has ${value.length} bytes, not ${field.fixedBytes}`);
    }
    return value;
  }
  let prepared: FieldValue = value;
  if (kind === ValueKind.gbk) prepared = gbkBytes(field, value);
  else if (field.fixedBytes >= 0 && value.length < field.units) prepared = filled(field, value);
  checkUnits(field, unitsOf(field, prepared));
  return prepared;
}

/** What a length prefix counts for a prepared value. */
export function unitsOf(field: FieldPlan, value: FieldValue): number {
  const { kind, spread } = field;
  const { length } = value;
  if (typeof value !== 'string') return spread === Spread.nibble ? length * 2 : length;
  if (kind === ValueKind.bytes || spread === Spread.twoBytes) {
    if (length % 2 !== 0) refuse(field, 'is binary: give whole bytes as hex');
    return length / 2;
  }
  return kind <= ValueKind.packedTrackRight && spread === Spread.byte ? (length + 1) >> 1 : length;
}

function checkUnits(field: FieldPlan, units: number): void {
  const most = field.units;
  if (field.fixedBytes >= 0 ? units === most : units <= most) return;
  refuse(field, `has ${units} digits or bytes where ${most} fit`);
}

/** A fixed field's text filled up to its length: digits with zeros, text with spaces. */
function filled(field: FieldPlan, value: string): string {
  const { type } = field.row;
  if (type === 'b' || type === 'x+n') return value;
  const character = type === 'n' || type === 'z' ? '0' : ' ';
  return field.padLeft
    ? value.padStart(field.units, character)
    : value.padEnd(field.units, character);
}

function gbkBytes(field: FieldPlan, value: string): Uint8Array {
  const bytes = encodeGbk(value);
  if (bytes === undefined) refuse(field, 'has a character that GBK does not have');
  if (field.fixedBytes < 0 || bytes.length >= field.units) return bytes;
  const target = new Uint8Array(field.units).fill(0x20);
  target.set(bytes, field.padLeft ? field.units - bytes.length : 0);
  return target;
}

/** Writes a prepared text at `start`; gives the position behind it. */
export function writeText(
  field: FieldPlan,
  target: Uint8Array,
  start: number,
  text: string,
): number {
  switch (field.kind) {
    case ValueKind.packedDigits:
      return checked(field, writePackedDigits(target, start, text));
    case ValueKind.packedDigitsRight:
      return checked(field, writePackedDigits(target, start, evenLeft(text)));
    case ValueKind.packedTrack:
      return checked(field, writeHex(target, start, withoutEquals(text)));
    case ValueKind.packedTrackRight:
      return checked(field, writeHex(target, start, evenLeft(withoutEquals(text))));
    case ValueKind.bytes:
      return checked(field, writeHex(target, start, text));
    case ValueKind.latin1:
    case ValueKind.internedLatin1:
      return writeLatin1(field, target, start, text);
    case ValueKind.asciiDigits:
      return writeLatin1(field, target, start, onlyDigits(field, text));
    case ValueKind.hexAscii:
      return writeLatin1(field, target, start, text.toUpperCase());
    case ValueKind.signedPacked: {
      const digitsStart = writeLatin1(field, target, start, text.slice(0, 1));
      return checked(field, writePackedDigits(target, digitsStart, text.slice(1)));
    }
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

/** Track text with `D` where a caller wrote `=`. */
function withoutEquals(text: string): string {
  return text.includes('=') ? text.replaceAll('=', 'D') : text;
}

function evenLeft(text: string): string {
  return text.length % 2 === 0 ? text : `0${text}`;
}

function onlyDigits(field: FieldPlan, text: string): string {
  if (!DIGITS_ONLY.test(text)) refuse(field, 'holds something else than digits');
  return text;
}

function checked(field: FieldPlan, position: number): number {
  if (position < 0) refuse(field, 'holds something else than digits');
  return position;
}

function writeLatin1(field: FieldPlan, target: Uint8Array, start: number, text: string): number {
  let position = start;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0xff) refuse(field, 'has a character outside of the single-byte set');
    target[position++] = code;
  }
  return position;
}

function writeEbcdic(field: FieldPlan, target: Uint8Array, start: number, text: string): number {
  let position = start;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0xff) refuse(field, 'has a character outside of the single-byte set');
    target[position++] = ebcdicOfLatin1(code);
  }
  return position;
}

function refuse(field: FieldPlan, reason: string): never {
  const { number } = field;
  throw new ProtocolError('bad-value', `field ${number} ${reason}`, { field: number });
}
