/**
 * kill -9 at random instants under load: no answered payment is lost, none is made twice, and the
 * ledger verifies after every restart. POSP_TEST_CRASHES sets how many rounds.
 */
import '../support/plain-children.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { idOf, idToHex } from '../../ledger/id.ts';
import { openReader } from '../../ledger/reader.ts';
import { verify } from '../../ledger/verify.ts';
import { Random, testSeed } from './random.ts';

const ROUNDS = Number(process.env['POSP_TEST_CRASHES'] ?? 50);
t.setTimeout(600_000);
const seed = testSeed();
t.comment(`POSP_TEST_SEED=${seed}`);
const random = new Random(seed);
const dataDir = t.testdir();
const child = fileURLToPath(new URL('./crash-child.js', import.meta.url));

/** Position of each payment that was answered, by its number. */
const answered = new Map<number, number>();

/** Runs the child, kills it some time after its first answer, and keeps what it said. */
async function round(): Promise<string[]> {
  const process = spawn(globalThis.process.execPath, [child, dataDir, String(answered.size)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  process.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(process.stdout, 'data');
  await sleep(random.below(120));
  process.kill('SIGKILL');
  await once(process, 'close');
  // The last line may be cut short.
  return output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
}

t.test(`${ROUNDS} rounds`, async (t) => {
  for (let number = 1; number <= ROUNDS; number++) {
    for (const line of await round()) {
      const [payment, status, position] = line.split(' ');
      const before = answered.get(Number(payment));
      const repeated = before !== undefined;
      const right = repeated
        ? status === 'exists' && before === Number(position)
        : status === 'applied' || status === 'exists';
      if (!right) t.fail(`round ${number}: payment ${line}, answered before at ${before}`);
      answered.set(Number(payment), Number(position));
    }
    const report = await verify(dataDir);
    if (report.problems.length > 0) t.fail(`round ${number}: ${report.problems.join('; ')}`);
  }
  t.ok(answered.size > ROUNDS, `${answered.size} payments were answered`);
});

t.test('the journal holds every answered payment once', async (t) => {
  const positions = new Map<string, number>();
  const reader = openReader(dataDir);
  let doubled = 0;
  for (const { entry, position } of reader.records()) {
    const id = idToHex(entry.id);
    if (positions.has(id)) doubled++;
    positions.set(id, position);
  }
  await reader.close();
  t.equal(doubled, 0, 'no id stands twice');
  const lost = [...answered].filter(
    ([number, position]) => positions.get(idToHex(idOf('payment', String(number)))) !== position,
  );
  t.strictSame(lost, [], 'every answer names the position of its record');
});
