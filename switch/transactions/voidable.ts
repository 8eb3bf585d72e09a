/** What a void must find of its original, whatever was paid. */
import { require } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Original } from './original.ts';
import type { Request } from './row.ts';

/**
 * Refuses unless the original is the terminal's own, of its open batch and of the current business
 * day, and is voided whole. What was settled or cleared is refunded instead.
 */
export function requireVoidable(
  { fact, record }: Original,
  { terminal, terminalId, field60, amountFen }: Request,
  { reader }: Services,
): void {
  require(fact.terminalId === terminalId, '25', 'original-of-another-terminal');
  require(fact.batchNumber === field60.batchNumber, '12', 'original-batch-settled');
  const today = reader.head().businessDates[terminal.value.institution];
  require(record.businessDate === today, '12', 'original-day-closed');
  require(fact.amountFen === amountFen, '64', 'amount-differs-from-original');
}
