import type { Field, FieldType, Safe } from '../iso8583/dialect.ts';

/**
 * One line of a field table as the standards print it: number, format, Chinese and English name,
 * and how the value is shown where that is not the default. The format is a type and a size: `n6`
 * fixed, `n..19` with a two-digit length, `ans...999` with a three-digit one, `b8` in bytes, `x+n8`
 * with a sign in front.
 */
export type FieldLine = readonly [
  number: number,
  format: string,
  zh: string,
  en: string,
  safe?: Safe,
];

const PREFIX_OF_DOTS = { 1: 'L', 2: 'LL', 3: 'LLL', 4: 'LLLL' } as const;

/** Field rows out of the lines of a table. */
export function fieldsOf(lines: readonly FieldLine[]): Record<number, Field> {
  return Object.fromEntries(lines.map((line) => [line[0], fieldOf(line)]));
}

/**
 * The same for packed digits as ISO 8583 has them: numbers stand at the right, an odd count of digits
 * has its filler in front. (UnionPay's table says otherwise for itself.)
 */
export function packedFieldsOf(lines: readonly FieldLine[]): Record<number, Field> {
  const rows = Object.entries(fieldsOf(lines)).map(([number, field]) => [
    number,
    field.type === 'n' ? { ...field, filler: 'left' as const } : field,
  ]);
  return Object.fromEntries(rows) as Record<number, Field>;
}

function fieldOf([number, format, zh, en, safe]: FieldLine): Field {
  const match = /^(x\+n|ans|an|a|n|z|b)(\.{0,4})(\d+)$/.exec(format);
  if (match === null) throw new Error(`field ${number}: ${format} is no format`);
  const [, type, dots, digits] = match as unknown as [string, FieldType, string, string];
  const size = Number(digits);
  const base: Field = { name: { zh, en }, type, ...(safe === undefined ? {} : { safe }) };
  if (dots === '') return { ...base, length: size };
  return { ...base, max: size, prefix: PREFIX_OF_DOTS[dots.length as 1 | 2 | 3 | 4] };
}
