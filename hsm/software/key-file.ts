import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { masterFromComponents } from '../ceremony.ts';
import { HsmError } from '../errors.ts';
import type { SoftwareConfig } from '../types.ts';

/** The master keys of the software provider. */
export interface SoftwareMasters {
  /** Wraps keys, 32 bytes. */
  wrapping: Buffer;
  /** Binds algorithm, purpose and version to a wrapped key, 32 bytes. */
  binding: Buffer;
}

interface KeyFile {
  format: 'posp software keys 1';
  notice: string;
  scrypt: { cost: number; blockSize: number; parallelization: number; salt: string };
  nonce: string;
  sealed: string;
  tag: string;
}

const SCRYPT = { cost: 32_768, blockSize: 8, parallelization: 1 };
const SCRYPT_MAX_MEMORY = 128 * 1024 * 1024;

/**
 * Opens the key file, or makes one, readable by its owner only: with random masters, or with those
 * of a ceremony (`combined`), for which there must be no file yet.
 */
export function openKeyFile(
  config: SoftwareConfig,
  passphrase: string,
  combined: Uint8Array | undefined,
): SoftwareMasters {
  const { keyFile } = config;
  if (combined === undefined && config.masters === 'ceremony' && !existsSync(keyFile)) {
    throw new HsmError('token_not_found', 'there are no master keys: run posp hsm ceremony');
  }
  mkdirSync(dirname(keyFile), { recursive: true });
  try {
    const sealed = sealNewMasters(passphrase, combined);
    writeFileSync(keyFile, sealed, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    if (!exists) throw new HsmError('unavailable', `cannot write the key file ${keyFile}`);
    if (combined !== undefined) {
      throw new HsmError(
        'bad_input',
        'the key file has master keys already: they are not replaced',
      );
    }
  }
  return openMasters(keyFile, readFileSync(keyFile, 'utf8'), passphrase);
}

function sealNewMasters(passphrase: string, combined: Uint8Array | undefined): string {
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const masters = combined === undefined ? randomBytes(64) : mastersFrom(combined);
  const sealingKey = stretch(passphrase, salt, SCRYPT);
  const cipher = createCipheriv('aes-256-gcm', sealingKey, nonce);
  const sealed = Buffer.concat([cipher.update(masters), cipher.final()]);
  masters.fill(0);
  sealingKey.fill(0);
  const keyFile: KeyFile = {
    format: 'posp software keys 1',
    notice: 'Keys of the software provider: for trials and tests, not for production.',
    scrypt: { ...SCRYPT, salt: salt.toString('hex') },
    nonce: nonce.toString('hex'),
    sealed: sealed.toString('hex'),
    tag: cipher.getAuthTag().toString('hex'),
  };
  return `${JSON.stringify(keyFile, null, 2)}\n`;
}

function mastersFrom(combined: Uint8Array): Buffer {
  return Buffer.concat(['wrapping', 'binding'].map((use) => masterFromComponents(combined, use)));
}

function openMasters(file: string, text: string, passphrase: string): SoftwareMasters {
  try {
    const keyFile = JSON.parse(text) as KeyFile;
    if (keyFile.format !== 'posp software keys 1') throw new Error('format');
    const sealingKey = stretch(passphrase, Buffer.from(keyFile.scrypt.salt, 'hex'), keyFile.scrypt);
    const decipher = createDecipheriv(
      'aes-256-gcm',
      sealingKey,
      Buffer.from(keyFile.nonce, 'hex'),
    ).setAuthTag(Buffer.from(keyFile.tag, 'hex'));
    const masters = Buffer.concat([
      decipher.update(Buffer.from(keyFile.sealed, 'hex')),
      decipher.final(),
    ]);
    sealingKey.fill(0);
    return { wrapping: masters.subarray(0, 32), binding: masters.subarray(32) };
  } catch {
    throw new HsmError(
      'login_failed',
      `${file} does not open with this passphrase, or was changed`,
    );
  }
}

function stretch(
  passphrase: string,
  salt: Buffer,
  cost: { cost: number; blockSize: number; parallelization: number },
): Buffer {
  return scryptSync(passphrase, salt, 32, { ...cost, maxmem: SCRYPT_MAX_MEMORY });
}
