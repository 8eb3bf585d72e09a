/** A bill described in a YAML file: what a deployment writes for its bank, checked whole. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { BillSource } from './source.ts';

/** A source file that cannot be used: one sentence. */
export class SourceFileError extends Error {
  override readonly name = 'SourceFileError';
}

const names = z.array(z.string().min(1));
const keyNumber = z.int().min(0).max(9);

const shape = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('delimited'),
    separator: z.string().length(1),
    mark: z.string().length(1).optional(),
    comment: z.string().length(1).optional(),
    columns: names.optional(),
    heading: names.optional(),
    detailMark: z.string().min(1).optional(),
  }),
  z.strictObject({
    kind: z.literal('fixed'),
    gapBytes: z.int().min(0).max(4),
    columns: z
      .array(z.strictObject({ id: z.string().min(1), width: z.int().min(1).max(4096) }))
      .min(1),
    shortestBytes: z.int().min(1),
  }),
]);

const line = z.strictObject({
  when: z.array(z.strictObject({ column: z.string(), in: z.array(z.string()) })).optional(),
  event: z.enum(['pay', 'refund', 'cancel', 'ignore']),
  negative: z.literal('refund').optional(),
  status: z.enum(['success', 'failed']).optional(),
  mayBeOlder: z.boolean().optional(),
  amount: names,
  fee: z
    .strictObject({
      plus: names,
      minus: names.optional(),
      zerosSayNothing: z.boolean().optional(),
    })
    .optional(),
  keys: z.array(z.array(z.string())),
  orderId: names.optional(),
  link: z.strictObject({ key: keyNumber, columns: names }).optional(),
});

const trailer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('summary-lines'),
    count: names.min(1),
    sums: z.record(z.string(), names),
  }),
  z.strictObject({
    kind: z.literal('record'),
    mark: z.string().min(1),
    countAt: z.int().min(0),
    sumAt: z.int().min(0),
    sumOf: z.string().min(1),
  }),
]);

const sourceFile = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,64}$/),
  title: z.strictObject({ zh: z.string(), en: z.string() }),
  encoding: z.enum(['utf8', 'gbk', 'latin1']),
  unit: z.enum(['yuan', 'fen']),
  shape,
  lines: z.array(line).min(1),
  date: z.strictObject({
    columns: names,
    eveningBefore: z.boolean().optional(),
    announced: z.string().optional(),
  }),
  rounds: z
    .array(z.strictObject({ ours: keyNumber, theirs: keyNumber, weak: z.boolean().optional() }))
    .min(1),
  trailer: trailer.optional(),
  labels: z.strictObject({ merchantId: names.optional(), terminalId: names.optional() }).optional(),
});

/** Reads the file. Throws SourceFileError. */
export function sourceOfFile(path: string): BillSource {
  const file = basename(path);
  let value: unknown;
  try {
    value = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new SourceFileError(`${file}: ${(error as Error).message.split('\n')[0]}`);
  }
  return sourceOf(value, file);
}

/** The same of a value that was read elsewhere, e.g. a section of the configuration. */
export function sourceOf(value: unknown, where: string): BillSource {
  const checked = sourceFile.safeParse(value);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new SourceFileError(`${where}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const { date, ...rest } = checked.data;
  return {
    ...rest,
    date: { ...date, announced: announcedPattern(date.announced, where) },
  } as unknown as BillSource;
}

/** The pattern has three groups: year, month, day. */
function announcedPattern(text: string | undefined, where: string): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(text);
  } catch {
    throw new SourceFileError(`${where}: date.announced: is not a regular expression`);
  }
}
