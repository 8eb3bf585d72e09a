/**
 * The ledger against the model: every answer of a million random entries, every balance and tally,
 * and after each stretch the state that a restart would read. POSP_TEST_OPERATIONS sets how many.
 */
import t from 'tap';
import { ByteWriter } from '../../ledger/bytes.ts';
import { encodeEntry } from '../../ledger/encode.ts';
import { IdWords } from '../../ledger/entry-view.ts';
import { idFromHex } from '../../ledger/id.ts';
import { dateText } from '../../ledger/institutions.ts';
import { tallyValues, transferOutcomes } from '../../ledger/messages-between-threads.ts';
import { recover } from '../../ledger/recovery.ts';
import { differences } from '../../ledger/state-comparison.ts';
import { statusName } from '../../ledger/status.ts';
import { isTallyForgotten } from '../../ledger/tally-rules.ts';
import { ENTRY_STATUSES, type Entry } from '../../ledger/types.ts';
import { verifyStorage } from '../../ledger/verify.ts';
import { WriterCore } from '../../ledger/writer-core.ts';
import { MemoryStorage } from './memory-storage.ts';
import { Model, type ModelAnswer } from './model.ts';
import { tallyOf } from './model-tallies.ts';
import { Random, testSeed } from './random.ts';
import { RandomEntries } from './random-entries.ts';

const OPERATIONS = Number(process.env['POSP_TEST_OPERATIONS'] ?? 1_000_000);
const STRETCH = 2_000;
const START_US = Date.UTC(2026, 0, 1) * 1000;

t.setTimeout(600_000);
const seed = testSeed();
t.comment(`POSP_TEST_SEED=${seed}`);
/** How often each answer came. */
const seen = new Map<string, number>();

/** The ledger's answer in the model's shape. */
function answerOf(core: WriterCore): ModelAnswer {
  const { outcome, recorded } = core;
  const known = outcome.recordedPosition > 0;
  const source = known ? recorded : outcome;
  const position = core.recordedLast ? core.state.position : 0;
  return {
    status: statusName(outcome.status),
    failedIndex: source.failedIndex,
    position: known ? outcome.recordedPosition : position,
    recorded: known ? statusName(outcome.recordedStatus) : null,
    businessDate: dateText(source.businessDate),
    outcomes: transferOutcomes(source.outcomes.values, 0, source.outcomes.length),
    tallies: tallyValues(source.tallies.values, 0, source.tallies.length),
  };
}

/** Differences between what both hold at the end of a stretch. */
function compareStates(core: WriterCore, model: Model): string[] {
  const problems: string[] = [];
  const words = new IdWords();
  for (const [id, account] of model.accounts) {
    words.read(idFromHex(id)!, 0);
    const row = core.state.accounts.find(words);
    const actual = row < 0 ? null : core.state.accounts.balances(row);
    if (JSON.stringify(actual) !== JSON.stringify(account.balances)) problems.push(`account ${id}`);
  }
  if (core.state.accounts.rows.size !== model.accounts.size) problems.push('number of accounts');
  for (const [id, position] of model.ids) {
    words.read(idFromHex(id)!, 0);
    if (core.lookUp(words)?.position !== position.position) problems.push(`entry ${id}`);
  }
  const { tallies, institutions } = core.state;
  for (const subject of model.tallies.keys()) {
    words.read(idFromHex(subject)!, 0);
    const row = tallies.find(words);
    const kept = row >= 0 && !isTallyForgotten(tallies, institutions, row);
    const { amountFen, count } = tallyOf(model, subject);
    const same = kept
      ? tallies.amountFen(row) === amountFen && tallies.count(row) === count
      : amountFen === 0 && count === 0;
    if (!same) problems.push(`tally ${subject}`);
  }
  return problems;
}

/** One stretch over a ledger of its own; returns the first difference, or null. */
function runStretch(random: Random, operations: number): string | null {
  const storage = new MemoryStorage();
  let core = new WriterCore(storage, recover(storage));
  const model = new Model();
  const entries = new RandomEntries(random);
  const out = new ByteWriter();
  let nowUs = START_US;
  for (let done = 0; done < operations; ) {
    nowUs += random.below(400_000);
    core.begin(nowUs);
    const expired = model.expire(core.timestampOf(core.state.position - core.count + 1));
    if (expired !== core.count) return `${core.count} expired, the model says ${expired}`;
    for (let left = 1 + random.below(20); left > 0 && done < operations; left--) {
      done++;
      const entry: Entry = entries.next();
      const dryRun = random.chance(0.05);
      const expected = model.submit(entry, core.timestampOf(core.state.position + 1), dryRun);
      out.length = 0;
      encodeEntry(out, entry);
      core.submit(out.bytes, 0, out.length, dryRun);
      const actual = answerOf(core);
      seen.set(actual.status, (seen.get(actual.status) ?? 0) + 1);
      const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
      if (a !== b) return `after ${done} operations:\n ledger ${a}\n model  ${b}`;
    }
    core.commit();
    if (!random.chance(0.004)) continue;
    // A restart out of the blue: what is in memory must come back from the disk.
    const restarted = recover(storage.snapshot());
    const different = differences(core.state, restarted.state);
    if (different.length > 0) return `restart after ${done}: ${different.join('; ')}`;
    core = new WriterCore(storage, restarted);
  }
  const problems = compareStates(core, model);
  const report = verifyStorage(storage);
  return [...problems, ...report.problems].join('; ') || null;
}

t.test('the ledger and the model agree', async (t) => {
  const random = new Random(seed);
  for (let done = 0; done < OPERATIONS; done += STRETCH) {
    const difference = runStretch(random, Math.min(STRETCH, OPERATIONS - done));
    if (difference === null) continue;
    t.fail(`stretch from ${done} of seed ${seed}: ${difference}`);
    return;
  }
  t.pass(`${OPERATIONS} operations`);
});

t.test('the random entries reach every answer of the ledger', async (t) => {
  // An account of zeros and the end of time are left to the tables.
  const elsewhere = new Set(['account_id_must_not_be_zero', 'overflows_timeout']);
  const missing = ENTRY_STATUSES.filter((status) => !seen.has(status) && !elsewhere.has(status));
  t.comment(JSON.stringify([...seen].sort((a, b) => b[1] - a[1])));
  t.strictSame(OPERATIONS >= 100_000 ? missing : [], []);
});
