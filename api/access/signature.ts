/**
 * Signed calls. The header
 *
 *   Authorization: HMAC-SM3 client=his,timestamp=1795305600,nonce=7f3a…,signature=9c…
 *
 * holds an HMAC with the client's key over eight lines: the algorithm, the method, the path and the
 * query as they are sent, the hash of the body, the timestamp (seconds since 1970), the nonce, and
 * the Idempotency-Key (an empty line when there is none). HMAC-SHA256 hashes body and lines with
 * SHA-256, HMAC-SM3 with SM3.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The digest of each algorithm. */
export const SIGNATURE_DIGESTS = { 'HMAC-SM3': 'sm3', 'HMAC-SHA256': 'sha256' } as const;
export type SignatureAlgorithm = keyof typeof SIGNATURE_DIGESTS;

/** What is signed of a call. */
export interface SignedCall {
  method: string;
  path: string;
  query: string;
  body: Uint8Array;
  idempotencyKey: string;
}

export interface SignatureHeader {
  algorithm: SignatureAlgorithm;
  client: string;
  timestamp: string;
  nonce: string;
  /** Lower-case hex. */
  signature: string;
}

export function signatureOf(
  key: Uint8Array,
  { algorithm, timestamp, nonce }: Omit<SignatureHeader, 'signature' | 'client'>,
  { method, path, query, body, idempotencyKey }: SignedCall,
): string {
  const digest = SIGNATURE_DIGESTS[algorithm];
  const bodyHash = createHash(digest).update(body).digest('hex');
  const lines = [
    algorithm,
    method.toUpperCase(),
    path,
    query,
    bodyHash,
    timestamp,
    nonce,
    idempotencyKey,
  ];
  return createHmac(digest, key).update(lines.join('\n')).digest('hex');
}

/** The value of the Authorization header. */
export function formatSignature(header: SignatureHeader): string {
  const { algorithm, client, timestamp, nonce, signature } = header;
  return `${algorithm} client=${client},timestamp=${timestamp},nonce=${nonce},signature=${signature}`;
}

const HEADER =
  /^(HMAC-SM3|HMAC-SHA256) client=([a-z0-9._-]{1,32}),timestamp=(\d{1,12}),nonce=([A-Za-z0-9_-]{8,64}),signature=([0-9a-f]{64})$/;

/** The parts of the header; null when it is anything else. */
export function parseSignature(value: string): SignatureHeader | null {
  const parts = HEADER.exec(value);
  if (parts === null) return null;
  const [, algorithm, client, timestamp, nonce, signature] = parts as unknown as string[];
  return {
    algorithm: algorithm as SignatureAlgorithm,
    client: client!,
    timestamp: timestamp!,
    nonce: nonce!,
    signature: signature!,
  };
}

/** Compares in constant time. */
export function sameSignature(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
