import { zeroBlock } from '../bytes.ts';
import { HsmError } from '../errors.ts';
import type { KeyAlgorithm, VendorMechanisms } from '../types.ts';
import type { Handle, Mechanism, PKCS11 } from './binding.ts';
import { type CipherRow, cipherRows } from './cipher-rows.ts';
import { CKM } from './constants.ts';
import {
  attempt,
  cipherWorks,
  decryptStreamWorks,
  ecbWrapWorks,
  holdsKeysBack,
  storageWorks,
  streamWorks,
  TEST_KEYS,
  tokenCmacWorks,
  unwrapWorks,
} from './self-test.ts';
import type { UnwrapStyle } from './unwrap.ts';

/** What the token was found to do: asked by its mechanism list, believed after a self-test only. */
export interface Capabilities {
  /** The ciphers that work inside the token. `des` and `3des` share one. */
  ciphers: Partial<Record<KeyAlgorithm, CipherRow>>;
  /** Keys can be wrapped and unwrapped block by block under keys of these algorithms. */
  ecbWrapping: Partial<Record<KeyAlgorithm, boolean>>;
  /** How stored keys are wrapped under the master. */
  storage: Mechanism;
  storageName: 'aes-key-wrap' | 'aes-cbc-pad';
  unwrapStyle: UnwrapStyle;
  /** Unwrapped keys are sensitive, and may leave or not, as they are asked to. */
  unwrapProtects: boolean;
  /** Keys that are not extractable are wrapped by nobody. */
  holdsKeysBack: boolean;
  /** A CBC operation can stay open between calls. */
  streams: boolean;
  /** So can an ECB decryption. */
  decryptStreams: boolean;
  names: string[];
}

const STORAGE: { name: Capabilities['storageName']; mechanism: Mechanism }[] = [
  { name: 'aes-key-wrap', mechanism: { mechanism: CKM.AES_KEY_WRAP } },
  {
    name: 'aes-cbc-pad',
    mechanism: { mechanism: CKM.AES_CBC_PAD, parameter: zeroBlock(16) },
  },
];

export function discover(
  module: PKCS11,
  slot: Handle,
  session: Handle,
  vendor: VendorMechanisms | undefined,
): Capabilities {
  const trial = { module, slot, session, listed: new Set(module.C_GetMechanismList(slot)) };
  const rows = cipherRows(vendor);
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
  const { aes } = ciphers;
  if (aes === undefined) {
    throw new HsmError('unsupported', 'the token has no working AES, which the master keys need');
  }
  const storage = STORAGE.find((row) => attempt(() => storageWorks(trial, aes, row.mechanism)));
  if (storage === undefined) {
    throw new HsmError(
      'unsupported',
      'the token can wrap keys neither by AES key wrap nor AES-CBC',
    );
  }
  const styles = ['as-asked', 'set-afterwards'] as const;
  const found = styles.find((style) =>
    attempt(() => unwrapWorks(trial, aes, storage.mechanism, style)),
  );
  const unwrapStyle = found ?? 'as-asked';
  const ecbWrapping: Capabilities['ecbWrapping'] = {};
  for (const [algorithm, row] of Object.entries(ciphers) as [KeyAlgorithm, CipherRow][]) {
    ecbWrapping[algorithm] = attempt(() => ecbWrapWorks(trial, row, algorithm, unwrapStyle));
  }
  const streams = attempt(() => streamWorks(trial, ciphers['3des'] ?? aes));
  const decryptStreams =
    streams && attempt(() => decryptStreamWorks(trial, ciphers['3des'] ?? aes));
  return {
    ciphers,
    ecbWrapping,
    storage: storage.mechanism,
    storageName: storage.name,
    unwrapStyle,
    unwrapProtects: found !== undefined,
    holdsKeysBack: attempt(() => holdsKeysBack(trial, aes, storage.mechanism, unwrapStyle)),
    streams,
    decryptStreams,
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
