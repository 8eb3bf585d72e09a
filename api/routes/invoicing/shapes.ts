/** A bill as callers name it, find it and see it. */
import { z } from 'zod';
import { pageLink } from '../../../modules/invoicing/face/link.ts';
import type { FoundBill } from '../../../modules/invoicing/queries.ts';
import { type Desk, InvoicingRefused } from '../../../modules/invoicing/requests.ts';

export const name = z.object({ billCode: z.string(), billNumber: z.string() });
export const nullableName = name.nullable();
export const text = (max: number) => z.string().min(1).max(max);

export const billAnswer = name.extend({
  checkCode: z.string(),
  name: z.string(),
  kind: z.enum(['normal', 'red']),
  busNo: z.string(),
  issueDate: z.string(),
  issueTime: z.string(),
  /** Negative for a red bill. */
  totalFen: z.int(),
  state: z.enum(['issued', 'red-lettered']),
  redBill: nullableName,
  original: nullableName,
  paper: z.object({ paperCode: z.string(), paperNumber: z.string() }).nullable(),
  /** 入账: by which unit it was booked. */
  booked: z.object({ date: z.string(), amountFen: z.int(), by: z.string() }).nullable(),
  /** 归档: the yearly package that holds it; null before its year is packed. */
  archive: z
    .object({ package: z.string(), keepUntil: z.string(), destroyed: z.string() })
    .nullable(),
  signed: z.boolean(),
  fiscal: z.enum(['waiting', 'accepted', 'failing']),
  link: z.string(),
});

export function found(desk: Desk, params: z.output<typeof name>): FoundBill {
  const bill = desk.queries.bill(params);
  if (bill === null || bill.bill.institution !== desk.institution) {
    throw new InvoicingRefused('unknown-bill', 'There is no such bill.');
  }
  return bill;
}

export function shown({ bill, state }: FoundBill, desk: Desk): z.input<typeof billAnswer> {
  const address = desk.queries.managed(desk.institution, 'unit', 'unit')?.value.pageAddress ?? '';
  return {
    billCode: bill.billCode,
    billNumber: bill.billNumber,
    checkCode: bill.checkCode,
    name: bill.name,
    kind: bill.kind,
    busNo: bill.busNo,
    issueDate: bill.issueDate,
    issueTime: bill.issueTime,
    totalFen: bill.kind === 'red' ? -bill.content.totalFen : bill.content.totalFen,
    state: state.state,
    redBill: state.redBill,
    original: bill.original,
    paper: state.paper,
    booked: state.booked,
    archive: archiveOf(bill, desk),
    signed: state.unitSignature !== null,
    fiscal: state.fiscal,
    link: pageLink(address, bill),
  };
}

function archiveOf(bill: FoundBill['bill'], { queries }: Desk) {
  const packed = queries.archiveOf(bill);
  if (packed === null) return null;
  const { file: name, keepUntil, destroyed } = packed;
  return { package: name, keepUntil, destroyed };
}
