/**
 * The pick-up of a released day: its files go to a folder or to an SFTP server, whole or not at all,
 * the manifest last. Whoever finds the manifest there finds every file that it names.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Client, SFTPWrapper } from 'ssh2';
import type { SecretSource } from '../../config/types.ts';
import type { Manifest } from './manifest.ts';
import { manifestName } from './run.ts';
import { verifyByManifest } from './verify.ts';

export interface SftpDrop {
  host: string;
  port: number;
  username: string;
  /** Of the server's key: SHA-256 in base64 as `ssh-keygen -l` shows it, without `SHA256:`. */
  hostKeySha256: string;
  password?: SecretSource | undefined;
  privateKey?: SecretSource | undefined;
  folder: string;
}

export interface DropSettings {
  folder?: string | undefined;
  sftp?: SftpDrop | undefined;
}

const CONNECT_TIMEOUT_MS = 20_000;

/**
 * Delivers the day whose files lie in `source`. Throws when a file is not what was sealed, or the
 * other side does not take it; doing it again is harmless.
 */
export async function deliver(
  source: string,
  manifest: Manifest,
  { folder, sftp }: DropSettings,
): Promise<void> {
  const name = manifestName(manifest.date);
  const { files } = verifyByManifest(join(source, name));
  const names = [...files.map((file) => file.name), name];
  if (folder !== undefined) toFolder(source, join(folder, manifest.date), names);
  if (sftp !== undefined) {
    await toServer(source, posix.join(sftp.folder, manifest.date), names, sftp);
  }
}

function toFolder(source: string, target: string, names: readonly string[]): void {
  mkdirSync(target, { recursive: true });
  for (const name of names) {
    const part = join(target, `${name}.part`);
    writeFileSync(part, readFileSync(join(source, name)), { flush: true });
    renameSync(part, join(target, name));
  }
}

async function toServer(
  source: string,
  target: string,
  names: readonly string[],
  settings: SftpDrop,
): Promise<void> {
  const { Client: SshClient } = (await import('ssh2')).default;
  const client = new SshClient();
  try {
    const session = await connected(client, settings);
    await makeFolder(session, target);
    for (const name of names) {
      const part = posix.join(target, `${name}.part`);
      await done((end) => session.writeFile(part, readFileSync(join(source, name)), end));
      await replace(session, part, posix.join(target, name));
    }
  } finally {
    client.end();
  }
}

function connected(client: Client, settings: SftpDrop): Promise<SFTPWrapper> {
  const { host, port, username, hostKeySha256, password, privateKey } = settings;
  return new Promise((resolve, reject) => {
    client.once('error', reject);
    client.once('ready', () => {
      client.sftp((error, session) => (error ? reject(error) : resolve(session)));
    });
    client.connect({
      host,
      port,
      username,
      readyTimeout: CONNECT_TIMEOUT_MS,
      hostVerifier: (key: Buffer) => fingerprintOf(key) === hostKeySha256.replace(/=+$/, ''),
      ...(password === undefined ? {} : { password: secret(password) }),
      ...(privateKey === undefined ? {} : { privateKey: secret(privateKey) }),
    });
  });
}

export function fingerprintOf(key: Buffer): string {
  return createHash('sha256').update(key).digest('base64').replace(/=+$/, '');
}

/** The folder may be there already: what counts is that it is one then. */
async function makeFolder(session: SFTPWrapper, path: string): Promise<void> {
  await done((end) => session.mkdir(path, end)).catch(() => {});
  await new Promise<void>((resolve, reject) => {
    session.stat(path, (error) => (error ? reject(error) : resolve()));
  });
}

/** Plain SFTP renames to a free name only. */
async function replace(session: SFTPWrapper, from: string, to: string): Promise<void> {
  await done((end) => session.unlink(to, end)).catch(() => {});
  await done((end) => session.rename(from, to, end));
}

function done(work: (end: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    work((error) => (error ? reject(error) : resolve()));
  });
}

function secret(source: SecretSource): string {
  if ('file' in source) return readFileSync(source.file, 'utf8').trim();
  const value = process.env[source.environment];
  if (value === undefined) throw new Error(`the variable ${source.environment} is not set`);
  return value;
}
