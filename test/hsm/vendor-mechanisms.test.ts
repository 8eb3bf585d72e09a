import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findModule, openHsm } from '../../hsm/open.ts';
import { CKK, CKM } from '../../hsm/pkcs11/constants.ts';
import { bytes, codeOf } from './hex.ts';

const skip = findModule('nss') === null ? 'the nss module is not installed' : false;

t.test(
  'SM4 mechanism numbers that are not SM4 are found out by the self-test',
  { skip },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'posp-vendor-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const hsm = await openHsm({
      provider: 'pkcs11',
      module: 'nss',
      dataDir: folder,
      mechanisms: {
        sm4KeyType: CKK.AES,
        sm4KeyGen: CKM.AES_KEY_GEN,
        sm4Ecb: CKM.AES_ECB,
        sm4Cbc: CKM.AES_CBC,
      },
    });
    t.teardown(() => hsm.close());
    const status = await hsm.status();
    t.notOk(status.capabilities.includes('sm4'), 'AES is not taken for SM4');
    const place = status.operations.find(({ operation }) => operation === 'sm4');
    t.equal(place?.place, 'process');
    const key = await hsm.importKey({ algorithm: 'sm4', purpose: 'mac' }, [
      bytes('0123456789ABCDEFFEDCBA9876543210'),
    ]);
    t.equal(key.checkValue, '2677F46B', 'and SM4 keys still work');
  },
);

t.test('what is not there is said by name', async (t) => {
  const missing = { provider: 'pkcs11', module: '/nowhere/module.so' } as const;
  t.equal(await codeOf(() => openHsm(missing)), 'module_missing');
  const notAModule = { provider: 'pkcs11', module: join(process.cwd(), 'package.json') } as const;
  t.equal(await codeOf(() => openHsm(notAModule)), 'module_missing');
});
