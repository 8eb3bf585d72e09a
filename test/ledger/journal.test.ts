/** Reading the journal: by position, in order, live; as text and back; copied; sealed. */
import { generateKeyPairSync, sign, verify as verifyWithKey } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeSeal } from '../../ledger/make-seal.ts';
import { exportJournal, importJournal } from '../../ledger/ndjson.ts';
import { accountOf, backUp, trialBalance } from '../../ledger/offline.ts';
import { openReader } from '../../ledger/reader.ts';
import { parseSeal } from '../../ledger/seal.ts';
import { AccountFlag } from '../../ledger/types.ts';
import { verify } from '../../ledger/verify.ts';
import { accountId, opening, openLedger, payment } from './open-ledger.ts';

const folder = t.testdir();
const dataDir = join(folder, 'live');
const { ledger, submit } = await openLedger(dataDir);
await submit(opening({ till: 0, card: AccountFlag.history }));
for (let i = 1; i <= 20; i++) await submit(payment(String(i), 'till', 'card', i));
t.teardown(() => ledger.stop());

t.test('by position and in order', async (t) => {
  const reader = openReader(dataDir);
  t.equal(reader.head().position, 21);
  t.strictSame(reader.head().businessDates, { h1: '20260105' });
  t.equal(reader.record(5)?.outcomes[0]?.amountFen, 4);
  t.equal(reader.record(22), null);
  t.equal(reader.record(0), null);
  const positions = [...reader.records({ from: 3, to: 6 })].map(({ position }) => position);
  t.strictSame(positions, [3, 4, 5, 6]);
  t.equal([...reader.records()].length, 21);
  t.equal([...reader.records({ from: 30 })].length, 0);
  await reader.close();
});

t.test('following sees what comes later', async (t) => {
  const reader = openReader(dataDir);
  const abort = new AbortController();
  const seen: number[] = [];
  for await (const { position } of reader.follow(20, abort.signal)) {
    seen.push(position);
    if (position === 21) void submit(payment('late', 'till', 'card', 1));
    if (position === 22) abort.abort();
  }
  t.strictSame(seen, [20, 21, 22]);
  await reader.close();
});

t.test('the balance of an account with history at any position', async (t) => {
  const reader = openReader(dataDir);
  t.equal(reader.balancesAt(accountId('card'), 1), null, 'before its first movement');
  t.equal(reader.balancesAt(accountId('card'), 4)?.creditsPostedFen, 1 + 2 + 3);
  t.equal(reader.balancesAt(accountId('card'), 1000)?.creditsPostedFen, 211);
  t.equal(reader.balancesAt(accountId('till'), 1000), null, 'without the flag');
  await reader.close();
});

t.test('trial balance and account while the writer runs', async (t) => {
  const balance = await trialBalance(dataDir);
  t.equal(balance.balanced, true);
  t.equal(balance.totals.debitsPostedFen, 211);
  t.equal(balance.lines[0]?.accounts, 2);
  t.equal((await accountOf(dataDir, accountId('card')))?.creditsPostedFen, 211);
  t.equal(await accountOf(dataDir, accountId('nobody')), null);
});

t.test('export and import give the same journal', async (t) => {
  const file = join(folder, 'journal.ndjson');
  const exported = await exportJournal(dataDir, file);
  t.equal(exported.positions, 22);
  const copy = join(folder, 'imported');
  t.strictSame(await importJournal(file, copy), exported);
  t.strictSame((await verify(copy)).problems, []);
  await t.rejects(importJournal(file, copy), { code: 'not_empty' });
  await t.rejects(exportJournal(dataDir, file), { code: 'not_empty' });
});

t.test('an export that was changed is refused with its line', async (t) => {
  const text = readFileSync(join(folder, 'journal.ndjson'), 'utf8');
  const lines = text.trimEnd().split('\n');
  const changed: [string, string, RegExp][] = [
    ['amount', text.replace('"amountFen":7', '"amountFen":8'), /line 16 .* from 8 on/],
    ['cut in a record', lines.slice(0, -2).join('\n'), /ends within a group/],
    ['cut behind a group', lines.slice(0, -3).join('\n'), /ends without its last line/],
    ['empty', '', /ends without its last line/],
    ['a group less', [...lines.slice(0, -3), lines.at(-1)].join('\n'), /should go on/],
    ['garbage', text.replace('{"group"', '{]'), /line 1 .* JSON/],
    ['more', `${text}{}`, /line 46 .* behind the end/],
    ['a line twice', lines.toSpliced(4, 0, lines[3]!).join('\n'), /outside of a group/],
    ['text as an amount', text.replace('"amountFen":7', '"amountFen":"7"'), /line 16 .* no record/],
    ['less than nothing', text.replace('"amountFen":7', '"amountFen":-7'), /line 16 .* no record/],
    ['no transfer', text.replace('"transfers":[', '"transfers":[null,'), /no record/],
    ['no group', text.replace(/\{"group":\{[^}]*\}/, '{"group":null'), /line 1 .* no group/],
    ['no count', text.replace(/"count":1,/, '"count":0,'), /no group/],
  ];
  for (const [name, content, message] of changed) {
    const file = join(folder, `${name}.ndjson`);
    writeFileSync(file, content);
    const work = importJournal(file, join(folder, name));
    await t.rejects(work, { code: 'bad_input', message }, name);
    t.notOk(existsSync(join(folder, name, 'data.mdb')), `${name}: nothing is left`);
  }
});

t.test('a backup while the writer runs', async (t) => {
  const copy = join(folder, 'backup');
  const paying = Promise.all(
    Array.from({ length: 200 }, (_, i) => submit(payment(`during ${i}`, 'till', 'card', 1))),
  );
  const { position } = await backUp(dataDir, copy);
  await paying;
  const report = await verify(copy);
  t.strictSame(report.problems, []);
  t.equal(report.positions, position);
  await t.rejects(backUp(dataDir, copy), { code: 'not_empty' });
  const restored = await openLedger(copy);
  t.equal(restored.ledger.recovery.position, position, 'and it starts');
  await restored.ledger.stop();
});

t.test('a seal holds for its journal and for no other', async (t) => {
  const keys = generateKeyPairSync('ed25519');
  const seal = await makeSeal(dataDir, 'seal-1', (bytes) => sign(null, bytes, keys.privateKey));
  const verifySignature = (bytes: Uint8Array, signature: Uint8Array) =>
    verifyWithKey(null, bytes, keys.publicKey, signature);
  await submit(payment('after the seal', 'till', 'card', 1));
  const check = async (changed: object) => {
    const parsed = parseSeal(JSON.stringify({ ...seal, ...changed }));
    return (await verify(dataDir, { seal: { seal: parsed, verifySignature } })).sealVerified;
  };
  t.equal(await check({}), true);
  t.equal(await check({ signature: '00'.repeat(64) }), false, 'another signature');
  t.equal(await check({ chainHash: '00'.repeat(32) }), false, 'another chain');
  t.equal(await check({ position: 9999 }), false, 'a position that is not there');
  t.throws(() => parseSeal('{}'), { code: 'bad_input' });
  t.throws(() => parseSeal('seal'), { code: 'bad_input' });
});
