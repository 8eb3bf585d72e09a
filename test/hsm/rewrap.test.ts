import t from 'tap';
import { createMasters, destroyMasters, openHsm } from '../../hsm/open.ts';
import type { Hsm, HsmConfig, KeySpec, StoredKey } from '../../hsm/types.ts';
import { bytes, codeOf, hex } from './hex.ts';
import { eachProvider } from './providers.ts';

const DATA = bytes('00112233445566778899AABBCCDDEEFF01');

// biome-ignore format: a table, one kind of key a line.
const SPECS: KeySpec[] = [
  { algorithm: 'des',  purpose: 'mac' },
  { algorithm: '3des', purpose: 'mac' },
  { algorithm: '3des', purpose: 'mac', lengthBytes: 24 },
  { algorithm: '3des', purpose: 'kek' },
  { algorithm: '3des', purpose: 'pin', exportable: false },
  { algorithm: 'aes',  purpose: 'mac', lengthBytes: 32 },
  { algorithm: 'aes',  purpose: 'pin-reference' },
  { algorithm: 'sm4',  purpose: 'mac' },
  { algorithm: 'sm2',  purpose: 'sign' },
];

/** Something that only the holder of the key's value can say. */
async function useOf(hsm: Hsm, key: StoredKey): Promise<string> {
  if (key.purpose !== 'mac') return hsm.checkValue(key);
  const algorithm = { des: 'x9.9', '3des': 'x9.19', aes: 'cmac-aes', sm4: 'cmac-sm4', sm2: 'x9.9' };
  return hex(await hsm.generateMac(key, algorithm[key.algorithm] as 'x9.9', DATA));
}

/** Another process makes the next master while this one works; then it is taken over. */
async function changeMasters(config: HsmConfig, number: number): Promise<void> {
  const { hsm } = await createMasters(config, undefined, number);
  await hsm.close();
}

t.test('keys move to a new master, which a running HSM finds by itself', async (t) => {
  await eachProvider(t, async (t, hsm, config) => {
    const before = (await hsm.status()).masters.at(-1)!;
    const next = before + 1;
    const keys: StoredKey[] = [];
    for (const spec of SPECS) keys.push(await hsm.generateKey(spec));
    const uses: string[] = [];
    for (const key of keys) uses.push(await useOf(hsm, key));
    t.equal(await hsm.rewrapKey(keys[0]!, before), keys[0], 'it is under this master already');
    t.equal(
      await codeOf(() => hsm.rewrapKey(keys[0]!, next)),
      'tampered',
      'there is no such master',
    );
    t.equal(await codeOf(() => changeMasters(config, before)), 'bad_input', 'not twice');
    t.equal(await codeOf(() => changeMasters(config, next + 1)), 'bad_input', 'none left out');
    await changeMasters(config, next);

    const other = await openHsm(config);
    const fresh = await other.generateKey({ algorithm: '3des', purpose: 'mac' });
    t.equal(await hsm.checkValue(fresh), fresh.checkValue, 'it is found when a key names it');
    t.equal((await hsm.status()).masters.at(-1), next);
    const moved: StoredKey[] = [];
    for (const [at, key] of keys.entries()) {
      const now = await hsm.rewrapKey(key, next);
      const { cryptogram, ...fields } = now;
      const { cryptogram: old, ...oldFields } = key;
      t.strictSame(fields, oldFields, 'nothing but the cryptogram changes');
      t.equal(Buffer.from(cryptogram)[3], next, 'which names the new master');
      t.not(Buffer.compare(cryptogram, old), 0);
      t.equal(await useOf(other, now), uses[at], `${key.algorithm} ${key.purpose}: the same key`);
      t.equal(await useOf(hsm, key), uses[at], 'under the old master it still works');
      t.equal(await hsm.rewrapKey(now, next), now, 'and once is enough');
      moved.push(now);
    }
    const kek = moved.find(({ purpose }) => purpose === 'kek')!;
    const mac = moved[1]!;
    const exported = await hsm.exportKey(mac, kek);
    t.equal(exported.checkValue, mac.checkValue, 'the right to travel moved along');
    const bound = moved.find(({ purpose }) => purpose === 'pin')!;
    t.equal(await codeOf(() => hsm.exportKey(bound, kek)), 'not_exportable', 'and so did its lack');

    t.equal(await codeOf(() => destroyMasters(config, next)), 'bad_input', 'the newest stays');
    await other.close();
    await destroyMasters(config, before);
    const later = await openHsm(config);
    t.notOk((await later.status()).masters.includes(before));
    t.equal(await codeOf(() => later.checkValue(keys[1]!)), 'tampered', 'old wrappings are dead');
    t.equal(await useOf(later, moved[1]!), uses[1]);
    await later.close();
  });
});
