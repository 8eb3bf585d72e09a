import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import t from 'tap';
import { storedKeyToJson } from '../../hsm/stored-key.ts';
import type { StoredKey } from '../../hsm/types.ts';
import { bytes, hex } from './hex.ts';
import { eachProvider, testFolder } from './providers.ts';

const SECRETS = {
  tmk: '0123456789ABCDEFFEDCBA9876543211',
  tpk: '89ABCDEF0123456776543210FEDCBA99',
  tak: '1A2A3B4C5D6E7080',
  sm4: '5A6B7C8D9EAFB0C1D2E3F40516273849',
  sm2: '3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8',
};
const PIN = '918273';
const PAN = '6219990000000000010';
const TRACK = `${PAN}D30122010000000000`;

/** Every form in which a secret might lie in a file or a text. */
function formsOf(secret: string): Buffer[] {
  const raw = bytes(secret);
  const forms = [secret, secret.toLowerCase(), raw.toString('base64').slice(0, -2)];
  return [raw, ...forms.map((form) => Buffer.from(form))];
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

t.test('after a full run no secret lies in any file, record, status or error', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const keys: Record<string, StoredKey> = {
      tmk: await hsm.importKey({ algorithm: '3des', purpose: 'kek' }, [bytes(SECRETS.tmk)]),
      tpk: await hsm.importKey({ algorithm: '3des', purpose: 'pin', exportable: true }, [
        bytes(SECRETS.tpk),
      ]),
      tak: await hsm.importKey({ algorithm: 'des', purpose: 'mac' }, [bytes(SECRETS.tak)]),
      sm4: await hsm.importKey({ algorithm: 'sm4', purpose: 'data' }, [bytes(SECRETS.sm4)]),
      sm2: await hsm.importKey({ algorithm: 'sm2', purpose: 'sign' }, [bytes(SECRETS.sm2)]),
    };
    const { tmk, tpk, tak, sm4, sm2 } = keys as Record<keyof typeof SECRETS, StoredKey>;
    const referenceKey = await hsm.generateKey({ algorithm: 'aes', purpose: 'pin-reference' });
    const reference = await hsm.createPinReference(referenceKey, { pan: PAN, pin: PIN });
    const pinBlock = await hsm.encryptPin(tpk, { format: 0, pin: PIN, pan: PAN });
    const pin = { pinKey: tpk, format: 0 as const, pinBlock, pan: PAN };
    const outputs: unknown[] = [
      ...Object.values(keys).map(storedKeyToJson),
      hex(reference),
      hex(pinBlock),
      await hsm.exportKey(tpk, tmk),
      await hsm.verifyPin(pin, { referenceKey, reference }),
      hex(await hsm.generateMac(tak, 'cup-ecb', Buffer.from(PAN))),
      hex(await hsm.sign(sm2, Buffer.from(PAN))),
      (await hsm.encryptTrack(sm4, TRACK)).slice(19),
      await hsm.status(),
    ];
    const failures = [
      () => hsm.exportKey(tmk, tmk),
      () => hsm.encryptPin(tak, { format: 0, pin: PIN, pan: PAN }),
      () => hsm.encryptPin(tpk, { format: 0, pin: `${PIN}x`, pan: PAN }),
      () => hsm.encryptPin(tpk, { format: 0, pin: PIN, pan: `${PAN}x` }),
      () => hsm.importKey({ algorithm: 'aes', purpose: 'kek' }, [bytes(SECRETS.tak)]),
      () => hsm.importKey({ algorithm: '3des', purpose: 'kek' }, [bytes(SECRETS.tmk), bytes('00')]),
      () => hsm.encryptTrack(sm4, `${TRACK}?`),
      () => hsm.verifyPin({ ...pin, pan: '6219990000000000028' }, { referenceKey, reference }),
      () => hsm.checkValue({ ...tpk, version: 9 }),
    ];
    for (const work of failures) {
      try {
        await work();
        t.fail(`should fail: ${work}`);
      } catch (error) {
        outputs.push(inspect(error, { depth: 5, showHidden: true }).replace(/\n\s+at .*/g, ''));
      }
    }
    const said = Buffer.from(inspect(outputs, { depth: 10, maxStringLength: null }));
    const files = filesBelow(testFolder).map((file) => [file, readFileSync(file)] as const);
    t.ok(files.length > 0, 'the token has files');
    for (const [name, secret] of Object.entries(SECRETS)) {
      for (const form of formsOf(secret)) {
        t.notOk(said.includes(form), `${name} in what was said`);
        for (const [file, content] of files) t.notOk(content.includes(form), `${name} in ${file}`);
      }
    }
    for (const form of [PIN, TRACK]) {
      t.notOk(said.includes(form), 'PIN or track in what was said');
      for (const [file, content] of files)
        t.notOk(content.includes(form), `PIN or track in ${file}`);
    }
  });
});
