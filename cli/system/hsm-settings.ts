/** The HSM of a configuration file in the form that the hsm room opens. */
import type { HsmSettings } from '../../config/schema.ts';
import { namedHsmConfig } from '../../hsm/named-config.ts';
import type { GroupConfig, HsmConfig, Pkcs11Config, SoftwareConfig } from '../../hsm/types.ts';

/** Settings that name an HSM, `auto` having been decided. */
export type ConcreteHsm = Exclude<HsmSettings, { provider: 'auto' }>;
type MemberSettings = Exclude<ConcreteHsm, { provider: 'group' }>;

/** Settings of a PKCS#11 module that is named on the command line: `nss`, `softhsm`, or a path. */
export function moduleSettings(module: string): MemberSettings {
  const masters = 'create' as const;
  return { provider: 'pkcs11', module, masters, cachedKeys: 32_768, openStreams: 1_024 };
}

export const SOFTWARE_SETTINGS: MemberSettings = { provider: 'software', masters: 'create' };

/** What a data folder remembers of the HSM that it was made with. */
export function settingsName(settings: ConcreteHsm): string {
  return settings.provider === 'pkcs11' ? settings.module : settings.provider;
}

export function hsmConfigOf(settings: ConcreteHsm, dataDir: string): HsmConfig {
  if (settings.provider !== 'group') return memberConfig(settings, dataDir);
  const { mode, members } = settings;
  const group: GroupConfig = {
    provider: 'group',
    mode,
    members: members.map((member) => memberConfig(member, dataDir)),
  };
  return group;
}

function memberConfig(settings: MemberSettings, dataDir: string): SoftwareConfig | Pkcs11Config {
  const { name, pool, masters } = settings;
  const kind = settingsName(settings);
  const ownToken =
    settings.provider === 'pkcs11' &&
    [settings.tokenLabel, settings.slot, settings.pin].some((value) => value !== undefined);
  const named = namedHsmConfig(kind, dataDir, name, ownToken);
  const common = {
    masters,
    ...(name === undefined ? {} : { name }),
    threads: pool === undefined ? ('in-thread' as const) : poolLimits(pool),
  };
  if (settings.provider === 'software') {
    const { passphrase } = settings;
    const passphraseSource = passphrase === undefined ? {} : { passphraseSource: passphrase };
    return { ...(named as SoftwareConfig), ...common, ...passphraseSource };
  }
  const { tokenLabel, slot, pin, mechanisms, cachedKeys, openStreams } = settings;
  return {
    ...(named as Pkcs11Config),
    ...common,
    cachedKeys,
    ...(pool === undefined ? { openStreams } : {}),
    ...(tokenLabel === undefined ? {} : { tokenLabel }),
    ...(slot === undefined ? {} : { slot }),
    ...(pin === undefined ? {} : { pinSource: pin }),
    ...(mechanisms === undefined ? {} : { mechanisms }),
  };
}

function poolLimits({ threads, queueLimit, timeoutMs }: NonNullable<MemberSettings['pool']>) {
  return { pool: threads, queueLimit, timeoutMs };
}
