import { encodeTlv } from '../../../protocols/emv/tlv.ts';
import { require } from '../../refusal.ts';
import { orderCode, paymentIdOf, SCAN_ORDER } from '../../scan/orders.ts';
import { FINANCIAL_KEEP } from '../answer-fields.ts';
import type { RecordedRow } from '../row.ts';

/** 扫码下单(主扫): opens an order; the answer has the code that the merchant shows, in tag 5F01 of field 62. */
export const scanOrder: RecordedRow = {
  kind: SCAN_ORDER,
  nameZh: '扫码下单',
  nameEn: 'Order to be paid by code',
  match: { messageType: '0200', processingCode: '700000', transactionType: '60' },
  answerType: '0210',
  mac: true,
  signedIn: true,
  openBatch: true,
  required: [4, 11, 41, 42, 49, 60],
  keep: FINANCIAL_KEEP,
  keepApproved: [4],

  async plan(request) {
    require(request.amountFen > 0, '13', 'amount-zero');
    require(request.message.get(49) === '156', 'A1', 'currency-not-yuan');
    return {};
  },

  /** Nobody can pay it any more; what was paid is given back by a void, not by a reversal. */
  async undo({ position }, _request, { ledger }) {
    const id = paymentIdOf(position);
    const [paid] = await ledger.entries([id]);
    require(paid?.status !== 'applied', '12', 'order-already-paid');
    return { blocks: [id] };
  },

  answerFields(record) {
    return { 62: encodeTlv([{ tag: '5F01', value: Buffer.from(orderCode(record)) }]) };
  },
};
