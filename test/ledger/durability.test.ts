/**
 * The machine stops in the middle of a commit, at every step of it in turn: what was answered is
 * there, what was not is there as a whole or not at all, and every balance follows from the journal.
 */
import t from 'tap';
import { ByteWriter } from '../../ledger/bytes.ts';
import { encodeEntry } from '../../ledger/encode.ts';
import { recover } from '../../ledger/recovery.ts';
import type { LedgerState } from '../../ledger/state.ts';
import { differences } from '../../ledger/state-comparison.ts';
import type { CommitBatch } from '../../ledger/storage.ts';
import { verifyStorage } from '../../ledger/verify.ts';
import { WriterCore } from '../../ledger/writer-core.ts';
import { MemoryStorage } from './memory-storage.ts';
import { Random, testSeed } from './random.ts';
import { RandomEntries } from './random-entries.ts';

const LEDGERS = 25;
const CRASHES_PER_LEDGER = 20;
t.setTimeout(600_000);
const seed = testSeed();
t.comment(`POSP_TEST_SEED=${seed}`);

class PowerFailure extends Error {}

/** Loses everything that was not synced when it fails; a commit syncs as its last step but one. */
class FailingStorage extends MemoryStorage {
  /** The step at which the power fails; Infinity: not yet. */
  failAt = Number.POSITIVE_INFINITY;
  /** Steps of the last commit: one a value, then the sync, then the return. */
  steps = 0;

  override commit(batch: CommitBatch): void {
    const { pages, registry, history, meta } = batch;
    const values = pages.length + registry.length + history.length + meta.length + 1;
    this.steps = values + 2;
    // Up to the sync the writes are in a transaction that nobody can see, and are lost with it.
    if (this.failAt <= values) throw new PowerFailure();
    super.commit(batch);
    if (this.failAt !== Number.POSITIVE_INFINITY) throw new PowerFailure();
  }
}

/** One ledger through some crashes; returns the first thing that is wrong, or null. */
function runLedger(random: Random, stepsSeen: Set<string>): string | null {
  const entries = new RandomEntries(random);
  let storage = new FailingStorage();
  let core = new WriterCore(storage, recover(storage));
  const out = new ByteWriter();
  let nowUs = Date.UTC(2026, 0, 1) * 1000;
  let answered = 0;
  let step = 0;
  for (let crashes = 0; crashes < CRASHES_PER_LEDGER; ) {
    nowUs += random.below(1_000_000);
    core.begin(nowUs);
    for (let left = 1 + random.below(150); left > 0; left--) {
      out.length = 0;
      encodeEntry(out, entries.next());
      core.submit(out.bytes, 0, out.length, false);
    }
    const made = core.count;
    storage.failAt = random.chance(0.3) ? step : Number.POSITIVE_INFINITY;
    if (commits(core)) {
      answered += made;
      continue;
    }
    crashes++;
    // Past the sync the group is there, although nobody was told.
    const whole = step >= storage.steps - 1;
    stepsSeen.add(whole ? 'after the sync' : `step ${step}`);
    step = whole ? 0 : step + 1;
    if (whole) answered += made;
    const surviving = new FailingStorage(storage.snapshot().disk);
    const restarted = recover(surviving);
    const problem = problemOf(surviving, restarted.state, answered);
    if (problem !== null) return `crash ${crashes}: ${problem}`;
    storage = surviving;
    core = new WriterCore(storage, restarted);
  }
  return null;
}

/** False when the power failed. */
function commits(core: WriterCore): boolean {
  try {
    core.commit();
    return true;
  } catch (error) {
    if (error instanceof PowerFailure) return false;
    throw error;
  }
}

function problemOf(storage: MemoryStorage, state: LedgerState, head: number): string | null {
  if (state.position !== head) return `the head is ${state.position}, not ${head}`;
  const { problems } = verifyStorage(storage);
  const again = differences(state, recover(storage).state);
  return [...problems, ...again].join('; ') || null;
}

t.test('a failure at every step of a commit', async (t) => {
  const random = new Random(seed);
  const stepsSeen = new Set<string>();
  for (let ledger = 1; ledger <= LEDGERS; ledger++) {
    const problem = runLedger(random, stepsSeen);
    if (problem === null) continue;
    t.fail(`seed ${seed}, ledger ${ledger}, ${problem}`);
    return;
  }
  t.ok(stepsSeen.has('step 0') && stepsSeen.has('after the sync'), [...stepsSeen].join(', '));
  t.ok(stepsSeen.size >= 5, `${stepsSeen.size} different steps`);
});
