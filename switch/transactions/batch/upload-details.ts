import { field48Details } from '../../../protocols/dialects/cup-fields.ts';
import { NETWORK_KEEP } from '../answer-fields.ts';
import type { RecordedRow } from '../row.ts';
import { compareItems, requireSettledBatch, uploadFact, uploadSubject } from './upload.ts';

/** 批上送磁条明细: up to eight details in field 48, compared one by one. */
export const uploadDetails: RecordedRow = {
  kind: 'batch-upload',
  nameZh: '批上送明细',
  nameEn: 'Batch upload, details',
  match: { messageType: '0320', networkCodes: ['201'] },
  answerType: '0330',
  mac: false,
  signedIn: true,
  openBatch: false,
  required: [11, 41, 42, 48, 60],
  keep: NETWORK_KEEP,
  finishes: true,

  async plan(request, services) {
    requireSettledBatch(request);
    const details = field48Details.parse(request.message.get(48) ?? '');
    const items = details.map(({ traceNumber, pan, amountFen }) => ({
      traceNumber,
      cardNumber: pan,
      amountFen,
    }));
    const compared = await compareItems(items, request, services);
    const { terminalId, field60 } = request;
    return {
      tallies: [
        {
          subject: uploadSubject(terminalId, field60.batchNumber),
          amountFen: compared.reduce((sum, { amountFen }) => sum + amountFen, 0),
          count: compared.length,
          until: 'batch',
        },
      ],
      fact: { module: uploadFact('details', request, { items: compared }) },
    };
  },
};
