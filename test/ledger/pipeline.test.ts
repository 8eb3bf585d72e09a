/** Groups on their way: what is judged over groups that are not on disk yet, and what happens when one never is. */
import { once } from 'node:events';
import { open } from 'lmdb';
import t from 'tap';
import { LedgerError } from '../../ledger/errors.ts';
import { idOf } from '../../ledger/id.ts';
import { openReader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Entry } from '../../ledger/types.ts';
import { verify } from '../../ledger/verify.ts';
import { accountId, BY, opening, openLedger, payment } from './open-ledger.ts';

const TURNS = 40;
const PER_TURN = 400;

function* payments(turn: number): Iterable<Entry> {
  for (let i = 0; i < PER_TURN; i++) yield payment(`${turn} ${i}`, 'till', 'card', 1);
}

t.test('an encrypted ledger under load', async (t) => {
  const dataDir = t.testdir();
  const encryptionKey = Buffer.alloc(32, 7);
  const { ledger, client, submit } = await openLedger(dataDir, { encryptionKey });
  await submit(opening({ till: 0, card: 0 }));
  const answers = [];
  for (let turn = 0; turn < TURNS; turn++) {
    answers.push(client.submitMany(payments(turn)));
    await new Promise(setImmediate);
  }
  let done = 0;
  for (const answer of await Promise.all(answers)) done += answer.countDone();
  t.equal(done, TURNS * PER_TURN);
  const [card] = await client.accounts([accountId('card')]);
  t.equal(card?.creditsPostedFen, done);
  await ledger.stop();
  const report = await verify(dataDir, { encryptionKey });
  t.strictSame(report.problems, []);
  t.equal(report.positions, done + 1);
});

t.test('versions of the registry come from groups that are not on disk yet', async (t) => {
  const dataDir = t.testdir();
  const { ledger, client, submit } = await openLedger(dataDir);
  const first = await submit(opening({ till: 0, card: 0 }));
  // Positions are known before the answers: nobody else submits.
  let position = first.position;
  let version = 0;
  const answers = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const card = { number: '62220001', status: turn % 2 === 0 ? 'active' : 'lost' };
    const change = registryChange('card', '62220001', card, BY);
    const registry = [{ ...change, expectedVersion: version }];
    answers.push(submit({ id: idOf('card', String(turn)), institution: 'h1', registry }));
    version = ++position;
    client.submitMany(payments(turn)).catch(t.error);
    position += PER_TURN;
    if (turn % 3 === 0) await new Promise(setImmediate);
  }
  for (const { status } of await Promise.all(answers)) t.equal(status, 'applied');
  const stale = registryChange('card', '62220001', { number: '62220001' }, BY);
  const registry = [{ ...stale, expectedVersion: 1 }];
  const late = await submit({ id: idOf('late'), institution: 'h1', registry });
  t.equal(late.status, 'registry_conflict');
  const reader = openReader(dataDir, { generation: ledger.generation });
  t.equal(reader.registry.get('card', '62220001')?.version, version);
  await reader.close();
  await ledger.stop();
  t.strictSame((await verify(dataDir)).problems, []);
});

t.test('a writer that loses the folder under load answers nothing that is not there', async (t) => {
  const dataDir = t.testdir();
  const { ledger, client, submit } = await openLedger(dataDir);
  await submit(opening({ till: 0, card: 0 }));
  const failed = once(ledger, 'failed');
  const options = { encoding: 'binary', keyEncoding: 'binary' } as const;
  let done = 0;
  const refusals = new Set<string>();
  const answers: Promise<void>[] = [];
  for (let turn = 0; turn < TURNS && refusals.size === 0; turn++) {
    const answer = client.submitMany(payments(turn)).then(
      (results) => {
        done += results.countDone();
      },
      (error: unknown) => {
        if (!(error instanceof LedgerError)) throw error;
        refusals.add(error.code);
      },
    );
    answers.push(answer);
    if (turn === TURNS / 2) {
      const root = open<Buffer, Buffer>(dataDir, { ...options, maxDbs: 8, noSubdir: false });
      const meta = root.openDB<Buffer, Buffer>('meta', options);
      meta.putSync(Buffer.from('writer'), Buffer.from('{"pid":1}'));
      await root.close();
    }
    await new Promise(setImmediate);
  }
  await Promise.all(answers);
  const [error] = (await failed) as [LedgerError];
  t.equal(error.code, 'writer_fenced');
  t.ok(refusals.has('writer_fenced'), [...refusals].join(', '));
  const report = await verify(dataDir);
  t.strictSame(report.problems, []);
  t.ok(report.positions - 1 >= done, `${done} were answered, ${report.positions - 1} are there`);
  t.ok(report.positions - 1 < TURNS * PER_TURN, 'and the rest is not');
});
