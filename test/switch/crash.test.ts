import '../support/plain-children.ts';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openReader } from '../../ledger/reader.ts';
import { cardNumberOf } from '../../switch/card-numbers.ts';
import { Random, testSeed } from '../ledger/random.ts';
import { OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { CLI, serve, temporaryFolder } from '../support/serve.ts';

const ROUNDS = 4;
const TERMINALS = 8;

/** What a terminal was told: the reference of its slip, and the amount on it. */
interface Slip {
  reference: string;
  amountFen: number;
  terminalId: string;
  traceNumber: string;
}

/** A terminal over all rounds: what it was told, and what it still has to ask again. */
class Working {
  readonly terminal: OutsideTerminal;
  readonly pan: string;
  unanswered: { frame: Buffer; slip: Slip } | null = null;

  constructor(at: number) {
    this.terminal = new OutsideTerminal(String(10_000_001 + at), OUTPATIENT);
    this.pan = cardNumberOf('621999000000000', 3, 10 + at);
  }

  /** Connects, asks again what was not answered (its keys still hold), then signs in. */
  async start(port: number): Promise<string | undefined> {
    await this.terminal.connect(port);
    const pending = this.unanswered;
    this.unanswered = null;
    const again = pending === null ? undefined : await this.terminal.ask(pending.frame);
    await this.terminal.signIn();
    return pending === null ? undefined : again?.fields.get(39);
  }

  /** Pays until the connection ends or enough is done. */
  async load(slips: Slip[], enough: number): Promise<void> {
    const { terminal, pan } = this;
    while (!terminal.closed && slips.length < enough) {
      const amountFen = 1 + (terminal.trace % 50);
      const frame = terminal.purchase(pan, amountFen);
      const traceNumber = String(terminal.trace).padStart(6, '0');
      const slip = { reference: '', amountFen, terminalId: terminal.terminalId, traceNumber };
      const answer = await terminal.ask(frame);
      if (answer === null) this.unanswered = { frame, slip };
      else slips.push({ ...slip, reference: answer.fields.get(37)! });
    }
  }
}

const seed = testSeed();
const random = new Random(seed);
t.comment(`POSP_TEST_SEED=${seed}`);

t.test('kill -9 in the middle of a load loses no answer', async (t) => {
  const folder = temporaryFolder('crash');
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const dataDir = join(folder, 'data');
  const slips: Slip[] = [];
  const working = Array.from({ length: TERMINALS }, (_, at) => new Working(at));

  for (let round = 1; round <= ROUNDS; round++) {
    const served = await serve(dataDir);
    const again = await Promise.all(working.map((one) => one.start(served.port)));
    const wrong = again.filter((code) => code !== undefined && code !== '00');
    t.strictSame(wrong, [], `round ${round}: what got no answer gets it when it is asked again`);
    const enough = slips.length + 150 + random.below(300);
    const loads = working.map((one) => one.load(slips, enough));
    await Promise.race(loads);
    await served.kill();
    await Promise.all(loads);
  }

  const report = JSON.parse(
    execFileSync(process.execPath, [CLI, 'ledger', 'verify', '--data', dataDir, '--json'], {
      encoding: 'utf8',
    }),
  );
  t.equal(report.chainVerified, true);
  t.equal(report.balancesVerified, true);
  t.equal(report.debitsFen, report.creditsFen);
  t.equal(report.firstBadPosition, null);

  t.ok(slips.length > ROUNDS * 100, `${slips.length} answers were given`);
  const reader = openReader(join(dataDir, 'ledger'));
  t.teardown(() => reader.close());
  const missing = slips.filter(({ reference, amountFen, terminalId, traceNumber }) => {
    const record = reader.record(Number(reference));
    const fact = record?.entry.fact?.transaction;
    const same = fact?.terminalId === terminalId && fact.traceNumber === traceNumber;
    return !same || fact.amountFen !== amountFen || record?.status !== 'applied';
  });
  t.strictSame(missing, [], 'every answer that a terminal got is in the journal');
});
