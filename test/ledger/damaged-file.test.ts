import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openReader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import { verify } from '../../ledger/verify.ts';
import { opening, openLedger } from './open-ledger.ts';

const folder = t.testdir();
const { ledger, submit } = await openLedger(join(folder, 'whole'));
await submit(opening({ till: 0 }));
const operator = { who: 'test', why: 'test' };
const merchant = { id: 'shop-1', institution: 'h1', accountId: new Uint8Array(16), nameZh: '店' };
await submit({
  id: new Uint8Array(16).fill(9),
  institution: 'h1',
  registry: [registryChange('merchant', 'shop-1', merchant as never, operator)],
});
await ledger.stop();
const whole = readFileSync(join(folder, 'whole', 'data.mdb'));

function ledgerOf(name: string, bytes: Uint8Array): string {
  const dataDir = join(folder, name);
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, 'data.mdb'), bytes);
  return dataDir;
}

// biome-ignore format: a table, one case a line.
const CUT: [bytes: number, code: string, message: RegExp][] = [
  [0,                       'not_found',      /no ledger/],
  [1,                       'storage_failed', /head is not that of a ledger/],
  [100,                     'storage_failed', /head is not that of a ledger/],
  [4_096,                   'storage_failed', /head is not that of a ledger/],
  [8_192,                   'storage_failed', /has 8192 bytes and should have/],
  [16_384,                  'storage_failed', /has 16384 bytes and should have/],
];

for (const [bytes, code, message] of CUT) {
  t.test(`a file of ${bytes} bytes is refused in words`, async (t) => {
    const dataDir = ledgerOf(`cut-${bytes}`, whole.subarray(0, bytes));
    t.throws(() => openReader(dataDir), { code, message });
    await t.rejects(verify(dataDir), { code, message });
  });
}

t.test('another file than a ledger', (t) => {
  const dataDir = ledgerOf('text', Buffer.alloc(100_000, 'no ledger at all '));
  t.throws(() => openReader(dataDir), { code: 'storage_failed', message: /head is not/ });
  t.end();
});

t.test('a registry item under another key is found', async (t) => {
  const changed = Buffer.from(whole);
  const key = Buffer.from('merchant/shop-1');
  let found = 0;
  for (let at = changed.indexOf(key); at >= 0; at = changed.indexOf(key, at + 1)) {
    changed[at + key.length - 1]! ^= 3;
    found++;
  }
  t.ok(found > 0, `${found} places`);
  const { balancesVerified, problems } = await verify(ledgerOf('misplaced', changed));
  t.equal(balancesVerified, false);
  t.match(problems.join(), /merchant of the registry is misplaced/);
});
