/** What a bill says about itself at its end, against what its lines add up to. */
import type { BillSource, TrailerRule } from '../source.ts';
import type { Cutter } from './cells.ts';
import { textOf } from './text.ts';
import { decimalOf } from './values.ts';

/** Totals are kept with five decimals of the unit, as fine as any bill states fees. */
const PLACES = 5;

interface Sum {
  readonly title: string;
  readonly column: number;
  /** Of all lines, and of those that are no cancellation: bills differ in which they state. */
  all: number;
  kept: number;
  /** Every line rounded to two decimals first. */
  rounded: number;
  /** Of the payments alone: refunds may repeat their order's amount, or have a fee of either sign. */
  paid: number;
  givenBack: number;
}

/** Adds up the columns that the trailer speaks of, then compares. */
export class TrailerCheck {
  private readonly rule: TrailerRule;
  private readonly source: BillSource;
  private readonly sums: Sum[] = [];
  private lines = 0;
  private kept = 0;
  private readonly counts = { pay: 0, refund: 0 };
  private totalTitles: readonly string[] | null = null;
  /** The trailer was read to its end. */
  complete = false;

  constructor(source: BillSource, rule: TrailerRule, titles: readonly string[]) {
    this.rule = rule;
    this.source = source;
    for (const [title, names] of wantedSums(rule)) {
      const column = names.map((name) => titles.indexOf(name)).find((at) => at >= 0);
      const nothing = { all: 0, kept: 0, rounded: 0, paid: 0, givenBack: 0 };
      if (column !== undefined) this.sums.push({ title, column, ...nothing });
    }
  }

  add(cutter: Cutter, bytes: Uint8Array, event: 'pay' | 'refund' | 'cancel' | 'ignore'): void {
    this.lines++;
    const counted = event !== 'cancel';
    if (counted) this.kept++;
    if (event === 'pay' || event === 'refund') this.counts[event]++;
    for (const sum of this.sums) {
      const start = cutter.starts[sum.column]!;
      const end = cutter.ends[sum.column]!;
      if (start === end) continue;
      const value = decimalOf(bytes, start, end, PLACES);
      if (Number.isNaN(value)) continue;
      sum.all += value;
      if (counted) sum.kept += value;
      sum.rounded += Math.round(value / 1_000) * 1_000;
      if (event === 'pay') sum.paid += value;
      else if (event === 'refund') sum.givenBack += value;
    }
  }

  /** The line with the titles of the totals. */
  openSummary(titles: readonly string[]): void {
    this.totalTitles = titles;
  }

  get summaryOpen(): boolean {
    return this.totalTitles !== null && !this.complete;
  }

  /** The line with the totals: what is wrong, or null. */
  summaryLine(cutter: Cutter, bytes: Uint8Array): string | null {
    this.complete = true;
    const titles = this.totalTitles ?? [];
    for (let at = 0; at < titles.length; at++) {
      const title = titles[at]!;
      if (at >= cutter.count) return `the summary has no value for ${title}`;
      const said = decimalOf(bytes, cutter.starts[at]!, cutter.ends[at]!, PLACES);
      const isCount = this.rule.kind === 'summary-lines' && this.rule.count.includes(title);
      if (Number.isNaN(said)) {
        if (isCount || this.sums.some((sum) => sum.title === title)) {
          return `${title} of the summary is not a number`;
        }
        continue;
      }
      const complaint = isCount ? this.countComplaint(title, said) : this.sumComplaint(title, said);
      if (complaint !== null) return complaint;
    }
    return null;
  }

  /** A comment behind the list, with totals in words: what is wrong, or null. */
  comment(text: string): string | null {
    if (this.rule.kind !== 'end-comment') return null;
    for (const { pattern, event, column } of this.rule.totals) {
      const match = pattern.exec(text);
      if (match === null) continue;
      if (Number(match[1]) !== this.counts[event]) {
        return `the trailer says ${match[1]} lines of ${event}, the file has ${this.counts[event]}`;
      }
      const sum = this.sums.find((known) => known.title === column);
      if (sum === undefined) return null;
      const found = event === 'pay' ? sum.paid : sum.givenBack;
      const bytes = Buffer.from(match[2]!, 'latin1');
      const said = decimalOf(bytes, 0, bytes.length, PLACES);
      if (Math.abs(said) !== Math.abs(found)) {
        return `the trailer says ${match[2]} for ${event}, the lines give ${shown(found)}`;
      }
    }
    return null;
  }

  /** A trailer record of its own: what is wrong, or null. */
  record(cutter: Cutter, bytes: Uint8Array): string | null {
    if (this.rule.kind !== 'record') return null;
    this.complete = true;
    const { countAt, sumAt, sumOf } = this.rule;
    if (cutter.count <= Math.max(countAt, sumAt)) return 'the trailer has too few values';
    const value = (at: number): number =>
      decimalOf(bytes, cutter.starts[at]!, cutter.ends[at]!, PLACES);
    return this.countComplaint('count', value(countAt)) ?? this.sumComplaint(sumOf, value(sumAt));
  }

  private countComplaint(title: string, said: number): string | null {
    const count = said / 10 ** PLACES;
    if (count === this.lines || count === this.kept) return null;
    return `the trailer says ${title} ${count}, the file has ${this.lines} lines`;
  }

  private sumComplaint(title: string, said: number): string | null {
    const sum = this.sums.find((known) => known.title === title);
    if (sum === undefined) return null;
    const { all, kept, rounded, paid, givenBack } = sum;
    const stated = [all, kept, rounded];
    // Only where payments have a part in the column: a sum of refunds is not theirs to explain.
    if (paid !== 0) stated.push(paid, paid - Math.abs(givenBack));
    const isSaid = stated.some((found) => Math.abs(found) === Math.abs(said));
    if (isSaid) return null;
    return `the trailer says ${title} ${shown(said)}, the lines give ${shown(all)} (${this.source.unit})`;
  }
}

function wantedSums(rule: TrailerRule): [string, readonly string[]][] {
  if (rule.kind === 'summary-lines') return Object.entries(rule.sums);
  if (rule.kind === 'record') return [[rule.sumOf, [rule.sumOf]]];
  const columns = [...new Set(rule.totals.map(({ column }) => column))];
  return columns.map((column) => [column, [column]]);
}

function shown(value: number): string {
  return (value / 10 ** PLACES).toFixed(2);
}

/** The titles in a heading line that was cut; brackets are written wide in some years only. */
export function titlesOf(
  cutter: Cutter,
  bytes: Uint8Array,
  encoding: BillSource['encoding'],
): string[] {
  return Array.from({ length: cutter.count }, (_, at) =>
    textOf(bytes, cutter.starts[at]!, cutter.ends[at]!, encoding)
      .replaceAll('(', '（')
      .replaceAll(')', '）'),
  );
}
