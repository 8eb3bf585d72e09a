import { parse, stringify } from 'yaml';
import { ProtocolError } from '../error.ts';
import type { Dialect } from './dialect.ts';
import { checkDialect } from './dialect-check.ts';

/** A dialect as YAML or JSON text, field by field as the table in the code has it. */
export function dialectToText(dialect: Dialect, format: 'yaml' | 'json'): string {
  const json = `${JSON.stringify(dialect, null, 2)}\n`;
  return format === 'json' ? json : stringify(JSON.parse(json));
}

/**
 * Reads a dialect from YAML or JSON (which is YAML too). Throws ProtocolError `bad-dialect` that
 * names the field whose row is wrong.
 */
export function dialectFromText(text: string): Dialect {
  let value: unknown;
  try {
    value = parse(text, { logLevel: 'error' });
  } catch (error) {
    const [reason] = String((error as Error).message).split('\n');
    throw new ProtocolError('bad-dialect', `the dialect is not YAML or JSON: ${reason}`);
  }
  checkShape(value);
  const dialect = value as Dialect;
  checkDialect(dialect);
  return dialect;
}

type Shape = (value: unknown, path: string) => void;
type Tree = Readonly<Record<string, unknown>>;

const one =
  (...allowed: readonly unknown[]): Shape =>
  (value, path) => {
    if (!allowed.includes(value)) refuse(path, `is one of ${allowed.join(', ')}`);
  };
const text: Shape = (value, path) => {
  if (typeof value !== 'string' || value === '') refuse(path, 'is a text');
};
const whole: Shape = (value, path) => {
  if (!Number.isInteger(value)) refuse(path, 'is a whole number');
};
const truth: Shape = (value, path) => {
  if (typeof value !== 'boolean') refuse(path, 'is true or false');
};
const optional =
  (shape: Shape): Shape =>
  (value, path) => {
    if (value !== undefined) shape(value, path);
  };
const either =
  (test: (value: unknown) => boolean, first: Shape, second: Shape): Shape =>
  (value, path) =>
    (test(value) ? first : second)(value, path);
const list =
  (shape: Shape): Shape =>
  (value, path) => {
    if (!Array.isArray(value)) refuse(path, 'is a list');
    value.forEach((item, index) => {
      shape(item, `${path}[${index}]`);
    });
  };
const map =
  (shape: Shape): Shape =>
  (value, path) => {
    for (const [key, item] of Object.entries(tree(value, path))) shape(item, `${path} ${key}`);
  };
const object =
  (shapes: Readonly<Record<string, Shape>>): Shape =>
  (value, path) => {
    const fields = tree(value, path);
    for (const key of Object.keys(fields)) {
      if (shapes[key] === undefined) refuse(`${path} ${key}`, 'is not known');
    }
    for (const [key, shape] of Object.entries(shapes)) shape(fields[key], `${path} ${key}`);
  };

const label = object({
  zh: text,
  en: (value, path) => (value === '' ? undefined : text(value, path)),
});
const safe = one('shown', 'pan', 'track', 'digit-runs', 'tlv', 'hidden');
const part = object({
  id: text,
  name: label,
  length: either(Number.isInteger, whole, one('rest')),
  as: optional(one('hex', 'ascii', 'gbk')),
  values: optional(map(label)),
  safe: optional(safe),
  repeats: optional(truth),
});
const isText = (value: unknown): boolean => typeof value === 'string';
const LAYOUTS: Readonly<Record<string, Shape>> = {
  position: object({ by: text, id: optional(text), bytes: optional(whole), parts: list(part) }),
  bitmap: object({ by: text, bitmapBytes: whole, parts: map(part) }),
  tag: object({
    by: text,
    coding: either(isText, one('ber'), object({ tagLength: whole, lengthLength: whole })),
    tags: map(object({ name: label, safe: optional(safe) })),
  }),
};
const layout: Shape = (value, path) => {
  const shape = LAYOUTS[String(tree(value, path)['by'])];
  if (shape === undefined) refuse(`${path} by`, 'is position, bitmap or tag');
  shape(value, path);
};
const when = object({
  mti: optional(list(text)),
  length: optional(either(Array.isArray, list(whole), whole)),
  fields: optional(map(text)),
  prefix: optional(text),
});
const field = object({
  name: label,
  type: one('n', 'z', 'a', 'an', 'ans', 'b', 'x+n'),
  length: optional(whole),
  max: optional(whole),
  prefix: optional(one('L', 'LL', 'LLL', 'LLLL')),
  prefixEncoding: optional(one('bcd', 'ascii', 'ebcdic', 'binary')),
  prefixCounts: optional(one('digits', 'bytes')),
  encoding: optional(one('bcd', 'ascii', 'ebcdic', 'gbk', 'binary', 'hex-ascii', 'hex-ebcdic')),
  filler: optional(one('left', 'right')),
  pad: optional(one('left', 'right')),
  safe: optional(safe),
  values: optional(map(label)),
  format: optional(one('amount', 'hhmmss', 'MMDD')),
  subfields: optional(list(object({ name: optional(label), when: optional(when), layout }))),
});
const transaction = object({
  id: text,
  name: label,
  mti: text,
  fields: map(text),
  reversible: optional(truth),
});
const checkDialectShape = object({
  name: text,
  title: label,
  mti: object({ encoding: one('bcd', 'ascii', 'ebcdic') }),
  bitmap: object({
    encoding: one('binary', 'hex-ascii', 'hex-ebcdic'),
    maximum: one(64, 128, 192),
  }),
  defaults: object({
    digits: one('bcd', 'ascii', 'ebcdic'),
    text: one('ascii', 'ebcdic', 'gbk'),
    binary: one('binary', 'hex-ascii', 'hex-ebcdic'),
    prefix: one('bcd', 'ascii', 'ebcdic', 'binary'),
  }),
  transactions: optional(list(transaction)),
  fields: map(field),
});

function checkShape(value: unknown): void {
  checkDialectShape(value, 'dialect');
}

function tree(value: unknown, path: string): Tree {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Tree;
  return refuse(path, 'is a group of values');
}

function refuse(path: string, expected: string): never {
  const number = /^dialect fields (\d+)/.exec(path)?.[1];
  const where = path.replace(/^dialect fields (\d+)/, 'field $1');
  throw new ProtocolError('bad-dialect', `${where} ${expected}`, {
    field: number === undefined ? null : Number(number),
  });
}
