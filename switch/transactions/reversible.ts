/**
 * What a reversal may undo: the rows that have an `undo`, found by field 60.1, which a reversal repeats
 * from its original.
 */
import { accountTransfer } from './account/account-transfer.ts';
import { cashLoad } from './account/cash-load.ts';
import { cashLoadVoid } from './account/cash-load-void.ts';
import { deposit } from './deposit/deposit.ts';
import { depositCharge } from './deposit/deposit-charge.ts';
import { depositChargeVoid } from './deposit/deposit-charge-void.ts';
import { depositRelease } from './deposit/deposit-release.ts';
import { completion } from './pre-authorisation/completion.ts';
import { completionVoid } from './pre-authorisation/completion-void.ts';
import { preAuthorisation } from './pre-authorisation/pre-authorisation.ts';
import { preAuthorisationVoid } from './pre-authorisation/pre-authorisation-void.ts';
import { purchase } from './purchase.ts';
import { load, loadFromCard, loadFromCash } from './purse/load.ts';
import { unload } from './purse/unload.ts';
import type { RecordedRow } from './row.ts';
import { scanOrder } from './scan/scan-order.ts';
import { scanPayment, vendorScanPayment } from './scan/scan-payment.ts';
import { scanVoid } from './scan/scan-refund.ts';
import { purchaseVoid } from './void.ts';

const REVERSIBLE: readonly RecordedRow[] = [
  purchase,
  purchaseVoid,
  preAuthorisation,
  preAuthorisationVoid,
  completion,
  completionVoid,
  deposit,
  depositRelease,
  depositCharge,
  depositChargeVoid,
  cashLoad,
  cashLoadVoid,
  accountTransfer,
  scanPayment,
  vendorScanPayment,
  scanVoid,
  scanOrder,
  load,
  loadFromCash,
  loadFromCard,
  unload,
];

/** The message type of the originals that a reversal with this field 60.1 may have. */
export const MESSAGE_TYPES: ReadonlyMap<string, string> = new Map(
  REVERSIBLE.map(({ match }) => [match.transactionType ?? '', match.messageType]),
);

/** Undoing goes by what the original was recorded as. */
export const UNDOING_ROWS: ReadonlyMap<string, RecordedRow> = new Map(
  [...REVERSIBLE].reverse().map((row) => [row.kind, row]),
);
