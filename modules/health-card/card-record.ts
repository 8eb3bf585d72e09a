/**
 * How a change of a card is recorded: one entry with the fact and, where switch and hospitals have to
 * know it, the card's setting in the registry, guarded by the setting's version. Of two changes at once
 * one is done on top of the other or not at all, and the switch sees it with the next transaction.
 */
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import { type CardSetting, cardSettingKey } from '../../protocols/records/health-card-code.ts';
import type { HealthCardQueries } from './queries.ts';
import { type Account, type FactKind, type Facts, MODULE } from './types.ts';

export interface CardDoor {
  ledger: LedgerClient;
  reader: Reader;
  queries: HealthCardQueries;
  reached(position: number): Promise<boolean>;
  now(): number;
}

/** Refused by a rule of the cards; the code is for programs. */
export class CardRefusal extends Error {
  override readonly name = 'CardRefusal';
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export function knownAccount({ queries }: CardDoor, cardNumber: string): Account {
  const account = queries.account(cardNumber);
  if (account === undefined) throw new CardRefusal('card_unknown');
  return account;
}

export function activeAccount(door: CardDoor, cardNumber: string): Account {
  const account = knownAccount(door, cardNumber);
  if (account.status !== 'active') throw new CardRefusal('card_cancelled');
  return account;
}

export function settingOf(reader: Reader, cardNumber: string): CardSetting | null {
  const item = reader.registry.get('setting', cardSettingKey(cardNumber));
  return item === null ? null : (JSON.parse(item.value.value) as CardSetting);
}

export function factOf<Kind extends FactKind>(kind: Kind, key: string, fact: Facts[Kind]) {
  const payload = new TextEncoder().encode(JSON.stringify(fact));
  return { module: { module: MODULE, kind, key, payload } };
}

/** The change of a card's setting, guarded by the version that it was made from. */
export function settingChange(
  reader: Reader,
  cardNumber: string,
  change: (was: CardSetting | null) => CardSetting,
) {
  const name = cardSettingKey(cardNumber);
  const item = reader.registry.get('setting', name);
  const was = item === null ? null : (JSON.parse(item.value.value) as CardSetting);
  const by = { who: MODULE, why: 'health card', expectedVersion: item?.version ?? 0 };
  return registryChange('setting', name, { value: JSON.stringify(change(was)) }, by);
}

export async function record<Kind extends FactKind>(
  door: CardDoor,
  key: string,
  kind: Kind,
  fact: Facts[Kind],
  more?: { cardNumber: string; setting: (was: CardSetting | null) => CardSetting },
): Promise<void> {
  const result = await door.ledger.submit({
    id: idOf(MODULE, key),
    institution: '',
    fact: factOf(kind, key, fact),
    ...(more === undefined
      ? {}
      : { registry: [settingChange(door.reader, more.cardNumber, more.setting)] }),
  });
  if (result.status !== 'applied' && result.status !== 'exists')
    throw new CardRefusal('changed_meanwhile');
  if (!(await door.reached(result.position))) throw new CardRefusal('view_behind');
}
