import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { sm2 as Sm2 } from 'sm-crypto-v2';
import { requireThat, toHex } from '../bytes.ts';
import { HsmError } from '../errors.ts';

/**
 * SM2 signatures with SM3 and the signer's id in the digest (GM/T 0003). Node's own OpenSSL signs
 * SM2 without the customary id, so sm-crypto-v2 does it. Private keys are in process memory for
 * the length of a call.
 */
export const DEFAULT_USER_ID = '1234567812345678';

const requireHere = createRequire(import.meta.url);
let loaded: typeof Sm2 | undefined;

/** Loaded when it is first needed: its tables of the curve take a fifth of a second in every thread. */
function library(): typeof Sm2 {
  loaded ??= (requireHere('sm-crypto-v2') as { sm2: typeof Sm2 }).sm2;
  return loaded;
}

/** r and s, 64 bytes. */
export function sm2Sign(
  privateKey: Uint8Array,
  publicKey: string,
  data: Uint8Array,
  userId: string = DEFAULT_USER_ID,
): Buffer {
  requireUserId(userId);
  const digest = digestOf(publicKey, userId, data);
  const signature = library().doSignature(digest, Buffer.from(privateKey).toString('hex'), {
    hash: false,
    publicKey: publicKey.toLowerCase(),
  });
  return Buffer.from(signature, 'hex');
}

export function sm2Verify(
  publicKey: string,
  data: Uint8Array,
  signature: Uint8Array,
  userId: string = DEFAULT_USER_ID,
): boolean {
  requirePublicKey(publicKey);
  requireUserId(userId);
  if (signature.length !== 64) return false;
  const point = preparedPoint(publicKey);
  try {
    const digest = digestOf(publicKey, userId, data);
    return library().doVerifySignature(digest, toHex(signature).toLowerCase(), point, {
      hash: false,
    });
  } catch {
    // The library throws for values of r and s outside the group: such a signature is wrong.
    return false;
  }
}

/** Its length in bits goes before it in two bytes. */
const USER_ID_BYTES_MAX = 8_191;

function requireUserId(userId: string): void {
  requireThat(
    Buffer.byteLength(userId) <= USER_ID_BYTES_MAX,
    `a user id has at most ${USER_ID_BYTES_MAX} bytes`,
  );
}

/** What is signed: SM3 over the signer's Z and the data. OpenSSL hashes long data much faster than the library. */
function digestOf(publicKey: string, userId: string, data: Uint8Array): Uint8Array {
  const z = library().getZ(publicKey.toLowerCase(), userId);
  return createHash('sm3').update(z).update(data).digest();
}

type Point = Parameters<typeof Sm2.doVerifySignature>[2];

const PREPARED_POINTS = 256;
const points = new Map<string, Point>();

/**
 * Tables for a public key make its verifications six times faster and cost some verifications to
 * make, so a key gets them when it is seen a second time.
 */
function preparedPoint(publicKey: string): Point {
  const name = publicKey.toLowerCase();
  const known = points.get(name);
  if (known !== undefined && typeof known !== 'string') return known;
  const point = known === undefined ? name : library().precomputePublicKey(name);
  points.delete(name);
  points.set(name, point);
  if (points.size > PREPARED_POINTS) points.delete(points.keys().next().value!);
  return point;
}

export function sm2KeyPair(): { privateKey: Buffer; publicKey: string } {
  const pair = library().generateKeyPairHex();
  return {
    privateKey: Buffer.from(pair.privateKey.padStart(64, '0'), 'hex'),
    publicKey: pair.publicKey.toUpperCase(),
  };
}

/** The order of the curve of GM/T 0003.5. */
const ORDER = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;

/** Throws `bad_input` for n-1 as well: a signature divides by the private key plus one. */
export function sm2PublicKey(privateKey: Uint8Array): string {
  requireThat(privateKey.length === 32, 'an SM2 private key has 32 bytes');
  const number = BigInt(`0x${toHex(privateKey)}`);
  requireThat(
    number > 0n && number < ORDER - 1n,
    'an SM2 private key is above 0 and below the order of the curve less one',
  );
  return library().getPublicKeyFromPrivateKey(toHex(privateKey).toLowerCase()).toUpperCase();
}

function requirePublicKey(publicKey: string): void {
  if (!/^04[0-9A-Fa-f]{128}$/.test(publicKey) || !isOnCurve(publicKey)) {
    throw new HsmError('bad_input', 'an SM2 public key is 04, x and y of a point on the curve');
  }
}

function isOnCurve(publicKey: string): boolean {
  try {
    return library().verifyPublicKey(publicKey.toLowerCase());
  } catch {
    return false;
  }
}
