import { requireThat, xor } from '../bytes.ts';
import { ProcessKey } from '../process-key.ts';

/**
 * DUKPT as a calculator: the keys that a terminal uses at a given key serial number (KSN), from the
 * base derivation key. ANSI X9.24-1 (3DES) and X9.24-3 (AES). For tests and for finding faults: the
 * switch's own terminals use master and session keys.
 */
export type TdesDukptUse =
  | 'initial'
  | 'session'
  | 'pin'
  | 'mac-request'
  | 'mac-response'
  | 'data-request'
  | 'data-response';

const COUNTER_BITS = 21;
const COUNTER_MASK = (1 << COUNTER_BITS) - 1;
/** A terminal leaves out the counters with more one-bits: each of them costs it a step. */
const TDES_ONES_MAX = 10;
const AES_ONES_MAX = 16;
const C0_MASK = Buffer.from('C0C0C0C000000000C0C0C0C000000000', 'hex');

/** What each use xors into the key of the transaction. */
const TDES_VARIANTS: Record<Exclude<TdesDukptUse, 'initial' | 'session'>, string> = {
  pin: '00000000000000FF00000000000000FF',
  'mac-request': '000000000000FF00000000000000FF00',
  'mac-response': '00000000FF00000000000000FF000000',
  'data-request': '0000000000FF00000000000000FF0000',
  'data-response': '000000FF00000000000000FF00000000',
};

/** `base` 16 bytes, `ksn` 10 bytes. */
export function tdesDukptKey(base: Buffer, ksn: Buffer, use: TdesDukptUse): Buffer {
  requireThat(base.length === 16, 'a 3DES base derivation key has 16 bytes');
  requireThat(ksn.length === 10, 'a 3DES key serial number has 10 bytes');
  let key = tdesInitialKey(base, ksn);
  if (use === 'initial') return key;
  const register = Buffer.from(ksn.subarray(2));
  const counter = register.readUIntBE(5, 3) & COUNTER_MASK;
  requireCounter(counter, TDES_ONES_MAX);
  clearCounter(register, 5);
  for (let bit = COUNTER_BITS - 1; bit >= 0; bit--) {
    const mask = 1 << bit;
    if ((counter & mask) === 0) continue;
    register.writeUIntBE(register.readUIntBE(5, 3) | mask, 5, 3);
    key = nonReversibleStep(key, register);
  }
  if (use === 'session') return key;
  const variant = xor(key, Buffer.from(TDES_VARIANTS[use], 'hex'));
  if (!use.startsWith('data')) return variant;
  return new ProcessKey('3des', variant).encryptEcb(variant);
}

function requireCounter(counter: number, onesMax: number): void {
  requireThat(counter !== 0, 'counter 0 of a key serial number has the initial key only');
  const ones = counter.toString(2).replaceAll('0', '').length;
  requireThat(ones <= onesMax, `no terminal uses a counter with more than ${onesMax} one-bits`);
}

function tdesInitialKey(base: Buffer, ksn: Buffer): Buffer {
  const serial = Buffer.from(ksn.subarray(0, 8));
  serial[7]! &= 0xe0;
  const left = new ProcessKey('3des', base).encryptEcb(serial);
  const right = new ProcessKey('3des', xor(base, C0_MASK)).encryptEcb(serial);
  return Buffer.concat([left, right]);
}

function nonReversibleStep(key: Buffer, register: Buffer): Buffer {
  const half = (from: Buffer): Buffer => {
    const right = from.subarray(8);
    const encrypted = new ProcessKey('des', from.subarray(0, 8)).encryptEcb(xor(register, right));
    return xor(encrypted, right);
  };
  return Buffer.concat([half(xor(key, C0_MASK)), half(key)]);
}

function clearCounter(register: Buffer, at: number): void {
  register[at]! &= 0xe0;
  register[at + 1] = 0;
  register[at + 2] = 0;
}

export type AesDukptUse =
  | 'initial'
  | 'derivation'
  | 'key-encryption'
  | 'pin'
  | 'mac-generation'
  | 'mac-verification'
  | 'mac-both'
  | 'data-encryption'
  | 'data-decryption'
  | 'data-both';

const AES_USAGES: Record<AesDukptUse, number> = {
  'key-encryption': 0x0002,
  pin: 0x1000,
  'mac-generation': 0x2000,
  'mac-verification': 0x2001,
  'mac-both': 0x2002,
  'data-encryption': 0x3000,
  'data-decryption': 0x3001,
  'data-both': 0x3002,
  derivation: 0x8000,
  initial: 0x8001,
};

/** `base` 16, 24 or 32 bytes, `ksn` 12 bytes: initial key id 8, counter 4. Keys are as long as the base. */
export function aesDukptKey(base: Buffer, ksn: Buffer, use: AesDukptUse): Buffer {
  requireThat(
    [16, 24, 32].includes(base.length),
    'an AES base derivation key has 16, 24 or 32 bytes',
  );
  requireThat(ksn.length === 12, 'an AES key serial number has 12 bytes');
  let key = aesDerive(base, 'initial', base.length, ksn.subarray(0, 8));
  if (use === 'initial') return key;
  const counter = ksn.readUInt32BE(8);
  requireCounter(counter, AES_ONES_MAX);
  let reached = 0;
  for (let bit = 31; bit >= 0; bit--) {
    const mask = 2 ** bit;
    if (Math.floor(counter / mask) % 2 === 0) continue;
    reached += mask;
    key = aesDerive(key, 'derivation', base.length, derivationContext(ksn, reached));
  }
  return use === 'derivation'
    ? key
    : aesDerive(key, use, base.length, derivationContext(ksn, counter));
}

function derivationContext(ksn: Buffer, counter: number): Buffer {
  const context = Buffer.alloc(8);
  ksn.copy(context, 0, 4, 8);
  context.writeUInt32BE(counter, 4);
  return context;
}

function aesDerive(key: Buffer, use: AesDukptUse, lengthBytes: number, context: Buffer): Buffer {
  const input = Buffer.alloc(16);
  input[0] = 1;
  input.writeUInt16BE(AES_USAGES[use], 2);
  input.writeUInt16BE(lengthBytes / 8, 4);
  input.writeUInt16BE(lengthBytes * 8, 6);
  context.copy(input, 8);
  const parts: Buffer[] = [];
  for (let bytes = 0; bytes < lengthBytes; bytes += 16) {
    input[1] = parts.length + 1;
    parts.push(new ProcessKey('aes', key).encryptEcb(input));
  }
  return Buffer.concat(parts).subarray(0, lengthBytes);
}
