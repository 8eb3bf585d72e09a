/** Field 60 as every transaction function reads it. */
/** What a terminal sent of field 60; parts that it left out are empty. */
export interface Field60 {
  /** 60.1 */
  transactionType: string;
  /** 60.2 */
  batchNumber: string;
  /** 60.3 */
  networkCode: string;
}

/**
 * Null when the field is absent or too short to name a batch. Every request passes here, so the
 * parts are cut by hand; their widths are those of CUSTOM_60 in protocols/dialects/cup-layouts.ts.
 */
export function readField60(text: string | undefined): Field60 | null {
  if (text === undefined || text.length < 8) return null;
  return {
    transactionType: text.slice(0, 2),
    batchNumber: text.slice(2, 8),
    networkCode: text.slice(8, 11),
  };
}
