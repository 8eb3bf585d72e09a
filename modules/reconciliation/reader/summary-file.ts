/** The second file of an archive with the totals of the first (支付宝业务明细(汇总)). */
import { readFileSync, statSync } from 'node:fs';
import { BillRefused } from '../record.ts';
import type { BillSource, SummaryFile } from '../source.ts';
import type { BillFacts } from './bill-details.ts';
import { textOf } from './text.ts';

/** One line a store: larger ones are something else. */
const MOST_BYTES = 64 * 2 ** 20;

/** Throws BillRefused when the totals are not those of the bill. */
export function checkSummaryFile(
  source: BillSource,
  rule: SummaryFile,
  file: { path: string; name: string },
  facts: BillFacts,
): void {
  if (statSync(file.path).size > MOST_BYTES) throw new BillRefused(file.name, 0, 'is too large');
  const bytes = readFileSync(file.path);
  const lines = textOf(bytes, 0, bytes.length, source.encoding).split(/\r?\n/);
  let titles: string[] | null = null;
  for (const [index, line] of lines.entries()) {
    const values = line.split(',').map((value) => value.trim());
    if (values.includes(rule.heading)) titles = values;
    else if (titles !== null && values[titles.indexOf(rule.heading)] === rule.line) {
      compare(rule, titles, values, facts, file.name, index + 1);
      return;
    }
  }
  if (titles === null)
    throw new BillRefused(file.name, 0, `the heading (${rule.heading}, …) is missing`);
}

function compare(
  rule: SummaryFile,
  titles: readonly string[],
  values: readonly string[],
  facts: BillFacts,
  file: string,
  line: number,
): void {
  const counted = { pay: facts.payLines, refund: facts.refundLines };
  for (const [title, event] of Object.entries(rule.counts)) {
    const at = titles.indexOf(title);
    if (at < 0 || Number(values[at]) === counted[event]) continue;
    throw new BillRefused(
      file,
      line,
      `${title} is ${values[at] ?? 'missing'}, the bill has ${counted[event]} such lines`,
      'FILE',
    );
  }
}
