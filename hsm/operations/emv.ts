import { equalInConstantTime, pad80, padZero, requireThat, xor } from '../bytes.ts';
import { withProcessKey } from '../process-key.ts';
import type { EmvCryptogram } from '../types.ts';
import type { CipherKey } from '../vault.ts';
import { diversify } from './epurse.ts';
import { computeMac } from './mac.ts';

/**
 * EMV application cryptograms (EMV book 2, annex A1): card key by option A, session key, ARQC by
 * X9.19, ARPC by method 1. Derived keys exist for one call.
 */
export function arqcMatches(master: CipherKey, request: EmvCryptogram, arqc: Uint8Array): boolean {
  requireThat(arqc.length === 8, 'an ARQC has 8 bytes');
  const data = request.padding === '80' ? pad80(request.data, 8) : padZero(request.data, 8);
  const expected = withSessionKey(master, request, (key) => computeMac(key, 'x9.19', data));
  return equalInConstantTime(expected, arqc);
}

/** The cryptogram itself, as a card would make it (card simulator, tests). */
export function arqcOf(master: CipherKey, request: EmvCryptogram): Buffer {
  const data = request.padding === '80' ? pad80(request.data, 8) : padZero(request.data, 8);
  return withSessionKey(master, request, (key) => computeMac(key, 'x9.19', data));
}

/** Method 1: the ARQC with the response code xored into its first two bytes, encrypted. */
export function arpcOf(
  master: CipherKey,
  request: EmvCryptogram,
  arqc: Uint8Array,
  responseCode: Uint8Array,
): Buffer {
  requireThat(arqc.length === 8, 'an ARQC has 8 bytes');
  requireThat(responseCode.length === 2, 'the authorisation response code has 2 bytes');
  const input = xor(arqc, padZero(responseCode, 8));
  return withSessionKey(master, request, (key) => key.encryptEcb(input));
}

function withSessionKey<T>(
  master: CipherKey,
  request: EmvCryptogram,
  use: (key: CipherKey) => T,
): T {
  return withProcessKey('3des', diversify(master, cardFactor(request)), (cardKey) => {
    const input = sessionInput(request);
    if (input === undefined) return use(cardKey);
    return withProcessKey('3des', cardKey.encryptEcb(input), use);
  });
}

/** Option A: the rightmost 16 digits of PAN and card sequence number. */
function cardFactor(request: EmvCryptogram): Buffer {
  requireThat(/^\d{8,19}$/.test(request.pan), 'a PAN has 8 to 19 digits');
  requireThat(/^\d{2}$/.test(request.panSequence), 'a card sequence number has 2 digits here');
  const digits = (request.pan + request.panSequence).slice(-16).padStart(16, '0');
  return Buffer.from(digits, 'hex');
}

function sessionInput(request: EmvCryptogram): Buffer | undefined {
  const { atc } = request;
  requireThat(atc.length === 2, 'an application transaction counter has 2 bytes');
  const input = Buffer.alloc(16);
  switch (request.session) {
    case 'pboc':
      input.set(atc, 6);
      input.set([~atc[0]! & 0xff, ~atc[1]! & 0xff], 14);
      return input;
    case 'emv-csk':
      input.set([...atc, 0xf0], 0);
      input.set([...atc, 0x0f], 8);
      return input;
    case 'none':
      return undefined;
  }
}
