/**
 * A bill's archive metadata as DA/T 94 and 95 list it: the elements of the bill, what the fiscal
 * check said, and the files. XML, in one order, the same bytes every time.
 */
import { yuanText } from '../bill/amount.ts';
import { signOf, times, totalFenOf } from '../bill/bill.ts';
import type { BillContent } from '../bill/content.ts';
import { negated } from '../bill/xml.ts';
import { type Element, writeXml } from '../bill/xml-writer.ts';
import type { FoundBill } from '../queries.ts';

/** A file that goes with the metadata. */
export interface Attachment {
  type: 'xml' | 'ofd' | 'pdf';
  description: string;
  bytes: Uint8Array;
}

export function archiveMetadata(
  { bill, state }: FoundBill,
  attachments: readonly Attachment[],
): Buffer {
  const { content, original } = bill;
  const sign = signOf(bill);
  return writeXml([
    'EinvoiceArchive',
    [
      ['EinvoiceName', bill.name],
      ['EinvoiceCode', bill.billCode],
      ['EinvoiceNumber', bill.billNumber],
      ['RandomNumber', bill.checkCode],
      ['TotalAmount', yuanText(totalFenOf(bill))],
      ['IssueDate', bill.issueDate],
      ['IssueTime', bill.issueTime],
      ['AgencyName', bill.unit.name],
      ['AgencyCode', bill.unit.code],
      ['PayerCode', content.payer.code],
      ['PayerName', content.payer.name],
      ['BizCode', bill.busNo],
      ['Remark', bill.kind === 'red' ? bill.reason : content.remark],
      ['HandlingPerson', bill.handled.cashier],
      ['Checker', content.checker],
      ['SupervisorRemark', ''],
      ['RelatedInvoiceCode', original?.billCode ?? ''],
      ['RelatedInvoiceNumber', original?.billNumber ?? ''],
      ['Items', content.lines.map((line) => itemOf(line, sign))],
      ['AuxItems', content.details.map((line) => auxItemOf(line, sign))],
      ['FinanceCheck', financeCheck({ bill, state })],
      ['Attachments', attachments.map(attachmentOf)],
    ],
  ]);
}

function itemOf({ code, name, amountFen }: BillContent['lines'][number], sign: 1 | -1): Element {
  const amount = yuanText(times(amountFen, sign));
  return [
    'Item',
    [
      ['ItemCode', code],
      ['ItemName', name],
      ['ItemAmount', amount],
    ],
  ];
}

function auxItemOf({ code, name, amount }: BillContent['details'][number], sign: 1 | -1): Element {
  return [
    'AuxItem',
    [
      ['AuxItemCode', code],
      ['AuxItemName', name],
      ['AuxItemAmount', sign === -1 ? negated(amount) : amount],
    ],
  ];
}

function attachmentOf({ type, description, bytes }: Attachment): Element {
  return [
    'Attachment',
    [
      ['File', Buffer.from(bytes).toString('base64')],
      ['Type', type],
      ['Description', description],
    ],
  ];
}

function financeCheck({ state }: Pick<FoundBill, 'bill' | 'state'>): Element[] {
  const { paper, redBill, booked } = state;
  return [
    ['Result', state.fiscal === 'accepted' ? 'true' : 'false'],
    ['IsExchangePaper', paper === null ? 'false' : 'true'],
    ['PaperCode', paper?.paperCode ?? ''],
    ['PaperNumber', paper?.paperNumber ?? ''],
    ['IsReversal', redBill === null ? 'false' : 'true'],
    ['ReversalInvoiceCode', redBill?.billCode ?? ''],
    ['ReversalInvoiceNumber', redBill?.billNumber ?? ''],
    ['IsAccounted', booked === null ? 'false' : 'true'],
    ['AccDate', booked?.date ?? ''],
    ['AccAmount', booked === null ? '' : yuanText(booked.amountFen)],
  ];
}
