import t, { type Test } from 'tap';
import { ProtocolError } from '../../protocols/error.ts';
import { FUZZ_TARGETS, type FuzzTarget } from './fuzz-targets.ts';
import { randomSource, SEED } from './seed.ts';

/** Seconds for each target: a taste by default, 4 in CI, hours with POSP_FUZZ_SECONDS. */
const SECONDS = Number(process.env['POSP_FUZZ_SECONDS'] ?? (process.env['CI'] ? 4 : 1.5));

/** Found inputs are kept to go on from: they are what other changes reach further code with. */
const MOST_KEPT = 500;

t.setTimeout(0);

for (const target of FUZZ_TARGETS) {
  t.test(`${target.name}: the corpus and its changes`, async (t) => {
    t.ok(target.corpus.length > 0);
    const random = randomSource(SEED ^ target.name.length);
    const pool = [...target.corpus];
    for (const input of pool) outcome(t, target, input);
    const seen = new Set<string>();
    const end = Date.now() + SECONDS * 1000;
    let runs = 0;
    while (Date.now() < end && t.passing()) {
      for (let turn = 0; turn < 50; turn++, runs++) {
        const input = changed(pool[random(pool.length)]!, pool, random);
        const result = outcome(t, target, input);
        if (seen.has(result) || pool.length >= MOST_KEPT) continue;
        seen.add(result);
        pool.push(input);
      }
    }
    t.comment(`${runs} inputs, ${seen.size} different outcomes`);
  });
}

/** `ok` or the error's code and place; anything else than our own error fails with the input. */
function outcome(t: Test, target: FuzzTarget, input: Buffer): string {
  try {
    target.run(input);
    return 'ok';
  } catch (error) {
    if (error instanceof ProtocolError)
      return `${error.code} ${error.field} ${error.message.slice(0, 40)}`;
    t.error(error, `${target.name} with ${input.toString('hex')}`);
    return 'failed';
  }
}

/** The input with a few bytes changed, taken out, doubled, or replaced by a piece of another. */
function changed(
  input: Buffer,
  pool: readonly Buffer[],
  random: (below: number) => number,
): Buffer {
  let bytes = Buffer.from(input);
  for (let change = random(5); change >= 0; change--) {
    const at = random(bytes.length + 1);
    const other = pool[random(pool.length)]!;
    switch (random(6)) {
      case 0:
        if (at < bytes.length) bytes[at] = random(256);
        break;
      case 1:
        if (at < bytes.length) bytes[at]! ^= 1 << random(8);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(8))]);
        break;
      case 3:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          bytes.subarray(Math.max(at - random(16), 0)),
        ]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length + 1))]);
        break;
      default:
        if (at < bytes.length)
          bytes[at] = [0x00, 0xff, 0x7f, 0x80, 0x30, 0x39, 0x22, 0x0a][random(8)]!;
    }
  }
  return bytes.subarray(0, 4096);
}
