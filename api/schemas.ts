/** Shapes that several routes share. */
import { z } from 'zod';

export const amountFen = z.int().min(1).max(100_000_000_000);
export const signedFen = z.int();
/** YYYYMMDD. */
export const businessDate = z.string().regex(/^\d{8}$/, 'YYYYMMDD');
export const cardId = z.string().regex(/^[0-9a-f]{32}$/, '32 hex digits');
export const merchantId = z.string().regex(/^\d{15}$/, '15 digits');
export const terminalId = z.string().regex(/^\d{8}$/, '8 digits');
/** Why something is done: for whoever reads the journal later. */
export const why = z.string().trim().min(1).max(200);
/** ISO 8601 in UTC. */
export const instant = z.string();

export function instantOf(timestampUs: number): string {
  return new Date(Math.floor(timestampUs / 1_000)).toISOString();
}
