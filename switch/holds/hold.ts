/**
 * Money held back on a card for a merchant: pre-authorisations of terminals, deposits of a stay in
 * hospital. The money itself is a pending transfer; the registry item says which one it is now.
 *
 * Of two changes of one hold at once, the ledger must let the second look again instead of refusing it
 * for good. So each change uses up an id that is made of the hold and the version that was looked at:
 * the first of its transfers bears it, and the entry says that it must not be there yet (`blocks`).
 */
import { TransferCode, YUAN_LEDGER } from '../../ledger/chart-of-accounts.ts';
import { idOf, idToHex, transferId } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Hold } from '../../ledger/registry-kinds.ts';
import {
  type Id,
  type RegistryChange,
  type RegistryItem,
  TransferFlag,
  type TransferInput,
} from '../../ledger/types.ts';

export type HoldKind = 'pre-authorisation' | 'deposit';
export type HoldItem = RegistryItem<Hold>;

/** Between whom money is held, and in which entry that changes. */
export interface HoldParties {
  entryId: Id;
  institution: string;
  merchantId: string;
  merchantAccount: Id;
  terminalId: string;
  cardNumber: string;
  cardAccount: Id;
  /** For the registry: `terminal 10000001`, `client:his`. */
  who: string;
}

/** What an entry does to a hold. */
export interface HoldChange {
  transfers: TransferInput[];
  registry: RegistryChange[];
  blocks?: Id[];
}

const CODES: Record<HoldKind, number> = {
  'pre-authorisation': TransferCode.preAuthorisation,
  deposit: TransferCode.deposit,
};

/** The hold that an entry opened, as long as money is held. */
export function findHold(openedBy: Id, { registry }: Reader): HoldItem | null {
  return registry.get('hold', idToHex(openedBy));
}

/** Holds the amount; after `validSeconds` the ledger lets go of it by itself, 0: never. */
export function openHold(
  parties: HoldParties,
  kind: HoldKind,
  amountFen: number,
  validSeconds: number,
  nowUs: number,
): HoldChange {
  const hold: Hold = {
    id: idToHex(parties.entryId),
    kind,
    institution: parties.institution,
    merchantId: parties.merchantId,
    terminalId: parties.terminalId,
    cardNumber: parties.cardNumber,
    pendingId: transferId(parties.entryId, 0),
    authorisedFen: amountFen,
    heldFen: amountFen,
    chargedFen: 0,
    expiresUs: validSeconds === 0 ? 0 : nowUs + validSeconds * 1_000_000,
  };
  return {
    transfers: [pendingTransfer(parties, hold, amountFen, nowUs)],
    registry: [change(hold, 0, parties, kind)],
  };
}

/**
 * Pays the merchant an amount out of the hold and ends it. What was held beyond goes back to the card;
 * what the amount is beyond the hold comes from the card too.
 */
export function completeHold(parties: HoldParties, item: HoldItem, amountFen: number): HoldChange {
  const { heldFen } = item.value;
  const transfers = [post(parties, item, Math.min(amountFen, heldFen))];
  if (amountFen > heldFen) {
    const { cardAccount: debitAccount, merchantAccount: creditAccount } = parties;
    transfers.push({
      debitAccount,
      creditAccount,
      amountFen: amountFen - heldFen,
      ledger: YUAN_LEDGER,
      code: TransferCode.completion,
    });
  }
  return { transfers, registry: [removal(item, parties, 'completed')], blocks: [guardOf(item)] };
}

/** Pays the merchant a part of the hold and goes on holding the rest. */
export function chargeHold(
  parties: HoldParties,
  item: HoldItem,
  amountFen: number,
  nowUs: number,
): HoldChange {
  const rest: Hold = {
    ...item.value,
    pendingId: transferId(parties.entryId, 1),
    heldFen: item.value.heldFen - amountFen,
    chargedFen: item.value.chargedFen + amountFen,
  };
  const posted = post(parties, item, amountFen);
  const blocks = [guardOf(item)];
  if (rest.heldFen === 0) {
    return { transfers: [posted], registry: [removal(item, parties, 'charged whole')], blocks };
  }
  return {
    blocks,
    transfers: [posted, pendingTransfer(parties, rest, rest.heldFen, nowUs)],
    registry: [change(rest, item.version, parties, 'charged')],
  };
}

/** Lets go of everything that is held. */
export function releaseHold(parties: HoldParties, item: HoldItem, why: string): HoldChange {
  const { pendingId } = item.value;
  return {
    transfers: [
      {
        ...accountsOf(parties),
        id: guardOf(item),
        pendingId,
        flags: TransferFlag.voidPending,
      },
    ],
    registry: [removal(item, parties, why)],
    blocks: [guardOf(item)],
  };
}

/** How a hold was opened: for holding again what had ended it. */
export interface OpenedHold {
  openedBy: Id;
  kind: HoldKind;
  authorisedFen: number;
  chargedFen: number;
  /** 0: never. */
  expiresUs: number;
}

/**
 * Holds an amount again, after `before` transfers of the same entry gave it back to the card; added to
 * what the hold still has.
 */
export function holdAgain(
  parties: HoldParties,
  opened: OpenedHold,
  item: HoldItem | null,
  amountFen: number,
  before: number,
  nowUs: number,
): HoldChange {
  const released = item === null ? [] : releaseHold(parties, item, 'held again').transfers;
  const hold: Hold = {
    id: idToHex(opened.openedBy),
    kind: opened.kind,
    institution: parties.institution,
    merchantId: parties.merchantId,
    terminalId: parties.terminalId,
    cardNumber: parties.cardNumber,
    pendingId: transferId(parties.entryId, before + released.length),
    authorisedFen: opened.authorisedFen,
    heldFen: (item?.value.heldFen ?? 0) + amountFen,
    chargedFen: opened.chargedFen,
    expiresUs: opened.expiresUs,
  };
  return {
    transfers: [...released, pendingTransfer(parties, hold, hold.heldFen, nowUs)],
    registry: [change(hold, item?.version ?? 0, parties, 'held again')],
    ...(item === null ? {} : { blocks: [guardOf(item)] }),
  };
}

function pendingTransfer(
  parties: HoldParties,
  { kind, expiresUs }: Hold,
  amountFen: number,
  nowUs: number,
): TransferInput {
  const left = Math.max(1, Math.ceil((expiresUs - nowUs) / 1_000_000));
  return {
    ...accountsOf(parties),
    amountFen,
    ledger: YUAN_LEDGER,
    code: CODES[kind as HoldKind],
    flags: TransferFlag.pending,
    ...(expiresUs === 0 ? {} : { timeoutSeconds: left }),
  };
}

function post(parties: HoldParties, item: HoldItem, amountFen: number): TransferInput {
  const { pendingId } = item.value;
  const accounts = accountsOf(parties);
  return { ...accounts, id: guardOf(item), pendingId, amountFen, flags: TransferFlag.postPending };
}

/** What the change of a hold uses up: one change of each version. */
function guardOf({ value, version }: HoldItem): Id {
  return idOf('hold-change', value.id, String(version));
}

function accountsOf({ cardAccount, merchantAccount }: HoldParties) {
  return { debitAccount: cardAccount, creditAccount: merchantAccount };
}

function change(hold: Hold, expectedVersion: number, { who }: HoldParties, why: string) {
  return registryChange('hold', hold.id, hold, { expectedVersion, who, why });
}

function removal({ version, value }: HoldItem, { who }: HoldParties, why: string) {
  return registryChange('hold', value.id, null, { expectedVersion: version, who, why });
}
