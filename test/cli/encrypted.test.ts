import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { documentOf, posp } from '../support/posp.ts';
import { serve, servedFor } from '../support/serve.ts';

t.test('a ledger that is encrypted at rest by one line of configuration', async (t) => {
  const encrypted = { POSP__LEDGER__ENCRYPTED: 'true' };
  const served = await servedFor(t, 'encrypted', encrypted);
  const { dataDir } = served;
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  t.equal((await terminal.ask(terminal.purchase(CARD.good, 100)))?.fields.get(39), '00');
  terminal.disconnect();
  const cleared = await posp(['clearing', 'run', '--data', dataDir, '--json']);
  t.equal(cleared.code, 0, cleared.stderr);
  t.equal(await served.stop(), 0);
  const stored = readFileSync(join(dataDir, 'ledger', 'data.mdb'));
  t.notOk(stored.includes(CARD.good), 'no card number is readable on disk');
  const verified = await posp(['ledger', 'verify', '--data', dataDir, '--json']);
  t.match(documentOf(verified), { chainVerified: true, balancesVerified: true });
  const offline = await posp(['clearing', 'run', '--data', dataDir, '--json']);
  t.equal(offline.code, 0, `cleared without a running switch: ${offline.stderr}`);
  const [file] = documentOf(offline)['files'] as { path: string }[];
  const sealed = await posp(['clearing', 'verify', file!.path, '--data', dataDir]);
  t.equal(sealed.code, 0, 'and its files are held against the encrypted journal');
  const before = documentOf(await posp(['ledger', 'verify', '--data', dataDir, '--json']));
  const backup = join(t.testdir(), 'backup');
  t.equal((await posp(['ledger', 'backup', backup, '--data', dataDir])).code, 0);
  const occupied = await posp(['ledger', 'restore', backup, '--data', dataDir]);
  t.equal(occupied.code, 2, 'a ledger is never written over');
  t.match(occupied.stderr, 'has a ledger');
  rmSync(join(dataDir, 'ledger'), { recursive: true });
  const restored = await posp(['ledger', 'restore', backup, '--data', dataDir, '--json']);
  t.equal(restored.code, 0, restored.stderr);
  t.equal(documentOf(restored)['position'], before['positions'], 'everything is there again');
  const again = await serve(dataDir);
  t.teardown(() => again.kill());
  await terminal.connect(again.port);
  await terminal.signIn();
  t.equal(
    (await terminal.ask(terminal.purchase(CARD.good, 100)))?.fields.get(39),
    '00',
    'it opens again without being told',
  );
  terminal.disconnect();
});

t.test('the seal of a day', async (t) => {
  const served = await servedFor(t, 'seal');
  const { dataDir } = served;
  const ran = documentOf(await posp(['clearing', 'run', '--data', dataDir, '--json']));
  const seal = join(dataDir, 'seals', `seal-4802-${ran['date']}.json`);
  const verify = (file: string) =>
    posp(['ledger', 'verify', '--data', dataDir, '--seal', file, '--json']);
  const good = await verify(seal);
  t.equal(good.code, 0);
  t.equal(documentOf(good)['sealVerified'], true);
  const { writeFileSync } = await import('node:fs');
  const text = readFileSync(seal, 'utf8');
  const damages: [what: string, damaged: string][] = [
    ['another total', text.replace(/"debitsPostedFen": (\d)/, '"debitsPostedFen": 9$1')],
    ['another signature', text.replace(/"signature": "../, '"signature": "00')],
    ['another position', text.replace(/"position": \d+/, '"position": 5')],
  ];
  for (const [what, damaged] of damages) {
    const file = join(dataDir, 'damaged.json');
    writeFileSync(file, damaged);
    const wrong = await verify(file);
    t.equal(wrong.code, 1, what);
    t.equal(documentOf(wrong)['sealVerified'], false, what);
  }
});
