/**
 * Started by crash.test.ts and killed by it: submits payments as fast as it can, and says on stdout
 * which ones were answered: `number status position`. Every number comes a second time after a restart.
 */
import { writeSync } from 'node:fs';
import { opening, openLedger, payment } from './open-ledger.ts';

const [, , dataDir, firstNumber] = process.argv;
const OUTSTANDING = 60;
const ANSWERS_REPEATED = 200;
const pause = new Int32Array(new SharedArrayBuffer(4));

const { submit } = await openLedger(dataDir!);
await submit(opening({ till: 0, card: 0 }));
let next = Math.max(0, Number(firstNumber) - ANSWERS_REPEATED);

/** Written at once, so that what was said before the kill was said; a full pipe is tried again. */
function say(line: string): void {
  for (let rest = Buffer.from(line); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

async function payOn(): Promise<never> {
  for (;;) {
    const number = next++;
    const { status, position } = await submit(payment(String(number), 'till', 'card', 1));
    say(`${number} ${status} ${position}\n`);
  }
}

await Promise.all(Array.from({ length: OUTSTANDING }, payOn));
