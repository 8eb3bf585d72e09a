/**
 * Lists in field 62 (downloads of public keys and chip applications): one character says whether there
 * are any and whether more follow, then as many as fit.
 */
import { require } from '../../refusal.ts';
import type { Request } from '../row.ts';

/** Field 62 has at most so many bytes. */
const FIELD_62_BYTES = 512;

/** 0 none, 1 all in this answer, 2 more follow, 3 the last of several. */
type ListState = '0' | '1' | '2' | '3';

/** The part of a list that comes after the entries a terminal has: `1` and how many, or nothing at first. */
export function listPage(entries: readonly Uint8Array[], from: number): Buffer {
  const part: Uint8Array[] = [];
  let bytes = 1;
  for (const entry of entries.slice(from)) {
    if (bytes + entry.length > FIELD_62_BYTES) break;
    part.push(entry);
    bytes += entry.length;
  }
  const complete = from + part.length === entries.length;
  let state: ListState = '0';
  if (part.length > 0) state = from === 0 ? (complete ? '1' : '2') : complete ? '3' : '2';
  return Buffer.concat([Buffer.from(state, 'latin1'), ...part]);
}

/** How many entries the terminal says it has: field 62 is absent at first, then `1` and a number. */
export function entriesKnown({ message }: Request): number {
  const text = Buffer.from(message.bytes(62) ?? []).toString('latin1');
  if (text === '') return 0;
  require(/^1?\d{1,6}$/.test(text), '30', 'field-62-unreadable');
  return Number(text.slice(1) || 0);
}
