import fc from 'fast-check';
import t from 'tap';
import { DIALECTS } from '../../protocols/dialects/index.ts';
import { ProtocolError } from '../../protocols/error.ts';
import { documentOf, frameOf } from '../../protocols/inspect/document.ts';
import { readFrame } from '../../protocols/inspect/frame.ts';
import { pageOf } from '../../protocols/inspect/page.ts';
import { compile } from '../../protocols/iso8583/compile.ts';
import { CUP_VECTORS } from './fixtures.ts';
import { randomSource, SEED } from './seed.ts';
import { EVERYTHING } from './test-dialects.ts';

/** Whether the work is done or ends in our own error; any other error fails the test. */
function ends(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}

t.test('random bytes give a message or a ProtocolError', async (t) => {
  const codecs = [...Object.values(DIALECTS).map(({ codec }) => codec), compile(EVERYTHING)];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      for (const codec of codecs) {
        ends(() => {
          const message = codec.decode(bytes);
          JSON.stringify(message);
          codec.explain(message);
          message.macInput();
          message.check();
        });
      }
    }),
    { seed: SEED, numRuns: 2000 },
  );
  t.pass('no other error');
});

t.test('changed frames: what still decodes encodes to the same bytes', async (t) => {
  const random = randomSource(SEED);
  const known = DIALECTS['cup']!;
  let decoded = 0;
  for (let turn = 0; turn < 8000; turn++) {
    const frame = Buffer.from(CUP_VECTORS[random(CUP_VECTORS.length)]!.hex, 'hex');
    for (let change = random(4); change >= 0; change--) {
      frame[random(frame.length)] = random(256);
    }
    const cut = random(5) === 0 ? frame.subarray(0, random(frame.length)) : frame;
    const read = readFrame(cut, known);
    if (read.message !== null) pageOf(known.codec.explain(read.message), read.pieces);
    const document = documentOf(read, known);
    if (read.error !== null || document === null) continue;
    decoded++;
    const again = frameOf(JSON.parse(JSON.stringify(document)) as typeof document, known);
    if (!again.equals(cut)) {
      t.same(again.toString('hex'), cut.toString('hex'));
      return;
    }
  }
  t.ok(decoded > 2000, `${decoded} of the changed frames decoded`);
});

t.test('every prefix of a frame is refused or shorter', async (t) => {
  for (const { hex, name } of CUP_VECTORS.slice(0, 12)) {
    const body = Buffer.from(hex, 'hex').subarray(13);
    for (let length = 0; length < body.length; length++) {
      ends(() => DIALECTS['cup']!.codec.decode(body.subarray(0, length)).check());
    }
    t.pass(name);
  }
});
