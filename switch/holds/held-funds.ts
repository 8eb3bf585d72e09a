/** What is held on cards now: for operators, and for the hospital system that settles a stay. */
import type { LedgerClient } from '../../ledger/client.ts';
import { idFromHex, idOf } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Hold } from '../../ledger/registry-kinds.ts';
import { RACE_STATUSES } from '../../ledger/status.ts';

export interface HeldFundsQuery {
  institution?: string | undefined;
  cardNumber?: string | undefined;
  merchantId?: string | undefined;
  kind?: string | undefined;
}

export interface HeldFunds extends Omit<Hold, 'pendingId'> {
  /** Field 37 of the transaction that opened it: what charges and releases name. */
  reference: string;
}

/** The holds that have not expired at the instant (microseconds of UTC). */
export async function heldFunds(
  query: HeldFundsQuery,
  nowUs: number,
  { reader, ledger }: { reader: Reader; ledger: LedgerClient },
): Promise<HeldFunds[]> {
  const found: Hold[] = [];
  for (const { value } of reader.registry.list('hold')) {
    if (!isExpired(value, nowUs) && fits(value, query)) found.push(value);
  }
  const opened = await ledger.entries(found.map(({ id }) => idFromHex(id)!));
  return found.map(({ pendingId: _, ...hold }, index) => ({
    ...hold,
    reference: String(opened[index]?.position ?? 0).padStart(12, '0'),
  }));
}

/**
 * Removes the registry items of holds whose time ran out. The ledger let go of the money by itself,
 * with a record of its own; the items only say so.
 */
export async function forgetExpiredHolds(
  nowUs: number,
  { reader, ledger }: { reader: Reader; ledger: LedgerClient },
): Promise<number> {
  let forgotten = 0;
  for (const { key, version, value } of [...reader.registry.list('hold')]) {
    if (!isExpired(value, nowUs)) continue;
    const by = { expectedVersion: version, who: 'posp', why: 'expired' };
    const { status } = await ledger.submit({
      id: idOf('hold-expired', key, String(version)),
      institution: value.institution,
      registry: [registryChange('hold', key, null, by)],
    });
    if (status === 'applied') forgotten++;
    else if (!RACE_STATUSES.has(status)) throw new Error(`hold ${key}: ${status}`);
  }
  return forgotten;
}

function isExpired({ expiresUs }: Hold, nowUs: number): boolean {
  return expiresUs !== 0 && expiresUs <= nowUs;
}

function fits(hold: Hold, query: HeldFundsQuery): boolean {
  const { institution, cardNumber, merchantId, kind } = query;
  return (
    (institution === undefined || hold.institution === institution) &&
    (cardNumber === undefined || hold.cardNumber === cardNumber) &&
    (merchantId === undefined || hold.merchantId === merchantId) &&
    (kind === undefined || hold.kind === kind)
  );
}
