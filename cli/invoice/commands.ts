/**
 * What `posp invoice` can do, by name: the same functions whether a switch runs on the folder (they
 * are called over its socket) or not.
 */
import { z } from 'zod';
import { faultsOf } from '../../config/faults.ts';
import type { ArchiveParts } from '../../modules/invoicing/archive/package.ts';
import { billName, totalFenOf } from '../../modules/invoicing/bill/bill.ts';
import { contentSchema, paymentLinkSchema } from '../../modules/invoicing/bill/content.ts';
import { isDate } from '../../modules/invoicing/bill/dates.ts';
import type { FoundBill } from '../../modules/invoicing/queries.ts';
import { REPORT_NAMES, REPORTS } from '../../modules/invoicing/reports/index.ts';
import { reconcile } from '../../modules/invoicing/reports/reconcile.ts';
import { stockWarnings } from '../../modules/invoicing/reports/stock.ts';
import { type Desk, InvoicingRefused } from '../../modules/invoicing/requests.ts';
import { checkStock } from '../../modules/invoicing/stock/check.ts';
import { countOf } from '../../modules/invoicing/stock/ranges.ts';
import { UsageError } from '../command.ts';
import { ARCHIVE_COMMANDS } from './archive-commands.ts';
import { type InvoiceCommand, orRefusal } from './invoice-command.ts';

type DeskCommand = (desk: Desk, given: Record<string, unknown>) => Promise<unknown>;

/** Who stands in the journal for a command: the name that was given on the command line. */
export function deskName({ who }: Record<string, unknown>): string {
  return typeof who === 'string' && who !== '' ? `operator ${who}` : 'operator';
}

const text = z.string().min(1);
/** A business date as every command takes it, or as the reports print it. */
const day = z
  .string()
  .transform((typed) => typed.replace(/^(\d{4})-(\d{2})-(\d{2})$/, '$1$2$3'))
  .refine(isDate, 'a date, YYYY-MM-DD');
const bill = z.object({ billCode: text, billNumber: text });

export const INVOICE_COMMANDS: Record<string, InvoiceCommand> = {
  issue: refusable(async (desk, given) => {
    const { content, payments, at } = z
      .object({
        content: contentSchema,
        payments: z.array(paymentLinkSchema).default([]),
        at: z.enum(['payment', 'check-in', 'now']).optional(),
      })
      .parse(given);
    const issueAt = at ?? desk.issueAtOf(content, payments);
    const answer = await desk.registerCharge(content, issueAt, payments);
    return { bill: answer.bill === null ? null : shown(answer.bill, desk), reason: answer.reason };
  }),
  'red-letter': refusable(async (desk, given) => {
    const asked = bill
      .extend({
        reason: text,
        operator: text.default('operator'),
        pointCode: z.string().optional(),
      })
      .parse(given);
    const found = desk.queries.bill(asked);
    const pointCode = asked.pointCode ?? found?.bill.content.pointCode ?? '';
    const outcome = await desk.redLetter({ ...asked, pointCode });
    return { redBill: outcome.bill === null ? null : billName(outcome.bill) };
  }),
  status: refusable(async (desk, given) => {
    const asked = z
      .object({ billCode: text.optional(), billNumber: text.optional(), busNo: text.optional() })
      .parse(given);
    if (asked.busNo !== undefined) {
      const { reason } = desk.chargeAnswer(asked.busNo);
      const bills = desk.queries.billsOfBusiness(desk.institution, asked.busNo);
      return { busNo: asked.busNo, reason, bills: bills.map((found) => shown(found, desk)) };
    }
    const found = desk.queries.bill(bill.parse(given));
    if (found === null) throw new InvoicingRefused('unknown-bill', 'there is no such bill');
    return shown(found, desk);
  }),
  exchange: refusable(async (desk, given) => {
    const asked = bill
      .extend({
        paperCode: text,
        paperNumber: text,
        pointCode: text,
        operator: text.default('operator'),
        again: z.boolean().default(false),
      })
      .parse(given);
    const { again, ...rest } = asked;
    const payload = { ...rest, ...desk.newPaper(asked) };
    await desk.ask(again ? 're-exchange' : 'exchange', payload);
    return { bill: { billCode: asked.billCode, billNumber: asked.billNumber }, ...payload };
  }),
  stock: async ({ desk }) => ({
    holdings: desk.queries.holdings(desk.institution).map(({ free, institution: _, ...rest }) => ({
      ...rest,
      left: countOf(free),
      free,
    })),
    warnings: stockWarnings(desk.queries, desk.institution),
    problems: checkStock(
      desk.queries,
      desk.queries.institutions().map(({ id }) => id),
    ),
  }),
  report: async ({ desk }, given) => {
    const asked = z
      .object({
        name: z.enum(REPORT_NAMES as [(typeof REPORT_NAMES)[number]]),
        from: day.default('00000000'),
        to: day.default('99999999'),
        point: z.string().optional(),
        cashier: z.string().optional(),
        busType: z.string().optional(),
      })
      .parse(given);
    const { name, from, to } = asked;
    const scope = { institution: desk.institution, from, to };
    const { point, cashier, busType } = asked;
    return REPORTS[name](desk.queries, {
      ...scope,
      ...(point === undefined ? {} : { point }),
      ...(cashier === undefined ? {} : { cashier }),
      ...(busType === undefined ? {} : { busType }),
    });
  },
  reconcile: async ({ desk }) => reconcile(desk.queries, desk.institution),
  ...ARCHIVE_COMMANDS,
};

/** Runs a command by its name. Throws UsageError, with one line, when what was given is not what it takes. */
export async function runCommand(
  name: string,
  parts: ArchiveParts,
  given: Record<string, unknown>,
): Promise<unknown> {
  try {
    return await INVOICE_COMMANDS[name]!(parts, given);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    throw new UsageError(faultsOf(error));
  }
}

function refusable(command: DeskCommand): InvoiceCommand {
  return orRefusal(({ desk }, given) => command(desk, given));
}

function shown({ bill: { content, ...bill }, state }: FoundBill, desk: Desk) {
  const packed = desk.queries.archiveOf({ ...bill, content });
  return {
    billCode: bill.billCode,
    billNumber: bill.billNumber,
    checkCode: bill.checkCode,
    name: bill.name,
    kind: bill.kind,
    busNo: bill.busNo,
    issueDate: bill.issueDate,
    issueTime: bill.issueTime,
    totalFen: totalFenOf({ ...bill, content }),
    payer: content.payer.name,
    state: state.state,
    redBill: state.redBill,
    original: bill.original,
    paper: state.paper,
    booked: state.booked,
    archive: packed === null ? null : { package: packed.file, keepUntil: packed.keepUntil },
    signed: state.unitSignature !== null,
    fiscal: state.fiscal,
  };
}
