/**
 * Which HSM a data folder uses. `auto` takes NSS softoken when its library and the binding are there,
 * else software; the choice stays with the folder, because its keys are wrapped under that HSM.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HsmSettings } from '../../config/schema.ts';
import { HsmError } from '../../hsm/errors.ts';
import { findModule, openHsm, withoutMaking } from '../../hsm/open.ts';
import type { Hsm, HsmConfig } from '../../hsm/types.ts';
import {
  type ConcreteHsm,
  hsmConfigOf,
  moduleSettings,
  SOFTWARE_SETTINGS,
  settingsName,
} from './hsm-settings.ts';

export interface ChosenHsm {
  config: HsmConfig;
  hsm: Hsm;
  /** For people: `NSS softoken`, `software (keys in memory, not for production)`. */
  title: string;
}

/** Opens the HSM of the data folder, making an embedded token where there is none. */
export async function chooseHsm(settings: HsmSettings, dataDir: string): Promise<ChosenHsm> {
  mkdirSync(join(dataDir, 'hsm'), { recursive: true, mode: 0o700 });
  const used = usedHsm(dataDir);
  for (const candidate of candidates(settings, used)) {
    const config = hsmConfigFor(candidate, dataDir);
    const name = settingsName(candidate);
    if (isOther(used, name)) {
      throw new HsmError(
        'unavailable',
        `the keys of ${dataDir} are under the HSM '${used}', but the configuration says '${name}'`,
      );
    }
    try {
      const hsm = await openHsm(config);
      writeFileSync(noteFile(dataDir), `${name}\n`);
      return { config, hsm, title: titleOf(name) };
    } catch (error) {
      const tryNext = settings.provider === 'auto' && used === null && isMissing(error);
      if (!tryNext) throw error;
    }
  }
  throw new HsmError('module_missing', 'no HSM could be opened');
}

/**
 * Master keys are made for a new data folder only: the keys of one that has used an HSM are under
 * those it had, and a token that does not hold them is not the one.
 */
export function hsmConfigFor(settings: ConcreteHsm, dataDir: string): HsmConfig {
  const config = hsmConfigOf(settings, dataDir);
  return usedHsm(dataDir) === null ? config : withoutMaking(config);
}

/** The HSM that the data folder uses or would use, without opening it. */
export function settledHsm(settings: HsmSettings, dataDir: string): ConcreteHsm {
  const [first, ...others] = candidates(settings, usedHsm(dataDir));
  const isAuto = settings.provider === 'auto' && others.length > 0;
  return isAuto && findModule('nss') === null ? SOFTWARE_SETTINGS : first!;
}

/** A ceremony on a new data folder decides which HSM it uses. */
export function rememberHsm({ dataDir, hsm }: { dataDir: string; hsm: ConcreteHsm }): void {
  if (usedHsm(dataDir) !== null) return;
  mkdirSync(join(dataDir, 'hsm'), { recursive: true, mode: 0o700 });
  writeFileSync(noteFile(dataDir), `${settingsName(hsm)}\n`);
}

/** What the data folder remembers of its HSM; null for a new one. */
function usedHsm(dataDir: string): string | null {
  const note = noteFile(dataDir);
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : null;
}

function noteFile(dataDir: string): string {
  return join(dataDir, 'hsm', 'provider');
}

function candidates(settings: HsmSettings, used: string | null): ConcreteHsm[] {
  if (settings.provider !== 'auto') return [settings];
  if (used === 'group') {
    throw new HsmError('unavailable', 'the keys are under a group of HSMs: name the configuration');
  }
  if (used === null) return [moduleSettings('nss'), SOFTWARE_SETTINGS];
  return [used === 'software' ? SOFTWARE_SETTINGS : moduleSettings(used)];
}

/** A group may take in the HSM that was used alone; equal master keys are checked when it opens. */
function isOther(used: string | null, name: string): boolean {
  return used !== null && used !== name && used !== 'group' && name !== 'group';
}

function titleOf(name: string): string {
  const titles: Record<string, string> = {
    software: 'software (keys in this process, not for production)',
    nss: 'NSS softoken (PKCS#11)',
    softhsm: 'SoftHSM2 (PKCS#11)',
    group: 'a group of HSMs',
  };
  return titles[name] ?? `${name} (PKCS#11)`;
}

function isMissing(error: unknown): boolean {
  return error instanceof HsmError && error.code === 'module_missing';
}
