/** Modules follow the journal, rebuild to the same bytes, stop alone, and act. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { moduleFolder } from '../../modules/frame/folder.ts';
import { openModuleQueries } from '../../modules/frame/queries.ts';
import { ModuleStore, ModuleStoreReader } from '../../modules/frame/store.ts';
import { openModules, pay, until } from './open-modules.ts';
import { counting } from './test-modules.ts';

t.setTimeout(300_000);

/** Every row of a module's store, key and value as hex. */
async function rowsOf(dataDir: string, name: string, encryptionKey?: Uint8Array) {
  const store = new ModuleStoreReader({ folder: moduleFolder(dataDir, name), encryptionKey });
  const rows = [...store.entries()].map(
    ({ key, value }) => `${key.toString('hex')}=${value.toString('hex')}`,
  );
  await store.close();
  return rows;
}

const KEYS: [what: string, key: Uint8Array | undefined][] = [
  ['plain', undefined],
  ['encrypted', Buffer.alloc(32, 7)],
];
for (const [what, key] of KEYS) {
  t.test(
    `a ${what} store follows, survives a restart, and is rebuilt to the same bytes`,
    async (t) => {
      const folder = t.testdir();
      const options = key === undefined ? {} : { encryptionKey: key };
      const first = await openModules(folder, options);
      const position = await pay(first, 0, 700);
      const view = openModuleQueries(counting, folder, key);
      t.equal(await view.reached(position), true);
      // 700 payments and the opening; each full hundred is answered by one echo of the module's own.
      await until('seven echoes', () => view.queries.echoes() === 7);
      t.equal(view.queries.sumFen(), 700);
      t.equal(view.queries.count(), view.position());
      t.strictSame(view.queries.positions(2), [view.position(), view.position() - 1]);
      await view.close();
      await first.stop();
      const before = await rowsOf(folder, 'counting', key);

      const second = await openModules(folder, options);
      const again = openModuleQueries(counting, folder, key);
      await until('the modules speak', () => second.modules.statuses.length === 2);
      t.notMatch(second.lines.join(), /built from the journal/, 'a restart rebuilds nothing');
      second.modules.rebuild('counting');
      await until(
        'a rebuild',
        () => second.modules.statuses[0]!.appliedRecords >= before.length / 2 - 1,
      );
      t.equal(await again.reached(707), true);
      await again.close();
      await second.stop();
      t.strictSame(await rowsOf(folder, 'counting', key), before, 'the same bytes');
    },
  );
}

t.test('what makes a store begin anew', async (t) => {
  const folder = t.testdir();
  const first = await openModules(folder);
  const position = await pay(first, 0, 10);
  await until('all are there', () =>
    first.modules.statuses.every((now) => now.position >= position),
  );
  await first.stop();
  const rows = await rowsOf(folder, 'counting');
  const state = { version: 1, position, mark: 'of another journal' };
  const changes: [what: string, change: { version: number; position: number; mark: string }][] = [
    ['another version', { ...state, version: 2 }],
    ['another journal', state],
    ['a journal that was longer', { ...state, position: position + 1_000 }],
  ];
  for (const [what, change] of changes) {
    const store = ModuleStore.open({ folder: moduleFolder(folder, 'counting') });
    store.write(() => {
      store.table<string>('leftover').put(what, what);
      return change;
    });
    await store.close();
    const opened = await openModules(folder);
    await until(what, () => opened.modules.statuses[0]?.position === position);
    t.match(opened.lines.join(), /built from the journal/, what);
    await opened.stop();
    t.strictSame(await rowsOf(folder, 'counting'), rows, what);
  }
});

t.test('a module that throws stops alone, says so, and resumes', async (t) => {
  const folder = t.testdir();
  const stones = join(folder, 'stones');
  mkdirSync(stones);
  writeFileSync(join(stones, 'stumble'), '');
  process.env['POSP_TEST_STONE'] = stones;
  t.teardown(() => {
    delete process.env['POSP_TEST_STONE'];
  });
  const opened = await openModules(folder);
  const position = await pay(opened, 0, 90);
  await until('counting is there', () => opened.modules.statuses[0]?.position === position);
  await until('stumbling stops', () => opened.modules.statuses[1]?.failure != null);
  const [, stopped] = opened.modules.lags(position, Date.now());
  t.match(stopped, {
    position: 49,
    lagRecords: position - 49,
    failures: 1,
    failure: { while: 'applying', position: 50, message: 'there is a stone at 50' },
  });
  t.ok(stopped!.lagSeconds > 0, 'its lag has seconds, too');
  t.match(opened.lines.join(), /error .*stumbling.*module stopped/);
  opened.modules.resume('stumbling');
  await until('it stops again', () => opened.modules.statuses[1]!.failures === 2);
  rmSync(join(stones, 'stumble'));
  opened.modules.resume('stumbling');
  await until('it goes on', () => opened.modules.statuses[1]!.position === position);
  t.equal(opened.modules.statuses[1]!.failure, null);
  t.throws(() => opened.modules.resume('nothing'), /there is no module nothing/);
  await opened.stop();
});
