/**
 * 批上送: after a settlement whose totals differ the terminal sends its details, and each is compared
 * with the journal. Money never moves on an uploaded claim of an online transaction that the journal
 * does not have; such claims, and all other differences, are kept as facts for the reconciliation.
 */
import { idOf } from '../../../ledger/id.ts';
import type { Id, ModuleFact } from '../../../ledger/types.ts';
import { maskPan } from '../../../protocols/mask.ts';
import { requestId, takenBackSubject } from '../../entry-ids.ts';
import { require } from '../../refusal.ts';
import type { Services } from '../../services.ts';
import { type Original, originalAt, wasApproved } from '../original.ts';
import type { Request } from '../row.ts';

/** Module name and kinds of the facts that uploads leave. */
export const BATCH_UPLOAD = 'batch-upload';

/** What a terminal says of one of its transactions. */
export interface UploadedItem {
  traceNumber: string;
  cardNumber: string;
  amountFen: number;
}

export type Comparison =
  | 'matched'
  | 'missing-in-journal'
  | 'declined-in-journal'
  | 'taken-back-in-journal'
  | 'amount-differs'
  | 'card-differs';

/** One line of the fact: what was compared and what came out. The card number is masked. */
export interface ComparedItem extends UploadedItem {
  result: Comparison;
  /** Of the journal's record; 0 when there is none. */
  position: number;
}

/** What was uploaded of a batch so far: its amount and count. */
export function uploadSubject(terminalId: string, batchNumber: string): Id {
  return idOf('batch-upload', terminalId, batchNumber);
}

/** An upload belongs to the batch that was settled last. */
export function requireSettledBatch({ terminal, field60 }: Request): void {
  const settled = terminal.value.lastSettledBatch === field60.batchNumber;
  require(settled, '77', 'batch-not-the-settled-one');
}

/** Online messages first: a trace number is used once in a batch. */
const MESSAGE_TYPES = ['0200', '0220', '0100'];

/** Compares items with the journal's records of the batch. */
export async function compareItems(
  items: readonly UploadedItem[],
  { terminalId, field60 }: Request,
  services: Services,
): Promise<ComparedItem[]> {
  const { ledger } = services;
  const ids = items.flatMap(({ traceNumber }) =>
    MESSAGE_TYPES.map((type) => requestId(terminalId, field60.batchNumber, traceNumber, type)),
  );
  const entries = ids.length === 0 ? [] : await ledger.entries(ids);
  const compared: ComparedItem[] = [];
  for (const [index, item] of items.entries()) {
    const own = entries.slice(index * MESSAGE_TYPES.length, (index + 1) * MESSAGE_TYPES.length);
    const position = own.find((entry) => entry !== null)?.position ?? 0;
    const original = position === 0 ? null : originalAt(position, services);
    const result =
      original === null ? 'missing-in-journal' : await compare(item, original, services);
    compared.push({ ...item, cardNumber: maskPan(item.cardNumber), result, position });
  }
  return compared;
}

async function compare(
  item: UploadedItem,
  original: Original,
  { ledger }: Services,
): Promise<Comparison> {
  const { fact, position } = original;
  if (!wasApproved(original)) return 'declined-in-journal';
  if (item.cardNumber !== '' && fact.cardNumber !== item.cardNumber) return 'card-differs';
  if (fact.amountFen !== item.amountFen) return 'amount-differs';
  const [gone] = await ledger.tallies([takenBackSubject(position)]);
  return gone?.amountFen === item.amountFen ? 'taken-back-in-journal' : 'matched';
}

/** The fact of one upload message. */
export function uploadFact(kind: string, request: Request, payload: unknown): ModuleFact {
  const { terminalId, field60, traceNumber } = request;
  return {
    module: BATCH_UPLOAD,
    kind,
    key: `${terminalId}/${field60.batchNumber}/${traceNumber}`,
    payload: Buffer.from(JSON.stringify(payload)),
  };
}
