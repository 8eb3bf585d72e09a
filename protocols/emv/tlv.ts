import { ProtocolError } from '../error.ts';

/** One BER-TLV element. Values are views of the input. */
export interface TlvNode {
  /** Upper-case hex of the tag, e.g. `9F26`. */
  readonly tag: string;
  readonly value: Uint8Array;
  /** The elements inside a constructed one (tag bit 6 set), null for a primitive one. */
  readonly children: readonly TlvNode[] | null;
}

/** EMV templates nest two or three deep; more than this is an attack or noise. */
const DEEPEST = 8;
/** Field 55 uses tags of up to three bytes; ISO 8825 sets no limit. */
const LONGEST_TAG = 4;
const LONGEST_LENGTH = 4;
const NOTHING = new Uint8Array(0);

/**
 * Parses BER-TLV as EMV uses it: tags and lengths of several bytes, definite lengths only, zero
 * bytes between elements skipped, unknown tags kept. Throws ProtocolError `bad-tlv`.
 */
export function parseTlv(bytes: Uint8Array): TlvNode[] {
  return parseLevel(bytes, 0, bytes.length, 0);
}

function parseLevel(bytes: Uint8Array, start: number, end: number, depth: number): TlvNode[] {
  if (depth > DEEPEST) fail('is nested too deep', start, end);
  const nodes: TlvNode[] = [];
  let position = start;
  while (position < end) {
    if (bytes[position] === 0) {
      position++;
      continue;
    }
    const tagStop = tagEnd(bytes, position, end);
    const valueOffset = lengthEnd(bytes, tagStop, end);
    const length = readLength(bytes, tagStop, valueOffset);
    if (length > end - valueOffset) {
      fail(`says ${length} bytes, ${end - valueOffset} are left`, position, end, length);
    }
    const constructed = (bytes[position]! & 0x20) !== 0;
    nodes.push({
      tag: hex(bytes, position, tagStop),
      value: bytes.subarray(valueOffset, valueOffset + length),
      children: constructed
        ? parseLevel(bytes, valueOffset, valueOffset + length, depth + 1)
        : null,
    });
    position = valueOffset + length;
  }
  return nodes;
}

/** Where the tag that begins at `start` ends. */
function tagEnd(bytes: Uint8Array, start: number, end: number): number {
  let position = start + 1;
  if ((bytes[start]! & 0x1f) !== 0x1f) return position;
  for (;;) {
    if (position >= end) fail('ends inside a tag', start, end);
    if (position - start >= LONGEST_TAG) fail('has a tag of too many bytes', start, end);
    if ((bytes[position++]! & 0x80) === 0) return position;
  }
}

/** Where the length that begins at `start` ends. */
function lengthEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) fail('ends in front of a length', start, end);
  const first = bytes[start]!;
  const width = first < 0x80 ? 1 : 1 + (first & 0x7f);
  if (first === 0x80 || width > 1 + LONGEST_LENGTH)
    fail('has a length of unknown form', start, end);
  if (start + width > end) fail('ends inside a length', start, end);
  return start + width;
}

function readLength(bytes: Uint8Array, start: number, end: number): number {
  if (end - start === 1) return bytes[start]!;
  let length = 0;
  for (let position = start + 1; position < end; position++)
    length = length * 256 + bytes[position]!;
  return length;
}

/** A tag with elements inside, or else with its value; what parsing gives fits too. */
export interface TlvInput {
  readonly tag: string;
  readonly value?: Uint8Array;
  readonly children?: readonly TlvInput[] | null;
}

/** Builds BER-TLV with the shortest form of each length. Throws ProtocolError `bad-tlv`. */
export function encodeTlv(nodes: readonly TlvInput[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const node of nodes) {
    const { children = null } = node;
    const value = children === null ? (node.value ?? NOTHING) : encodeTlv(children);
    if (!/^([0-9A-Fa-f]{2}){1,4}$/.test(node.tag)) fail(`has no tag ${node.tag}`, 0, 0);
    parts.push(Buffer.from(node.tag, 'hex'), shortestLength(value.length), value);
  }
  return Buffer.concat(parts);
}

function shortestLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

/** The first element with this tag, at any depth. */
export function findTlv(nodes: readonly TlvNode[], tag: string): TlvNode | undefined {
  for (const node of nodes) {
    if (node.tag === tag) return node;
    const inside = node.children === null ? undefined : findTlv(node.children, tag);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

function hex(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
    .toString('hex')
    .toUpperCase();
}

function fail(reason: string, offset: number, end: number, needed = 0): never {
  const had = Math.max(end - offset, 0);
  throw new ProtocolError('bad-tlv', `TLV at byte ${offset} ${reason}`, { offset, needed, had });
}
