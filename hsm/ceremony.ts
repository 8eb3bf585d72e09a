import { hkdfSync } from 'node:crypto';
import { requireThat, xor } from './bytes.ts';
import { requireStrongSum } from './key-strength.ts';
import { checkValueOf } from './operations/check-value.ts';
import { ProcessKey } from './process-key.ts';
import { completeSpec } from './purposes.ts';
import type { Hsm, KeyAlgorithm, KeySpec, StoredKey } from './types.ts';

/**
 * Keys that people bring: two or three components, each entered by another person, none of whom
 * learns the key. The outcome is a stored key and a protocol without any secret, signed by a key
 * of the same HSM.
 */
export interface Component {
  /** Who enters it. */
  holder: string;
  bytes: Buffer;
}

export interface CeremonyProtocol {
  kind: 'posp key ceremony 1';
  /** What was made: the master keys of the token, or one key. */
  made: 'master' | 'key';
  at: string;
  hsm: { name: string; module?: string; token?: { label: string; serial: string } };
  algorithm: KeyAlgorithm;
  purpose?: string;
  version?: number;
  /** The number of the master keys that were made. */
  masterNumber?: number;
  components: { holder: string; checkValue: string }[];
  checkValue: string;
}

export interface SignedProtocol {
  protocol: CeremonyProtocol;
  /** SM2 with SM3 over the protocol's JSON, hexadecimal. */
  publicKey: string;
  signature: string;
}

/** The masters of a token are made from this many bytes. */
export const MASTER_BYTES = 32;

/** What its holder compares with the printed check value of the component. */
export function componentCheckValue(algorithm: KeyAlgorithm, component: Uint8Array): string {
  const key = new ProcessKey(algorithm, component);
  const checkValue = checkValueOf(key);
  key.wipe();
  return checkValue;
}

/** Throws `bad_input` unless two or three people take part. Asked before they enter anything, too. */
export function requireHolders(holders: readonly string[]): void {
  requireThat(
    holders.length === 2 || holders.length === 3,
    'a ceremony takes two or three components',
  );
  const people = new Set(holders.map((holder) => holder.trim().toLowerCase()));
  requireThat(
    people.size === holders.length && !people.has(''),
    'every component is entered by another person',
  );
}

/** Throws `bad_input` for a component that says nothing, or that cancels out an earlier one. */
export function requireComponent(bytes: Buffer, earlier: readonly Buffer[]): void {
  requireThat(
    bytes.some((byte) => byte !== bytes[0]),
    'a component of one repeated byte is none',
  );
  const isCopy = earlier.some((one) => one.equals(bytes));
  requireThat(!isCopy, 'two components are the same: together they cancel out');
}

/** Throws `bad_input` unless two or three people brought components that together are a good key. */
function requireDualControl(
  algorithm: KeyAlgorithm,
  lengthBytes: number,
  components: readonly Component[],
): void {
  requireHolders(components.map(({ holder }) => holder));
  const all = components.map(({ bytes }) => bytes);
  for (const [at, bytes] of all.entries()) {
    requireThat(
      bytes.length === lengthBytes,
      `a component of this key has ${lengthBytes} bytes, not ${bytes.length}`,
    );
    requireComponent(bytes, all.slice(0, at));
  }
  requireStrongSum(algorithm, all);
}

/** Imports a key; the components are wiped. */
export async function importFromComponents(
  hsm: Hsm,
  spec: KeySpec,
  components: readonly Component[],
  at: Date,
): Promise<{ key: StoredKey; protocol: CeremonyProtocol }> {
  const complete = completeSpec(spec);
  requireThat(complete.algorithm !== 'sm2', 'signing keys are generated, not brought');
  requireDualControl(complete.algorithm, complete.lengthBytes, components);
  const parts = components.map(({ holder, bytes }) => ({
    holder,
    checkValue: componentCheckValue(complete.algorithm, bytes),
  }));
  const key = await hsm.importKey(
    complete,
    components.map(({ bytes }) => bytes),
  );
  const protocol: CeremonyProtocol = {
    kind: 'posp key ceremony 1',
    made: 'key',
    at: at.toISOString(),
    hsm: await describeHsm(hsm),
    algorithm: key.algorithm,
    purpose: key.purpose,
    version: key.version,
    components: parts,
    checkValue: key.checkValue,
  };
  return { key, protocol };
}

/** Combines the components of the masters; the caller wipes the result. */
export function combineMasterComponents(components: readonly Component[]): Buffer {
  requireDualControl('aes', MASTER_BYTES, components);
  const combined = Buffer.alloc(MASTER_BYTES);
  for (const { bytes } of components) {
    xor(combined, bytes).copy(combined);
    bytes.fill(0);
  }
  return combined;
}

/** The master key of one use, from the combined components: two tokens given the same hold the same. */
export function masterFromComponents(combined: Uint8Array, use: string, number: number): Buffer {
  const info = `posp ${use} master ${number}`;
  return Buffer.from(hkdfSync('sha256', combined, '', info, MASTER_BYTES));
}

export async function masterProtocol(
  hsm: Hsm,
  masterNumber: number,
  components: { holder: string; checkValue: string }[],
  checkValue: string,
  at: Date,
): Promise<CeremonyProtocol> {
  return {
    kind: 'posp key ceremony 1',
    made: 'master',
    at: at.toISOString(),
    hsm: await describeHsm(hsm),
    algorithm: 'aes',
    masterNumber,
    components,
    checkValue,
  };
}

export async function signProtocol(
  hsm: Hsm,
  signingKey: StoredKey,
  protocol: CeremonyProtocol,
): Promise<SignedProtocol> {
  const signature = await hsm.sign(signingKey, signedBytes(protocol));
  return {
    protocol,
    publicKey: signingKey.publicKey ?? '',
    signature: Buffer.from(signature).toString('hex').toUpperCase(),
  };
}

export async function verifyProtocol(
  hsm: Pick<Hsm, 'verify'>,
  signed: SignedProtocol,
): Promise<boolean> {
  const signature = Buffer.from(signed.signature, 'hex');
  return hsm.verify(signed.publicKey, signedBytes(signed.protocol), signature);
}

function signedBytes(protocol: CeremonyProtocol): Buffer {
  return Buffer.from(JSON.stringify(protocol));
}

async function describeHsm(hsm: Hsm): Promise<CeremonyProtocol['hsm']> {
  const { name, module, token } = await hsm.status();
  return {
    name,
    ...(module === undefined ? {} : { module }),
    ...(token === undefined ? {} : { token: { label: token.label, serial: token.serial } }),
  };
}
