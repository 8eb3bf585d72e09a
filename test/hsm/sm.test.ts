import { createHash } from 'node:crypto';
import t from 'tap';
import { ProcessKey } from '../../hsm/process-key.ts';
import { bytes, codeOf, fixture, hex } from './hex.ts';
import { eachProvider } from './providers.ts';

interface SmVector {
  name: string;
  key?: string;
  plaintext?: string;
  iv?: string;
  input_ascii?: string;
  private_key?: string;
  public_x?: string;
  public_y?: string;
  message_ascii?: string;
  expected: string | Record<string, string>;
}

const vectors = fixture<{ vectors: SmVector[] }>('sm.json').vectors;
const vector = (name: string) => vectors.find((candidate) => candidate.name === name)!;

t.test('SM3 and SM4 as published', async (t) => {
  for (const name of ['sm3_abc', 'sm3_abcd_x16', 'sm3_empty']) {
    const { input_ascii, expected } = vector(name);
    t.equal(hex(createHash('sm3').update(input_ascii!).digest()), expected, name);
  }
  for (const name of ['sm4_example1', 'sm4_other_key']) {
    const { key, plaintext, expected } = vector(name);
    const sm4 = new ProcessKey('sm4', bytes(key!));
    t.equal(hex(sm4.encryptEcb(bytes(plaintext!))), expected, name);
    t.equal(hex(sm4.decryptEcb(bytes(expected as string))), plaintext, name);
  }
  const cbc = vector('sm4_cbc');
  const key = new ProcessKey('sm4', bytes(cbc.key!));
  t.equal(hex(key.encryptCbc(bytes(cbc.plaintext!), bytes(cbc.iv!))), cbc.expected);
  const million = vector('sm4_example2_million');
  const sm4 = new ProcessKey('sm4', bytes(million.key!));
  let block: Buffer = bytes(million.plaintext!);
  for (let i = 0; i < 1_000_000; i++) block = sm4.encryptEcb(block);
  t.equal(hex(block), million.expected, 'a million times over itself');
});

t.test('SM2 signatures with a user id', async (t) => {
  const published = vector('sm2_sign_recommended_curve');
  const expected = published.expected as Record<string, string>;
  const publicKey = `04${published.public_x}${published.public_y}`;
  const message = Buffer.from(published.message_ascii!);
  const signature = bytes(expected['r']! + expected['s']!);
  await eachProvider(t, async (t, hsm) => {
    const imported = await hsm.importKey({ algorithm: 'sm2', purpose: 'sign' }, [
      bytes(published.private_key!),
    ]);
    t.equal(imported.publicKey, publicKey, 'the public key of the published private key');
    t.equal(await hsm.verify(publicKey, message, signature), true, 'the published signature');
    t.equal(await hsm.verify(publicKey, message, signature, 'someone else'), false);
    const own = await hsm.generateKey({ algorithm: 'sm2', purpose: 'sign' });
    const signed = await hsm.sign(own, message, 'hospital');
    t.equal(signed.length, 64);
    t.equal(await hsm.verify(own.publicKey!, message, signed, 'hospital'), true);
    t.equal(await hsm.verify(own.publicKey!, message, signed), false);
    t.equal(await hsm.verify(publicKey, message, signed, 'hospital'), false, 'another key');
    const changed = Buffer.from(signed);
    changed[40]! ^= 1;
    t.equal(await hsm.verify(own.publicKey!, message, changed, 'hospital'), false);
    t.equal(await hsm.verify(own.publicKey!, message, Buffer.alloc(64), 'hospital'), false);
    t.equal(await hsm.verify(own.publicKey!, message, Buffer.alloc(64, 255)), false);
    t.equal(await hsm.verify(own.publicKey!, message, signed.subarray(1)), false);
    t.equal(await codeOf(() => hsm.verify(`04${'11'.repeat(64)}`, message, signed)), 'bad_input');
    t.equal(await codeOf(() => hsm.verify('04', message, signed)), 'bad_input');
    const other = { ...own, publicKey };
    t.equal(await codeOf(() => hsm.sign(other, message)), 'tampered', 'public key exchanged');
    t.equal(await codeOf(() => hsm.checkValue(own)), 'no error');
  });
});
