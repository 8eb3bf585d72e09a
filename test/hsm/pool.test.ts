import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { openHsm } from '../../hsm/open.ts';
import { compact } from '../../hsm/pool/compact.ts';
import type { Hsm, HsmConfig, StoredKey } from '../../hsm/types.ts';
import { bytes, codeOf, hex } from './hex.ts';
import { eachProvider } from './providers.ts';

const TMK = '0123456789ABCDEFFEDCBA9876543210';

function pooled(config: HsmConfig, pool: number, queueLimit?: number): HsmConfig {
  if (config.provider === 'group') throw new Error('a group has no threads');
  return { ...config, threads: { pool, ...(queueLimit === undefined ? {} : { queueLimit }) } };
}

t.test('a pool of threads answers what one thread answers', async (t) => {
  await eachProvider(t, async (t, inThread, config) => {
    const pool = await openHsm(pooled(config, 2));
    t.teardown(() => pool.close());
    const component = bytes(TMK);
    const tmk = await pool.importKey({ algorithm: '3des', purpose: 'kek' }, [component]);
    t.equal(tmk.checkValue, '08D7B4FB');
    t.ok(
      component.every((byte) => byte === 0),
      'the component is wiped here too',
    );
    const keys: StoredKey[] = await Promise.all(
      Array.from({ length: 20 }, () => pool.generateKey({ algorithm: '3des', purpose: 'mac' })),
    );
    const work = Array.from({ length: 200 }, async (_, i) => {
      const key = keys[i % keys.length]!;
      const data = Buffer.alloc(40 + i, i);
      const mac = await pool.generateMac(key, 'x9.19', data);
      return (
        (await pool.verifyMac(key, 'x9.19', data, mac)) &&
        inThread.verifyMac(key, 'x9.19', data, mac)
      );
    });
    t.ok((await Promise.all(work)).every(Boolean), '200 calls at once, checked in this thread');
    const wrapped = await pool.exportKey(keys[0]!, tmk);
    t.equal(wrapped.checkValue, keys[0]!.checkValue);
    const signing = await pool.generateKey({ algorithm: 'sm2', purpose: 'sign' });
    const signature = await pool.sign(signing, Buffer.from('journal'));
    t.equal(await inThread.verify(signing.publicKey!, Buffer.from('journal'), signature), true);
    t.equal(await codeOf(() => pool.generateMac(tmk, 'x9.9', bytes('00'))), 'wrong_purpose');
    t.match(await pool.status(), {
      provider: 'pool',
      state: 'ready',
      queue: { threads: 2, waiting: 0 },
    });
    await pool.close();
    t.equal(await codeOf(() => pool.checkValue(tmk)), 'closed');
  });
});

async function slowPool(
  t: { teardown: (end: () => void) => void },
  limits: { pool: number; queueLimit: number; timeoutMs: number },
  simulatedCallMs: number,
): Promise<{ hsm: Hsm; key: StoredKey }> {
  const folder = mkdtempSync(join(tmpdir(), 'posp-slow-'));
  const keyFile = join(folder, 'keys.json');
  const inThread = await openHsm({ provider: 'software', keyFile });
  const key = await inThread.generateKey({ algorithm: 'des', purpose: 'mac' });
  await inThread.close();
  const hsm = await openHsm({ provider: 'software', keyFile, simulatedCallMs, threads: limits });
  t.teardown(async () => {
    await hsm.close();
    rmSync(folder, { recursive: true });
  });
  return { hsm, key };
}

t.test('a full queue refuses at once, and goes on when it has emptied', async (t) => {
  const { hsm, key } = await slowPool(t, { pool: 2, queueLimit: 5, timeoutMs: 20_000 }, 30);
  const calls = Array.from({ length: 12 }, () =>
    codeOf(() => hsm.generateMac(key, 'cup-ecb', bytes('0011'))),
  );
  t.match(await hsm.status(), { queue: { waiting: 5, limit: 5 } });
  const outcomes = await Promise.all(calls);
  t.equal(outcomes.filter((code) => code === 'no error').length, 7, '2 working and 5 waiting');
  t.equal(outcomes.filter((code) => code === 'queue_full').length, 5);
  t.equal(hex(await hsm.generateMac(key, 'cup-ecb', bytes('0011'))).length, 16);
});

t.test('a call that takes too long fails alone', async (t) => {
  const { hsm, key } = await slowPool(t, { pool: 1, queueLimit: 100, timeoutMs: 400 }, 150);
  const first = await codeOf(() => hsm.generateMac(key, 'cup-ecb', bytes('00')));
  t.match(first, /no error|timeout/, 'the thread may still be starting');
  const calls = Array.from({ length: 6 }, () =>
    codeOf(() => hsm.generateMac(key, 'cup-ecb', bytes('0011'))),
  );
  const outcomes = await Promise.all(calls);
  t.ok(outcomes.includes('timeout'), 'six calls of 150 ms in a row do not fit 400 ms');
  t.ok(outcomes.every((code) => code === 'no error' || code === 'timeout'));
});

t.test('bytes that are a part of larger memory cross alone', (t) => {
  const memory = Buffer.alloc(65_536, 7);
  const small = Buffer.from('0102', 'hex');
  const call = { key: { cryptogram: small }, data: memory.subarray(9, 12) };
  const crossing = compact(call);
  t.equal(crossing.data.buffer.byteLength, 3);
  t.strictSame(Buffer.from(crossing.data), Buffer.from([7, 7, 7]));
  t.equal(crossing.key, call.key, 'what is small stays what it is');
  t.equal(call.data.buffer, memory.buffer, 'and the caller keeps its own');
  const plain = { a: [1, 'two', null, undefined], b: { c: small } };
  t.equal(compact(plain), plain);
  t.end();
});
