import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { reportHtml, reportXlsx } from '../modules/invoicing/reports/print.ts';
import type { Column, Report, Row } from '../modules/invoicing/reports/report.ts';
import { action, EXIT, type ExitCode, printJson, printLine, UsageError } from './command.ts';
import { addArchiveCommand } from './invoice/archive.ts';
import { type CommonOptions, common, finish, run } from './invoice/run.ts';
import { formatTable, yuan } from './table.ts';

/** `posp invoice …`: medical e-invoices (医疗收费电子票据). */
export function addInvoiceCommand(program: Command): void {
  const invoice = program
    .command('invoice')
    .description('Medical e-invoices (医疗电子票据)')
    .addHelpText('after', '\nExample:\n  $ posp invoice status 61060126 0000000001\n');
  common(invoice.command('issue <file>'), 'posp invoice issue charge.json')
    .description('Register a charge ({content, payments}); - reads stdin')
    .option('--at <when>', 'payment, check-in or now')
    .action(action(issue));
  common(
    invoice.command('red-letter <code> <number>'),
    'posp invoice red-letter 61060126 0000000001 --reason 退费',
  )
    .description('Red-letter a bill (冲红)')
    .requiredOption('--reason <text>', 'why')
    .option('--point <code>', 'issuing point (default: the bill’s)')
    .action(action(redLetter));
  common(invoice.command('status [code] [number]'), 'posp invoice status 61060126 0000000001')
    .description('A bill, or with --bus-no all bills of a charge')
    .option('--bus-no <number>', 'business number of the charge')
    .action(action(status));
  common(
    invoice.command('exchange <code> <number> <paperCode> <paperNumber>'),
    'posp invoice exchange 61060126 0000000001 61060199 0000000007 --point outpatient',
  )
    .description('Exchange a bill to printed paper (换开)')
    .requiredOption('--point <code>', 'issuing point')
    .option('--again', 'the paper before was spoiled: void it and take this one')
    .action(action(exchange));
  common(invoice.command('stock'), 'posp invoice stock')
    .description('Numbers of every holder; exit 1 when one is not where it should be')
    .action(action(stock));
  common(
    invoice.command('report <name>'),
    'posp invoice report summary --from 2026-11-01 --to 2026-11-30',
  )
    .description('stock, detail, summary, channels, points or cashiers')
    .option('--from <date>', 'first business date, YYYY-MM-DD')
    .option('--to <date>', 'last business date, YYYY-MM-DD')
    .option('--point <code>', 'only this issuing point and those below it')
    .option('--cashier <code>', 'only this cashier')
    .option('--bus-type <code>', 'only this business category')
    .option('--out <file>', 'write .xlsx or .html instead of printing')
    .action(action(report));
  common(invoice.command('reconcile'), 'posp invoice reconcile')
    .description('Charges against bills; exit 1 when a fen has no bill and no reason')
    .action(action(reconcile));
  addArchiveCommand(invoice);
}

async function issue(file: string, options: CommonOptions & { at?: string }): Promise<ExitCode> {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch {
    throw new UsageError(`${file === '-' ? 'stdin' : file} cannot be read, or is not JSON`);
  }
  const body = { ...(given as object), ...(options.at === undefined ? {} : { at: options.at }) };
  return finish(await run('issue', body, options), options);
}

async function redLetter(
  billCode: string,
  billNumber: string,
  options: CommonOptions & { reason: string; point?: string },
): Promise<ExitCode> {
  const { reason, point } = options;
  const asked = { billCode, billNumber, reason, pointCode: point };
  return finish(await run('red-letter', asked, options), options);
}

async function status(
  billCode: string | undefined,
  billNumber: string | undefined,
  options: CommonOptions & { busNo?: string },
): Promise<ExitCode> {
  if (options.busNo === undefined && billNumber === undefined) {
    throw new UsageError('name a bill by code and number, or a charge by --bus-no');
  }
  const asked = { billCode, billNumber, busNo: options.busNo };
  return finish(await run('status', asked, options), options);
}

async function exchange(
  billCode: string,
  billNumber: string,
  paperCode: string,
  paperNumber: string,
  options: CommonOptions & { point: string; again?: boolean },
): Promise<ExitCode> {
  const paper = { paperCode, paperNumber, pointCode: options.point };
  const asked = { billCode, billNumber, ...paper, again: options.again === true };
  return finish(await run('exchange', asked, options), options);
}

async function stock(options: CommonOptions): Promise<ExitCode> {
  const seen = (await run('stock', {}, options)) as {
    holdings: { medium: string; billCode: string; holder: string; left: number }[];
    problems: { where: string; problem: string }[];
  };
  if (options.json) printJson(seen);
  else {
    const rows = seen.holdings.map(({ medium, billCode, holder, left }) => {
      return [medium, billCode, holder || '(unit)', String(left)];
    });
    const head = ['medium', 'code', 'holder', 'left'];
    printLine(formatTable(head, rows, ['left', 'left', 'left', 'right']));
    for (const { where, problem } of seen.problems) printLine(`PROBLEM: ${where}: ${problem}`);
  }
  return seen.problems.length === 0 ? EXIT.ok : EXIT.failed;
}

async function report(
  name: string,
  options: CommonOptions & {
    from?: string;
    to?: string;
    point?: string;
    cashier?: string;
    busType?: string;
    out?: string;
  },
): Promise<ExitCode> {
  const { from, to, point, cashier, busType, out } = options;
  const asked = { name, from, to, point, cashier, busType };
  const made = (await run('report', asked, options)) as Report;
  if (out !== undefined) {
    writeFileSync(out, out.endsWith('.html') ? reportHtml(made) : await reportXlsx(made));
    printLine(out);
  } else if (options.json) printJson(made);
  else printReport(made);
  return EXIT.ok;
}

function printReport({ title, scope, columns, rows, totals }: Report): void {
  printLine(`${title}　${scope}`);
  const cell = ({ key, kind }: Column, row: Row) => {
    const value = row[key] ?? '';
    return kind === 'fen' && value !== '' ? yuan(Number(value)) : String(value);
  };
  printLine(
    formatTable(
      columns.map(({ zh }) => zh),
      [...rows, totals].map((row) => columns.map((column) => cell(column, row))),
      columns.map(({ kind }) => (kind === 'text' ? 'left' : 'right')),
    ),
  );
}

async function reconcile(options: CommonOptions): Promise<ExitCode> {
  const result = (await run('reconcile', {}, options)) as {
    holds: boolean;
    differences: unknown[];
  };
  if (options.json) printJson(result);
  else printLine(JSON.stringify(result, null, 2));
  return result.holds ? EXIT.ok : EXIT.failed;
}
