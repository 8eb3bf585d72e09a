/** What the demo found: the JSON document, and the page for people. */
import colors from 'picocolors';
import type { LedgerHead } from '../../ledger/types.ts';
import type { VerifyReport } from '../../ledger/verify.ts';
import type { ClearingResult } from '../../modules/clearing/run.ts';
import { printLine } from '../command.ts';
import { formatTable, yuan } from '../table.ts';
import type { DayOutcome } from './terminals.ts';

export interface DemoReport {
  hsm: string;
  transactions: {
    sent: number;
    approved: number;
    declined: number;
    reversed: number;
    unanswered: number;
  };
  kinds: Record<string, number>;
  tps: number;
  latencyMs: { p50: number; p99: number };
  ledger: {
    positions: number;
    debitsFen: number;
    creditsFen: number;
    balanced: boolean;
    chainVerified: boolean;
  };
  clearing: {
    date: string;
    files: { path: string; sha256: string; records: number; totalFen: number }[];
    matchesLedger: boolean;
  };
  complaints: string[];
  ok: boolean;
}

export function reportOf(found: {
  outcome: DayOutcome;
  clearing: ClearingResult;
  ledger: VerifyReport;
  head: LedgerHead;
  hsm: string;
}): DemoReport {
  const { outcome, clearing, ledger, head } = found;
  const { sent, approved, declined, reversed, unanswered, kinds } = outcome;
  const complaints = [...outcome.complaints, ...clearing.differences];
  const balanced = ledger.debitsFen === ledger.creditsFen && ledger.balancesVerified;
  if (ledger.positions !== head.position)
    complaints.push('the journal lost records when it closed');
  const holds = balanced && ledger.chainVerified && clearing.matchesLedger;
  return {
    hsm: found.hsm,
    transactions: { sent, approved, declined, reversed, unanswered },
    kinds,
    tps: Math.round(sent / outcome.seconds),
    latencyMs: percentiles(outcome.latenciesMs),
    ledger: {
      positions: ledger.positions,
      debitsFen: ledger.debitsFen,
      creditsFen: ledger.creditsFen,
      balanced,
      chainVerified: ledger.chainVerified,
    },
    clearing: {
      date: clearing.date,
      files: clearing.files,
      matchesLedger: clearing.matchesLedger,
    },
    complaints,
    ok: holds && unanswered === 0 && complaints.length === 0,
  };
}

export function printReport(report: DemoReport, seed: number, folder: string | null): void {
  const { transactions, ledger, clearing, latencyMs } = report;
  const mark = (holds: boolean) => (holds ? colors.green('✓') : colors.red('✗'));
  printLine();
  printLine(colors.bold(`A hospital's day 医院的一天   ${clearing.date}   seed ${seed}`));
  printLine(
    formatTable(
      ['', '', ''],
      [
        ['transactions', '交易', `${transactions.sent}`],
        ['  approved', '批准', `${transactions.approved}`],
        ['  declined', '拒绝', `${transactions.declined}`],
        ['  reversed', '冲正', `${transactions.reversed}`],
        ['  unanswered', '无应答', `${transactions.unanswered}`],
        ['per second', '每秒', `${report.tps}`],
        ['latency p50', '延迟', `${latencyMs.p50.toFixed(1)} ms`],
        ['latency p99', '延迟', `${latencyMs.p99.toFixed(1)} ms`],
        ['journal records', '日志记录', `${ledger.positions}`],
        ['debits', '借方', yuan(ledger.debitsFen)],
        ['credits', '贷方', yuan(ledger.creditsFen)],
      ],
      ['left', 'left', 'right'],
    ).trimStart(),
  );
  printLine();
  printLine(
    `${mark(ledger.balanced)} debits equal credits, every balance rebuilt from the journal`,
  );
  printLine(`${mark(ledger.chainVerified)} the journal's hash chain is whole`);
  printLine(`${mark(clearing.matchesLedger)} clearing files equal the ledger`);
  for (const { path, records, totalFen } of clearing.files) {
    const name = folder === null ? (path.split('/').at(-1) ?? path) : path;
    printLine(`    ${name}   ${records} records   ${yuan(totalFen)}`);
  }
  for (const complaint of report.complaints) printLine(colors.red(`✗ ${complaint}`));
  printLine();
  printLine(report.ok ? colors.green('Every check held.') : colors.red('A check did not hold.'));
}

function percentiles(latenciesMs: number[]): { p50: number; p99: number } {
  const sorted = [...latenciesMs].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const round = (value: number | undefined) => Math.round((value ?? 0) * 100) / 100;
  return { p50: round(at(0.5)), p99: round(at(0.99)) };
}
