import { HsmError } from './errors.ts';
import type { KeyAlgorithm, KeyPurpose, KeySpec, StoredKey } from './types.ts';

/** What each purpose allows: algorithms, what the cipher object must be able to do, travelling by default. */
interface PurposeRule {
  algorithms: readonly KeyAlgorithm[];
  decrypts: boolean;
  /** Works in CMACs, which tokens do as a signature. */
  signs: boolean;
  wraps: boolean;
  exportable: boolean;
}

const SYMMETRIC: readonly KeyAlgorithm[] = ['des', '3des', 'aes', 'sm4'];
const CARD: readonly KeyAlgorithm[] = ['3des', 'sm4'];

// biome-ignore format: a table, one purpose a line.
export const PURPOSES: Record<KeyPurpose, PurposeRule> = {
  'kek':                { algorithms: ['3des', 'aes', 'sm4'], decrypts: true,  signs: false, wraps: true,  exportable: false },
  'pin':                { algorithms: SYMMETRIC,              decrypts: true,  signs: false, wraps: false, exportable: true },
  'mac':                { algorithms: SYMMETRIC,              decrypts: false, signs: true,  wraps: false, exportable: true },
  'data':               { algorithms: SYMMETRIC,              decrypts: true,  signs: false, wraps: false, exportable: true },
  'pin-reference':      { algorithms: ['3des', 'aes', 'sm4'], decrypts: false, signs: true,  wraps: false, exportable: false },
  'pin-verification':   { algorithms: ['3des'],               decrypts: false, signs: false, wraps: false, exportable: false },
  'epurse-purchase':    { algorithms: CARD,                   decrypts: false, signs: false, wraps: false, exportable: false },
  'epurse-load':        { algorithms: CARD,                   decrypts: false, signs: false, wraps: false, exportable: false },
  'epurse-unload':      { algorithms: CARD,                   decrypts: false, signs: false, wraps: false, exportable: false },
  'epurse-overdraft':   { algorithms: CARD,                   decrypts: false, signs: false, wraps: false, exportable: false },
  'epurse-tac':         { algorithms: CARD,                   decrypts: false, signs: false, wraps: false, exportable: false },
  'epurse-maintenance': { algorithms: CARD,                   decrypts: false, signs: false, wraps: false, exportable: false },
  'emv-ac':             { algorithms: ['3des'],               decrypts: false, signs: false, wraps: false, exportable: false },
  'key-block':          { algorithms: ['3des', 'aes'],        decrypts: false, signs: true,  wraps: false, exportable: false },
  'sign':               { algorithms: ['sm2'],                decrypts: false, signs: false, wraps: false, exportable: false },
};

/** Key lengths by algorithm, the default first. */
const LENGTHS: Record<KeyAlgorithm, readonly number[]> = {
  des: [8],
  '3des': [16, 24],
  aes: [16, 24, 32],
  sm4: [16],
  sm2: [32],
};

/** A spec with nothing left to default. Throws `bad_input` or `wrong_algorithm`. */
export function completeSpec(spec: KeySpec): Required<KeySpec> {
  const rule = PURPOSES[spec.purpose];
  if (rule === undefined) throw new HsmError('bad_input', `unknown key purpose ${spec.purpose}`);
  if (!rule.algorithms.includes(spec.algorithm)) {
    throw new HsmError('wrong_algorithm', `a ${spec.purpose} key cannot be ${spec.algorithm}`);
  }
  const lengths = LENGTHS[spec.algorithm];
  const lengthBytes = spec.lengthBytes ?? lengths[0]!;
  if (!lengths.includes(lengthBytes)) {
    throw new HsmError(
      'bad_input',
      `a ${spec.algorithm} key has ${lengths.join(' or ')} bytes, not ${lengthBytes}`,
    );
  }
  const version = spec.version ?? 1;
  if (!Number.isInteger(version) || version < 0 || version > 0xffff_ffff) {
    throw new HsmError('bad_input', 'a key version is an integer of at most 32 bits');
  }
  return {
    algorithm: spec.algorithm,
    purpose: spec.purpose,
    version,
    lengthBytes,
    exportable: spec.exportable ?? false,
  };
}

/** The same for a key that is generated here: working keys are made to be downloaded. */
export function completeGeneratedSpec(spec: KeySpec): Required<KeySpec> {
  return completeSpec({
    ...spec,
    exportable: spec.exportable ?? PURPOSES[spec.purpose]?.exportable ?? false,
  });
}

/** The separation of keys: every operation names the purpose that it serves. */
export function requirePurpose(key: StoredKey, ...purposes: KeyPurpose[]): void {
  if (!purposes.includes(key.purpose)) {
    throw new HsmError(
      'wrong_purpose',
      `a ${key.purpose} key cannot be used as ${purposes.join(' or ')} key`,
    );
  }
}

export function requireAlgorithm(
  key: { algorithm: KeyAlgorithm },
  ...allowed: KeyAlgorithm[]
): void {
  if (!allowed.includes(key.algorithm)) {
    throw new HsmError('wrong_algorithm', `needs ${allowed.join(' or ')}, not ${key.algorithm}`);
  }
}
