/** The character set of a message: MSH-18 names it (table 0211), and the answer is written in the same. */
import iconv from 'iconv-lite';

const BY_NAME: Readonly<Record<string, string>> = {
  ASCII: 'utf8',
  UNICODE: 'utf8',
  'UNICODE UTF-8': 'utf8',
  'UTF-8': 'utf8',
  'GB 18030-2000': 'gb18030',
  GB18030: 'gb18030',
  GBK: 'gb18030',
  GB2312: 'gb18030',
  '8859/1': 'latin1',
};

export interface DecodedMessage {
  text: string;
  encoding: string;
  /** What MSH-18 of the answer says. */
  charset: string;
  /** Set that MSH-18 names and nobody here can read: the text is right in its ASCII part only. */
  unknown?: string;
}

/** Without a name the bytes decide: UTF-8 when they are that, GB 18030 otherwise. */
export function decodeMessage(bytes: Buffer): DecodedMessage {
  const named = namedSet(bytes);
  const charset = named || (isUtf8(bytes) ? 'UNICODE UTF-8' : 'GB 18030-2000');
  const encoding = BY_NAME[charset.toUpperCase()];
  if (encoding !== undefined) return { text: iconv.decode(bytes, encoding), encoding, charset };
  const text = bytes.toString('utf8');
  return { text, encoding: 'utf8', charset: 'UNICODE UTF-8', unknown: named };
}

export function encodeMessage(text: string, encoding: string): Buffer {
  return iconv.encode(text, encoding);
}

function namedSet(bytes: Buffer): string {
  const end = bytes.indexOf(13);
  const head = bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
  const isHead = head.startsWith('MSH') && head.length > 8;
  // MSH-1 is the separator itself: field 18 is the 17th piece.
  return isHead ? (head.split(head[3]!)[17] ?? '').split(/[~^]/)[0]!.trim() : '';
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
