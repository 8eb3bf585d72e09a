import fc from 'fast-check';
import t from 'tap';
import { ProtocolError } from '../../protocols/error.ts';
import { joinEnvelope, replyTpdu, splitEnvelope } from '../../protocols/framing/envelope.ts';
import { FrameParser } from '../../protocols/framing/frame-parser.ts';
import { CUP_TERMINAL_FRAMING, type Framing } from '../../protocols/framing/framing.ts';
import { parseHeader, withProcessingRequest } from '../../protocols/framing/header.ts';
import { CUP_VECTORS, cupFrame } from './fixtures.ts';
import { SEED } from './seed.ts';

const base = { tpdu: false, header: false, minBytes: 1, maxBytes: 300 };
const FRAMINGS: readonly (readonly [name: string, framing: Framing])[] = [
  ['2-byte-binary', { ...base, length: '2-byte-binary' }],
  ['2-byte-bcd', { ...base, length: '2-byte-bcd' }],
  ['4-byte-ascii', { ...base, length: '4-byte-ascii' }],
  ['fixed', { ...base, length: { fixed: 7 } }],
];
const NONE = new Uint8Array(0);

/** Feeds chunks to a parser and gives copies of the frames that come out. */
function framesOf(framing: Framing, chunks: readonly Uint8Array[]): Buffer[] {
  const parser = new FrameParser(framing);
  const frames: Buffer[] = [];
  for (const chunk of chunks) parser.push(chunk, (frame) => frames.push(Buffer.from(frame)));
  return frames;
}

for (const [name, framing] of FRAMINGS) {
  t.test(`${name}: every way of cutting the stream gives the same frames`, async (t) => {
    const length = typeof framing.length === 'object' ? framing.length.fixed : null;
    const body = fc.uint8Array({ minLength: length ?? 1, maxLength: length ?? 300 });
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(fc.array(body, { maxLength: 6 }), cuts, (bodies, sizes) => {
        const stream = Buffer.concat(bodies.map((b) => joinEnvelope(framing, NONE, NONE, b)));
        const chunks: Buffer[] = [];
        for (let start = 0, turn = 0; start < stream.length; turn++) {
          const end = start + sizes[turn % sizes.length]!;
          chunks.push(stream.subarray(start, end));
          start = end;
        }
        t.same(
          framesOf(framing, chunks),
          bodies.map((b) => Buffer.from(b)),
        );
      }),
      { seed: SEED, numRuns: 100 },
    );
  });
}

t.test('terminal frames: glued, whole, and one byte at a time', async (t) => {
  const frames = CUP_VECTORS.filter(
    ({ hex, expected }) => expected.layout?.startsWith('len2') && hex,
  ).map(({ hex }) => Buffer.from(hex, 'hex'));
  t.ok(frames.length > 30);
  const stream = Buffer.concat(frames);
  const expected = frames.map((frame) => frame.subarray(2));
  t.same(framesOf(CUP_TERMINAL_FRAMING, [stream]), expected);
  t.same(
    framesOf(
      CUP_TERMINAL_FRAMING,
      Array.from(stream, (byte) => Uint8Array.of(byte)),
    ),
    expected,
  );
});

const BAD_LENGTHS: readonly (readonly [name: string, framing: Framing, hex: string])[] = [
  ['65,535 bytes with nothing behind', CUP_TERMINAL_FRAMING, 'FFFF'],
  ['shorter than TPDU, header and bitmap', CUP_TERMINAL_FRAMING, '0014'],
  ['one byte more than allowed', CUP_TERMINAL_FRAMING, '0801'],
  ['letters where digits belong', FRAMINGS[2]![1], '30304142'],
  ['nibbles that are not decimal', FRAMINGS[1]![1], '001A'],
];
for (const [name, framing, hex] of BAD_LENGTHS) {
  t.test(`bad length: ${name}`, async (t) => {
    const parser = new FrameParser(framing);
    const feed = (): void => parser.push(Buffer.from(hex, 'hex'), () => t.fail('no frame'));
    t.throws(feed, { name: 'ProtocolError', code: 'bad-length' });
    t.throws(() => parser.push(new Uint8Array(1), () => t.fail('no frame')), ProtocolError);
  });
}

t.test('keep-alive frames are dropped and counted', async (t) => {
  const parser = new FrameParser(CUP_TERMINAL_FRAMING);
  const frames: Buffer[] = [];
  const frame = cupFrame('syn_echo_request');
  parser.push(Buffer.concat([Buffer.alloc(4), frame, Buffer.alloc(3)]), (f) =>
    frames.push(Buffer.from(f)),
  );
  t.equal(parser.keepAlives, 3);
  t.same(frames, [frame.subarray(2)]);
  t.equal(parser.pendingBytes, 1);
});

t.test('a frame that is not complete waits', async (t) => {
  const frame = cupFrame('syn_sale_request_truncated');
  const parser = new FrameParser(CUP_TERMINAL_FRAMING);
  parser.push(frame, () => t.fail('no frame'));
  t.equal(parser.pendingBytes, frame.length);
});

t.test('the envelope comes apart and goes together', async (t) => {
  const frame = cupFrame('syn_sale_request');
  const { tpdu, lri, header, body } = splitEnvelope(frame.subarray(2), CUP_TERMINAL_FRAMING);
  t.equal(Buffer.from(tpdu).toString('hex'), '6000060000');
  t.equal(lri.length, 0);
  t.same(joinEnvelope(CUP_TERMINAL_FRAMING, tpdu, header, body), frame);
  t.match(parseHeader(header), {
    applicationClass: '60',
    softwareVersion: '31',
    processingRequest: '0',
  });
  t.equal(Buffer.from(withProcessingRequest(header, 3)).toString('hex'), '603103311234');
  t.equal(Buffer.from(header).toString('hex'), '603100311234', 'the request keeps its own');
});

t.test('a dial-up record is taken off', async (t) => {
  const frame = cupFrame('syn_echo_request').subarray(2);
  const record = Buffer.concat([Buffer.from('4C5249001C', 'hex'), Buffer.alloc(28, 1)]);
  const dialled = Buffer.concat([frame.subarray(0, 5), record, frame.subarray(5)]);
  const { lri, body } = splitEnvelope(dialled, CUP_TERMINAL_FRAMING);
  t.same(Buffer.from(lri), record);
  t.same(Buffer.from(body), frame.subarray(11));
});

t.test('an envelope that is too short is an error', async (t) => {
  t.throws(() => splitEnvelope(new Uint8Array(8), CUP_TERMINAL_FRAMING), {
    code: 'truncated',
    needed: 6,
    had: 3,
  });
  t.throws(() => joinEnvelope(CUP_TERMINAL_FRAMING, NONE, NONE, new Uint8Array(4000)), {
    code: 'bad-length',
  });
});

t.test('answers go back to where the request came from', async (t) => {
  const tpdu = Buffer.from('6000061100', 'hex');
  t.equal(Buffer.from(replyTpdu(tpdu, 'swap')).toString('hex'), '6011000006');
  t.equal(Buffer.from(replyTpdu(tpdu, 'echo')).toString('hex'), '6000061100');
  t.equal(Buffer.from(replyTpdu(tpdu, { fixed: '6000010002' })).toString('hex'), '6000010002');
});
