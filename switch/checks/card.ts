/** The card of a request: which one it is, whether it may be used, and whether its PIN is right. */

import { HsmError } from '../../hsm/errors.ts';
import type { PinFormat } from '../../hsm/types.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Card } from '../../ledger/registry-kinds.ts';
import type { RegistryChange, RegistryItem } from '../../ledger/types.ts';
import type { Message } from '../../protocols/iso8583/message.ts';
import { KEY_NAME, keyOf, toStoredKey } from '../keys.ts';
import { Refusal, require } from '../refusal.ts';
import { foreignCard } from '../routed/asked.ts';
import type { Services } from '../services.ts';
import type { Request } from '../transactions/row.ts';
import { sm4PinBlock } from './sm4-pin.ts';

/** Card states that refuse, with what the terminal is told. */
const STATUS_REFUSALS: Record<string, { responseCode: string; rule: string }> = {
  lost: { responseCode: '41', rule: 'card-lost' },
  stolen: { responseCode: '43', rule: 'card-stolen' },
  frozen: { responseCode: '62', rule: 'card-frozen' },
  closed: { responseCode: '14', rule: 'card-closed' },
};

/**
 * The card by field 2, or by track 2 up to its separator. The card is noted in the request, so that
 * the journal record names it also when a later check refuses.
 */
export function findCard(request: Request, services: Services): RegistryItem<Card> {
  const number = cardNumber(request);
  if (request.route !== null) {
    const { institution } = request.terminal.value;
    request.card = foreignCard(number, institution, request.route.host);
    return request.card;
  }
  const card = cardByNumber(number, request, services);
  request.card = card;
  return card;
}

/** A card that a request names besides its own: who receives a transfer. */
export function cardByNumber(
  number: string,
  request: Request,
  { reader }: Services,
): RegistryItem<Card> {
  const card = reader.registry.get('card', number);
  require(card !== null, '14', 'card-unknown');
  const ownInstitution = card.value.institution === request.terminal.value.institution;
  require(ownInstitution, '14', 'card-of-another-institution');
  return card;
}

/** Refuses a card that is on the black list, lost, frozen, closed or expired, or that tells another expiry than its own. */
export function checkCardUsable(card: Card, request: Request, services: Services): void {
  const listed = services.reader.registry.get('blacklist', card.number);
  if (listed !== null) throw new Refusal(listed.value.responseCode, 'card-on-black-list');
  const refusal = STATUS_REFUSALS[card.status];
  if (refusal !== undefined) throw new Refusal(refusal.responseCode, refusal.rule);
  const { time } = services.institutions.get(request.terminal.value.institution);
  const thisMonth = time.businessDateAt(Date.now()).slice(2, 6);
  require(card.expiry >= thisMonth, '54', 'card-expired');
  // A bank knows its own cards, and field 14 is not about who receives a transfer.
  if (request.route !== null || card.number !== request.card?.value.number) return;
  for (const expiry of toldExpiries(request.message)) {
    require(expiry === card.expiry, '14', 'card-expiry-differs');
  }
}

/** What field 14 and track 2 say; each may be missing, then it is not asked for. */
function toldExpiries(message: Message): string[] {
  const track = /D(\d{4})/.exec(message.get(35) ?? '');
  return [message.get(14), track?.[1]].filter((expiry) => expiry !== undefined);
}

/**
 * Verifies field 52 inside the HSM. A request without a PIN passes when it says so and the card is not
 * blocked. Wrong PINs are counted in the card's registry item, so the count survives everything; too
 * many block the card until an operator allows it again.
 */
export async function checkPin(card: Card, request: Request, services: Services): Promise<void> {
  const pinBlock = pinBlockOf(request);
  const { triesMax } = services.settings.get('pin');
  require(card.wrongPins < triesMax, '75', 'pin-tries-exceeded');
  require(pinBlock !== undefined || !saysPinEntered(request), '55', 'pin-missing');
  // The issuer verifies the PIN of its own card.
  if (pinBlock === undefined || request.route !== null) return;
  const right = await pinIsRight(pinBlock, card, request, services);
  if (!right) {
    const wrongPins = card.wrongPins + 1;
    const rule = wrongPins < triesMax ? 'pin-wrong' : 'pin-wrong-card-blocked';
    throw new Refusal('55', rule, [wrongPinsChange(wrongPins, request)]);
  }
  if (card.wrongPins > 0) request.changes = [wrongPinsChange(0, request)];
}

/** Refuses a request without a PIN, where money goes to somebody else than a merchant. */
export function requirePin(request: Request): void {
  require(pinBlockOf(request) !== undefined, '55', 'pin-needed');
}

/** The last digit of field 22: 1 with a PIN, 2 without. */
function saysPinEntered({ message }: Request): boolean {
  return message.get(22)?.[2] === '1';
}

async function pinIsRight(
  pinBlock: Uint8Array,
  card: Card,
  request: Request,
  { hsm, reader }: Services,
): Promise<boolean> {
  const referenceKey = reader.registry.get('key', KEY_NAME.pinReference);
  require(referenceKey !== null, 'A7', 'pin-reference-key-missing');
  const pin = {
    pinKey: keyOf(request.workingKeys, 'pin'),
    format: pinFormat(request),
    pinBlock,
    pan: card.number,
  };
  const against = { referenceKey: toStoredKey(referenceKey.value), reference: card.pinReference };
  try {
    return await hsm.verifyPin(pin, against);
  } catch (error) {
    if (!(error instanceof HsmError) || error.code !== 'bad_pin_block') throw error;
    // It was encrypted with another key, or never was a PIN: the terminal must sign in again.
    throw new Refusal('99', 'pin-block-unreadable');
  }
}

/** Made from the item that was looked at: of two wrong PINs at once the ledger lets the second look again. */
function wrongPinsChange(wrongPins: number, { card, terminalId }: Request): RegistryChange {
  const { value, version } = card!;
  return registryChange(
    'card',
    value.number,
    { ...value, wrongPins },
    {
      expectedVersion: version,
      why: wrongPins === 0 ? 'right PIN' : 'wrong PIN',
      who: `terminal ${terminalId}`,
    },
  );
}

/** The encrypted PIN; undefined when none was entered. */
export function pinBlockOf({ message, terminal, sm4PinCarrier }: Request): Uint8Array | undefined {
  if (terminal.value.keyAlgorithm !== 'sm4') return message.bytes(52);
  const block = sm4PinBlock(message, sm4PinCarrier);
  require(block !== undefined || !message.has(52), '40', 'sm4-pin-not-in-its-place');
  return block;
}

/** Field 53 digit 1: 1 without the PAN, otherwise with it (ISO 9564 format 0). */
export function pinFormat(request: Request): PinFormat {
  return request.message.get(53)?.startsWith('1') ? 1 : 0;
}

function cardNumber({ message }: Request): string {
  const number = message.get(2) ?? message.get(35)?.split('D', 1)[0];
  require(number !== undefined, '30', 'card-number-missing');
  require(/^\d{12,19}$/.test(number), '14', 'card-number-impossible');
  return number;
}
