/**
 * The cryptography inside a chip and a PSAM: DES from Node alone. It shares nothing with the HSM of
 * the switch, so that a mistake on one side is not agreed with by the other.
 */
import { createCipheriv, randomBytes } from 'node:crypto';

export function randomOf(bytes: number): Buffer {
  return randomBytes(bytes);
}

/** A key of the issuer for one card: the factor and its complement under the master. */
export function cardKeyOf(master: Buffer, factor: Buffer): Buffer {
  const complement = Buffer.from(factor.map((byte) => byte ^ 0xff));
  return Buffer.concat([tripleDes(master, factor), tripleDes(master, complement)]);
}

/** The session key of 8 bytes. */
export function sessionKeyOf(cardKey: Buffer, input: Buffer): Buffer {
  return tripleDes(cardKey, input);
}

/** Both halves of the card's TAC key, folded. */
export function tacKeyOf(cardKey: Buffer): Buffer {
  return xor(cardKey.subarray(0, 8), cardKey.subarray(8, 16));
}

/** DES-CBC from zero over the data with 80 00… behind it; the left 4 bytes of the last block. */
export function macOf(key: Buffer, ...parts: Uint8Array[]): Buffer {
  const data = Buffer.concat([...parts, Buffer.of(0x80)]);
  const padded = Buffer.concat([data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
  let chain: Buffer = Buffer.alloc(8);
  for (let at = 0; at < padded.length; at += 8) {
    chain = tripleDes(Buffer.concat([key, key]), xor(chain, padded.subarray(at, at + 8)));
  }
  return chain.subarray(0, 4);
}

function tripleDes(key: Buffer, block: Uint8Array): Buffer {
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key.subarray(0, 8)]), null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

function xor(one: Uint8Array, other: Uint8Array): Buffer {
  return Buffer.from(one.map((byte, index) => byte ^ other[index]!));
}
