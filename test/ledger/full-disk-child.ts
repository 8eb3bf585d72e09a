/**
 * Started by full-disk.test.ts with a limit on the size of its files: pays, so many payments at a
 * time, until the ledger refuses for want of room, then looks whether it still answers and still
 * knows the right balance.
 */
import { LedgerError } from '../../ledger/errors.ts';
import type { Entry } from '../../ledger/types.ts';
import { accountId, opening, openLedger, payment } from './open-ledger.ts';

// Node ignores the signal of the limit; what the test runner adds to a child does so only when asked.
process.on('SIGXFSZ', () => {});

const { ledger, client, submit } = await openLedger(process.argv[2]!);
await submit(opening({ till: 0, card: 0 }));

let applied = 0;
/** A payment with a note of 100 kB, so that the limit comes soon. */
function bulky(number: number): Entry {
  const fact = { transaction: { kind: 'purchase', note: 'x'.repeat(100_000) } };
  return { ...payment(String(number), 'till', 'card', 1), fact };
}

let refusal = '';
let number = 0;
async function payOn(): Promise<void> {
  while (refusal === '') {
    try {
      const { status } = await submit(bulky(number++));
      if (status === 'applied') applied++;
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      refusal = error.code;
    }
  }
}
await Promise.all(Array.from({ length: Number(process.argv[3]) }, payOn));
const [card] = await client.accounts([accountId('card')]);
const again = await submit(bulky(0));
process.stdout.write(
  JSON.stringify({ refusal, applied, balanceFen: card?.creditsPostedFen, again: again.status }),
);
await ledger.stop().catch(() => {});
process.exit(0);
