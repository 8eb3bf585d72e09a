import { randomBytes } from 'node:crypto';
import { xor, zeroBlock } from '../bytes.ts';
import { cmac } from '../operations/mac.ts';
import { ProcessKey } from '../process-key.ts';
import type { KeyAlgorithm } from '../types.ts';
import type { Handle, Mechanism, PKCS11 } from './binding.ts';
import type { CipherRow } from './cipher-rows.ts';
import { CKF } from './constants.ts';
import { secretKeyTemplate } from './templates.ts';
import { isProtected, type UnwrapStyle, unwrapKey } from './unwrap.ts';

/**
 * Whether a token really does what it lists: every mechanism is tried with a test key against the
 * same calculation in this process before it is used. No trial touches a key of the product.
 */
export interface Trial {
  module: PKCS11;
  slot: Handle;
  session: Handle;
  listed: ReadonlySet<number>;
}

/** The test key of each algorithm: equal parts for DES, as single DES runs in 3DES. */
export const TEST_KEYS: [KeyAlgorithm, Buffer][] = [
  ['3des', Buffer.from('0123456789ABCDEFFEDCBA98765432100123456789ABCDEF', 'hex')],
  ['3des', Buffer.from('1A2A3B4C5D6E7080'.repeat(3), 'hex')],
  ['aes', Buffer.from('000102030405060708090A0B0C0D0E0F', 'hex')],
  ['sm4', Buffer.from('0123456789ABCDEFFEDCBA9876543210', 'hex')],
];

/** A mechanism may be listed and not work: no answer and a wrong answer both mean no. */
export function attempt(trial: () => boolean): boolean {
  try {
    return trial();
  } catch {
    return false;
  }
}

function withTestKey<T>(
  trial: Trial,
  row: CipherRow,
  value: Buffer,
  use: (handle: Handle) => T,
): T {
  const handle = trial.module.C_CreateObject(
    trial.session,
    secretKeyTemplate({
      keyType: row.keyType,
      value,
      extractable: true,
      encrypt: true,
      decrypt: true,
      wrap: true,
      unwrap: true,
      sign: true,
    }),
  );
  try {
    return use(handle);
  } finally {
    trial.module.C_DestroyObject(trial.session, handle);
  }
}

function encrypt(trial: Trial, mechanism: Mechanism, handle: Handle, data: Buffer): Buffer {
  trial.module.C_EncryptInit(trial.session, mechanism, handle);
  return trial.module.C_Encrypt(trial.session, data, Buffer.alloc(data.length));
}

export function cipherWorks(
  trial: Trial,
  row: CipherRow,
  algorithm: KeyAlgorithm,
  value: Buffer,
): boolean {
  if (!trial.listed.has(row.ecb) || !trial.listed.has(row.cbc)) return false;
  const reference = new ProcessKey(algorithm, value);
  const data = randomBytes(row.blockBytes * 3);
  const initial = zeroBlock(row.blockBytes);
  return withTestKey(trial, row, value, (handle) => {
    const ecb = encrypt(trial, { mechanism: row.ecb }, handle, data);
    const cbc = encrypt(trial, { mechanism: row.cbc, parameter: initial }, handle, data);
    trial.module.C_DecryptInit(trial.session, { mechanism: row.ecb }, handle);
    const back = trial.module.C_Decrypt(trial.session, ecb, Buffer.alloc(ecb.length));
    return (
      ecb.equals(reference.encryptEcb(data)) &&
      cbc.equals(reference.encryptCbc(data, initial)) &&
      back.equals(data)
    );
  });
}

export function tokenCmacWorks(
  trial: Trial,
  row: CipherRow,
  algorithm: KeyAlgorithm,
  value: Buffer,
): boolean {
  const { cmac: mechanism } = row;
  if (mechanism === undefined || !trial.listed.has(mechanism)) return false;
  const data = randomBytes(21);
  return withTestKey(trial, row, value, (handle) => {
    trial.module.C_SignInit(trial.session, { mechanism }, handle);
    const tag = trial.module.C_Sign(trial.session, data, Buffer.alloc(row.blockBytes));
    return tag.equals(cmac(new ProcessKey(algorithm, value), data));
  });
}

export function storageWorks(trial: Trial, row: CipherRow, mechanism: Mechanism): boolean {
  if (!trial.listed.has(mechanism.mechanism)) return false;
  const { module, session } = trial;
  return withTestKey(trial, row, randomBytes(32), (master) =>
    withTestKey(trial, row, randomBytes(16), (key) => {
      const wrapped = module.C_WrapKey(session, mechanism, master, key, Buffer.alloc(64));
      const template = secretKeyTemplate({ keyType: row.keyType, encrypt: true });
      const copy = module.C_UnwrapKey(session, mechanism, master, wrapped, template);
      const data = zeroBlock(16);
      const same = encrypt(trial, { mechanism: row.ecb }, copy, data).equals(
        encrypt(trial, { mechanism: row.ecb }, key, data),
      );
      module.C_DestroyObject(session, copy);
      return same;
    }),
  );
}

/** Are unwrapped keys sensitive, and free to leave or not, as they are asked to be? */
export function unwrapWorks(
  trial: Trial,
  row: CipherRow,
  mechanism: Mechanism,
  style: UnwrapStyle,
): boolean {
  const stays = unwrapAndWrap(trial, row, mechanism, style, false);
  const leaves = unwrapAndWrap(trial, row, mechanism, style, true);
  return stays.isAsAsked && leaves.isAsAsked && leaves.cameOut;
}

/** Some tokens wrap a key that is not extractable all the same. */
export function holdsKeysBack(
  trial: Trial,
  row: CipherRow,
  mechanism: Mechanism,
  style: UnwrapStyle,
): boolean {
  return !unwrapAndWrap(trial, row, mechanism, style, false).cameOut;
}

function unwrapAndWrap(
  trial: Trial,
  row: CipherRow,
  mechanism: Mechanism,
  style: UnwrapStyle,
  extractable: boolean,
): { isAsAsked: boolean; cameOut: boolean } {
  const { module, session } = trial;
  return withTestKey(trial, row, randomBytes(32), (master) =>
    withTestKey(trial, row, randomBytes(16), (key) => {
      const wrap = (handle: Handle) =>
        module.C_WrapKey(session, mechanism, master, handle, Buffer.alloc(64));
      const wrapped = wrap(key);
      const spec = { keyType: row.keyType, encrypt: true, extractable };
      const copy = unwrapKey(trial, style, mechanism, master, wrapped, spec);
      const isAsAsked = isProtected(trial, copy, extractable);
      const cameOut = attempt(() => wrap(copy).equals(wrapped));
      module.C_DestroyObject(session, copy);
      return { isAsAsked, cameOut };
    }),
  );
}

/** A key goes out, comes in and goes out again: some tokens let no key out that came in. */
export function ecbWrapWorks(
  trial: Trial,
  row: CipherRow,
  algorithm: KeyAlgorithm,
  style: UnwrapStyle,
): boolean {
  const { module, session } = trial;
  const [, kekValue] = TEST_KEYS.find(
    ([name]) => name === (algorithm === 'des' ? '3des' : algorithm),
  )!;
  const keyBytes = row.blockBytes === 8 ? 24 : 16;
  const value = randomBytes(8).toString('hex').repeat(3);
  const keyValue = Buffer.from(value, 'hex').subarray(0, keyBytes);
  const mechanism = { mechanism: row.ecb };
  return withTestKey(trial, row, kekValue, (kek) =>
    withTestKey(trial, row, keyValue, (key) => {
      const wrapped = module.C_WrapKey(session, mechanism, kek, key, Buffer.alloc(64));
      if (wrapped.length !== keyBytes) return false;
      const spec = { keyType: row.keyType, extractable: true, encrypt: true };
      const copy = unwrapKey(trial, style, mechanism, kek, wrapped, spec);
      const data = zeroBlock(row.blockBytes);
      const expected = encrypt(trial, mechanism, key, data);
      const again = module.C_WrapKey(session, mechanism, kek, copy, Buffer.alloc(64));
      const same = encrypt(trial, mechanism, copy, data).equals(expected) && again.equals(wrapped);
      module.C_DestroyObject(session, copy);
      return same;
    }),
  );
}

/** Two MACs over one open operation, each made to start from zero (see open-streams.ts). */
export function streamWorks(trial: Trial, row: CipherRow): boolean {
  const { module } = trial;
  const value = randomBytes(row.blockBytes === 8 ? 24 : 16);
  const reference = new ProcessKey(row.blockBytes === 8 ? '3des' : 'aes', value);
  const session = module.C_OpenSession(trial.slot, CKF.SERIAL_SESSION | CKF.RW_SESSION);
  try {
    return withTestKey(trial, row, value, (handle) => {
      const initial = zeroBlock(row.blockBytes);
      module.C_EncryptInit(session, { mechanism: row.cbc, parameter: initial }, handle);
      let state: Buffer = initial;
      return [1, 2, 3].every((blocks) => {
        const data = randomBytes(row.blockBytes * blocks);
        const input = Buffer.from(data);
        xor(state, input).copy(input);
        const output = module.C_EncryptUpdate(session, input, Buffer.alloc(input.length));
        if (output.length !== input.length) return false;
        state = output.subarray(-row.blockBytes);
        return state.equals(reference.cbcMac(data));
      });
    });
  } finally {
    module.C_CloseSession(session);
  }
}

/** Blocks decrypted one by one over one open operation. */
export function decryptStreamWorks(trial: Trial, row: CipherRow): boolean {
  const { module } = trial;
  const value = randomBytes(row.blockBytes === 8 ? 24 : 16);
  const reference = new ProcessKey(row.blockBytes === 8 ? '3des' : 'aes', value);
  const session = module.C_OpenSession(trial.slot, CKF.SERIAL_SESSION | CKF.RW_SESSION);
  try {
    return withTestKey(trial, row, value, (handle) => {
      module.C_DecryptInit(session, { mechanism: row.ecb }, handle);
      return [1, 2, 1].every((blocks) => {
        const data = randomBytes(row.blockBytes * blocks);
        const output = module.C_DecryptUpdate(session, data, Buffer.alloc(data.length));
        return output.equals(reference.decryptEcb(data));
      });
    });
  } finally {
    module.C_CloseSession(session);
  }
}
