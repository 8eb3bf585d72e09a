import iconv from 'iconv-lite';
import { ProtocolError } from '../error.ts';
import type { RecordLayout } from './layout.ts';

const BYTE_ORDER_MARK = '\uFEFF';

/** Bytes of a file as text, a byte order mark at the front left out. */
export function textOf(layout: RecordLayout, bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const text =
    layout.encoding === 'gbk' ? iconv.decode(buffer, 'gbk') : buffer.toString(layout.encoding);
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

/** Text as bytes of the file. Throws ProtocolError `bad-record` when a character has no code. */
export function bytesOf(layout: RecordLayout, text: string, line: number): Buffer {
  const bytes =
    layout.encoding === 'gbk' ? iconv.encode(text, 'gbk') : Buffer.from(text, layout.encoding);
  if (layout.encoding !== 'utf8' && textOf(layout, bytes) !== text) {
    throw new ProtocolError(
      'bad-record',
      `line ${line}: a character cannot be written in ${layout.encoding}`,
      { line },
    );
  }
  return bytes;
}
