/** kill -9 at random instants: no record is applied twice, none is skipped. */
import '../support/plain-children.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { openReader } from '../../ledger/reader.ts';
import { openModuleQueries } from '../../modules/frame/queries.ts';
import { Random, testSeed } from '../ledger/random.ts';
import { CRASH_CHILD, openModules, until } from './open-modules.ts';
import { counting } from './test-modules.ts';

const ROUNDS = Number(process.env['POSP_TEST_CRASHES'] ?? 12);
t.setTimeout(300_000);
const seed = testSeed();
t.comment(`POSP_TEST_SEED=${seed}`);
const random = new Random(seed);

t.test(`${ROUNDS} kills`, async (t) => {
  const folder = t.testdir();
  for (let round = 0; round < ROUNDS; round++) {
    const child = spawn(process.execPath, [CRASH_CHILD, folder, String(round * 100_000)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(child, 'close').then(() => 'ended by itself');
    const began = await Promise.race([once(child.stdout, 'data'), closed]);
    t.not(began, 'ended by itself', `round ${round} runs`);
    await sleep(random.below(400));
    child.kill('SIGKILL');
    await closed;
    const view = openModuleQueries(counting, folder);
    const { queries } = view;
    if (queries.count() !== view.position()) {
      t.fail(`round ${round}: ${queries.count()} records applied at position ${view.position()}`);
    }
    await view.close();
  }
  const opened = await openModules(folder);
  const reader = openReader(join(folder, 'ledger'));
  const view = openModuleQueries(counting, folder);
  await until('the end', () => view.position() === reader.head().position);
  let sumFen = 0;
  for (const { outcomes } of reader.records()) sumFen += outcomes[0]?.amountFen ?? 0;
  t.equal(view.queries.count(), view.position());
  t.equal(view.queries.sumFen(), sumFen);
  t.ok(sumFen > ROUNDS * 50, `${sumFen} payments were made`);
  await view.close();
  await reader.close();
  await opened.stop();
});
