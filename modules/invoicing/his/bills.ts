/** A bill as the vendor's calls name it, find it and are told of it. */
import { type BillName, billName } from '../bill/bill.ts';
import { pageLink } from '../face/link.ts';
import { qrPng } from '../face/qr.ts';
import type { FoundBill } from '../queries.ts';
import { type Desk, InvoicingRefused } from '../requests.ts';
import { type Body, textOf } from './fields.ts';

export function found(name: BillName, { queries, institution }: Desk): FoundBill {
  const bill = queries.bill(name);
  if (bill === null || bill.bill.institution !== institution) throw unknownBill();
  return bill;
}

export function unknownBill(): InvoicingRefused {
  return new InvoicingRefused('unknown-bill', 'billBatchCode, billNo');
}

/** A voucher is named by the same two fields, or by its own. */
export function nameOf(body: Body): BillName {
  return {
    billCode: textOf(body, 'billBatchCode') || textOf(body, 'voucherBatchCode'),
    billNumber: textOf(body, 'billNo') || textOf(body, 'voucherNo'),
  };
}

export function billAnswer({ key, bill }: FoundBill, { queries, institution }: Desk) {
  const { billCode, billNumber } = billName(key);
  const address = queries.managed(institution, 'unit', 'unit')?.value.pageAddress ?? '';
  const link = pageLink(address, bill);
  return {
    billBatchCode: billCode,
    billNo: billNumber,
    random: bill.checkCode,
    createTime: `${bill.issueDate}${bill.issueTime.replaceAll(':', '')}000`,
    billQRCode: qrPng(link).toString('base64'),
    pictureUrl: link,
    pictureNetUrl: link,
  };
}
