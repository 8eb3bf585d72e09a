/** What one command of `posp invoice` is, and how it says that a rule stands against it. */
import type { ArchiveParts } from '../../modules/invoicing/archive/package.ts';
import { InvoicingRefused } from '../../modules/invoicing/requests.ts';

export type InvoiceCommand = (
  parts: ArchiveParts,
  given: Record<string, unknown>,
) => Promise<unknown>;

/** What a person asked for was refused by a rule: exit 1, not a fault. */
export interface Refusal {
  refused: { code: string; message: string };
}

/** The command; where a rule stands against it, its refusal as an answer. */
export function orRefusal(command: InvoiceCommand): InvoiceCommand {
  return async (parts, given) => {
    try {
      return await command(parts, given);
    } catch (error) {
      if (!(error instanceof InvoicingRefused)) throw error;
      return { refused: { code: error.code, message: error.message } } satisfies Refusal;
    }
  };
}
