import { BATCH_END } from '../../../protocols/dialects/cup-layouts.ts';
import { require } from '../../refusal.ts';
import { NETWORK_KEEP } from '../answer-fields.ts';
import type { RecordedRow } from '../row.ts';
import { requireSettledBatch, uploadFact, uploadSubject } from './upload.ts';

/** 批上送结束: how many details the terminal says it sent, beside how many arrived. */
export const uploadEnd: RecordedRow = {
  kind: 'batch-upload-end',
  nameZh: '批上送结束',
  nameEn: 'End of the batch upload',
  match: { messageType: '0320', networkCodes: ['202', '207'] },
  answerType: '0330',
  mac: false,
  signedIn: true,
  openBatch: false,
  required: [11, 41, 42, 48, 60],
  keep: [...NETWORK_KEEP, 48],
  finishes: true,

  async plan(request, services) {
    requireSettledBatch(request);
    const declared = BATCH_END.parse(request.message.get(48) ?? '')['count'] ?? '';
    require(/^\d{1,4}$/.test(declared), '30', 'field-48-unreadable');
    const { terminalId, field60 } = request;
    const subject = uploadSubject(terminalId, field60.batchNumber);
    const [arrived] = await services.ledger.tallies([subject]);
    const payload = {
      totalsMatched: field60.networkCode === '207',
      declaredCount: Number(declared),
      uploadedCount: arrived?.count ?? 0,
      uploadedFen: arrived?.amountFen ?? 0,
    };
    return {
      tallies: [{ subject, amountFen: 0, count: 0, reset: true, until: 'batch' }],
      fact: { module: uploadFact('end', request, payload) },
    };
  },
};
