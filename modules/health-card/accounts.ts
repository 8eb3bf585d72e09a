/** Virtual accounts: register, update, cancel, restore, move, bank cards, family, codes made void. */
import { createHash } from 'node:crypto';
import type { CardSetting } from '../../protocols/records/health-card-code.ts';
import { activeAccount, type CardDoor, CardRefusal, knownAccount, record } from './card-record.ts';
import type { Account, CancelReason, Facts, FamilyRelation, RealNameCheck } from './types.ts';

/** `62300` + ten digits made of the main index number + Luhn digit: the same person, the same card. */
export function cardNumberOf(personId: string): string {
  const digest = createHash('sha256').update(`health card of ${personId}`).digest();
  const digits = `62300${String(digest.readUIntBE(0, 6) % 10 ** 10).padStart(10, '0')}`;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return digits + String((10 - (sum % 10)) % 10);
}

export interface RegisterCard {
  personId: string;
  checkedBy: RealNameCheck;
  phone: string;
  centre: string;
}

/** Opens the card; asked again gives the one there is, and one that was cancelled is restored. */
export async function registerCard(
  door: CardDoor,
  key: string,
  request: RegisterCard,
): Promise<Account> {
  const { personId } = request;
  const cardNumber = cardNumberOf(personId);
  const known = door.queries.account(cardNumber);
  if (known !== undefined && known.personId !== personId)
    throw new CardRefusal('card_number_taken');
  if (known?.status === 'cancelled') return restoreCard(door, key, cardNumber);
  if (known !== undefined) return known;
  const account: Facts['account.registered'] = {
    ...request,
    cardNumber,
    status: 'active',
    payCard: '',
    bankCards: [],
    cancelReason: '',
    version: 0,
  };
  try {
    await record(door, key, 'account.registered', account, {
      cardNumber,
      setting: (was) => was ?? newSetting(door.queries.blacklisted(cardNumber).length > 0),
    });
  } catch (error) {
    // Somebody else may have opened it at the same moment: then it is there.
    await door.reached(door.reader.head().position);
    if (door.queries.account(cardNumber) === undefined) throw error;
  }
  return door.queries.account(cardNumber)!;
}

/** A centre may have listed the number before the card came to us. */
function newSetting(isListed: boolean): CardSetting {
  const status = isListed ? 'blacklisted' : 'active';
  return { status, staticSinceSeconds: 0, codesSinceSeconds: 0, payCard: '' };
}

/** What is not named stays as it was. */
export async function updateCard(
  door: CardDoor,
  key: string,
  cardNumber: string,
  named: { phone?: string; payCard?: string },
): Promise<Account> {
  const account = activeAccount(door, cardNumber);
  const { phone, payCard } = named;
  const fact: Facts['account.updated'] = { cardNumber };
  if (phone !== undefined) fact.phone = phone;
  if (payCard === undefined) {
    if (phone === undefined) return account;
    await record(door, key, 'account.updated', fact);
    return door.queries.account(cardNumber)!;
  }
  checkPayCard(door, payCard);
  await record(
    door,
    key,
    'account.updated',
    { ...fact, payCard },
    { cardNumber, setting: (was) => ({ ...was!, payCard }) },
  );
  return door.queries.account(cardNumber)!;
}

/** Throws CardRefusal for a card that is none of the ledger's; empty is no card. */
export function checkPayCard({ reader }: CardDoor, payCard: string): void {
  const isKnown = payCard === '' || reader.registry.get('card', payCard) !== null;
  if (!isKnown) throw new CardRefusal('pay_card_unknown');
}

/** Only who has left the country or has died is cancelled. */
export async function cancelCard(
  door: CardDoor,
  key: string,
  cardNumber: string,
  reason: string,
): Promise<Account> {
  activeAccount(door, cardNumber);
  if (reason !== 'emigration' && reason !== 'death')
    throw new CardRefusal('cancel_reason_not_allowed');
  await record(
    door,
    key,
    'account.cancelled',
    { cardNumber, reason: reason as CancelReason },
    {
      cardNumber,
      setting: (was) => ({ ...was!, status: 'cancelled' }),
    },
  );
  return door.queries.account(cardNumber)!;
}

/** Codes from before the cancelling stay void. */
export async function restoreCard(
  door: CardDoor,
  key: string,
  cardNumber: string,
): Promise<Account> {
  const account = knownAccount(door, cardNumber);
  if (account.status !== 'cancelled') throw new CardRefusal('card_not_cancelled');
  if (account.cancelReason === 'death') throw new CardRefusal('holder_has_died');
  const isListed = door.queries.blacklisted(cardNumber).length > 0;
  await record(
    door,
    key,
    'account.restored',
    { cardNumber },
    {
      cardNumber,
      setting: (was) => ({
        ...was!,
        status: isListed ? 'blacklisted' : 'active',
        codesSinceSeconds: secondOfNewCodes(door, was!),
      }),
    },
  );
  return door.queries.account(cardNumber)!;
}

export async function bindBankCard(
  door: CardDoor,
  key: string,
  cardNumber: string,
  bankCard: string,
): Promise<Account> {
  const { bankCards } = activeAccount(door, cardNumber);
  if (!/^\d{13,19}$/.test(bankCard)) throw new CardRefusal('bank_card_malformed');
  if (!bankCards.includes(bankCard)) {
    await record(door, key, 'bank-card.bound', { cardNumber, bankCard });
  }
  return door.queries.account(cardNumber)!;
}

/** Needs the holder's document data: the caller has compared them with the main index. */
export async function unbindBankCard(
  door: CardDoor,
  key: string,
  cardNumber: string,
  bankCard: string,
): Promise<Account> {
  const { bankCards } = activeAccount(door, cardNumber);
  if (!bankCards.includes(bankCard)) throw new CardRefusal('bank_card_not_bound');
  await record(door, key, 'bank-card.unbound', { cardNumber, bankCard });
  return door.queries.account(cardNumber)!;
}

/** A card that is there already gets the new relation. */
export async function addToFamily(
  door: CardDoor,
  key: string,
  cardNumber: string,
  member: string,
  relation: FamilyRelation,
): Promise<Account> {
  activeAccount(door, cardNumber);
  activeAccount(door, member);
  if (member === cardNumber) throw new CardRefusal('own_family_member');
  await record(door, key, 'family.added', { cardNumber, member: { cardNumber: member, relation } });
  return door.queries.account(cardNumber)!;
}

export async function removeFromFamily(
  door: CardDoor,
  key: string,
  cardNumber: string,
  member: string,
): Promise<Account> {
  const { family } = activeAccount(door, cardNumber);
  const isThere = family.some((one) => one.cardNumber === member);
  if (!isThere) throw new CardRefusal('family_member_unknown');
  await record(door, key, 'family.removed', { cardNumber, member });
  return door.queries.account(cardNumber)!;
}

/** Makes codes void that were issued before now: printed ones, or all. */
export async function revokeCodes(
  door: CardDoor,
  key: string,
  cardNumber: string,
  which: 'static' | 'all',
): Promise<void> {
  activeAccount(door, cardNumber);
  await record(
    door,
    key,
    'codes.revoked',
    { cardNumber, which },
    {
      cardNumber,
      setting: (was) => {
        const since = secondOfNewCodes(door, was!);
        const all = which === 'all' ? { codesSinceSeconds: since } : {};
        return { ...was!, staticSinceSeconds: since, ...all };
      },
    },
  );
}

/** Codes of this very second are void, too; new ones are dated one second ahead where need be. */
function secondOfNewCodes({ now }: CardDoor, was: CardSetting): number {
  const latest = Math.max(Math.floor(now() / 1000), was.staticSinceSeconds, was.codesSinceSeconds);
  return latest + 1;
}

/** The card's home moves to another centre (city, province). */
export async function moveCard(door: CardDoor, key: string, cardNumber: string, centre: string) {
  activeAccount(door, cardNumber);
  await record(door, key, 'card.moved', { cardNumber, centre });
  return door.queries.account(cardNumber)!;
}
