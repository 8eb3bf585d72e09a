import { equalInConstantTime, pad80, padZero, requireThat, xor, zeroBlock } from '../bytes.ts';
import { requireAlgorithm } from '../purposes.ts';
import type { KeyAlgorithm, MacAlgorithm } from '../types.ts';
import type { CipherKey } from '../vault.ts';

interface MacRow {
  keys: readonly KeyAlgorithm[];
  compute: (key: CipherKey, data: Uint8Array) => Buffer;
}

// biome-ignore format: a table, one algorithm a line.
const MACS: Record<MacAlgorithm, MacRow> = {
  'cup-ecb':      { keys: ['des', '3des'], compute: foldedMac },
  'cup-sm4':      { keys: ['sm4'],         compute: foldedMac },
  'x9.9':         { keys: ['des', '3des'], compute: (key, data) => x9_9(key, padZero(data, 8)) },
  'x9.9-pad80':   { keys: ['des', '3des'], compute: (key, data) => x9_9(key, pad80(data, 8)) },
  'x9.19':        { keys: ['3des'],        compute: (key, data) => x9_19(key, padZero(data, 8)) },
  'x9.19-pad80':  { keys: ['3des'],        compute: (key, data) => x9_19(key, pad80(data, 8)) },
  'cmac-3des':    { keys: ['des', '3des'], compute: cmac },
  'cmac-aes':     { keys: ['aes'],         compute: cmac },
  'cmac-sm4':     { keys: ['sm4'],         compute: cmac },
};

const UPPER_HEX = Buffer.from('0123456789ABCDEF', 'latin1');
/** Fewer bytes than this are no MAC: a shorter one could be guessed. */
const SHORTEST_MAC_BYTES = 4;

export function computeMac(key: CipherKey, algorithm: MacAlgorithm, data: Uint8Array): Buffer {
  const row = MACS[algorithm];
  requireThat(row !== undefined, 'unknown MAC algorithm');
  requireAlgorithm(key, ...row.keys);
  return row.compute(key, data);
}

export function checkMac(
  key: CipherKey,
  algorithm: MacAlgorithm,
  data: Uint8Array,
  mac: Uint8Array,
): boolean {
  const expected = computeMac(key, algorithm, data);
  if (mac.length < SHORTEST_MAC_BYTES || mac.length > expected.length) return false;
  return equalInConstantTime(expected.subarray(0, mac.length), mac);
}

/**
 * UnionPay ECB (银联 ECB) and its SM4 twin: fold all blocks by xor, write the result as hex
 * characters H1 H2, then E(E(H1) xor H2). That is CBC over H1 H2, so one call to the token does
 * it. Field 64 is the first 8 hex characters of the outcome.
 */
function foldedMac(key: CipherKey, data: Uint8Array): Buffer {
  const blockBytes = key.blockBytes;
  const folded = new Uint8Array(blockBytes);
  const whole = data.length - (data.length % blockBytes);
  for (let column = 0; column < blockBytes; column++) {
    let byte = whole + column < data.length ? data[whole + column]! : 0;
    for (let i = column; i < whole; i += blockBytes) byte ^= data[i]!;
    folded[column] = byte;
  }
  const outcome = key.cbcMac(hexCharacters(folded, blockBytes));
  return hexCharacters(outcome, 4);
}

function hexCharacters(bytes: Uint8Array, count: number): Buffer {
  const characters = Buffer.allocUnsafe(count * 2);
  for (let i = 0; i < count; i++) {
    characters[2 * i] = UPPER_HEX[bytes[i]! >> 4]!;
    characters[2 * i + 1] = UPPER_HEX[bytes[i]! & 15]!;
  }
  return characters;
}

/** X9.9 is single DES; a double-length key runs the same chain with 3DES, as 16-byte MAKs do. */
function x9_9(key: CipherKey, padded: Buffer): Buffer {
  return key.cbcMac(padded);
}

/**
 * X9.19 (ISO 9797-1 algorithm 3): the chain in single DES with the left half; the last block also
 * decrypted with the right and encrypted with the left half, which is 3DES of that block.
 */
function x9_19(key: CipherKey, padded: Buffer): Buffer {
  const last = padded.subarray(-8);
  if (padded.length === 8) return key.encryptEcb(last);
  const chain = key.leftHalf().cbcMac(padded.subarray(0, -8));
  return key.encryptEcb(xor(last, chain));
}

/** NIST SP 800-38B, by the token where it can, else composed from its block operations. */
export function cmac(key: CipherKey, data: Uint8Array): Buffer {
  const byToken = key.tokenCmac(data);
  if (byToken !== undefined) return byToken;
  const blockBytes = key.blockBytes;
  const complete = data.length > 0 && data.length % blockBytes === 0;
  const padded = complete ? Buffer.from(data) : pad80(data, blockBytes);
  const first = doubled(key.encryptEcb(zeroBlock(blockBytes)));
  const mask = complete ? first : doubled(first);
  const offset = padded.length - blockBytes;
  for (let i = 0; i < blockBytes; i++) padded[offset + i]! ^= mask[i]!;
  return key.cbcMac(padded);
}

/** Multiplication by x in the field of the block size: the sub-key step of CMAC. */
function doubled(block: Buffer): Buffer {
  const result = Buffer.allocUnsafe(block.length);
  for (let i = 0; i < block.length; i++) {
    result[i] = ((block[i]! << 1) | ((block[i + 1] ?? 0) >> 7)) & 0xff;
  }
  if ((block[0]! & 0x80) !== 0) result[block.length - 1]! ^= block.length === 8 ? 0x1b : 0x87;
  return result;
}
