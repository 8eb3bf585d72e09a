/** Published test ZMKs of the configuration: brought into the registry once, like a ceremony does with real ones. */
import type { HostConfig } from '../../config/schema.ts';
import type { Hsm } from '../../hsm/types.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import { toKeyItem } from '../keys.ts';
import { zoneMasterKeyName } from './hub.ts';

export async function provideTestKeys(
  hosts: HostConfig[],
  { hsm, ledger, reader }: { hsm: Hsm; ledger: LedgerClient; reader: Reader },
): Promise<void> {
  for (const { name, testZoneMasterKey } of hosts) {
    const keyName = zoneMasterKeyName(name);
    if (testZoneMasterKey === undefined) continue;
    if (reader.registry.get('key', keyName) !== null) continue;
    const spec = { algorithm: '3des', purpose: 'kek' } as const;
    const key = await hsm.importKey(spec, [Buffer.from(testZoneMasterKey, 'hex')]);
    const by = { who: 'posp', why: 'test key of the configuration' };
    const { status } = await ledger.submit({
      id: idOf('host-test-key', name),
      institution: '',
      registry: [registryChange('key', keyName, toKeyItem(keyName, key), by)],
    });
    if (status !== 'applied' && !status.startsWith('exists')) {
      throw new Error(`the ZMK of host ${name} cannot be recorded: ${status}`);
    }
  }
}
