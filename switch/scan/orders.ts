/**
 * Orders: the merchant shows a code, the patient scans it and pays in an app (主扫). The terminal opens
 * the order and asks for its result; the payment comes from the app, over the API.
 */

import { TransferCode } from '../../ledger/chart-of-accounts.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf, idToHex } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import type { Id, JournalRecord, TransactionFact } from '../../ledger/types.ts';
import { batchSubject } from '../entry-ids.ts';
import { payMerchant } from '../transactions/postings.ts';

/** `PO`, the order's journal position (12 digits), and 8 hex digits that nobody can guess from it. */
const ORDER_CODE = /^PO(\d{12})([0-9a-f]{8})$/;

export const SCAN_ORDER = 'scan-order';
export const SCAN_PAYMENT = 'scan-payment';

/** What the merchant's code says of an order. */
export function orderCode({ position, entry }: JournalRecord): string {
  return `PO${String(position).padStart(12, '0')}${checkOf(entry.wireHash)}`;
}

export interface OrderPayment {
  orderCode: string;
  cardNumber: string;
  /** Who was proven to hold the card: `client:app`, an operator. */
  who: string;
}

export type OrderResult =
  | { paid: true; position: number; amountFen: number; merchantId: string }
  | { paid: false; reason: string };

/** Pays an order from a card of ours. Paying it again gives the first answer again. */
export async function payOrder(
  { orderCode: code, cardNumber, who }: OrderPayment,
  { reader, ledger }: { reader: Reader; ledger: LedgerClient },
): Promise<OrderResult> {
  const order = orderOf(code, reader);
  if (order === null) return { paid: false, reason: 'there is no such order' };
  const { fact, position } = order;
  const card = reader.registry.get('card', cardNumber)?.value;
  const merchant = reader.registry.get('merchant', fact.merchantId ?? '')?.value;
  const terminal = reader.registry.get('terminal', fact.terminalId ?? '')?.value;
  if (card === undefined || card.status !== 'active') {
    return { paid: false, reason: 'the card is unknown or may not pay' };
  }
  if (
    merchant === undefined ||
    terminal === undefined ||
    card.institution !== merchant.institution
  ) {
    return { paid: false, reason: 'the merchant does not take this card' };
  }
  if (reader.registry.get('blacklist', cardNumber) !== null) {
    return { paid: false, reason: 'the card is on the black list' };
  }
  const batchNumber = fact.batchNumber ?? '';
  const id = paymentIdOf(position);
  const known = (await ledger.entries([id]))[0];
  if (known?.status === 'blocked') {
    return { paid: false, reason: 'the order was taken back by its terminal' };
  }
  if (known == null && terminal.batchNumber !== batchNumber) {
    return { paid: false, reason: 'the order is closed: its batch was settled' };
  }
  const amountFen = fact.amountFen ?? 0;
  const payment = { cardAccount: card.accountId, merchantAccount: merchant.accountId, amountFen };
  const result = await ledger.submit({
    id,
    institution: card.institution,
    transfers: [payMerchant(payment, TransferCode.purchase)],
    tallies: [
      {
        subject: batchSubject(terminal.id, batchNumber, 'debit'),
        amountFen,
        count: 1,
        until: 'batch',
      },
    ],
    fact: {
      transaction: {
        ...fact,
        kind: SCAN_PAYMENT,
        cardNumber,
        responseCode: '00',
        originalPosition: position,
        extra: { channel: 'wallet', who },
      },
    },
  });
  const done = result.status === 'applied' || result.status.startsWith('exists');
  if (!done) return { paid: false, reason: result.status };
  return { paid: true, position: result.position, amountFen, merchantId: merchant.id };
}

/** The id of the entry that pays an order: there can be one. */
export function paymentIdOf(orderPosition: number): Id {
  return idOf('order-paid', String(orderPosition));
}

function orderOf(code: string, reader: Reader): { position: number; fact: TransactionFact } | null {
  const [, digits] = ORDER_CODE.exec(code) ?? [];
  const position = Number(digits ?? 0);
  const record = position > 0 ? reader.record(position) : null;
  const fact = record?.entry.fact?.transaction;
  if (record === null || fact?.kind !== SCAN_ORDER || record.status !== 'applied') return null;
  return orderCode(record) === code ? { position, fact } : null;
}

function checkOf(wireHash: Uint8Array | undefined): string {
  return idToHex(wireHash ?? new Uint8Array(4)).slice(0, 8);
}
