/**
 * The money of the journal as invoicing sees it: what every record moved on the account of a merchant
 * that gets bills. The ledger's transfers say what happened; the kind of the transaction is not asked,
 * so a new kind of payment needs nothing here.
 */

import { idToHex, transferId } from '../../../ledger/id.ts';
import { decodeRegistryValue } from '../../../ledger/registry.ts';
import { type TransactionFact, TransferFlag } from '../../../ledger/types.ts';
import { orderedKey, type PaymentRow } from '../tables.ts';
import type { Change } from './change.ts';
import { converge } from './charges.ts';
import { attach, chargeKey, scopedName, unbilledKey } from './links.ts';

/** Institutions and merchants as the registry's changes tell them. */
export function applyRegistry(change: Change): void {
  const { tables, record } = change;
  for (const { kind, key, body } of record.entry.registry ?? []) {
    if (body === null) continue;
    if (kind === 'institution') {
      const { timeZone, cutOff, nameZh } = decodeRegistryValue('institution', body);
      tables.table('institutions').put(key, { timeZone, cutOff, nameZh });
    } else if (kind === 'merchant') {
      const { institution, accountId, nameZh } = decodeRegistryValue('merchant', body);
      const account = idToHex(accountId);
      tables.table('merchants').put(key, { institution, account, nameZh });
      tables.table('merchant-accounts').put(account, key);
    }
  }
}

/** Money that a record moved to (or, negative, from) one merchant. */
interface Moved {
  merchantId: string;
  amountFen: number;
  /** The record in which the money was set aside before, 0 for none. */
  pendingPosition: number;
}

/** What the record says of a customer's payment. Settlements and fees move merchants' money, too: they are no payments. */
export function applyMoney(change: Change): void {
  const fact = change.record.entry.fact?.transaction;
  const moved = movements(change);
  if (fact === undefined || moved.amountFen === 0) return;
  countDay(change, moved);
  const root = rootOf(change, fact);
  if (moved.amountFen > 0 && root === null) takePayment(change, fact, moved);
  else if (root !== null) takeBack(change, root, moved.amountFen);
}

function movements(change: Change): Moved {
  const { entry, outcomes } = change.record;
  const accounts = change.tables.table('merchant-accounts');
  const pending = change.tables.table('pending-payments');
  if (entry.expired !== undefined) pending.remove(idToHex(entry.expired));
  let merchantMoved = '';
  let movedFen = 0;
  let pendingPosition = 0;
  for (const [index, transfer] of (entry.transfers ?? []).entries()) {
    const amountFen = outcomes[index]?.amountFen ?? 0;
    const flags = transfer.flags ?? 0;
    if (transfer.pendingId !== undefined) {
      const before = pending.get(idToHex(transfer.pendingId));
      if (before === undefined) continue;
      pending.remove(idToHex(transfer.pendingId));
      if (flags & TransferFlag.voidPending) continue;
      merchantMoved = before.merchantId;
      movedFen += before.isBack ? -amountFen : amountFen;
      pendingPosition = before.position;
      continue;
    }
    const [to, from] = [transfer.creditAccount, transfer.debitAccount].map((account) => {
      return account === undefined ? undefined : accounts.get(idToHex(account));
    });
    const merchantId = to ?? from;
    if (merchantId === undefined || to === from) continue;
    if (flags & TransferFlag.pending) {
      const id = idToHex(transfer.id ?? (index === 0 ? entry.id : transferId(entry.id, index)));
      // A refund that a host still has to agree to is held on the merchant's side.
      const isBack = to === undefined;
      pending.put(id, { merchantId, position: change.record.position, isBack });
      continue;
    }
    merchantMoved = merchantId;
    movedFen += to === undefined ? -amountFen : amountFen;
  }
  return { merchantId: merchantMoved, amountFen: movedFen, pendingPosition };
}

function countDay(change: Change, { merchantId, amountFen }: Moved): void {
  const days = change.tables.table('money-days');
  const key = `${change.institution}|${change.record.businessDate}|${merchantId}`;
  const day = days.get(key) ?? { paidFen: 0, paidBackFen: 0, count: 0 };
  days.put(key, {
    paidFen: day.paidFen + Math.max(0, amountFen),
    paidBackFen: day.paidBackFen + Math.max(0, -amountFen),
    count: day.count + 1,
  });
}

/** The payment that the record refers to, through however many records in between. */
function rootOf(change: Change, fact: TransactionFact): PaymentRow | null {
  const position = fact.originalPosition ?? 0;
  if (position === 0) return null;
  const root = change.tables.table('payment-names').get(positionName(change, position));
  if (root === undefined) return null;
  return change.tables.table('payments').get(orderedKey(root)) ?? null;
}

function positionName(change: Change, position: number): string {
  return scopedName(change, `ref|${String(position).padStart(12, '0')}`);
}

function takePayment(change: Change, fact: TransactionFact, moved: Moved): void {
  const { tables, record, institution } = change;
  const row: PaymentRow = {
    position: record.position,
    institution,
    merchantId: moved.merchantId,
    terminalId: fact.terminalId ?? '',
    batchNumber: fact.batchNumber ?? '',
    traceNumber: fact.traceNumber ?? '',
    businessNumber: fact.extra?.['businessNumber'] ?? '',
    businessDate: record.businessDate,
    timestampUs: record.timestampUs,
    amountFen: moved.amountFen,
    netFen: moved.amountFen,
    busNo: '',
  };
  tables.table('payments').put(orderedKey(row.position), row);
  const names = namesOf(change, row, moved.pendingPosition);
  for (const name of names) tables.table('payment-names').put(name, row.position);
  const merchant = change.managed('merchant', row.merchantId);
  tables.table('unbilled').put(unbilledKey(row), merchant?.enabled ? 'no-charge' : 'not-billable');
  for (const name of names) {
    const busNo = tables.table('charge-links').get(name);
    const charge = busNo && tables.table('charges').get(chargeKey(institution, busNo));
    if (!charge || charge.payments.includes(row.position)) continue;
    converge(change, attach(change, charge, row.position));
    return;
  }
}

function namesOf(change: Change, row: PaymentRow, pendingPosition: number): string[] {
  const names = [positionName(change, row.position)];
  if (pendingPosition > 0) names.push(positionName(change, pendingPosition));
  const { terminalId, batchNumber, traceNumber, businessNumber } = row;
  names.push(scopedName(change, `trace|${terminalId}|${batchNumber}|${traceNumber}`));
  if (businessNumber !== '') names.push(scopedName(change, `no|${businessNumber}`));
  return names;
}

/** A void, refund or reversal of the payment (negative), or what undoes one (positive). */
function takeBack(change: Change, root: PaymentRow, amountFen: number): void {
  const { tables, record, institution } = change;
  const row = { ...root, netFen: root.netFen + amountFen };
  tables.table('payments').put(orderedKey(root.position), row);
  tables.table('payment-names').put(positionName(change, record.position), root.position);
  if (row.busNo === '') {
    const unbilled = tables.table('unbilled');
    const key = unbilledKey(row);
    if (row.netFen === 0) unbilled.remove(key);
    else unbilled.put(key, unbilled.get(key) ?? 'no-charge');
    return;
  }
  const charge = tables.table('charges').get(chargeKey(institution, row.busNo));
  if (charge !== undefined) converge(change, charge);
}
