import t from 'tap';
import { cup } from '../../protocols/dialects/cup.ts';
import { parseTlv } from '../../protocols/emv/tlv.ts';
import { ProtocolError } from '../../protocols/error.ts';
import { FrameParser } from '../../protocols/framing/frame-parser.ts';
import { BANK_PIPE } from '../../protocols/records/layouts.ts';
import { readRecords } from '../../protocols/records/reader.ts';

/**
 * Large inputs that a decoder with a quadratic step would not get through before the runner gives
 * up. Nothing is timed here: they have to end, with a result or with our own error.
 */
const MEGABYTE = 1 << 20;

const csv = {
  ...BANK_PIPE,
  encoding: 'utf8',
  format: { kind: 'delimited', separator: ',', quote: '"' },
} as const;
const json = { ...csv, format: { kind: 'json', records: 'a' } } as const;
const xml = { ...csv, format: { kind: 'xml', records: 'a.b' } } as const;
const repeated = (text: string, bytes = 4 * MEGABYTE): Buffer => Buffer.alloc(bytes, text);

const LARGE: readonly (readonly [what: string, work: () => unknown])[] = [
  [
    'a message with megabytes behind it',
    () => cup.decode(Buffer.concat([Buffer.from('08200000000000000000', 'hex'), repeated('\0')])),
  ],
  ['templates in templates', () => parseTlv(repeated('\x70\x84\x7f\xff\xff\xff'))],
  ['a million empty elements', () => parseTlv(repeated('\x9a\x00'))],
  ['zeros between elements', () => parseTlv(repeated('\0'))],
  [
    'a million keep-alives',
    () =>
      new FrameParser({
        length: '2-byte-binary',
        tpdu: false,
        header: false,
        minBytes: 1,
        maxBytes: 9,
      }).push(repeated('\0'), () => undefined),
  ],
  ['one line without end', () => readRecords(csv, repeated('x'))],
  [
    'a quote that never closes, in short lines',
    () => readRecords(csv, repeated('"\n"\n'.slice(0, 3))),
  ],
  [
    'an open quote in front of short lines',
    () => readRecords(csv, Buffer.concat([Buffer.from('H,"'), repeated('a\n')])),
  ],
  ['empty lines', () => readRecords(csv, repeated('\n'))],
  ['a line of separators', () => readRecords(csv, repeated(','))],
  ['brackets', () => readRecords(json, repeated('['))],
  ['elements that do not close', () => readRecords(xml, repeated('<a>', MEGABYTE))],
];
for (const [what, work] of LARGE) {
  t.test(what, async (t) => {
    let ended = 'with a result';
    try {
      work();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      ended = error.code;
    }
    t.match(ended, /result|truncated|bad-tlv|bad-record|bad-length/);
  });
}
