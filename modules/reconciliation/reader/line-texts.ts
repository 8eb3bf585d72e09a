/** The texts of a line that was found to differ, read again from its file. */
import type { Difference, EventType } from '../record.ts';
import type { BillEncoding, BillSource } from '../source.ts';
import { type Cutter, DelimitedCutter, FixedCutter } from './cells.ts';
import { type BoundRule, bindRules, ruleFor } from './line-rules.ts';
import { textOf } from './text.ts';

/** What a side says of an event besides its money. */
export type LineTexts = Pick<
  Difference,
  | 'refundId'
  | 'channelId'
  | 'occurredAt'
  | 'merchantId'
  | 'terminalId'
  | 'department'
  | 'cashier'
  | 'business'
> & { orderId: string };

export class BillTexts {
  private readonly source: BillSource;
  private readonly encoding: BillEncoding;
  private readonly titles: readonly string[];
  private readonly cutter: Cutter;
  private readonly rules: readonly BoundRule[];

  constructor(source: BillSource, encoding: BillEncoding, titles: readonly string[]) {
    this.source = source;
    this.encoding = encoding;
    this.titles = titles;
    const { shape } = source;
    this.cutter =
      shape.kind === 'fixed' ? new FixedCutter(shape) : new DelimitedCutter(shape, encoding);
    this.rules = bindRules(source, titles, encoding, source.name, 0);
  }

  of(bytes: Uint8Array, type: EventType): LineTexts {
    this.cutter.cut(bytes, 0, bytes.length);
    const bound = ruleFor(this.rules, this.cutter, bytes);
    if (bound === null) return { orderId: '' };
    const keys = bound.keys.map((columns) => columns.map((at) => this.text(bytes, at)).join(''));
    const order = this.first(bytes, bound.rule.orderId ?? []);
    const named = keys.find((key) => key !== '') ?? '';
    const refund = type === 'refund' ? keys[0] || named : '';
    return {
      orderId: order ?? named,
      ...this.given('refundId', refund),
      ...this.given('channelId', keys[1]),
      ...this.given('occurredAt', this.first(bytes, this.source.date.columns)),
      ...this.given('merchantId', this.first(bytes, this.source.labels?.merchantId ?? [])),
      ...this.given('terminalId', this.first(bytes, this.source.labels?.terminalId ?? [])),
    };
  }

  private given(name: keyof LineTexts, value: string | undefined): Partial<LineTexts> {
    return value === undefined || value === '' ? {} : { [name]: value };
  }

  private first(bytes: Uint8Array, titles: readonly string[]): string | undefined {
    for (const title of titles) {
      const at = this.titles.indexOf(title);
      const value = at < 0 ? '' : this.text(bytes, at);
      if (value !== '' && value !== '0') return value;
    }
    return undefined;
  }

  private text(bytes: Uint8Array, column: number): string {
    const { starts, ends } = this.cutter;
    return textOf(bytes, starts[column]!, ends[column]!, this.encoding);
  }
}

const OWN_TEXTS = [
  'refundId',
  'channelId',
  'occurredAt',
  'merchantId',
  'terminalId',
  'department',
  'cashier',
  'business',
] as const;

/** The same of a line of our own side. */
export function ownTexts(bytes: Uint8Array): LineTexts {
  const record = JSON.parse(textOf(bytes, 0, bytes.length, 'utf8')) as Record<string, unknown>;
  const texts: Record<string, string> = {};
  for (const name of OWN_TEXTS) {
    const value = record[name];
    if (typeof value === 'string' && value !== '') texts[name] = value;
  }
  const { orderId, retrievalReference, channelId } = record as Record<string, string | undefined>;
  return { orderId: orderId || channelId || retrievalReference || '', ...texts };
}
