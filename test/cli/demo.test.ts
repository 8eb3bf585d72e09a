import { basename } from 'node:path';
import t from 'tap';
import { findModule } from '../../hsm/open.ts';
import { documentOf, posp } from '../support/posp.ts';

const providers = ['software', 'nss', 'softhsm'] as const;

for (const provider of providers) {
  const installed = provider === 'software' || findModule(provider) !== null;
  const reason = installed ? false : `${provider} is not installed`;
  t.test(`a hospital's day with ${provider}`, { skip: reason }, async (t) => {
    const args = [
      'demo',
      '--json',
      '--terminals',
      '20',
      '--transactions',
      '400',
      '--hsm',
      provider,
    ];
    const ran = await posp(args);
    t.equal(ran.code, 0, ran.stderr);
    const report = documentOf(ran);
    t.match(report, {
      ok: true,
      complaints: [],
      transactions: { sent: 400, unanswered: 0 },
      ledger: { balanced: true, chainVerified: true },
      clearing: { matchesLedger: true },
    });
    const { approved, declined, reversed } = report['transactions'] as Record<string, number>;
    t.equal(approved! + declined! + reversed!, 400, 'every transaction ended');
    const { files } = report['clearing'] as { files: { path: string }[] };
    const kinds = files.map(({ path }) => basename(path).replace(/[-.].*/, ''));
    t.same(
      kinds.filter((kind) => kind === 'detail' || kind === 'summary'),
      ['detail', 'detail', 'summary'],
      'a detail file for each merchant, and a summary',
    );
  });
}

t.test('a wrong question is one line and exit 2', async (t) => {
  const cases: [args: string[], line: RegExp][] = [
    [['demo', '--terminals', '21'], /the sample hospital has 20 terminals/],
    [['demo', '--transactions', 'x'], /--transactions takes a whole number/],
    [['demo', '--nonsense'], /unknown option/],
    [['nonsense'], /^posp: unknown command 'nonsense' \(posp --help has an example\)\n$/],
    [['ledgre'], /^posp: unknown command 'ledgre' \(Did you mean ledger\?\) [^\n]+\n$/],
    [['crypto', 'sm2'], /^posp: say which command; there are: sign, verify[^\n]*\n$/],
    [['serve', '--config', 'none.yaml'], /none\.yaml: cannot be read/],
    [['serve', '--port', '70000'], /--port: expected a port/],
  ];
  for (const [args, line] of cases) {
    const ran = await posp(args);
    t.equal(ran.code, 2, args.join(' '));
    t.match(ran.stderr, line);
    t.equal(ran.stdout, '');
  }
  // biome-ignore format: one line a case.
  const folders: [folder: string, line: RegExp][] = [
    ['package.json',   /^posp: data folder \S+package\.json: it is a file\n$/],
    ['package.json/x', /^posp: data folder \S+package\.json\/x: a part of the path is a file\n$/],
    ['/proc/x/y',      /^posp: data folder \/proc\/x\/y: no folder can be made there\n$/],
  ];
  for (const [folder, stderr] of folders) {
    const ran = await posp(['serve', '--data', folder, '--port', '0', '--http-port', '0']);
    t.match(ran, { code: 1, stdout: '', stderr }, folder);
  }
});
