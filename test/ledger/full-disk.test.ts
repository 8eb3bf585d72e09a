/** No room for another record: that group is refused, everything before it stays right. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { verify } from '../../ledger/verify.ts';

const LIMIT_KIB = 4096;

t.test('a file that may not grow any more', async (t) => {
  const dataDir = t.testdir();
  const child = fileURLToPath(new URL('./full-disk-child.js', import.meta.url));
  const script = `ulimit -f ${LIMIT_KIB}; exec "$0" "$@"`;
  const run = promisify(execFile);
  const args = ['-c', script, process.execPath, child, dataDir];
  const { stdout } = await run('bash', args);
  const { refusal, applied, balanceFen, again } = JSON.parse(stdout);
  t.equal(refusal, 'disk_full');
  t.ok(applied > 0);
  t.equal(balanceFen, applied, 'the refused payment moved nothing');
  t.equal(again, 'exists', 'the writer still answers');
  const report = await verify(dataDir);
  t.strictSame(report.problems, []);
  t.equal(report.positions, applied + 1);
});
