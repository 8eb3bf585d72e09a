/** The ledger's view of what moved, from the journal alone: what a bank owes, what cards and chips have. */
import { CHART_OF_ACCOUNTS } from '../../ledger/chart-of-accounts.ts';
import { idToHex, transferId } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import { type Id, TransferFlag, type TransferInput } from '../../ledger/types.ts';

const HOST_CODE = CHART_OF_ACCOUNTS.find(({ name }) => name === 'host')!.code;
const NOT_MOVED = TransferFlag.pending | TransferFlag.voidPending;

/** What moved on the accounts of hosts, by card number: debits less credits. */
export function owedByCard(reader: Reader): Map<string, number> {
  const accounts = new Set<string>();
  const owed = new Map<string, number>();
  eachMove(reader, (move) => {
    for (const { id, code } of move.opened) if (code === HOST_CODE) accounts.add(idToHex(id));
    let movedFen = 0;
    if (accounts.has(move.debited)) movedFen += move.amountFen;
    if (accounts.has(move.credited)) movedFen -= move.amountFen;
    if (movedFen !== 0) owed.set(move.card, (owed.get(move.card) ?? 0) + movedFen);
  });
  return owed;
}

export interface CardMoney {
  /** What is on the card's account, held or not. */
  accountFen: number;
  /** What the ledger says is on its chip. */
  chipFen: number;
}

/** What each card of ours has, by its number. */
export function moneyByCard(reader: Reader): Map<string, CardMoney> {
  const owners = new Map<string, [money: CardMoney, on: keyof CardMoney]>();
  const cards = new Map<string, CardMoney>();
  for (const { key, value } of reader.registry.list('card')) {
    const money: CardMoney = { accountFen: 0, chipFen: 0 };
    cards.set(key, money);
    owners.set(idToHex(value.accountId), [money, 'accountFen']);
  }
  for (const { value } of reader.registry.list('purse')) {
    owners.set(idToHex(value.accountId), [cards.get(value.cardNumber)!, 'chipFen']);
  }
  const add = (account: string, amountFen: number) => {
    const owner = owners.get(account);
    if (owner !== undefined) owner[0][owner[1]] += amountFen;
  };
  eachMove(reader, ({ debited, credited, amountFen }) => {
    add(debited, 0 - amountFen);
    add(credited, amountFen);
  });
  return cards;
}

interface Move {
  card: string;
  debited: string;
  credited: string;
  amountFen: number;
  /** Accounts that the same record opened. */
  opened: readonly { id: Id; code: number }[];
}

/** Every record's transfers that moved money for good; at least one call for each applied record. */
function eachMove(reader: Reader, work: (move: Move) => void): void {
  const pending = new Map<string, TransferInput>();
  for (const { entry, status, outcomes } of reader.records()) {
    if (status !== 'applied') continue;
    const { accounts: opened = [], transfers = [] } = entry;
    const card = entry.fact?.transaction?.cardNumber ?? '';
    const none = { card, debited: '', credited: '', amountFen: 0, opened };
    work(none);
    for (const [index, transfer] of transfers.entries()) {
      const { flags = 0, id = transferId(entry.id, index), pendingId } = transfer;
      if ((flags & TransferFlag.pending) !== 0) pending.set(idToHex(id), transfer);
      if ((flags & NOT_MOVED) !== 0) continue;
      const amountFen = outcomes[index]?.amountFen ?? 0;
      const held = pendingId === undefined ? undefined : pending.get(idToHex(pendingId));
      const { debitAccount, creditAccount } = held ?? transfer;
      const debited = debitAccount === undefined ? '' : idToHex(debitAccount);
      const credited = creditAccount === undefined ? '' : idToHex(creditAccount);
      work({ ...none, debited, credited, amountFen });
    }
  }
}
