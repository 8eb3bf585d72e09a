/** What the ledger writes by hand is the wire format of ledger/journal.proto, read here by protobufjs. */
import t from 'tap';
import { decodeEntry } from '../../ledger/decode.ts';
import { entryBytes } from '../../ledger/encode.ts';
import { idOf } from '../../ledger/id.ts';
import { LmdbStorage } from '../../ledger/lmdb-storage.ts';
import { journalType } from '../../ledger/messages.ts';
import { entryFromJson, entryToJson } from '../../ledger/record-json.ts';
import type { Entry } from '../../ledger/types.ts';
import { opening, openLedger, payment } from './open-ledger.ts';
import { Random, testSeed } from './random.ts';
import { RandomEntries } from './random-entries.ts';

/** Where the number of bytes changes. */
const AMOUNTS = [127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 35, 2 ** 53 - 1];

/** Every field of an entry, with the values that are hard to encode. */
const everything: Entry = {
  id: idOf('everything'),
  institution: '医院',
  transfers: [
    { debitAccount: idOf('d'), creditAccount: idOf('c'), amountFen: 0, ledger: 156, code: 1 },
    { id: idOf('t'), flags: 255, pendingId: idOf('p'), timeoutSeconds: 2 ** 31 - 1 },
    ...AMOUNTS.map((amountFen) => ({ amountFen })),
  ],
  tallies: [
    {
      subject: idOf('s'),
      amountFen: -(2 ** 52 - 1),
      count: 2 ** 52 - 1,
      limitFen: 0,
      limitCount: 0,
    },
    { subject: idOf('s'), amountFen: 0, count: -1, reset: true, until: 'day' },
  ],
  accounts: [{ id: idOf('a'), ledger: 2 ** 31 - 1, code: 65535, flags: 3 }],
  freezes: [{ account: idOf('a'), debitsFrozen: true, creditsFrozen: false }],
  registry: [
    { kind: 'setting', key: '键', body: new Uint8Array(0), expectedVersion: 0, why: 'w', who: 'o' },
    { kind: 'setting', key: 'y', body: null, why: '', who: '' },
  ],
  blocks: [idOf('b'), idOf('c')],
  expired: idOf('e'),
  fact: { transaction: { kind: 'purchase', amountFen: 2 ** 53 - 1, extra: { a: 'b' } } },
  wireHash: new Uint8Array(32).fill(9),
};

t.test('an entry survives bytes and JSON', async (t) => {
  const bytes = entryBytes(everything);
  const decoded = decodeEntry(bytes, 0, bytes.length);
  t.strictSame(decoded, everything);
  const json = JSON.parse(JSON.stringify(entryToJson(decoded)));
  t.strictSame(Buffer.from(entryBytes(entryFromJson(json))), Buffer.from(bytes));
});

t.test('protobufjs reads and writes the same bytes', async (t) => {
  const seed = testSeed();
  t.comment(`POSP_TEST_SEED=${seed}`);
  const random = new RandomEntries(new Random(seed));
  const entryType = journalType('Entry');
  const entries = [everything, ...Array.from({ length: 2000 }, () => random.next())];
  const different = entries.filter((entry) => {
    const bytes = entryBytes(entry);
    const again = entryType.encode(entryType.decode(bytes)).finish();
    return Buffer.compare(bytes, again) !== 0;
  });
  t.strictSame(different, []);
});

t.test('a group on disk is a Group', async (t) => {
  const dataDir = t.testdir();
  const { ledger, submit } = await openLedger(dataDir);
  await submit(opening({ till: 0, card: 1 }));
  await Promise.all([
    submit(payment('1', 'till', 'card', 7)),
    submit(payment('2', 'card', 'till', 8)),
  ]);
  await ledger.stop();
  const storage = new LmdbStorage({ dataDir, readOnly: true });
  const stored = storage.groupAt(2)!;
  const groupType = journalType('Group');
  const group = groupType.toObject(groupType.decode(stored.value.subarray(0, -32)), {
    longs: Number,
  });
  await storage.close();
  t.equal(group['firstPosition'], 2);
  t.equal(group['records'].length, 2);
  t.strictSame(group['records'][0].outcomes, [7, 0, 7, 0, 0, 0, 0, 0, 7]);
  t.equal(group['records'][0].businessDate, 20260105);
  t.equal(group['records'][1].failedItem, 1, 'the first transfer refused');
});
