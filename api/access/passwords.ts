/** Passwords of operators: scrypt, a few at a time so that guessing cannot take the machine. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { OperatorRecord } from './records.ts';

export type StoredPassword = OperatorRecord['password'];

const COST = 1 << 15;
const BLOCK_SIZE = 8;
const HASH_BYTES = 32;
const MEMORY_BYTES_MAX = 128 << 20;
const AT_ONCE_MAX = 4;

let running = 0;

/** Checking passwords takes all that is set aside for it: try again. */
export class TooManyPasswords extends Error {
  override readonly name = 'TooManyPasswords';
}

export async function hashPassword(password: string): Promise<StoredPassword> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, COST);
  return { salt: salt.toString('hex'), hash: hash.toString('hex'), cost: COST };
}

/** False also when there is no such operator, after the same work. */
export async function isPassword(
  password: string,
  stored: StoredPassword | null,
): Promise<boolean> {
  const { salt, hash, cost } = stored ?? { salt: '00', hash: '00'.repeat(HASH_BYTES), cost: COST };
  const derived = await derive(password, Buffer.from(salt, 'hex'), cost);
  const same = timingSafeEqual(derived, Buffer.from(hash, 'hex'));
  return same && stored !== null;
}

/** A password that a person can type once: 20 characters, a hundred bits. */
export function randomPassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789_';
  return [...randomBytes(20)].map((byte) => letters[byte % letters.length]).join('');
}

function derive(password: string, salt: Uint8Array, cost: number): Promise<Buffer> {
  if (running >= AT_ONCE_MAX) throw new TooManyPasswords('too many passwords at once');
  running++;
  return new Promise((resolve, reject) => {
    const options = { N: cost, r: BLOCK_SIZE, p: 1, maxmem: MEMORY_BYTES_MAX };
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, options, (error, derived) => {
      running--;
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}
