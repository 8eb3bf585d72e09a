/** No room for another record: that group is refused, everything before it stays right. */
import '../support/plain-children.ts';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { verify } from '../../ledger/verify.ts';

const LIMIT_KIB = 4096;

/** Payments at a time: one after the other, and so many that groups are on their way when it happens. */
for (const atATime of [1, 12]) {
  t.test(`a file that may not grow any more, ${atATime} at a time`, async (t) => {
    const dataDir = t.testdir();
    const child = fileURLToPath(new URL('./full-disk-child.js', import.meta.url));
    const script = `ulimit -f ${LIMIT_KIB}; exec "$0" "$@"`;
    const run = promisify(execFile);
    const args = ['-c', script, process.execPath, child, dataDir, String(atATime)];
    const { stdout } = await run('bash', args);
    const { refusal, applied, balanceFen, again } = JSON.parse(stdout);
    t.equal(refusal, 'disk_full');
    t.ok(applied > 0);
    t.equal(balanceFen, applied, 'the refused payments moved nothing');
    t.equal(again, 'exists', 'the writer still answers');
    const report = await verify(dataDir);
    t.strictSame(report.problems, []);
    t.equal(report.positions, applied + 1);
  });
}
