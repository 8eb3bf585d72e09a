import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findModule, openHsm } from '../../hsm/open.ts';
import { newModule } from '../../hsm/pkcs11/binding.ts';
import { bytes, codeOf } from './hex.ts';

const softhsm = findModule('softhsm') ?? '';
const skip = softhsm === '' ? 'the softhsm module is not installed' : false;

t.test('a token that stays away: typed refusals, then recovery by itself', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'posp-gone-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const hsm = await openHsm({ provider: 'pkcs11', module: softhsm, dataDir: folder });
  const key = await hsm.generateKey({ algorithm: 'des', purpose: 'mac' });
  const mac = await hsm.generateMac(key, 'cup-ecb', bytes('00'));
  const other = await newModule();
  other.load(softhsm);
  other.C_Finalize();
  renameSync(join(folder, 'tokens'), join(folder, 'unplugged'));
  t.equal(await codeOf(() => hsm.verifyMac(key, 'cup-ecb', bytes('00'), mac)), 'unavailable');
  t.equal(await codeOf(() => hsm.verifyMac(key, 'cup-ecb', bytes('00'), mac)), 'unavailable');
  t.match(await hsm.status(), { state: 'down' });
  t.notOk(existsSync(join(folder, 'tokens')), 'nothing is made in its place');
  renameSync(join(folder, 'unplugged'), join(folder, 'tokens'));
  let recovered = 'unavailable';
  for (let tries = 0; tries < 100 && recovered !== 'no error'; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    recovered = await codeOf(() => hsm.verifyMac(key, 'cup-ecb', bytes('00'), mac));
  }
  t.equal(recovered, 'no error');
  t.equal(await hsm.verifyMac(key, 'cup-ecb', bytes('00'), mac), true);
  t.match(await hsm.status(), { state: 'ready' });
});
