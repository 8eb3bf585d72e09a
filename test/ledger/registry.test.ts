/** The registry: what is read is what was written last, in every thread, and conflicts are refused. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { idOf } from '../../ledger/id.ts';
import { openReader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Entry } from '../../ledger/types.ts';
import { BY, opening, openLedger } from './open-ledger.ts';

let count = 0;
const CARD = '6219990000000000010';

/** An entry that sets the card's status. */
function cardChange(status: string | null, expectedVersion?: number): Entry {
  const card = { number: CARD, institution: 'h1', status, expiry: '3012' };
  const by = expectedVersion === undefined ? BY : { ...BY, expectedVersion };
  const value = status === null ? null : { ...card, status };
  return {
    id: idOf('card change', String(count++)),
    institution: 'h1',
    registry: [registryChange('card', CARD, value, by)],
  };
}

for (const [name, encryptionKey] of [
  ['plain', undefined],
  ['encrypted', Buffer.alloc(32, 3)],
] as const) {
  t.test(name, async (t) => {
    const dataDir = t.testdir();
    const options = encryptionKey === undefined ? {} : { encryptionKey };
    const { ledger, submit } = await openLedger(dataDir, options);
    await submit(opening({}));
    const shared = openReader(dataDir, { ...options, generation: ledger.generation });
    const apart = openReader(dataDir, options);

    t.test('a change is seen by the next look-up', async (t) => {
      for (const status of ['active', 'lost', 'active', 'frozen']) {
        const { position } = await submit(cardChange(status));
        for (const reader of [shared, apart]) {
          const item = reader.registry.get('card', CARD);
          t.equal(item?.value.status, status);
          t.equal(item?.version, position);
        }
      }
      t.equal(shared.registry.get('card', '6219990000000000028'), null);
    });

    t.test('an item that has not changed stays the object that it was', async (t) => {
      for (const { registry } of [shared, apart]) {
        const institution = registry.get('institution', 'h1');
        const card = registry.get('card', CARD);
        await submit(cardChange(`after ${count}`));
        t.equal(registry.get('institution', 'h1'), institution);
        t.not(registry.get('card', CARD), card);
      }
    });

    t.test('a change is seen by another thread that is told of it', async (t) => {
      const file = fileURLToPath(new URL('./registry-thread.js', import.meta.url));
      const workerData = { dataDir, encryptionKey, generation: ledger.generation, card: CARD };
      const worker = new Worker(file, { workerData });
      await once(worker, 'message');
      for (let i = 0; i < 50; i++) {
        await submit(cardChange(`status ${i}`));
        worker.postMessage('look');
        const [status] = await once(worker, 'message');
        t.equal(status, `status ${i}`);
      }
      await worker.terminate();
    });

    t.test('a version that is not the current one is a conflict', async (t) => {
      const { version } = shared.registry.get('card', CARD)!;
      t.equal((await submit(cardChange('a', version))).status, 'applied');
      t.equal((await submit(cardChange('b', version))).status, 'registry_conflict');
      t.equal(shared.registry.get('card', CARD)?.value.status, 'a');
      t.equal((await submit(cardChange(null))).status, 'applied');
      t.equal(shared.registry.get('card', CARD), null, 'removed');
      t.equal((await submit(cardChange('new', 0))).status, 'applied', 'and made again');
    });

    t.test('a kind is listed in the order of its keys', async (t) => {
      const keys = ['10000003', '10000001', '10000002'];
      const registry = keys.map((id) => registryChange('terminal', id, { id }, BY));
      await submit({ id: idOf('terminals'), institution: 'h1', registry });
      const listed = [...shared.registry.list('terminal')].map(({ key }) => key);
      t.strictSame(listed, ['10000001', '10000002', '10000003']);
      t.strictSame(
        [...apart.registry.list('terminal')].map(({ value }) => value.id),
        listed,
      );
    });

    t.test('a working key keeps its bytes', async (t) => {
      const key = {
        purpose: 'mac',
        algorithm: '3des',
        cryptogram: new Uint8Array([1, 2, 3]),
        checkValue: new Uint8Array([4]),
        version: 7,
      };
      const value = { id: '1', currentKeys: [key], batchOpenedPosition: 2 ** 40 };
      const registry = [registryChange('terminal', '1', value, BY)];
      await submit({ id: idOf('key'), institution: 'h1', registry });
      const terminal = shared.registry.get('terminal', '1')?.value;
      t.strictSame(Buffer.from(terminal!.currentKeys[0]!.cryptogram), Buffer.from([1, 2, 3]));
      t.equal(terminal?.currentKeys[0]?.version, 7);
      t.equal(terminal?.batchOpenedPosition, 2 ** 40);
      t.equal(terminal?.masterKey, null);
    });

    t.teardown(async () => {
      await shared.close();
      await apart.close();
      await ledger.stop();
    });
  });
}
