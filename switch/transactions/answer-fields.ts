/**
 * Which request fields come back in an answer (UnionPay terminal dialect, field table), shared by
 * the rows of the transaction table.
 */

/** Financial answers, approved or not. */
export const FINANCIAL_KEEP: readonly number[] = [3, 11, 25, 41, 42, 49, 60];

/** What approved financial answers repeat besides. */
export const FINANCIAL_KEEP_APPROVED: readonly number[] = [2, 4, 14, 23, 53];

/** Network management answers. */
export const NETWORK_KEEP: readonly number[] = [11, 41, 42, 60];
