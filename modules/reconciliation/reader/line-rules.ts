/** The rules of a source, bound to the columns that a file has: what a line is, and its parts. */
import { BillRefused } from '../record.ts';
import type { BillEncoding, BillSource, LineRule } from '../source.ts';
import type { Cutter } from './cells.ts';
import { bytesOf } from './text.ts';

interface BoundCondition {
  /** -1: the file has no such column, its value counts as empty. */
  readonly column: number;
  readonly values: readonly Buffer[];
}

export interface BoundRule {
  readonly rule: LineRule;
  readonly conditions: readonly BoundCondition[];
  readonly amount: readonly number[];
  readonly feePlus: readonly number[];
  readonly feeMinus: readonly number[];
  readonly keys: readonly (readonly number[])[];
  readonly link: readonly number[];
}

/** Binds all rules. Throws BillRefused when the file lacks what a rule needs. */
export function bindRules(
  source: BillSource,
  titles: readonly string[],
  encoding: BillEncoding,
  file: string,
  line: number,
): BoundRule[] {
  const place = (title: string): number => titles.indexOf(title);
  const places = (names: readonly string[]): number[] => names.map(place).filter((at) => at >= 0);
  return source.lines.map((rule) => {
    const amount = places(rule.amount);
    if (rule.event !== 'ignore' && amount.length === 0 && isPossible(rule, titles)) {
      throw new BillRefused(file, line, `there is no column ${rule.amount[0]}`);
    }
    const keys = rule.keys.map((names) => {
      const found = places(names);
      return found.length === names.length ? found : [];
    });
    if (
      rule.event !== 'ignore' &&
      keys.every((key) => key.length === 0) &&
      isPossible(rule, titles)
    ) {
      throw new BillRefused(file, line, `there is no column ${rule.keys[0]?.[0]}`);
    }
    return {
      rule,
      conditions: (rule.when ?? []).map(({ column, in: values }) => ({
        column: place(column),
        values: values.map((value) => bytesOf(value, encoding)),
      })),
      amount,
      feePlus: places(rule.fee?.plus ?? []),
      feeMinus: places(rule.fee?.minus ?? []),
      keys,
      link: rule.link === undefined ? [] : places(rule.link.columns),
    };
  });
}

/** A bill of payments only has no columns of refunds, and needs none: its lines never say refund. */
function isPossible(rule: LineRule, titles: readonly string[]): boolean {
  return (
    rule.event !== 'refund' || (rule.when ?? []).every(({ column }) => titles.includes(column))
  );
}

/** The first rule whose conditions hold for the line that was cut, or null. */
export function ruleFor(
  rules: readonly BoundRule[],
  cutter: Cutter,
  bytes: Uint8Array,
): BoundRule | null {
  for (const bound of rules) {
    let fits = true;
    for (const { column, values } of bound.conditions) {
      if (!isOneOf(values, cutter, bytes, column)) {
        fits = false;
        break;
      }
    }
    if (fits) return bound;
  }
  return null;
}

function isOneOf(
  values: readonly Buffer[],
  cutter: Cutter,
  bytes: Uint8Array,
  column: number,
): boolean {
  const start = column < 0 ? 0 : cutter.starts[column]!;
  const end = column < 0 ? 0 : cutter.ends[column]!;
  for (const value of values) {
    if (value.length !== end - start) continue;
    let at = 0;
    while (at < value.length && value[at] === bytes[start + at]) at++;
    if (at === value.length) return true;
  }
  return false;
}
