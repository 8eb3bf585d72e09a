/** A supervising body's signature as the fiscal side sends it: value and serial of the certificate. */
import type { BillSignature } from '../bill/bill.ts';

/** Null when there is none. The public key is filled in from the certificate of that serial. */
export function signatureOf(value: unknown): BillSignature | null {
  if (typeof value !== 'object' || value === null) return null;
  const { value: signature, serial, signed_at_us: signedAt } = value as Record<string, unknown>;
  if (typeof signature !== 'string' || typeof serial !== 'string' || serial === '') return null;
  return {
    value: signature,
    algorithm: 'SM2-SM3',
    format: 'raw',
    keyName: serial,
    publicKey: '',
    signedAtUs: Number.isSafeInteger(signedAt) ? (signedAt as number) : 0,
  };
}
