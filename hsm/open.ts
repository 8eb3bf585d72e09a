import { basename } from 'node:path';
import { type Component, combineMasterComponents, componentCheckValue } from './ceremony.ts';
import { HsmError } from './errors.ts';
import { openGroup } from './group.ts';
import { KeyedHsm } from './keyed-hsm.ts';
import type { MakeMasters } from './pkcs11/masters.ts';
import { Pkcs11Vault } from './pkcs11/vault.ts';
import { openPool } from './pool/pool.ts';
import { SoftwareVault } from './software/vault.ts';
import type { Hsm, HsmConfig, Pkcs11Config, SoftwareConfig } from './types.ts';

export { findModule } from './pkcs11/module.ts';

/**
 * Opens the HSM that the configuration names. Call it in the main thread first, then in every
 * worker thread that uses it: the first call makes an embedded token when there is none, the
 * others find it.
 */
export async function openHsm(config: HsmConfig): Promise<Hsm> {
  if (config.provider === 'group') return openGroup(config, openHsm);
  const first = await openInThread(config);
  const { threads } = config;
  return threads === undefined || threads === 'in-thread'
    ? first
    : openPool(config, threads, first);
}

type TokenConfig = SoftwareConfig | Pkcs11Config;

/**
 * Makes master keys from the components of a ceremony, or at random, and opens the HSM. Number 1 is
 * for a new token, one more than the newest for a change of masters (rewrapKey). Tokens that got the
 * same components can share load and replace each other: every member of a group that does not have
 * the number yet gets it. Throws `bad_input` when the number is not the next one.
 */
export async function createMasters(
  config: HsmConfig,
  components: readonly Component[] | undefined,
  number = 1,
): Promise<{ hsm: Hsm; checkValue: string }> {
  const tokens = tokensOf(config);
  if (components === undefined && tokens.length > 1) {
    throw new HsmError('bad_input', 'the tokens of a group get their masters from components');
  }
  const combined = components === undefined ? undefined : combineMasterComponents(components);
  try {
    for (const token of tokens) {
      const isBehind = tokens.length === 1 || !(await mastersOf(token)).includes(number);
      if (isBehind) (await openInThread(token, { combined, number })).close();
    }
    const checkValue = combined === undefined ? '' : componentCheckValue('aes', combined);
    return { hsm: await openHsm(config), checkValue };
  } finally {
    combined?.fill(0);
  }
}

/** Destroys a master that nothing is wrapped under any more, in every token. The newest stays. */
export async function destroyMasters(config: HsmConfig, number: number): Promise<void> {
  for (const token of tokensOf(config)) {
    if (!(await mastersOf(token)).includes(number)) continue;
    const vault = await openVault(token);
    try {
      vault.destroyMasters(number);
    } finally {
      vault.close();
    }
  }
}

function tokensOf(config: HsmConfig): readonly TokenConfig[] {
  return config.provider === 'group' ? config.members : [config];
}

/** The same HSM for those who look: nothing is made that is not there. */
export function withoutMaking(config: HsmConfig): HsmConfig {
  if (config.provider !== 'group') return { ...config, masters: 'ceremony' };
  const members = config.members.map((member) => ({ ...member, masters: 'ceremony' as const }));
  return { ...config, members };
}

/** The same for a command that shows a token: one of its own that waits for its ceremony is shown, too. */
export function forLooking(config: HsmConfig): HsmConfig {
  if (config.provider === 'group') {
    const members = config.members.map((member) => forLooking(member) as TokenConfig);
    return { ...config, members };
  }
  const isOwn = config.provider === 'pkcs11' && config.dataDir === undefined;
  return isOwn ? { ...config, masters: 'look' } : withoutMaking(config);
}

/**
 * Asked before people enter components: throws `bad_input` when masters of this number cannot be
 * made, because there are newer ones or the one before is missing, and what else the token says.
 */
export async function requireMakeable(config: HsmConfig, number: number): Promise<void> {
  let waiting = 0;
  let newest = 0;
  for (const token of tokensOf(config)) {
    const masters = await mastersOf(token);
    newest = Math.max(newest, masters.at(-1) ?? 0);
    if ((masters.at(-1) ?? 0) === number - 1) waiting++;
  }
  if (waiting > 0) return;
  const text =
    newest === 0 ? 'has no master keys yet' : `has master keys already, the newest is ${newest}`;
  throw new HsmError('bad_input', `the token ${text}: master key ${number} cannot be made`);
}

/** The numbers of the masters of one token; none when it waits for its ceremony. */
async function mastersOf(config: TokenConfig): Promise<number[]> {
  try {
    const hsm = await openInThread({ ...config, masters: 'ceremony' });
    const { masters } = hsm.status();
    hsm.close();
    return masters;
  } catch (error) {
    if (error instanceof HsmError && error.code === 'no_masters') return [];
    throw error;
  }
}

async function openInThread(config: TokenConfig, make?: MakeMasters): Promise<KeyedHsm> {
  const name = config.provider === 'software' ? 'software' : moduleName(config);
  return new KeyedHsm(config.name ?? name, await openVault(config, make));
}

async function openVault(
  config: TokenConfig,
  make?: MakeMasters,
): Promise<Pkcs11Vault | SoftwareVault> {
  if (config.provider === 'pkcs11') return Pkcs11Vault.open(config, make);
  return new SoftwareVault(config, make);
}

function moduleName(config: Pkcs11Config): string {
  return config.tokenLabel ?? basename(config.module);
}
