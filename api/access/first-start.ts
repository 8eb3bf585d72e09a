/** What the API needs in an empty journal: the operator `admin`, and the clients of `firstStart`. */
import type { FirstStart } from '../../config/schema.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import { hashPassword, randomPassword } from './passwords.ts';
import { readRecord, recordChange } from './records.ts';
import type { Secrets } from './secrets.ts';

const BY = { who: 'posp', why: 'first start', expectedVersion: 0 };
const DEFAULT_RATE = 200;

export interface ApiFirstStart {
  secrets: Secrets;
  ledger: LedgerClient;
  reader: Reader;
  firstStart: FirstStart | undefined;
}

/** Gives the password of `admin` when it was just made: to be shown once, and to be changed. */
export async function provisionApi(parts: ApiFirstStart): Promise<string | null> {
  const { secrets, ledger, reader, firstStart } = parts;
  const institution = firstStart?.institution.id ?? '';
  for (const { id, title, testKey, roles } of firstStart?.apiClients ?? []) {
    if (readRecord(reader.registry, 'client', id) !== null) continue;
    const encryptedKey = await secrets.encrypt(Buffer.from(testKey, 'utf8'));
    const common = { id, title, institution, roles, encryptedKey };
    const client = { ...common, status: 'active' as const, ratePerSecond: DEFAULT_RATE };
    await ledger.submit({
      id: idOf('api', 'first client', id),
      institution,
      registry: [recordChange('client', client, BY)],
    });
  }
  if (readRecord(reader.registry, 'operator', 'admin') !== null) return null;
  const password = randomPassword();
  const admin = {
    id: 'admin',
    title: '系统管理员',
    institution,
    roles: ['administrator'],
    status: 'active' as const,
    mustChangePassword: true,
    password: await hashPassword(password),
  };
  await ledger.submit({
    id: idOf('api', 'first operator'),
    institution,
    registry: [recordChange('operator', admin, BY)],
  });
  return password;
}
