/** What a running system may change, and what it may not. */
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { SwitchSettings } from '../../switch/switch.ts';

/** Settings that fresh workers and the host hub take over; everything else needs a restart. */
const CHANGEABLE: ReadonlySet<string> = new Set([
  'listeners',
  'switchWorkers',
  'log',
  'hosts',
  'routes',
]);

/** The part of the configuration that concerns the switch workers alone. */
export function switchSettings(config: Config): SwitchSettings {
  return {
    listeners: config.listeners,
    workers: config.switchWorkers,
    logLevel: config.log.level,
  };
}

/** The top-level settings that differ. Throws ConfigError when one of them needs a restart. */
export function changedSettings(before: Config, after: Config): string[] {
  const names = Object.keys({ ...before, ...after }) as (keyof Config)[];
  const changed = names.filter((name) => !isDeepStrictEqual(before[name], after[name]));
  const fixed = changed.filter((name) => !CHANGEABLE.has(name));
  if (fixed.length > 0) {
    throw new ConfigError(
      fixed.map((name) => `${name} cannot change while posp runs: restart it, or put it back`),
    );
  }
  return changed;
}
