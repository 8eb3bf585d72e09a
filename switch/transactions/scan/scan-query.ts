import { takenBackSubject } from '../../entry-ids.ts';
import { require } from '../../refusal.ts';
import { FINANCIAL_KEEP } from '../answer-fields.ts';
import type { UnrecordedRow } from '../row.ts';
import { paymentNamed } from './scanned.ts';

/**
 * 扫码查询: has the order, or the payment whose answer was lost, been paid? 25 says not (yet), or not any
 * more: it was reversed, voided or refunded whole.
 */
export const scanQuery: UnrecordedRow = {
  kind: 'scan-query',
  nameZh: '扫码查询',
  nameEn: 'Query of a scan payment',
  match: { messageType: '0200', processingCode: '710000', transactionType: '60' },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: false,
  required: [11, 41, 42, 60],
  keep: FINANCIAL_KEEP,
  finishes: true,

  async perform(request, services) {
    const payment = await paymentNamed(request, services);
    require(payment !== null, '25', 'not-paid-yet');
    const [gone] = await services.ledger.tallies([takenBackSubject(payment.position)]);
    const paidFen = payment.fact.amountFen ?? 0;
    require((gone?.amountFen ?? 0) < paidFen, '25', 'payment-taken-back');
    return {
      4: String(paidFen).padStart(12, '0'),
      37: String(payment.position).padStart(12, '0'),
    };
  },
};
