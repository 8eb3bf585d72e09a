import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findModule, openHsm } from '../../hsm/open.ts';
import type { HsmConfig, StoredKey } from '../../hsm/types.ts';

/** Few places in the cache and few open streams, many keys: what is dropped must come back right. */
const folder = mkdtempSync(join(tmpdir(), 'posp-bounded-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const LIMITS = { cachedKeys: 20, openStreams: 4 };
// biome-ignore format: a table, one provider a line.
const PROVIDERS: [string, HsmConfig, boolean][] = [
  ['software', { provider: 'software', keyFile: join(folder, 'keys.json'), cachedKeys: 20 }, true],
  ['nss', { provider: 'pkcs11', module: 'nss', dataDir: join(folder, 'nss'), ...LIMITS }, findModule('nss') !== null],
  ['softhsm', { provider: 'pkcs11', module: 'softhsm', dataDir: join(folder, 'softhsm'), ...LIMITS }, findModule('softhsm') !== null],
];

for (const [name, config, installed] of PROVIDERS) {
  const skip = installed ? false : `the ${name} module is not installed`;
  t.test(`${name}: 300 terminals through 20 places and 4 streams`, { skip }, async (t) => {
    const hsm = await openHsm(config);
    t.teardown(() => hsm.close());
    const keys: StoredKey[] = [];
    const macs: Uint8Array[] = [];
    for (let i = 0; i < 300; i++) {
      const key = await hsm.generateKey({
        algorithm: i % 3 === 0 ? '3des' : 'des',
        purpose: 'mac',
      });
      keys.push(key);
      macs.push(await hsm.generateMac(key, 'cup-ecb', Buffer.from([i, i >> 8])));
    }
    for (let step = 0; step < 2_000; step++) {
      const i = step % 5 === 0 ? (step * 37) % 300 : step % 7;
      if (!(await hsm.verifyMac(keys[i]!, 'cup-ecb', Buffer.from([i, i >> 8]), macs[i]!))) {
        t.fail(`terminal ${i} at step ${step}`);
      }
      if (i % 3 === 0) {
        const long = Buffer.alloc(step % 90, step);
        const mac = await hsm.generateMac(keys[i]!, 'x9.19', long);
        if (!(await hsm.verifyMac(keys[i]!, 'x9.19', long, mac))) t.fail(`x9.19 at step ${step}`);
      }
    }
    t.ok((await hsm.status()).cachedKeys <= 20, 'the bound holds');
  });
}
