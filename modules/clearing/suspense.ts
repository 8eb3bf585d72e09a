/**
 * Suspense (挂账): what the ledger moved on a merchant's account on a day and no transaction of the day
 * explains. Two persons decide that it waits there; then the rest of the day is released. It is
 * carried forward, day by day, until two persons say whose it is.
 */
import {
  type AccountName,
  accountId,
  accountInput,
  TransferCode,
  YUAN_LEDGER,
} from '../../ledger/chart-of-accounts.ts';
import { idOf } from '../../ledger/id.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { AccountInput, Id, RegistryReader, TransferInput } from '../../ledger/types.ts';

/** What a merchant's day cannot explain. */
export interface Unexplained {
  merchantId: string;
  /** Positive: the merchant's account got more than its transactions say. */
  amountFen: number;
}

/** The same once it was put into suspense; the registry has one for each merchant and day. */
export interface SuspenseItem extends Unexplained {
  /** YYYYMMDD of the day that could not be explained. */
  date: string;
  isOpen: boolean;
}

/** The accounts are of clearing: reconciliation has suspense accounts of its own. */
const OWNER = 'clearing';

export interface SuspensePosting {
  accounts: AccountInput[];
  transfers: TransferInput[];
  registry: ReturnType<typeof registryChange>[];
}

/** Every item of an institution that there ever was, oldest first. */
export function suspenseItems(institution: string, registry: RegistryReader): SuspenseItem[] {
  const prefix = keyOf(institution);
  const items: SuspenseItem[] = [];
  for (const { key, value } of registry.list('setting')) {
    if (key.startsWith(prefix)) items.push(JSON.parse(value.value) as SuspenseItem);
  }
  return items;
}

export function suspenseItem(
  institution: string,
  date: string,
  merchantId: string,
  registry: RegistryReader,
): (SuspenseItem & { version: number }) | null {
  const item = registry.get('setting', keyOf(institution, date, merchantId));
  if (item === null) return null;
  return { ...(JSON.parse(item.value.value) as SuspenseItem), version: item.version };
}

/** From the merchant's account into suspense: too much becomes a debt, too little a claim. */
export function suspendPosting(
  institution: string,
  { merchantId, amountFen }: Unexplained,
  date: string,
  merchantAccount: Id,
  who: string,
): SuspensePosting {
  const item = { date, merchantId, amountFen, isOpen: true };
  return posting(institution, item, 0, merchantAccount, 'suspended', who);
}

/** Out of suspense, to whose it turned out to be. */
export function resolvePosting(
  institution: string,
  { version, ...item }: SuspenseItem & { version: number },
  other: Id,
  who: string,
): SuspensePosting {
  return posting(institution, { ...item, isOpen: false }, version, other, 'resolved', who);
}

function posting(
  institution: string,
  item: SuspenseItem,
  expectedVersion: number,
  other: Id,
  step: 'suspended' | 'resolved',
  who: string,
): SuspensePosting {
  const { date, merchantId, amountFen } = item;
  const name: AccountName = amountFen > 0 ? 'suspense-long' : 'suspense-short';
  const suspense = accountId(name, institution, OWNER);
  // Too much goes into suspense from the merchant; too little comes from there, and back again.
  const isCredited = amountFen > 0 === (step === 'suspended');
  const [debitAccount, creditAccount] = isCredited ? [other, suspense] : [suspense, other];
  const transfer: TransferInput = {
    // One of a kind: two approvals at the same time cannot both move it.
    id: idOf('clearing-suspense', institution, date, merchantId, step),
    debitAccount,
    creditAccount,
    amountFen: Math.abs(amountFen),
    ledger: YUAN_LEDGER,
    code: step === 'suspended' ? TransferCode.clearingSuspense : TransferCode.approvedCorrection,
  };
  const value = { value: JSON.stringify(item) };
  const key = keyOf(institution, date, merchantId);
  const by = { who, why: `clearing difference ${step}`, expectedVersion };
  return {
    accounts: [accountInput(name, institution, OWNER)],
    transfers: [transfer],
    registry: [registryChange('setting', key, value, by)],
  };
}

function keyOf(institution: string, date = '', merchantId = ''): string {
  const place = `clearing/suspense/${institution}/`;
  return date === '' ? place : `${place}${date}/${merchantId}`;
}
