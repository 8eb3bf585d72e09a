import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findModule, openHsm } from '../../hsm/open.ts';
import { newModule } from '../../hsm/pkcs11/binding.ts';
import { bytes, codeOf } from './hex.ts';

/** What happens to the token while keys are in use, done from outside by a second user of the module. */
for (const kind of ['nss', 'softhsm'] as const) {
  const path = findModule(kind);
  const skip = path === null ? `the ${kind} module is not installed` : false;
  t.test(`${kind}: a lost session is opened again within the call`, { skip }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'posp-loss-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const hsm = await openHsm({ provider: 'pkcs11', module: path!, dataDir: folder });
    const tak = await hsm.importKey({ algorithm: 'des', purpose: 'mac' }, [
      bytes('1A2B3C4D5E6F7081'),
    ]);
    const tpk = await hsm.generateKey({ algorithm: '3des', purpose: 'pin' });
    const referenceKey = await hsm.generateKey({ algorithm: 'aes', purpose: 'pin-reference' });
    const data = bytes('0200702004C020C09811');
    const mac = await hsm.generateMac(tak, 'cup-ecb', data);
    const pan = '6219990000000000010';
    const reference = await hsm.createPinReference(referenceKey, { pan, pin: '123456' });
    const allWorks = async () => {
      const verified = await hsm.verifyMac(tak, 'cup-ecb', data, mac);
      const pinBlock = await hsm.encryptPin(tpk, { format: 0, pin: '123456', pan });
      const pin = { pinKey: tpk, format: 0 as const, pinBlock, pan };
      return verified && (await hsm.verifyPin(pin, { referenceKey, reference }));
    };
    t.equal(await allWorks(), true, 'before');

    const other = await newModule();
    other.load(path!);
    for (let round = 1; round <= 3; round++) {
      for (const slot of other.C_GetSlotList(true)) other.C_CloseAllSessions(slot);
      t.equal(await allWorks(), true, `all sessions closed, ${round}`);
      t.match(await hsm.status(), { state: 'ready', reconnects: round });
    }

    other.C_Finalize();
    t.equal(await allWorks(), true, 'the whole module taken down and started again');
    await hsm.close();
    t.equal(await codeOf(() => hsm.verifyMac(tak, 'cup-ecb', data, mac)), 'closed');
  });
}
