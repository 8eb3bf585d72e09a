import assert from 'node:assert/strict';
import { DIALECTS } from '../../protocols/dialects/index.ts';
import { encodeTlv, parseTlv } from '../../protocols/emv/tlv.ts';
import { splitEnvelope } from '../../protocols/framing/envelope.ts';
import { FrameParser } from '../../protocols/framing/frame-parser.ts';
import { CUP_TERMINAL_FRAMING } from '../../protocols/framing/framing.ts';
import { documentOf, frameOf } from '../../protocols/inspect/document.ts';
import { readFrame } from '../../protocols/inspect/frame.ts';
import { pageOf } from '../../protocols/inspect/page.ts';
import { dialectFromText } from '../../protocols/iso8583/dialect-file.ts';
import { encodeCommand, parseCommand, parseResponse } from '../../protocols/pboc/apdu.ts';
import { purseCommandOf, readPurseCommand } from '../../protocols/pboc/commands.ts';
import type { RecordLayout } from '../../protocols/records/layout.ts';
import { BANK_PIPE, UNIONPAY_COM } from '../../protocols/records/layouts.ts';
import { readRecords } from '../../protocols/records/reader.ts';
import { fixtureText } from './fixtures.ts';

/** One decoder with what must hold for whatever bytes it is given. */
export interface FuzzTarget {
  readonly name: string;
  /** Inputs to begin from: test/fixtures/protocols/corpus/<name>.hex, one a line. */
  readonly corpus: readonly Buffer[];
  /** Throws ProtocolError for bad input, AssertionError when an invariant is broken. */
  readonly run: (input: Buffer) => void;
}

const target = (name: string, run: FuzzTarget['run']): FuzzTarget => ({
  name,
  run,
  corpus: fixtureText(`corpus/${name}.hex`)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => Buffer.from(line, 'hex')),
});

const message = (name: string): FuzzTarget =>
  target(name, (input) => {
    const known = DIALECTS[name]!;
    const read = readFrame(input, known);
    if (read.message !== null) pageOf(known.codec.explain(read.message), read.pieces);
    const document = documentOf(read, known);
    if (document === null) throw read.error!;
    JSON.stringify(read.message);
    if (read.error !== null) return;
    const again = frameOf(JSON.parse(JSON.stringify(document)) as typeof document, known);
    assert.equal(again.toString('hex'), input.toString('hex'), 'encode(decode(x)) = x');
  });

const records = (name: string, layout: RecordLayout): FuzzTarget =>
  target(name, (input) => {
    const { details } = readRecords(layout, input);
    for (const row of details) {
      for (const column of layout.detail.columns) {
        const value = row[column.id];
        assert.ok(typeof value !== 'number' || Number.isSafeInteger(value));
      }
    }
  });

const CSV: RecordLayout = {
  ...BANK_PIPE,
  encoding: 'utf8',
  format: { kind: 'delimited', separator: ',', quote: '"' },
};
const columns = [
  { id: 'orderId', type: 'text' },
  { id: 'amountFen', type: 'yuan' },
] as const;
const plain = (format: RecordLayout['format']): RecordLayout => ({
  name: 'plain',
  title: BANK_PIPE.title,
  encoding: 'utf8',
  format,
  detail: { columns },
});

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  message('cup'),
  message('iso-1987-ascii'),
  message('iso-1987-ebcdic'),
  message('iso-1993-binary'),
  target('stream', (input) => {
    const parser = new FrameParser(CUP_TERMINAL_FRAMING);
    let taken = 0;
    const whole = new FrameParser(CUP_TERMINAL_FRAMING);
    let expected = 0;
    whole.push(input, (frame) => {
      expected += frame.length;
      splitEnvelope(frame, CUP_TERMINAL_FRAMING);
    });
    for (const byte of input) {
      parser.push(Uint8Array.of(byte), (frame) => {
        taken += frame.length;
      });
    }
    assert.equal(taken, expected, 'bytes one by one give the same frames');
  }),
  target('tlv', (input) => {
    const built = encodeTlv(parseTlv(input));
    const again = encodeTlv(parseTlv(built));
    assert.equal(again.toString('hex'), built.toString('hex'), 'what is built parses to the same');
  }),
  target('apdu', (input) => {
    parseResponse(input);
    const command = parseCommand(input);
    assert.equal(encodeCommand(command).toString('hex'), input.toString('hex'));
    const name = purseCommandOf(command);
    if (name !== undefined) readPurseCommand(name, command);
  }),
  records('bank-pipe', BANK_PIPE),
  records('unionpay-com', UNIONPAY_COM),
  records('csv', CSV),
  records('json', plain({ kind: 'json', records: 'items' })),
  records('xml', plain({ kind: 'xml', records: 'bill.row' })),
  target('dialect-file', (input) => {
    dialectFromText(input.toString('utf8'));
  }),
];
