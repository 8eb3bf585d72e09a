import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openReader } from '../../ledger/reader.ts';
import { cardNumberOf } from '../../switch/card-numbers.ts';
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

t.test('kill -9 in the middle of a load loses no answer', async (t) => {
  const folder = temporaryFolder('crash');
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const dataDir = join(folder, 'data');
  const slips: Slip[] = [];
  const unanswered: { frame: Buffer; slip: Slip }[] = [];
  const traces = new Map<string, number>();

  for (let round = 1; round <= ROUNDS; round++) {
    const served = await serve(dataDir);
    const terminals = Array.from({ length: TERMINALS }, (_, at) => {
      const terminal = new OutsideTerminal(String(10_000_001 + at), OUTPATIENT);
      terminal.trace = traces.get(terminal.terminalId) ?? 0;
      return terminal;
    });
    const killAfter = slips.length + 150 + Math.floor(Math.random() * 300);
    const loads = terminals.map(async (terminal, at) => {
      await terminal.connect(served.port);
      await terminal.signIn();
      while (!terminal.closed) {
        const pan = cardNumberOf('621999000000000', 3, 10 + at);
        const amountFen = 1 + (terminal.trace % 50);
        const frame = terminal.purchase(pan, amountFen);
        const traceNumber = String(terminal.trace).padStart(6, '0');
        const slip = { reference: '', amountFen, terminalId: terminal.terminalId, traceNumber };
        const answer = await terminal.ask(frame).catch(() => null);
        if (answer === null) unanswered.push({ frame, slip });
        else slips.push({ ...slip, reference: answer.fields.get(37)! });
        if (slips.length >= killAfter) break;
      }
      traces.set(terminal.terminalId, terminal.trace);
    });
    await Promise.race(loads);
    await served.kill();
    await Promise.all(loads);
    for (const terminal of terminals) terminal.disconnect();
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
  const wrong = slips.filter(({ reference, amountFen, terminalId, traceNumber }) => {
    const record = reader.record(Number(reference));
    const fact = record?.entry.fact?.transaction;
    const same = fact?.terminalId === terminalId && fact.traceNumber === traceNumber;
    return !same || fact.amountFen !== amountFen || record?.status !== 'applied';
  });
  t.strictSame(wrong, [], 'every answer that a terminal got is in the journal');

  const served = await serve(dataDir);
  t.teardown(() => served.kill());
  for (const { frame, slip } of unanswered) {
    const terminal = new OutsideTerminal(slip.terminalId, OUTPATIENT);
    await terminal.connect(served.port);
    const answer = await terminal.ask(frame);
    t.equal(answer?.fields.get(39), '00', 'what got no answer is answered when it is asked again');
    terminal.disconnect();
  }
});
