/** Identifiers of 16 bytes: how they are made, shown and compared. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { IdWords } from './entry-view.ts';
import type { Id } from './types.ts';

export const ID_BYTES = 16;

/**
 * The id of what the parts name: the first 16 bytes of SHA-256 over the parts, each preceded by its
 * length, so that ('ab', 'c') and ('a', 'bc') differ. Same parts, same id, on every machine.
 */
export function idOf(...parts: string[]): Id {
  const pieces: Buffer[] = [];
  for (const part of parts) {
    const bytes = Buffer.from(part, 'utf8');
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(bytes.length);
    pieces.push(length, bytes);
  }
  return new Uint8Array(hash('sha256', Buffer.concat(pieces), 'buffer').subarray(0, ID_BYTES));
}

/** 32 lower-case hex digits. */
export function idToHex(id: Id): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex');
}

/** The id of 32 hex digits, or null when the text is anything else. */
export function idFromHex(hex: string): Id | null {
  return /^[0-9a-f]{32}$/i.test(hex) ? new Uint8Array(Buffer.from(hex, 'hex')) : null;
}

/**
 * The id of the transfer at `index` of an entry when none was given: the entry's own for the first,
 * and the entry's with the index mixed into all of its words for the others, so that entries with
 * consecutive ids do not meet.
 */
export function transferId(entryId: Id, index: number): Id {
  assert.equal(entryId.length, ID_BYTES);
  const words = new IdWords();
  words.read(entryId, 0);
  mixIndex(words, index);
  return words.toBytes();
}

/** Turns the id of an entry into that of its transfer at `index`. */
export function mixIndex(id: IdWords, index: number): void {
  id.w0 ^= Math.imul(index, 0x9e3779b1);
  id.w1 ^= Math.imul(index, 0x85ebca6b);
  id.w2 ^= Math.imul(index, 0xc2b2ae35);
  id.w3 ^= Math.imul(index, 0x27d4eb2f);
}
