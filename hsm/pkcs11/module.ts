import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { HsmError } from '../errors.ts';
import { type InitializationOptions, newModule, type PKCS11 } from './binding.ts';
import { CKF, CKR } from './constants.ts';
import type { EmbeddedToken } from './embedded.ts';
import { cryptokiCode } from './errors.ts';

/** Modules that posp can run embedded: the token is a folder of ours. */
export type EmbeddedKind = 'nss' | 'softhsm';

const MODULE_FILES: Record<EmbeddedKind, string> = {
  nss: 'libsoftokn3',
  softhsm: 'libsofthsm2',
};

/** Where packages of the usual systems put Cryptoki modules. */
// biome-ignore format: a list of folders, one system a line.
const MODULE_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib/x86_64-linux-gnu/nss',
  '/usr/lib/softhsm', '/usr/lib/x86_64-linux-gnu/softhsm', '/usr/lib/aarch64-linux-gnu/softhsm',
  '/usr/lib64', '/usr/lib64/pkcs11', '/usr/lib64/softhsm', '/usr/lib', '/usr/lib/nss', '/usr/lib/pkcs11',
  '/usr/local/lib', '/usr/local/lib/softhsm',
  '/opt/homebrew/lib', '/opt/homebrew/lib/softhsm', '/opt/homebrew/opt/nss/lib',
];

/** The path of an installed module, or null. */
export function findModule(kind: EmbeddedKind): string | null {
  for (const folder of MODULE_FOLDERS) {
    for (const ending of ['.so', '.dylib']) {
      const path = join(folder, MODULE_FILES[kind] + ending);
      if (existsSync(path)) return path;
    }
  }
  return null;
}

export interface ModulePlace {
  path: string;
  /** Set when the file is one that can run embedded. */
  kind: EmbeddedKind | undefined;
}

/** Turns `nss`, `softhsm` or a path into a file that exists. Throws `module_missing`. */
export function locateModule(module: string): ModulePlace {
  if (module === 'nss' || module === 'softhsm') {
    const path = findModule(module);
    if (path === null) {
      throw new HsmError(
        'module_missing',
        `${MODULE_FILES[module]} is not installed (Debian: ${module === 'nss' ? 'libnss3' : 'softhsm2'})`,
      );
    }
    return { path, kind: module };
  }
  if (!existsSync(module)) throw new HsmError('module_missing', `there is no module ${module}`);
  return { path: module, kind: embeddedKindOf(module) };
}

/** What a module's file is by its name, when it is one that can run embedded. */
export function embeddedKindOf(path: string): EmbeddedKind | undefined {
  const kinds = Object.keys(MODULE_FILES) as EmbeddedKind[];
  return kinds.find((kind) => basename(path).startsWith(MODULE_FILES[kind]));
}

export interface LoadedModule {
  module: PKCS11;
  /** False when another thread or an earlier call had started it: its folder is decided already. */
  startedHere: boolean;
}

/**
 * Loads and initialises a module in this thread. A process initialises a module once; threads that
 * come later are told that it is done already.
 */
export async function loadModule(
  path: string,
  token: EmbeddedToken | undefined,
): Promise<LoadedModule> {
  const module = await newModule();
  const options = initialisation(token);
  try {
    module.load(path);
  } catch {
    throw new HsmError('module_missing', `${path} cannot be loaded as a Cryptoki module`);
  }
  return { module, startedHere: initialise(module, options) };
}

/** Returns false when the process has initialised the module before. */
export function initialise(module: PKCS11, options: InitializationOptions): boolean {
  try {
    module.C_Initialize(options);
    return true;
  } catch (error) {
    if (cryptokiCode(error) === CKR.CRYPTOKI_ALREADY_INITIALIZED) return false;
    throw new HsmError('unavailable', 'the Cryptoki module does not start');
  }
}

export function initialisation(token: EmbeddedToken | undefined): InitializationOptions {
  const options: InitializationOptions = { flags: CKF.OS_LOCKING_OK };
  if (token === undefined) return options;
  const { kind, folder, label } = token;
  if (/['"\r\n]/.test(folder)) {
    throw new HsmError('bad_input', 'the token folder may have no quotes in its path');
  }
  if (kind === 'nss') {
    options.libraryParameters =
      `configdir='sql:${folder}' certPrefix='' keyPrefix='' secmod='secmod.db' flags= ` +
      `dbTokenDescription='${label}'`;
  } else {
    useSoftHsmFolder(folder);
  }
  return options;
}

/**
 * SoftHSM reads its folder from an environment variable. In a worker thread `process.env` is a
 * copy that the module does not see, hence the rule that the main thread opens first.
 */
function useSoftHsmFolder(folder: string): void {
  const tokens = join(folder, 'tokens');
  mkdirSync(tokens, { recursive: true, mode: 0o700 });
  const configuration = join(folder, 'softhsm2.conf');
  const text = `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`;
  if (!existsSync(configuration) || readFileSync(configuration, 'utf8') !== text) {
    // In one step, because another process may be reading it.
    const part = `${configuration}.${process.pid}.part`;
    writeFileSync(part, text, { mode: 0o600 });
    renameSync(part, configuration);
  }
  process.env['SOFTHSM2_CONF'] = configuration;
}
