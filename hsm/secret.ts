import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SecretSource } from '../config/types.ts';
import { HsmError } from './errors.ts';

/** Reads a PIN or passphrase; trailing line ends of a file do not belong to it. */
export function readSecret(source: SecretSource): string {
  const secret =
    'file' in source ? readSecretFile(source.file) : (process.env[source.environment] ?? '');
  if (secret === '') {
    const where =
      'file' in source ? `file ${source.file}` : `variable ${source.environment}: set it first`;
    throw new HsmError('login_failed', `there is no secret in ${where}`);
  }
  return secret;
}

/** The secret of an embedded token: made at random when its file does not exist yet. */
export function readOrCreateSecret(file: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, `${randomBytes(16).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new HsmError('unavailable', `cannot write ${file}`);
    }
  }
  return readSecret({ file });
}

function readSecretFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
  } catch {
    throw new HsmError('login_failed', `cannot read the secret file ${file}`);
  }
}
