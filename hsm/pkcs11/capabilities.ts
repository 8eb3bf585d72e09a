import { randomBytes } from 'node:crypto';
import type { Handle, Mechanism, PKCS11 } from 'pkcs11js';
import { xor, zeroBlock } from '../bytes.ts';
import { HsmError } from '../errors.ts';
import { cmac } from '../operations/mac.ts';
import { ProcessKey } from '../process-key.ts';
import type { KeyAlgorithm, VendorMechanisms } from '../types.ts';
import { CKK, CKM } from './constants.ts';
import { secretKeyTemplate } from './templates.ts';

/** The mechanisms of one cipher in this token. */
export interface CipherRow {
  keyType: number;
  blockBytes: 8 | 16;
  keyGeneration: number;
  ecb: number;
  cbc: number;
  cmac: number | undefined;
}

/** What the token was found to do: asked by its mechanism list, believed after a self-test only. */
export interface Capabilities {
  /** The ciphers that work inside the token. `des` and `3des` share one. */
  ciphers: Partial<Record<KeyAlgorithm, CipherRow>>;
  /** Keys can be wrapped and unwrapped block by block under keys of these algorithms. */
  ecbWrapping: Partial<Record<KeyAlgorithm, boolean>>;
  /** How stored keys are wrapped under the master. */
  storage: Mechanism;
  storageName: 'aes-key-wrap' | 'aes-cbc-pad';
  /** A CBC operation can stay open between calls. */
  streams: boolean;
  names: string[];
}

type Trial = { module: PKCS11; slot: Handle; session: Handle; listed: ReadonlySet<number> };

const STORAGE: { name: Capabilities['storageName']; mechanism: Mechanism }[] = [
  { name: 'aes-key-wrap', mechanism: { mechanism: CKM.AES_KEY_WRAP } },
  {
    name: 'aes-cbc-pad',
    mechanism: { mechanism: CKM.AES_CBC_PAD, parameter: zeroBlock(16) },
  },
];

/** The test key of each algorithm: equal parts for DES, as single DES runs in 3DES. */
const TEST_KEYS: [KeyAlgorithm, Buffer][] = [
  ['3des', Buffer.from('0123456789ABCDEFFEDCBA98765432100123456789ABCDEF', 'hex')],
  ['3des', Buffer.from('1A2A3B4C5D6E7080'.repeat(3), 'hex')],
  ['aes', Buffer.from('000102030405060708090A0B0C0D0E0F', 'hex')],
  ['sm4', Buffer.from('0123456789ABCDEFFEDCBA9876543210', 'hex')],
];

export function discover(
  module: PKCS11,
  slot: Handle,
  session: Handle,
  vendor: VendorMechanisms | undefined,
): Capabilities {
  const trial = { module, slot, session, listed: new Set(module.C_GetMechanismList(slot)) };
  const rows: Partial<Record<KeyAlgorithm, CipherRow>> = {
    '3des': desRow(),
    aes: aesRow(),
    ...sm4Row(vendor),
  };
  const ciphers: Capabilities['ciphers'] = {};
  for (const [algorithm, row] of Object.entries(rows) as [KeyAlgorithm, CipherRow][]) {
    const keys = TEST_KEYS.filter(([name]) => name === algorithm).map(([, key]) => key);
    const works = keys.every((key) => attempt(() => cipherWorks(trial, row, algorithm, key)));
    if (!works) continue;
    const cmacWorks = keys.every((key) =>
      attempt(() => tokenCmacWorks(trial, row, algorithm, key)),
    );
    ciphers[algorithm] = { ...row, cmac: cmacWorks ? row.cmac : undefined };
  }
  if (ciphers['3des'] !== undefined) ciphers.des = ciphers['3des'];
  if (ciphers.aes === undefined) {
    throw new HsmError('unsupported', 'the token has no working AES, which the master keys need');
  }
  const storage = STORAGE.find((row) => attempt(() => storageWorks(trial, row.mechanism)));
  if (storage === undefined) {
    throw new HsmError(
      'unsupported',
      'the token can wrap keys neither by AES key wrap nor AES-CBC',
    );
  }
  const ecbWrapping: Capabilities['ecbWrapping'] = {};
  for (const [algorithm, row] of Object.entries(ciphers) as [KeyAlgorithm, CipherRow][]) {
    ecbWrapping[algorithm] = attempt(() => ecbWrapWorks(trial, row, algorithm));
  }
  const streams = attempt(() => streamWorks(trial, ciphers['3des'] ?? aesRow()));
  return {
    ciphers,
    ecbWrapping,
    storage: storage.mechanism,
    storageName: storage.name,
    streams,
    names: describe(ciphers, ecbWrapping, storage.name, streams),
  };
}

function describe(
  ciphers: Capabilities['ciphers'],
  ecbWrapping: Capabilities['ecbWrapping'],
  storage: string,
  streams: boolean,
): string[] {
  const names = Object.keys(ciphers);
  for (const [algorithm, row] of Object.entries(ciphers)) {
    if (row.cmac !== undefined && algorithm !== 'des') names.push(`cmac-${algorithm}`);
  }
  for (const [algorithm, works] of Object.entries(ecbWrapping)) {
    if (works && algorithm !== 'des') names.push(`ecb-wrap-${algorithm}`);
  }
  names.push(storage);
  if (streams) names.push('open-streams');
  return names;
}

function desRow(): CipherRow {
  return {
    keyType: CKK.DES3,
    blockBytes: 8,
    keyGeneration: CKM.DES3_KEY_GEN,
    ecb: CKM.DES3_ECB,
    cbc: CKM.DES3_CBC,
    cmac: CKM.DES3_CMAC,
  };
}

function aesRow(): CipherRow {
  return {
    keyType: CKK.AES,
    blockBytes: 16,
    keyGeneration: CKM.AES_KEY_GEN,
    ecb: CKM.AES_ECB,
    cbc: CKM.AES_CBC,
    cmac: CKM.AES_CMAC,
  };
}

function sm4Row(vendor: VendorMechanisms | undefined): { sm4?: CipherRow } {
  const { sm4KeyType, sm4KeyGen, sm4Ecb, sm4Cbc } = vendor ?? {};
  if (
    sm4KeyType === undefined ||
    sm4KeyGen === undefined ||
    sm4Ecb === undefined ||
    sm4Cbc === undefined
  ) {
    return {};
  }
  return {
    sm4: {
      keyType: sm4KeyType,
      blockBytes: 16,
      keyGeneration: sm4KeyGen,
      ecb: sm4Ecb,
      cbc: sm4Cbc,
      cmac: undefined,
    },
  };
}

/** A mechanism may be listed and not work: no answer and a wrong answer both mean no. */
function attempt(trial: () => boolean): boolean {
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

function cipherWorks(
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

function tokenCmacWorks(
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

function storageWorks(trial: Trial, mechanism: Mechanism): boolean {
  if (!trial.listed.has(mechanism.mechanism)) return false;
  const row = aesRow();
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

/** A key goes out, comes in and goes out again: some tokens let no key out that came in. */
function ecbWrapWorks(trial: Trial, row: CipherRow, algorithm: KeyAlgorithm): boolean {
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
      const template = secretKeyTemplate({
        keyType: row.keyType,
        extractable: true,
        encrypt: true,
      });
      const copy = module.C_UnwrapKey(session, mechanism, kek, wrapped, template);
      const data = zeroBlock(row.blockBytes);
      const expected = encrypt(trial, mechanism, key, data);
      const again = module.C_WrapKey(session, mechanism, kek, copy, Buffer.alloc(64));
      const same = encrypt(trial, mechanism, copy, data).equals(expected) && again.equals(wrapped);
      module.C_DestroyObject(session, copy);
      return same;
    }),
  );
}

/** Two MACs over one open operation, each made to start from zero (see cbc-streams.ts). */
function streamWorks(trial: Trial, row: CipherRow): boolean {
  const { module } = trial;
  const value = randomBytes(row.blockBytes === 8 ? 24 : 16);
  const reference = new ProcessKey(row.blockBytes === 8 ? '3des' : 'aes', value);
  const session = module.C_OpenSession(trial.slot, 0x6);
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
