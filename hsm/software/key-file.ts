import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { masterFromComponents } from '../ceremony.ts';
import { HsmError } from '../errors.ts';
import { readOrCreateSecret, readSecret } from '../secret.ts';
import type { SoftwareConfig } from '../types.ts';

/** Master keys of one number. */
export interface SoftwareMasters {
  /** Wraps keys, 32 bytes. */
  wrapping: Buffer;
  /** Binds algorithm, purpose and version to a wrapped key, 32 bytes. */
  binding: Buffer;
}

type NumberedMasters = Map<number, SoftwareMasters>;

interface Scrypt {
  cost: number;
  blockSize: number;
  parallelization: number;
  salt: string;
}

interface KeyFileContent {
  format: 'posp software keys 1';
  notice: string;
  /** Which masters are in `sealed`, in order; left out: number 1 alone. */
  numbers?: number[];
  scrypt: Scrypt;
  nonce: string;
  sealed: string;
  tag: string;
}

const SCRYPT = { cost: 32_768, blockSize: 8, parallelization: 1 };
const SCRYPT_MAX_MEMORY = 128 * 1024 * 1024;
const MASTERS_BYTES = 64;

/** The encrypted file with the masters of the software provider, readable by its owner only. */
export class KeyFile {
  readonly #config: SoftwareConfig;
  #readAtMs = 0;

  constructor(config: SoftwareConfig) {
    this.#config = config;
  }

  get exists(): boolean {
    return existsSync(this.#config.keyFile);
  }

  /** Whether another process wrote the file since it was read here. */
  get changed(): boolean {
    return this.exists && statSync(this.#config.keyFile).mtimeMs !== this.#readAtMs;
  }

  /** Throws `login_failed` when the file does not open. */
  read(): NumberedMasters {
    const { keyFile } = this.#config;
    this.#readAtMs = statSync(keyFile).mtimeMs;
    return openMasters(keyFile, readFileSync(keyFile, 'utf8'), this.#passphrase());
  }

  /** Makes the file with masters of number 1; one that somebody else made meanwhile stays. */
  create(masters: SoftwareMasters): void {
    try {
      this.#write(this.#config.keyFile, new Map([[1, masters]]));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') this.#cannotWrite();
    }
  }

  /** Puts another set of masters into the file's place, whole or not at all. */
  replace(masters: NumberedMasters): void {
    const { keyFile } = this.#config;
    try {
      const part = `${keyFile}.${randomBytes(4).toString('hex')}.part`;
      this.#write(part, masters);
      renameSync(part, keyFile);
    } catch {
      this.#cannotWrite();
    }
  }

  #write(path: string, masters: NumberedMasters): void {
    mkdirSync(dirname(path), { recursive: true });
    const sealed = sealMasters(this.#passphrase(), masters);
    writeFileSync(path, sealed, { mode: 0o600, flag: 'wx', flush: true });
  }

  #cannotWrite(): never {
    throw new HsmError('unavailable', `cannot write the key file ${this.#config.keyFile}`);
  }

  #passphrase(): string {
    const { passphraseSource, keyFile } = this.#config;
    return passphraseSource === undefined
      ? readOrCreateSecret(`${keyFile}.passphrase`)
      : readSecret(passphraseSource);
  }
}

/** Masters from the components of a ceremony, or at random. */
export function newMasters(combined: Uint8Array | undefined, number: number): SoftwareMasters {
  const make = (use: string) =>
    combined === undefined ? randomBytes(32) : masterFromComponents(combined, use, number);
  return { wrapping: make('wrapping'), binding: make('binding') };
}

function sealMasters(passphrase: string, masters: NumberedMasters): string {
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const clear = Buffer.concat(
    [...masters.values()].flatMap(({ wrapping, binding }) => [wrapping, binding]),
  );
  const sealingKey = stretch(passphrase, salt, SCRYPT);
  const cipher = createCipheriv('aes-256-gcm', sealingKey, nonce);
  const sealed = Buffer.concat([cipher.update(clear), cipher.final()]);
  clear.fill(0);
  sealingKey.fill(0);
  const content: KeyFileContent = {
    format: 'posp software keys 1',
    notice: 'Keys of the software provider: for trials and tests, not for production.',
    numbers: [...masters.keys()],
    scrypt: { ...SCRYPT, salt: salt.toString('hex') },
    nonce: nonce.toString('hex'),
    sealed: sealed.toString('hex'),
    tag: cipher.getAuthTag().toString('hex'),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function openMasters(file: string, text: string, passphrase: string): NumberedMasters {
  try {
    const content = JSON.parse(text) as KeyFileContent;
    if (content.format !== 'posp software keys 1') throw new Error('format');
    const { numbers = [1], scrypt } = content;
    const sealingKey = stretch(passphrase, Buffer.from(scrypt.salt, 'hex'), scrypt);
    const decipher = createDecipheriv(
      'aes-256-gcm',
      sealingKey,
      Buffer.from(content.nonce, 'hex'),
    ).setAuthTag(Buffer.from(content.tag, 'hex'));
    const clear = Buffer.concat([
      decipher.update(Buffer.from(content.sealed, 'hex')),
      decipher.final(),
    ]);
    sealingKey.fill(0);
    if (clear.length !== numbers.length * MASTERS_BYTES) throw new Error('length');
    return new Map(numbers.map((number, at) => [number, mastersAt(clear, at * MASTERS_BYTES)]));
  } catch {
    throw new HsmError(
      'login_failed',
      `${file} does not open with this passphrase, or was changed`,
    );
  }
}

function mastersAt(clear: Buffer, at: number): SoftwareMasters {
  return { wrapping: clear.subarray(at, at + 32), binding: clear.subarray(at + 32, at + 64) };
}

function stretch(passphrase: string, salt: Buffer, cost: Omit<Scrypt, 'salt'>): Buffer {
  const { cost: N, blockSize, parallelization } = cost;
  const limits = { cost: N, blockSize, parallelization, maxmem: SCRYPT_MAX_MEMORY };
  return scryptSync(passphrase, salt, 32, limits);
}
