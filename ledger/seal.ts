/**
 * A seal: a signed statement of where the journal stood. Whoever keeps the file can show later, with
 * the public key alone, that nothing up to that position was changed.
 *
 * The signature is over the statement's bytes: one line of JSON with the fields in the order of
 * SealStatement. Signing is the caller's: the key belongs to the HSM.
 */
import { createHash } from 'node:crypto';
import { LedgerError } from './errors.ts';
import type { LedgerState } from './state.ts';
import { trialBalanceOf } from './trial-balance.ts';
import type { Balances } from './types.ts';

export interface SealStatement {
  format: 'posp-ledger-seal-1';
  /** Of the last record of a group. */
  position: number;
  /** Hex, of that group. */
  chainHash: string;
  timestampUs: number;
  totals: Balances;
  /** SHA-256 over the trial balance's lines, hex. */
  linesSha256: string;
}

export interface Seal extends SealStatement {
  keyName: string;
  /** Hex. */
  signature: string;
}

export type Sign = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
/** True when the signature of that key over the bytes holds. */
export type VerifySignature = (
  bytes: Uint8Array,
  signature: Uint8Array,
  keyName: string,
) => boolean;

/** The statement of a state at the end of a group. */
export function sealStatement(state: LedgerState, chainHash: Uint8Array): SealStatement {
  const { lines, totals } = trialBalanceOf(state);
  return {
    format: 'posp-ledger-seal-1',
    position: state.position,
    chainHash: Buffer.from(chainHash).toString('hex'),
    timestampUs: state.timestampUs,
    totals,
    linesSha256: createHash('sha256').update(JSON.stringify(lines)).digest('hex'),
  };
}

/** What is signed. */
export function statementBytes(seal: SealStatement): Uint8Array {
  const { format, position, chainHash, timestampUs, totals, linesSha256 } = seal;
  const { debitsPendingFen, debitsPostedFen, creditsPendingFen, creditsPostedFen } = totals;
  return Buffer.from(
    JSON.stringify({
      format,
      position,
      chainHash,
      timestampUs,
      totals: { debitsPendingFen, debitsPostedFen, creditsPendingFen, creditsPostedFen },
      linesSha256,
    }),
  );
}

export async function signStatement(
  statement: SealStatement,
  keyName: string,
  sign: Sign,
): Promise<Seal> {
  const signature = await sign(statementBytes(statement));
  return { ...statement, keyName, signature: Buffer.from(signature).toString('hex') };
}

/** The seal of a file's text. Throws LedgerError bad_input. */
export function parseSeal(text: string): Seal {
  let value: Partial<Seal>;
  try {
    value = JSON.parse(text) as Partial<Seal>;
  } catch (error) {
    throw new LedgerError('bad_input', 'the seal is not JSON', error);
  }
  const texts = [value.chainHash, value.linesSha256, value.keyName, value.signature];
  const complete =
    value.format === 'posp-ledger-seal-1' &&
    Number.isSafeInteger(value.position) &&
    Number.isSafeInteger(value.timestampUs) &&
    value.totals !== undefined &&
    texts.every((text) => typeof text === 'string');
  if (!complete) throw new LedgerError('bad_input', 'the file is not a seal of this version');
  return value as Seal;
}

/** Why the seal does not hold for the state at its position, or null. `chainHash` null: no group ends there. */
export function checkSeal(
  seal: Seal,
  state: LedgerState,
  chainHash: Uint8Array | null,
  verifySignature: VerifySignature,
): string | null {
  const signature = Buffer.from(seal.signature, 'hex');
  if (!verifySignature(statementBytes(seal), signature, seal.keyName)) {
    return `the seal's signature of key ${seal.keyName} does not hold`;
  }
  if (chainHash === null) return `no commit ended at the seal's position ${seal.position}`;
  const actual = sealStatement(state, chainHash);
  const same = Buffer.compare(statementBytes(actual), statementBytes(seal)) === 0;
  return same ? null : `the journal is not the one that was sealed at position ${seal.position}`;
}
