import { basename } from 'node:path';
import { type Component, combineMasterComponents, componentCheckValue } from './ceremony.ts';
import { openGroup } from './group.ts';
import { KeyedHsm } from './keyed-hsm.ts';
import { Pkcs11Vault } from './pkcs11/vault.ts';
import { openPool } from './pool/pool.ts';
import { readOrCreateSecret, readSecret } from './secret.ts';
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

/**
 * Makes the master keys of a new token from the components of a ceremony and opens it. Tokens
 * that got the same components can share load and replace each other. Throws `bad_input` when the
 * token has master keys.
 */
export async function createMasters(
  config: SoftwareConfig | Pkcs11Config,
  components: readonly Component[],
): Promise<{ hsm: Hsm; checkValue: string }> {
  const combined = combineMasterComponents(components);
  try {
    const hsm = await openInThread(config, combined);
    return { hsm, checkValue: componentCheckValue('aes', combined) };
  } finally {
    combined.fill(0);
  }
}

async function openInThread(
  config: SoftwareConfig | Pkcs11Config,
  combined?: Uint8Array,
): Promise<Hsm> {
  if (config.provider === 'software') return openSoftware(config, combined);
  return new KeyedHsm(config.name ?? moduleName(config), await Pkcs11Vault.open(config, combined));
}

function openSoftware(config: SoftwareConfig, combined: Uint8Array | undefined): Hsm {
  const passphrase =
    config.passphraseSource === undefined
      ? readOrCreateSecret(`${config.keyFile}.passphrase`)
      : readSecret(config.passphraseSource);
  return new KeyedHsm(config.name ?? 'software', new SoftwareVault(config, passphrase, combined));
}

function moduleName(config: Pkcs11Config): string {
  return config.tokenLabel ?? basename(config.module);
}
