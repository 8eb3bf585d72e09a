/** A chip with an e-purse: whose it is, its ledger account, and what the host knows of it. */
import { accountId, accountInput } from '../../ledger/chart-of-accounts.ts';
import { idOf } from '../../ledger/id.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Card, Purse } from '../../ledger/registry-kinds.ts';
import type { AccountInput, Id, RegistryChange, RegistryItem } from '../../ledger/types.ts';
import { PURSE_TYPES } from '../../protocols/pboc/elements.ts';
import { type PurseData, parsePurseData } from '../../protocols/pboc/purse-data.ts';
import { cardByNumber } from '../checks/card.ts';
import { Refusal, require } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Request } from '../transactions/row.ts';

/** A chip holds an e-deposit (电子存折, ED) and an e-purse (电子钱包, EP). */
export type Application = 'passbook' | 'purse';

const APPLICATIONS: Record<string, Application> = {
  [PURSE_TYPES.loadPassbook]: 'passbook',
  [PURSE_TYPES.loadPurse]: 'purse',
  [PURSE_TYPES.unload]: 'passbook',
  [PURSE_TYPES.purchasePassbook]: 'passbook',
  [PURSE_TYPES.purchasePurse]: 'purse',
  [PURSE_TYPES.composite]: 'purse',
};

export interface Chip {
  card: Card;
  application: Application;
  /** The account that holds what is on the chip. */
  account: Id;
  /** 8 bytes: the right half of the application serial number diversifies the issuer's keys. */
  factor: Buffer;
  purseId: string;
  /** Null until the chip's first load. */
  item: RegistryItem<Purse> | null;
}

/** Field 55 of a request. */
export function purseDataOf({ message }: Request): PurseData {
  return parsePurseData(message.bytes(55) ?? new Uint8Array(0));
}

/** Field 55 with the parts that a step needs. Refuses with 30 and the name of one that is missing. */
export function needed<Name extends keyof PurseData>(
  data: PurseData,
  ...names: Name[]
): { [Key in Name]-?: NonNullable<PurseData[Key]> } {
  for (const name of names) require(data[name] !== undefined, '30', `purse-${name}-missing`);
  return data as { [Key in Name]-?: NonNullable<PurseData[Key]> };
}

/** The application serial number is the card's number with zeros in front. */
export function chipOf(serial: string, type: number, request: Request, services: Services): Chip {
  const application = APPLICATIONS[type.toString(16).padStart(2, '0')];
  if (application === undefined) throw new Refusal('12', 'purse-type-unknown');
  const { value: card } = cardByNumber(serial.replace(/^0+/, ''), request, services);
  const purseId = `${serial}-${application === 'passbook' ? '01' : '02'}`;
  return {
    card,
    application,
    account: accountId(application, card.institution, card.number),
    factor: Buffer.from(serial.slice(-16), 'hex'),
    purseId,
    item: services.reader.registry.get('purse', purseId),
  };
}

/** Opens the chip's account, when this is its first load. */
export function accountsToOpen({ item, application, card }: Chip): AccountInput[] {
  return item === null ? [accountInput(application, card.institution, card.number)] : [];
}

/** The chip's item with what has changed, made from the one that was looked at. */
export function purseChange(
  chip: Chip,
  changed: Partial<Purse>,
  { terminalId }: Request,
  why: string,
): RegistryChange {
  const before = chip.item?.value ?? newPurse(chip);
  return registryChange(
    'purse',
    chip.purseId,
    { ...before, ...changed },
    {
      expectedVersion: chip.item?.version ?? 0,
      why,
      who: `terminal ${terminalId}`,
    },
  );
}

/**
 * What a change of the chip's item uses up, so that of two at once the ledger lets the second look
 * again: the first transfer of the entry bears it, and the entry says that it must not be there yet.
 */
export function chipGuard({ purseId, item }: Chip): Id {
  return idOf('purse-change', purseId, String(item?.version ?? 0));
}

/** Nothing is awaited from the chip. */
export const NOTHING_PENDING = {
  pendingId: new Uint8Array(0),
  pendingFen: 0,
  pendingKind: '',
  pendingTerminal: '',
  pendingDate: '',
  pendingTime: '',
  pendingBalanceFen: 0,
} as const;

function newPurse({ purseId, card, account }: Chip): Purse {
  return {
    id: purseId,
    institution: card.institution,
    cardNumber: card.number,
    accountId: account,
    onlineSequence: 0,
    offlineSequence: 0,
    balanceFen: 0,
    ...NOTHING_PENDING,
  };
}

/** Sequence numbers of a chip have two bytes. */
export function nextSequence(sequence: number): number {
  return (sequence + 1) & 0xffff;
}
