import { RACE_STATUSES } from '../../../ledger/status.ts';
import type { ModuleFact, TransactionFact } from '../../../ledger/types.ts';
import { type PurseRecord, parsePurseRecords } from '../../../protocols/pboc/purse-data.ts';
import { needed, purseDataOf } from '../../purse/chip.ts';
import { GREY, planRecord, recordId } from '../../purse/offline.ts';
import { Refusal, require } from '../../refusal.ts';
import type { Services } from '../../services.ts';
import { FINANCIAL_KEEP, NETWORK_KEEP } from '../answer-fields.ts';
import type { Plan, RecordedRow, Request } from '../row.ts';

/** 脱机消费上送: one offline payment of a chip. A repeated one is told 94; one that is not proven, A2. */
export const offlinePayment: RecordedRow = {
  kind: 'purse-payment',
  nameZh: '电子钱包脱机消费',
  nameEn: 'Offline payment of a chip',
  match: {
    messageType: '0200',
    processingCode: '000000',
    conditionCode: '00',
    transactionType: '36',
  },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  required: [4, 11, 41, 42, 55, 60],
  keep: FINANCIAL_KEEP,
  finishes: true,
  refusals: {
    tally_exceeded: { responseCode: '94', rule: 'purse-record-uploaded-before' },
    exceeds_credits: { responseCode: '51', rule: 'chip-paid-more-than-was-loaded' },
  },

  async plan(request, services) {
    const data = needed(
      purseDataOf(request),
      'serial',
      'type',
      'keyVersion',
      'offlineSequence',
      'balanceFen',
      'terminal',
      'terminalSequence',
      'date',
      'time',
      'proof',
    );
    return planRecord({ ...data, amountFen: request.amountFen }, request, services);
  },
};

/** Result of one record in field 62 of the answer: paid, kept apart, known already. */
type RecordResult = '0' | '1' | '2';

const PURSE_BATCH = 'purse-batch';

/**
 * 脱机消费批量上送: records of fixed length in field 62, each booked by itself. The answer says of every one
 * what became of it. Field 60.3 = 208 is ours, next to the batch uploads of the dialect.
 */
export const offlinePaymentBatch: RecordedRow = {
  kind: PURSE_BATCH,
  nameZh: '脱机消费批量上送',
  nameEn: 'Batch of offline payments',
  match: { messageType: '0320', networkCodes: ['208'] },
  answerType: '0330',
  mac: true,
  signedIn: true,
  openBatch: true,
  required: [11, 41, 42, 60, 62],
  keep: NETWORK_KEEP,
  finishes: true,

  async plan(request, services) {
    const records = parsePurseRecords(request.message.bytes(62) ?? new Uint8Array(0));
    require(records !== null, '30', 'field-62-no-whole-records');
    let results = '';
    for (const record of records) results += await book(record, request, services);
    return { fact: { module: batchFact(request, results) } };
  },

  answerFields({ entry }) {
    return { 62: Buffer.from(entry.fact?.module?.payload ?? []) };
  },
};

/** Each record is an entry of its own, whose id is the record's: a batch that is sent again finds them. */
async function book(
  record: PurseRecord,
  request: Request,
  services: Services,
): Promise<RecordResult> {
  for (;;) {
    const plan = await planRecord(record, request, services);
    const { responseCode, rule, extra, ...changes } = plan;
    const result = await services.ledger.submit({
      id: recordId(record),
      institution: request.terminal.value.institution,
      ...changes,
      fact: { transaction: factOf(record, plan, request) },
    });
    if (RACE_STATUSES.has(result.status)) {
      if ((await services.ledger.entries([recordId(record)]))[0] == null) continue;
      return '2';
    }
    if (result.status === 'applied') return responseCode === GREY ? '1' : '0';
    if (result.status.startsWith('exists') || result.status === 'tally_exceeded') return '2';
    throw new Refusal('96', `purse-record-${result.status}`);
  }
}

function factOf(record: PurseRecord, plan: Plan, request: Request): TransactionFact {
  return {
    kind: offlinePayment.kind,
    merchantId: request.merchantId,
    terminalId: request.terminalId,
    batchNumber: request.field60.batchNumber,
    traceNumber: request.traceNumber,
    cardNumber: record.serial.replace(/^0+/, ''),
    amountFen: record.amountFen,
    currency: '156',
    responseCode: plan.responseCode ?? '00',
    rule: plan.rule ?? '',
    messageType: request.message.mti,
    listener: request.listener,
    ...(plan.extra === undefined ? {} : { extra: plan.extra }),
  };
}

function batchFact({ terminalId, field60, traceNumber }: Request, results: string): ModuleFact {
  return {
    module: PURSE_BATCH,
    kind: 'results',
    key: `${terminalId}/${field60.batchNumber}/${traceNumber}`,
    payload: Buffer.from(results),
  };
}
