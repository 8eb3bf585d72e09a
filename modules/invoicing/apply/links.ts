/** How a charge and its payments find each other: by names, whichever of the two comes first. */
import type { PaymentLink } from '../bill/content.ts';
import { type Charge, orderedKey, type PaymentRow } from '../tables.ts';
import type { Change } from './change.ts';

export function chargeKey(institution: string, busNo: string): string {
  return `${institution}|${busNo}`;
}

export function linkName(link: PaymentLink): string {
  if ('reference' in link) return `ref|${link.reference}`;
  if ('businessNumber' in link) return `no|${link.businessNumber}`;
  return `trace|${link.terminalId}|${link.batchNumber}|${link.traceNumber}`;
}

export function scopedName(change: Change, name: string): string {
  return `${change.institution}|${name}`;
}

export function unbilledKey({ institution, position }: PaymentRow): string {
  return `${institution}|${orderedKey(position)}`;
}

function positionOf(change: Change, link: PaymentLink): number | undefined {
  return change.tables.table('payment-names').get(scopedName(change, linkName(link)));
}

/** Positions of the payments that came before their charge; one that is named twice is one. */
export function positionsOf(change: Change, links: readonly PaymentLink[]): number[] {
  const positions = links.map((link) => positionOf(change, link));
  return [...new Set(positions)].filter((position) => position !== undefined);
}

/** Another charge waits under this name, or has the payment under another name. */
export function linkTaken(change: Change, link: PaymentLink, busNo: string): boolean {
  const { tables } = change;
  const name = scopedName(change, linkName(link));
  const waits = tables.table('charge-links').get(name) ?? busNo;
  if (waits !== busNo) return true;
  const position = positionOf(change, link);
  if (position === undefined) return false;
  const owner = tables.table('payments').get(orderedKey(position))?.busNo;
  return owner !== '' && owner !== busNo;
}

/** The charge waits under these names from now on. */
export function putLinks(change: Change, busNo: string, links: readonly PaymentLink[]): void {
  const table = change.tables.table('charge-links');
  for (const link of links) table.put(scopedName(change, linkName(link)), busNo);
}

/** The charge with other names of payments in place of those that never came; null when they are none of its business. */
export function relinked(
  change: Change,
  charge: Charge,
  added: readonly PaymentLink[],
): Charge | null {
  if (charge.liveBill !== null) return null;
  const kept = charge.links.filter((link) => positionOf(change, link) !== undefined);
  removeLinks(change, charge);
  const links = [...kept, ...added];
  putLinks(change, charge.busNo, links);
  return positionsOf(change, added).reduce<Charge>(
    (found, position) => attach(change, found, position),
    { ...charge, links },
  );
}

/** A payment that the charge names has not come. By edition 1 each name was taken for a payment of its own. */
export function isUnpaid(change: Change, { rules, links, payments }: Charge): boolean {
  if (rules < 2) return payments.length < links.length;
  return links.some((link) => positionOf(change, link) === undefined);
}

/** The payment is this charge's from now on. */
export function attach(change: Change, charge: Charge, position: number): Charge {
  if (charge.payments.includes(position)) return charge;
  claim(change, charge.busNo, position);
  return { ...charge, payments: [...charge.payments, position] };
}

export function claim(change: Change, busNo: string, position: number): void {
  const payments = change.tables.table('payments');
  const row = payments.get(orderedKey(position))!;
  payments.put(orderedKey(position), { ...row, busNo });
  change.tables.table('unbilled').remove(unbilledKey(row));
}

/** The payments of a charge that was written off may be billed under another busNo. */
export function releasePayments(change: Change, charge: Charge): void {
  const payments = change.tables.table('payments');
  for (const position of charge.payments) {
    const row = payments.get(orderedKey(position))!;
    payments.put(orderedKey(position), { ...row, busNo: '' });
    if (row.netFen !== 0) change.tables.table('unbilled').put(unbilledKey(row), 'written-off');
  }
  removeLinks(change, charge);
}

function removeLinks(change: Change, { links }: Charge): void {
  const table = change.tables.table('charge-links');
  for (const link of links) table.remove(scopedName(change, linkName(link)));
}
