/**
 * The transaction table of the UnionPay terminal dialect: adding a transaction is adding its file
 * and a line here.
 */
import type { Message } from '../../protocols/iso8583/message.ts';
import { accountTransfer } from './account/account-transfer.ts';
import { cashLoad } from './account/cash-load.ts';
import { cashLoadVoid } from './account/cash-load-void.ts';
import { balance } from './balance.ts';
import { uploadDetails } from './batch/upload-details.ts';
import { uploadEnd } from './batch/upload-end.ts';
import { uploadAdvice, uploadRecord } from './batch/upload-record.ts';
import { deposit } from './deposit/deposit.ts';
import { depositCharge } from './deposit/deposit-charge.ts';
import { depositChargeVoid } from './deposit/deposit-charge-void.ts';
import { depositInquiry } from './deposit/deposit-inquiry.ts';
import { depositRelease } from './deposit/deposit-release.ts';
import { blackListDownload } from './download/black-list.ts';
import { icApplicationDownload, icApplicationList } from './download/ic-applications.ts';
import { publicKeyDownload, publicKeyList } from './download/public-keys.ts';
import { downloadEnd } from './download/rows.ts';
import { terminalParameters } from './download/terminal-parameters.ts';
import { echo } from './echo.ts';
import type { Field60 } from './field60.ts';
import { adjustment, tipAdjustment } from './offline/adjustment.ts';
import { offlinePurchase } from './offline/offline-purchase.ts';
import { completion, completionNotice } from './pre-authorisation/completion.ts';
import { completionVoid } from './pre-authorisation/completion-void.ts';
import { preAuthorisation } from './pre-authorisation/pre-authorisation.ts';
import { preAuthorisationVoid } from './pre-authorisation/pre-authorisation-void.ts';
import { purchase } from './purchase.ts';
import { load, loadFromCard, loadFromCash } from './purse/load.ts';
import { loadProof, unloadProof } from './purse/load-proof.ts';
import { offlinePayment, offlinePaymentBatch } from './purse/offline-payment.ts';
import { unload } from './purse/unload.ts';
import { refund } from './refund.ts';
import { scriptResult, signatureUpload, statusUpload } from './report/reports.ts';
import { reversal } from './reversal.ts';
import type { TransactionRow } from './row.ts';
import { scanOrder } from './scan/scan-order.ts';
import { scanPayment, vendorScanPayment } from './scan/scan-payment.ts';
import { scanQuery } from './scan/scan-query.ts';
import { scanRefund, scanVoid } from './scan/scan-refund.ts';
import { settlement } from './settlement.ts';
import { signIn } from './sign-in.ts';
import { signOff } from './sign-off.ts';
import { purchaseVoid } from './void.ts';

/** The first row that fits is the transaction, so a special case stands before the general one. */
export const TRANSACTION_TABLE: readonly TransactionRow[] = [
  scanPayment,
  purchase,
  balance,
  purchaseVoid,
  refund,
  reversal,
  preAuthorisation,
  preAuthorisationVoid,
  completion,
  completionNotice,
  completionVoid,
  deposit,
  depositCharge,
  depositChargeVoid,
  depositRelease,
  depositInquiry,
  offlinePurchase,
  adjustment,
  tipAdjustment,
  cashLoad,
  cashLoadVoid,
  accountTransfer,
  vendorScanPayment,
  scanOrder,
  scanQuery,
  scanRefund,
  scanVoid,
  load,
  loadFromCash,
  loadFromCard,
  loadProof,
  unload,
  unloadProof,
  offlinePayment,
  offlinePaymentBatch,
  settlement,
  uploadDetails,
  uploadRecord,
  uploadAdvice,
  uploadEnd,
  signIn,
  signOff,
  echo,
  terminalParameters,
  publicKeyList,
  publicKeyDownload,
  icApplicationList,
  icApplicationDownload,
  blackListDownload,
  downloadEnd,
  statusUpload,
  signatureUpload,
  scriptResult,
];

/** Rows by message type and field 60.1, so that a request is compared with a few rows only. */
const rowsByType = new Map<string, TransactionRow[]>();
for (const row of TRANSACTION_TABLE) {
  const { messageType, transactionType = '' } = row.match;
  const name = messageType + transactionType;
  rowsByType.set(name, [...(rowsByType.get(name) ?? []), row]);
}

/** Which transaction a request is: the first row whose conditions all hold, or null. */
export function findRow(message: Message, field60: Field60 | null): TransactionRow | null {
  const named = rowsByType.get(message.mti + (field60?.transactionType ?? ''));
  const found = named?.find((row) => fits(row, message, field60));
  if (found !== undefined) return found;
  return rowsByType.get(message.mti)?.find((row) => fits(row, message, field60)) ?? null;
}

function fits({ match }: TransactionRow, message: Message, field60: Field60 | null): boolean {
  if (match.processingCode !== undefined && message.get(3) !== match.processingCode) return false;
  if (match.entry !== undefined && !message.get(22)?.startsWith(match.entry)) return false;
  if (match.conditionCode !== undefined && message.get(25) !== match.conditionCode) return false;
  const { networkCodes } = match;
  return networkCodes === undefined || networkCodes.includes(field60?.networkCode ?? '');
}
