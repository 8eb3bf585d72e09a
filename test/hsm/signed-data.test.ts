import '../support/plain-children.ts';
import { spawnSync } from 'node:child_process';
import { createPublicKey, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { sm2KeyPair, sm2Sign } from '../../hsm/operations/sm2.ts';
import { readCertificate } from '../../hsm/signed-data/certificate.ts';
import { makeSignedData, type Signer } from '../../hsm/signed-data/sign.ts';
import { verifySignedData } from '../../hsm/signed-data/verify.ts';
import { documentOf, posp } from '../support/posp.ts';
import { codeOf, hex } from './hex.ts';
import { eachProvider } from './providers.ts';

const folder = mkdtempSync(join(tmpdir(), 'posp-signed-data-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);
const CONTENT = Buffer.from('posp signed data 签名数据');
const AT = new Date('2026-11-20T02:03:04Z');

/** OpenSSL: somebody else's reading of what we write. */
function openssl(...parameters: string[]): { ok: boolean; text: string; bytes: Buffer } {
  const { status, stdout, stderr } = spawnSync('openssl', parameters);
  return { ok: status === 0, text: `${stdout}${stderr}`, bytes: stdout };
}

/** A key and certificate of OpenSSL's making. */
function certified(name: string): { signer: Signer; file: string; privateKey: string } {
  const key = path(`${name}.key`);
  const file = path(`${name}.pem`);
  openssl('ecparam', '-name', 'SM2', '-genkey', '-noout', '-out', key);
  const id = ['-sm3', '-sigopt', 'distid:1234567812345678'];
  const made = openssl(
    'req',
    '-new',
    '-x509',
    '-key',
    key,
    ...id,
    '-subj',
    `/C=CN/CN=${name}`,
    '-days',
    '9',
    '-out',
    file,
  );
  if (!made.ok) throw new Error(made.text);
  const text = openssl('ec', '-in', key, '-text', '-noout').text;
  const digits = (from: string, to: string) =>
    text.slice(text.indexOf(from) + from.length, text.indexOf(to)).replace(/[^0-9a-f]/g, '');
  const privateKey = digits('priv:', 'pub:').padStart(64, '0').slice(-64);
  const publicKey = digits('pub:', 'ASN1 OID').toUpperCase();
  const sign = (bytes: Buffer) => sm2Sign(Buffer.from(privateKey, 'hex'), publicKey, bytes);
  return { signer: { publicKey, sign }, file, privateKey };
}

t.test('what is signed is verified, in every form', async (t) => {
  const { signer, file } = certified('Test Hospital');
  const certificate = readCertificate(readFileSync(file));
  t.equal(certificate.publicKey, signer.publicKey);
  for (const profile of ['gmt0010', 'pkcs7'] as const) {
    for (const detached of [false, true]) {
      for (const signingTime of [undefined, AT]) {
        for (const enclosed of [undefined, certificate]) {
          const signed = await makeSignedData(CONTENT, signer, {
            profile,
            detached,
            ...(signingTime === undefined ? {} : { signingTime }),
            ...(enclosed === undefined ? {} : { certificate: enclosed }),
          });
          const name = `${profile}${detached ? ' detached' : ''}${signingTime ? ' time' : ''}${enclosed ? ' certificate' : ''}`;
          const content = detached ? { content: CONTENT } : {};
          const key = enclosed === undefined ? { publicKey: signer.publicKey } : {};
          const result = verifySignedData(signed, { ...content, ...key });
          t.match(
            result,
            { valid: true, profile, signers: [{ publicKey: signer.publicKey }] },
            name,
          );
          t.strictSame(result.content, CONTENT, name);
          t.strictSame(result.signers[0]?.signingTime, signingTime, name);
          const other = { content: Buffer.from('another') };
          if (detached) t.equal(verifySignedData(signed, { ...other, ...key }).valid, false, name);
          if (detached) t.equal(verifySignedData(signed, key).valid, false, `${name}: no content`);
          if (!detached) t.equal(await codeOf(() => verifySignedData(signed, other)), 'bad_input');
          const strange = { ...content, publicKey: sm2KeyPair().publicKey };
          t.equal(verifySignedData(signed, strange).valid, false, `${name}: another signer`);
          if (!enclosed) t.equal(verifySignedData(signed, content).valid, false, `${name}: no key`);
          writeFileSync(path('signed.der'), signed);
          t.ok(openssl('asn1parse', '-inform', 'DER', '-in', path('signed.der')).ok, name);
        }
      }
    }
  }
});

t.test('OpenSSL reads it, and agrees with the signature', async (t) => {
  const { signer, file } = certified('Outside Reader');
  const certificate = readCertificate(readFileSync(file));
  const signed = await makeSignedData(CONTENT, signer, { certificate, profile: 'pkcs7' });
  writeFileSync(path('cms.der'), signed);
  const printed = openssl(
    'cms',
    '-cmsout',
    '-print',
    '-noout',
    '-inform',
    'DER',
    '-in',
    path('cms.der'),
  );
  t.match(
    printed.text,
    /pkcs7-signedData[\s\S]*algorithm: sm3[\s\S]*CN ?= ?Outside Reader[\s\S]*SM2-with-SM3/,
  );
  const enclosed = openssl('pkcs7', '-print_certs', '-inform', 'DER', '-in', path('cms.der'));
  t.match(enclosed.text, readFileSync(file, 'utf8').slice(40, 400), 'with the certificate in it');

  const gmt = await makeSignedData(CONTENT, signer, { certificate });
  writeFileSync(path('gmt.der'), gmt);
  const listing = openssl('asn1parse', '-inform', 'DER', '-in', path('gmt.der')).text;
  t.match(
    listing,
    /1\.2\.156\.10197\.6\.1\.4\.2\.2[\s\S]*sm3[\s\S]*1\.2\.156\.10197\.6\.1\.4\.2\.1/,
  );
  const lines = listing.trim().split('\n');
  const offset = lines.at(-1)!.split(':')[0]!.trim();
  openssl(
    'asn1parse',
    '-inform',
    'DER',
    '-in',
    path('gmt.der'),
    '-strparse',
    offset,
    '-noout',
    '-out',
    path('rs.der'),
  );
  writeFileSync(path('content'), CONTENT);
  const pem = openssl('x509', '-in', file, '-pubkey', '-noout').text;
  t.ok(createPublicKey(pem));
  writeFileSync(path('public.pem'), pem);
  const verified = openssl(
    'pkeyutl',
    '-verify',
    '-pubin',
    '-inkey',
    path('public.pem'),
    '-rawin',
    '-digest',
    'sm3',
    '-pkeyopt',
    'distid:1234567812345678',
    '-in',
    path('content'),
    '-sigfile',
    path('rs.der'),
  );
  t.match(verified.text, 'Signature Verified Successfully');
});

t.test('keys of every HSM sign it', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const key = await hsm.generateKey({ algorithm: 'sm2', purpose: 'sign' });
    const signer = { publicKey: key.publicKey!, sign: (bytes: Buffer) => hsm.sign(key, bytes) };
    const signed = await makeSignedData(CONTENT, signer, { signingTime: AT });
    t.equal(verifySignedData(signed, { publicKey: key.publicKey! }).valid, true);
  });
});

t.test('changed and cut signed data is never valid and never a crash', async (t) => {
  const { signer, file } = certified('Changed');
  const certificate = readCertificate(readFileSync(file));
  const signed = await makeSignedData(CONTENT, signer, { certificate, signingTime: AT });
  const isValid = (bytes: Buffer) => {
    try {
      return verifySignedData(bytes, { publicKey: signer.publicKey, content: CONTENT }).valid;
    } catch (error) {
      if ((error as { code?: string }).code === 'bad_input') return false;
      throw error;
    }
  };
  t.ok(isValid(signed));
  for (let length = 0; length < signed.length; length++) {
    if (isValid(signed.subarray(0, length))) t.fail(`cut to ${length} bytes`);
  }
  const signatureStart = signed.length - 60;
  for (let at = signatureStart; at < signed.length; at++) {
    const changed = Buffer.from(signed);
    changed[at]! ^= 0x10;
    t.notOk(isValid(changed), `byte ${at} of the signature`);
  }
  for (let i = 0; i < 200; i++) t.notOk(isValid(randomBytes(i)));
  const stranger = await codeOf(() =>
    makeSignedData(CONTENT, { ...signer, publicKey: sm2KeyPair().publicKey }, { certificate }),
  );
  t.equal(stranger, 'bad_input', 'a certificate of another key');
});

t.test('posp crypto sm2 --pkcs7', async (t) => {
  const { signer, file, privateKey } = certified('Command Line');
  const data = hex(CONTENT);
  const common = ['crypto', 'sm2', 'sign', '--key', privateKey, '--data', data, '--pkcs7'];
  const out = path('cli.p7s');
  const signed = await posp([
    ...common,
    '--certificate',
    file,
    '--detached',
    '--out',
    out,
    '--json',
  ]);
  t.equal(signed.code, 0, signed.stderr);
  t.equal(documentOf(signed)['value'], hex(readFileSync(out)));
  const verify = ['crypto', 'sm2', 'verify', '--pkcs7'];
  const good = await posp([...verify, out, '--data', data, '--json']);
  t.match(documentOf(good), { value: true, signers: [{ publicKey: signer.publicKey }] });
  const wrong = await posp([...verify, out, '--data', '00', '--json']);
  t.equal(wrong.code, 1);
  t.match(documentOf(wrong), { value: false, signers: [{ problem: 'the signature is wrong' }] });
  t.equal((await posp([...verify, 'ABCD'])).code, 2, 'no signed data at all');
  t.equal((await posp([...common, '--certificate', path('content')])).code, 2, 'no certificate');
});
