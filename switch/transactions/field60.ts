/** Field 60 as every transaction function reads it. */
import { field60 } from '../../protocols/dialects/cup-fields.ts';

/** What a terminal sent of field 60; parts that it left out are empty. */
export interface Field60 {
  /** 60.1 */
  transactionType: string;
  /** 60.2 */
  batchNumber: string;
  /** 60.3 */
  networkCode: string;
}

/** Null when the field is absent or too short to name a batch. */
export function readField60(text: string | undefined): Field60 | null {
  const { transactionType, batchNumber, networkCode = '' } = field60.parse(text ?? '');
  if (transactionType === undefined || batchNumber?.length !== 6) return null;
  return { transactionType, batchNumber, networkCode };
}
