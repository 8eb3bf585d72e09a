/** Text of a bill's bytes. */
import iconv from 'iconv-lite';
import type { BillEncoding } from '../source.ts';

export function textOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  encoding: BillEncoding,
): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
  return encoding === 'gbk' ? iconv.decode(view, 'gbk') : view.toString(encoding);
}

export function bytesOf(text: string, encoding: BillEncoding): Buffer {
  return encoding === 'gbk' ? iconv.encode(text, 'gbk') : Buffer.from(text, encoding);
}

/** Whether all bytes are below 0x80: then every encoding agrees. */
export function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at]! >= 0x80) return false;
  return true;
}

/** What a file is instead of what it should be, when its first bytes tell; null when they do not. */
export function otherEncoding(
  bytes: Uint8Array,
  start: number,
  end: number,
  expected: BillEncoding,
  words: readonly string[],
): string | null {
  const first = bytes[start];
  if (
    (first === 0xff && bytes[start + 1] === 0xfe) ||
    (first === 0xfe && bytes[start + 1] === 0xff)
  ) {
    return 'UTF-16';
  }
  for (const [encoding, name] of [
    ['utf8', 'UTF-8'],
    ['gbk', 'GBK'],
  ] as const) {
    if (encoding === expected) continue;
    const text = textOf(bytes, start, end, encoding);
    if (words.some((word) => /[^\0-\x7f]/.test(word) && text.includes(word))) return name;
  }
  return null;
}
