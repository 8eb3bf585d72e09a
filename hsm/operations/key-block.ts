import { randomBytes } from 'node:crypto';
import { asBuffer, equalInConstantTime, requireThat, toHex } from '../bytes.ts';
import { HsmError } from '../errors.ts';
import { ProcessKey } from '../process-key.ts';
import { requireAlgorithm } from '../purposes.ts';
import type { KeyAlgorithm, KeyPurpose } from '../types.ts';
import type { CipherKey } from '../vault.ts';
import { cmac } from './mac.ts';

/**
 * TR-31 key blocks (ANSI X9.143), versions B (3DES protection key) and D (AES): a header that says
 * what the key is for, the key encrypted, and a MAC over both. Optional header blocks of others
 * are authenticated and passed over.
 */
interface UsageRow {
  /** Written first, all of them read. */
  codes: readonly string[];
  mode: string;
}

/** Purposes that have a code in the standard; the others travel in no key block. */
// biome-ignore format: a table, one purpose a line.
const USAGES: Partial<Record<KeyPurpose, UsageRow>> = {
  'kek':              { codes: ['K0'],                               mode: 'B' },
  'key-block':        { codes: ['K1'],                               mode: 'B' },
  'pin':              { codes: ['P0'],                               mode: 'B' },
  'mac':              { codes: ['M3', 'M0', 'M1', 'M2', 'M5', 'M6'], mode: 'C' },
  'data':             { codes: ['D0'],                               mode: 'B' },
  'emv-ac':           { codes: ['E0'],                               mode: 'X' },
  'pin-verification': { codes: ['V2', 'V1', 'V0'],                   mode: 'C' },
};

const ALGORITHM_CODES: Partial<Record<KeyAlgorithm, string>> = { des: 'D', '3des': 'T', aes: 'A' };
const HEADER_CHARACTERS = 16;
const LONGEST_BLOCK = 9_992;

interface Protection {
  version: 'B' | 'D';
  encryption: ProcessKey;
  authentication: ProcessKey;
}

export interface KeyBlockKey {
  algorithm: KeyAlgorithm;
  purpose: KeyPurpose;
  version: number;
}

/** The block for a key whose bytes are in `clear`. */
export function makeKeyBlock(protectionKey: CipherKey, key: KeyBlockKey, clear: Buffer): string {
  const usage = USAGES[key.purpose];
  const algorithmCode = ALGORITHM_CODES[key.algorithm];
  if (usage === undefined || algorithmCode === undefined) {
    throw new HsmError(
      'unsupported',
      `a ${key.algorithm} ${key.purpose} key has no code in TR-31 key blocks`,
    );
  }
  return withProtection(protectionKey, (protection) => {
    const blockBytes = protection.encryption.blockBytes;
    const data = keyData(clear, blockBytes);
    const length = HEADER_CHARACTERS + 2 * data.length + 2 * blockBytes;
    const header =
      protection.version +
      String(length).padStart(4, '0') +
      usage.codes[0] +
      algorithmCode +
      usage.mode +
      String(key.version % 100).padStart(2, '0') +
      'E0000';
    const mac = cmac(protection.authentication, Buffer.concat([Buffer.from(header), data]));
    const encrypted = protection.encryption.encryptCbc(data, mac);
    data.fill(0);
    return header + toHex(encrypted) + toHex(mac);
  });
}

/** Checks the block and hands the key's bytes to `use`; throws `tampered` for a wrong MAC. */
export function openKeyBlock<T>(
  protectionKey: CipherKey,
  expected: { algorithm: KeyAlgorithm; purpose: KeyPurpose },
  block: string,
  use: (clear: Buffer, mayTravel: boolean) => T,
): T {
  const header = parseHeader(block);
  requireThat(
    header.algorithm === ALGORITHM_CODES[expected.algorithm],
    `the block does not hold a ${expected.algorithm} key`,
  );
  if (!(USAGES[expected.purpose]?.codes ?? []).includes(header.usage)) {
    throw new HsmError(
      'wrong_purpose',
      `key usage ${header.usage} is not a ${expected.purpose} key`,
    );
  }
  return withProtection(protectionKey, (protection) => {
    requireThat(
      header.version === protection.version,
      `a version ${header.version} block needs another protection key`,
    );
    const data = decryptBlock(protection, header.text, block);
    try {
      const bits = data.readUInt16BE(0);
      requireThat(
        bits % 8 === 0 && bits / 8 <= data.length - 2,
        'the key in the block has no length',
      );
      return use(data.subarray(2, 2 + bits / 8), header.exportability !== 'N');
    } finally {
      data.fill(0);
    }
  });
}

interface Header {
  text: string;
  version: string;
  usage: string;
  algorithm: string;
  exportability: string;
}

function parseHeader(block: string): Header {
  requireThat(
    block.length <= LONGEST_BLOCK && /^[BD]\d{4}[0-9A-Z]{4}[0-9A-Za-z]{2}[ENS]\d{4}/.test(block),
    'not a TR-31 key block of version B or D',
  );
  requireThat(
    Number(block.slice(1, 5)) === block.length,
    'the key block is not as long as it says',
  );
  let end = HEADER_CHARACTERS;
  for (let left = Number(block.slice(12, 14)); left > 0; left--) {
    const length = Number.parseInt(block.slice(end + 2, end + 4), 16);
    requireThat(
      length >= 4 && end + length < block.length,
      'an optional header block has no length',
    );
    end += length;
  }
  return {
    text: block.slice(0, end),
    version: block.slice(0, 1),
    usage: block.slice(5, 7),
    algorithm: block.slice(7, 8),
    exportability: block.slice(11, 12),
  };
}

function decryptBlock(protection: Protection, header: string, block: string): Buffer {
  const blockBytes = protection.encryption.blockBytes;
  const body = block.slice(header.length);
  requireThat(
    /^[0-9A-Fa-f]*$/.test(body) &&
      body.length % (2 * blockBytes) === 0 &&
      body.length >= 4 * blockBytes,
    'the key block is not whole cipher blocks in hexadecimal',
  );
  const bytes = Buffer.from(body, 'hex');
  const mac = bytes.subarray(-blockBytes);
  const data = protection.encryption.decryptCbc(bytes.subarray(0, -blockBytes), mac);
  const actual = cmac(protection.authentication, Buffer.concat([Buffer.from(header), data]));
  if (equalInConstantTime(actual, mac)) return data;
  data.fill(0);
  throw new HsmError('tampered', 'the MAC of the key block is wrong');
}

/** Length in bits, the key, random bytes to whole blocks. */
function keyData(clear: Buffer, blockBytes: number): Buffer {
  const used = 2 + clear.length;
  const data = Buffer.concat([
    Buffer.alloc(2),
    clear,
    randomBytes((blockBytes - (used % blockBytes)) % blockBytes),
  ]);
  data.writeUInt16BE(clear.length * 8, 0);
  return data;
}

/** Derives the encryption and the authentication key from the protection key; wipes them afterwards. */
function withProtection<T>(protectionKey: CipherKey, use: (protection: Protection) => T): T {
  requireAlgorithm(protectionKey, '3des', 'aes');
  const { algorithm } = protectionKey;
  const derived = [0, 1].map((usage) => deriveKey(protectionKey, usage));
  const [encryption, authentication] = derived.map((key) => new ProcessKey(algorithm, key));
  const version = algorithm === 'aes' ? 'D' : 'B';
  try {
    return use({ version, encryption: encryption!, authentication: authentication! });
  } finally {
    encryption!.wipe();
    authentication!.wipe();
    for (const key of derived) key.fill(0);
  }
}

/** CMACs over: counter 1, usage 2 (0 encryption, 1 MAC), zero 1, algorithm 2, length in bits 2. */
function deriveKey(protectionKey: CipherKey, usage: number): Buffer {
  const { lengthBytes, algorithm } = protectionKey;
  const algorithmNumber = algorithm === 'aes' ? lengthBytes / 8 : lengthBytes / 8 - 2;
  const input = Buffer.alloc(8);
  input.writeUInt16BE(usage, 1);
  input.writeUInt16BE(algorithmNumber, 4);
  input.writeUInt16BE(lengthBytes * 8, 6);
  const parts: Buffer[] = [];
  for (let bytes = 0; bytes < lengthBytes; bytes += protectionKey.blockBytes) {
    input[0] = parts.length + 1;
    parts.push(asBuffer(cmac(protectionKey, input)));
  }
  return Buffer.concat(parts).subarray(0, lengthBytes);
}
