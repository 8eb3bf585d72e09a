import { join } from 'node:path';
import t from 'tap';
import { control } from '../support/control.ts';
import { documentOf, posp } from '../support/posp.ts';
import { servedFor } from '../support/serve.ts';

const SECOND = '6219990000000000028';

t.test('posp terminal makes transactions of every family', async (t) => {
  const served = await servedFor(t, 'terminal-all');
  const files = [
    '--slips',
    join(served.dataDir, 'slips'),
    '--chips',
    join(served.dataDir, 'chips'),
  ];
  const run = (line: string) =>
    posp(['terminal', ...line.split(' '), '--port', String(served.port), ...files, '--json']);
  const { code } = (await control(served, 'wallet-code', { card: SECOND })) as { code: string };
  // biome-ignore format: a table, one command a line.
  const lines: [line: string, code: string][] = [
    [`scan-pay --amount 8.80 --code ${code}`, '00'],
    ['pre-auth --amount 100 --pin 123456', '00'],
    ['pre-auth-complete --amount 85.50', '00'],
    ['deposit --amount 50', '00'],
    ['deposit-charge --amount 20', '00'],
    [`transfer --amount 10 --pin 123456 --receiver ${SECOND}`, '00'],
    ['load --amount 50 --pin 123456', '00'],
    ['purse-pay --amount 3', '00'],
    ['purse-upload', '00'],
    ['signature --original 1', 'usage'],
    ['settle', '00'],
    ['batch-upload', '00'],
  ];
  for (const [line, expected] of lines) {
    const ran = await run(line);
    const got = ran.code === 2 ? 'usage' : documentOf(ran)['responseCode'];
    t.equal(got, expected, `${line}: ${expected}`);
    t.notMatch(ran.stdout, /6219990000000000010/, 'card numbers are masked');
  }
  const help = await posp(['terminal', '--help']);
  t.match(help.stdout, /posp terminal load --amount 50 --pin 123456/);
});
