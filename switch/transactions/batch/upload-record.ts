import { TransferCode } from '../../../ledger/chart-of-accounts.ts';
import { findCard } from '../../checks/card.ts';
import type { Services } from '../../services.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import { payMerchant, paymentOf } from '../postings.ts';
import type { Plan, RecordedRow, Request } from '../row.ts';
import { compareItems, requireSettledBatch, uploadFact, uploadSubject } from './upload.ts';

/** 批上送IC明细: one transaction with its certificate, which the journal must have. */
export const uploadRecord: RecordedRow = {
  kind: 'batch-upload',
  nameZh: '批上送IC明细',
  nameEn: 'Batch upload, chip transaction',
  match: { messageType: '0320', networkCodes: ['203', '205'] },
  answerType: '0330',
  mac: false,
  signedIn: true,
  openBatch: false,
  required: [4, 11, 41, 42, 60],
  keep: FINANCIAL_KEEP,
  finishes: true,
  plan: compareRecord,
};

/**
 * 批上送离线通知: an offline purchase whose advice may never have arrived. The dialect has a missing one
 * booked now; because that moves money, these uploads carry a MAC here.
 */
export const uploadAdvice: RecordedRow = {
  kind: 'offline-purchase',
  nameZh: '批上送离线通知',
  nameEn: 'Batch upload, offline advice',
  match: { messageType: '0320', networkCodes: ['204', '206'] },
  answerType: '0330',
  mac: true,
  signedIn: true,
  openBatch: false,
  host: 'advised',
  required: [4, 11, 22, 41, 42, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: FINANCIAL_KEEP_APPROVED,
  finishes: true,

  async plan(request, services) {
    const known = await compareRecord(request, services);
    if (!isMissing(known)) return known;
    findCard(request, services);
    return {
      transfers: [payMerchant(paymentOf(request), TransferCode.purchase)],
      tallies: known.tallies ?? [],
      extra: { upload: request.field60.networkCode },
    };
  },
};

async function compareRecord(request: Request, services: Services): Promise<Plan> {
  requireSettledBatch(request);
  const { message, traceNumber, amountFen, terminalId, field60 } = request;
  const item = { traceNumber, cardNumber: message.get(2) ?? '', amountFen };
  const items = await compareItems([item], request, services);
  return {
    tallies: [
      {
        subject: uploadSubject(terminalId, field60.batchNumber),
        amountFen,
        count: 1,
        until: 'batch',
      },
    ],
    rule: items[0]!.result,
    fact: { module: uploadFact('record', request, { items }) },
  };
}

function isMissing({ rule }: Plan): boolean {
  return rule === 'missing-in-journal';
}
