/**
 * Offline payments of chips, uploaded later: each is proven by its TAC, paid once, and checked against
 * what the host knows of the chip. What is not proven is never paid and never dropped: it is a grey
 * record, kept apart until an operator decides.
 */
import { TransferCode } from '../../ledger/chart-of-accounts.ts';
import { idOf, idToHex } from '../../ledger/id.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Id } from '../../ledger/types.ts';
import { formatPurseRecord, type PurseRecord } from '../../protocols/pboc/purse-data.ts';
import { KEY_NAME, sharedKey } from '../keys.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import { countInBatch, payMerchant } from '../transactions/postings.ts';
import type { Plan, Request } from '../transactions/row.ts';
import { type Chip, chipOf, purseChange } from './chip.ts';

/** Field 39 for a payment that is taken, but not paid: accepted with reservations. */
export const GREY = 'A2';

const DAY_MS = 86_400_000;

/** A payment is one by its card, both sequence numbers and the PSAM's terminal. */
export function recordId({ serial, offlineSequence, terminal, terminalSequence }: PurseRecord): Id {
  return idOf('purse-record', serial, `${offlineSequence}`, terminal, `${terminalSequence}`);
}

/**
 * Plans a record's payment to the request's merchant, or its keeping as a grey record. The tally lets
 * it be booked once, on whichever way it comes.
 */
export async function planRecord(
  record: PurseRecord,
  request: Request,
  services: Services,
): Promise<Plan> {
  const once = { subject: recordId(record), amountFen: 0, count: 1, limitCount: 1 } as const;
  let chip: Chip;
  try {
    chip = chipOf(record.serial, record.type, request, services);
    // Only for the card's number in the fact: chips pay without a look at their account.
    const card = services.reader.registry.get('card', chip.card.number);
    if (card !== null) request.card = card;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...greyPlan(record, error.rule, request), tallies: [once] };
  }
  const doubt = await doubtOf(record, chip, request, services);
  if (doubt !== null) return { ...greyPlan(record, doubt, request), tallies: [once] };
  const { amountFen } = record;
  const payment = {
    cardAccount: chip.account,
    merchantAccount: request.merchant.accountId,
    amountFen,
  };
  return {
    transfers: [payMerchant(payment, TransferCode.pursePurchase)],
    tallies: [once, countInBatch(request, 'debit', amountFen, 1)],
    registry: newest(chip, record, request),
    extra: { serial: record.serial, sequence: `${record.offlineSequence}`, ...noted(chip, record) },
  };
}

/** The first rule that does not hold, or null. */
async function doubtOf(
  record: PurseRecord,
  chip: Chip,
  request: Request,
  services: Services,
): Promise<string | null> {
  const { amountFen, type } = record;
  const { purchaseMaxFen, uploadDaysMax } = services.settings.get('e-purse');
  if (![5, 6, 9].includes(type)) return 'purse-type-not-a-purchase';
  if (record.terminal.slice(-8) !== request.terminalId) return 'psam-of-another-terminal';
  if (amountFen === 0 || amountFen > purchaseMaxFen) return 'amount-out-of-range';
  if (amountFen > record.balanceFen) return 'amount-above-the-chip-balance';
  const { time } = services.institutions.get(request.terminal.value.institution);
  const day = (ms: number) => time.localDateTime(ms).slice(0, 10).replaceAll('-', '');
  const [now, oldest] = [Date.now() + DAY_MS, Date.now() - uploadDaysMax * DAY_MS];
  if (record.date > day(now) || record.date < day(oldest)) return 'date-out-of-range';
  const master = sharedKey(KEY_NAME.epurseTac, services.reader);
  const { terminal, terminalSequence, date, time: clock, proof } = record;
  const fields = { type, terminal, terminalSequence, amountFen, date, time: clock };
  const card = { master, factors: [chip.factor] };
  const right = await services.hsm.verifyEpurseMac(card, 'purchase-tac', fields, proof);
  if (!right) return 'tac-wrong';
  if (chip.item === null) return 'chip-never-loaded';
  const [account] = await services.ledger.accounts([chip.account]);
  const heldFen =
    (account?.creditsPostedFen ?? 0) -
    (account?.debitsPostedFen ?? 0) -
    (account?.debitsPendingFen ?? 0);
  return amountFen > heldFen ? 'chip-paid-more-than-was-loaded' : null;
}

/** The chip's item moves on with the highest sequence number seen. */
function newest(chip: Chip, record: PurseRecord, request: Request) {
  const { offlineSequence, balanceFen, amountFen } = record;
  const known = chip.item!.value;
  if (offlineSequence < known.offlineSequence) return [];
  const changed = { offlineSequence, balanceFen: balanceFen - amountFen };
  return [purseChange(chip, changed, request, 'offline payment')];
}

/** What a view may want to look at, though it does not stop the payment: gaps, and a card reported since. */
function noted(chip: Chip, { offlineSequence }: PurseRecord): Record<string, string> {
  const known = chip.item!.value.offlineSequence;
  const notes: Record<string, string> = {};
  if (offlineSequence > known + 1) notes['sequenceGap'] = `${known + 1}-${offlineSequence - 1}`;
  if (offlineSequence < known) notes['sequenceLate'] = String(known);
  if (chip.card.status !== 'active') notes['cardStatus'] = chip.card.status;
  return notes;
}

function greyPlan(record: PurseRecord, reason: string, request: Request): Plan {
  const id = idToHex(recordId(record));
  const item = {
    id,
    institution: request.terminal.value.institution,
    cardNumber: record.serial.replace(/^0+/, ''),
    merchantId: request.merchantId,
    terminalId: request.terminalId,
    amountFen: record.amountFen,
    reason,
    record: formatPurseRecord(record),
  };
  const by = { expectedVersion: 0, why: reason, who: `terminal ${request.terminalId}` };
  return {
    registry: [registryChange('grey-record', id, item, by)],
    responseCode: GREY,
    rule: reason,
  };
}
