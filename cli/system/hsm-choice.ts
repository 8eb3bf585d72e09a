/**
 * Which HSM a data folder uses. `auto` takes NSS softoken when its library and the binding are there,
 * else software; the choice stays with the folder, because its keys are wrapped under that HSM.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HsmSettings } from '../../config/schema.ts';
import { HsmError } from '../../hsm/errors.ts';
import { namedHsmConfig } from '../../hsm/named-config.ts';
import { openHsm } from '../../hsm/open.ts';
import type { Hsm, HsmConfig, Pkcs11Config, SoftwareConfig } from '../../hsm/types.ts';

export interface ChosenHsm {
  config: HsmConfig;
  hsm: Hsm;
  /** For people: `NSS softoken`, `software (keys in memory, not for production)`. */
  title: string;
}

/** Opens the HSM of the data folder, making an embedded token where there is none. */
export async function chooseHsm(settings: HsmSettings, dataDir: string): Promise<ChosenHsm> {
  const folder = join(dataDir, 'hsm');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const note = join(folder, 'provider');
  const used = existsSync(note) ? readFileSync(note, 'utf8').trim() : null;
  for (const candidate of candidates(settings, used)) {
    const config = hsmConfig(candidate, dataDir);
    const name = nameOf(candidate);
    if (used !== null && used !== name) {
      throw new HsmError(
        'unavailable',
        `the keys of ${dataDir} are under the HSM '${used}', but the configuration says '${name}'`,
      );
    }
    try {
      const hsm = await openHsm(config);
      writeFileSync(note, `${name}\n`);
      return { config, hsm, title: titleOf(name) };
    } catch (error) {
      const tryNext = settings.provider === 'auto' && used === null && isMissing(error);
      if (!tryNext) throw error;
    }
  }
  throw new HsmError('module_missing', 'no HSM could be opened');
}

type Concrete = Exclude<HsmSettings, { provider: 'auto' }>;

function candidates(settings: HsmSettings, used: string | null): Concrete[] {
  if (settings.provider !== 'auto') return [settings];
  const software: Concrete = { provider: 'software' };
  if (used === null) return [moduleSettings('nss'), software];
  return [used === 'software' ? software : moduleSettings(used)];
}

/** Settings of a PKCS#11 module that is named on the command line: `nss`, `softhsm`, or a path. */
export function moduleSettings(module: string): Concrete {
  return { provider: 'pkcs11', module, poolThreads: 0 };
}

function hsmConfig(settings: Concrete, dataDir: string): HsmConfig {
  const named = namedHsmConfig(nameOf(settings), dataDir);
  if (settings.provider === 'software') {
    const { passphrase } = settings;
    if (passphrase === undefined) return named;
    return { ...(named as SoftwareConfig), passphraseSource: passphrase };
  }
  const { tokenLabel, slot, pin, poolThreads } = settings;
  return {
    ...(named as Pkcs11Config),
    ...(tokenLabel === undefined ? {} : { tokenLabel }),
    ...(slot === undefined ? {} : { slot }),
    ...(pin === undefined ? {} : { pinSource: pin }),
    threads: poolThreads === 0 ? 'in-thread' : { pool: poolThreads },
  };
}

function nameOf(settings: Concrete): string {
  return settings.provider === 'software' ? 'software' : settings.module;
}

function titleOf(name: string): string {
  const titles: Record<string, string> = {
    software: 'software (keys in this process, not for production)',
    nss: 'NSS softoken (PKCS#11)',
    softhsm: 'SoftHSM2 (PKCS#11)',
  };
  return titles[name] ?? `${name} (PKCS#11)`;
}

function isMissing(error: unknown): boolean {
  return error instanceof HsmError && error.code === 'module_missing';
}
