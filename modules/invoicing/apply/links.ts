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

/** A charge waits under this name, or its payment was given to a charge under another name. */
export function linkTaken(change: Change, link: PaymentLink): boolean {
  const { tables } = change;
  const name = scopedName(change, linkName(link));
  if (tables.table('charge-links').get(name) !== undefined) return true;
  const position = positionOf(change, link);
  if (position === undefined) return false;
  return tables.table('payments').get(orderedKey(position))?.busNo !== '';
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
  const links = change.tables.table('charge-links');
  for (const link of charge.links) links.remove(scopedName(change, linkName(link)));
}
