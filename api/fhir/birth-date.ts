/** Dates of FHIR searches: a day, a month or a year, with a prefix that compares. */
import { isCalendarDate } from '../../modules/empi/matching/id-number.ts';
import { FhirProblem } from './problem.ts';

/** From a day to a day, both included, as YYYYMMDD. */
export interface Span {
  from: string;
  to: string;
}

export const ALWAYS: Span = { from: '00000000', to: '99999999' };

/** What a prefix asks of the days that a birth date may mean, and where such birth dates stand. */
interface Comparison {
  fits: (held: Span, asked: Span) => boolean;
  among: (asked: Span) => Span;
}

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  eq: { fits: within, among: (asked) => asked },
  ne: { fits: (held, asked) => !within(held, asked), among: () => ALWAYS },
  gt: { fits: (held, asked) => held.to > asked.to, among: since },
  ge: { fits: (held, asked) => held.to > asked.to || within(held, asked), among: since },
  sa: { fits: (held, asked) => held.from > asked.to, among: since },
  lt: { fits: (held, asked) => held.from < asked.from, among: until },
  le: { fits: (held, asked) => held.from < asked.from || within(held, asked), among: until },
  eb: { fits: (held, asked) => held.to < asked.from, among: until },
  ap: {
    fits: (held, asked) => held.from <= about(asked).to && held.to >= about(asked).from,
    among: about,
  },
};

function within(held: Span, asked: Span): boolean {
  return held.from >= asked.from && held.to <= asked.to;
}

function since({ from }: Span): Span {
  return { from, to: ALWAYS.to };
}

function until({ to }: Span): Span {
  return { from: ALWAYS.from, to };
}

/** A year more on both sides. */
function about({ from, to }: Span): Span {
  const moved = (day: string, years: number) =>
    String(Number(day.slice(0, 4)) + years).padStart(4, '0') + day.slice(4);
  return { from: moved(from, -1), to: moved(to, 1) };
}

export interface AskedDate {
  fits: (birthDate: string) => boolean;
  among: Span;
}

/** `ge1960-01-01`, `1970-07`. Throws FhirProblem 400. */
export function askedDate(value: string): AskedDate {
  const [, prefix = 'eq', date = ''] = /^([a-z]{2})?(\d{4}(?:-\d\d){0,2})$/.exec(value) ?? [];
  const comparison = COMPARISONS[prefix];
  const asked = spanOf(date);
  if (comparison === undefined || asked === null) {
    throw new FhirProblem(400, 'invalid', `${value} is not a date that can be searched for`);
  }
  return {
    fits: (birthDate) => {
      const held = spanOf(birthDate);
      return held !== null && comparison.fits(held, asked);
    },
    among: comparison.among(asked),
  };
}

/** The days of `1970`, `1970-07` or `1970-07-01`; null when there are none. */
function spanOf(date: string): Span | null {
  const [year = '', month, day] = date.split('-');
  const from = year + (month ?? '01') + (day ?? '01');
  if (!isCalendarDate(from)) return null;
  const lastMonth = month ?? '12';
  const lastDay = new Date(Date.UTC(Number(year), Number(lastMonth), 0)).getUTCDate();
  return { from, to: year + lastMonth + (day ?? String(lastDay)) };
}
