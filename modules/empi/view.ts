/** The tables of the patient index, by name and type, and what is done with several of them at once. */
import type { TableSource, WritableTableSource } from '../frame/module.ts';
import { FIELD, FIELDS } from './matching/fields.ts';
import { normalisePerson } from './matching/normalise.ts';
import { blockingKeys } from './matching/online-keys.ts';
import { personKeys } from './person-keys.ts';
import type {
  Demographics,
  Domain,
  IndexEvent,
  MatchSettings,
  Medium,
  Merge,
  Outcome,
  Person,
  RefusedLine,
  Review,
  Subscription,
} from './types.ts';

interface Rows {
  persons: Person;
  media: Medium;
  /** Domain and number to medium id. */
  numbers: string;
  domains: Domain;
  /** Blocking keys: rule, key and person id to 1. */
  keys: number;
  /** Single values: kind, value and person id to 1. */
  search: number;
  /** How many live persons hold a value: field and value. */
  counts: number;
  reviews: Review;
  /** Open reviews of a live person: its id and the review's to 1. */
  'reviews-of': number;
  /** Pairs that people said are two persons. */
  apart: number;
  merges: Merge;
  subscriptions: Subscription;
  /** Up to which position a subscriber has everything. */
  reached: number;
  events: IndexEvent;
  /** By person and position: what happened to it. */
  history: string;
  outcomes: Outcome;
  settings: MatchSettings;
  /** By file and line: why a line of a loaded register was refused. */
  'load-refusals': RefusedLine;
  totals: number;
}

export function loadRefusalKey(file: string, line: number): string {
  return `${file}:${String(line).padStart(10, '0')}`;
}

export class View {
  readonly source: TableSource;

  constructor(source: TableSource) {
    this.source = source;
  }

  table<Name extends keyof Rows>(name: Name) {
    return this.source.table<Rows[Name]>(name);
  }

  total(name: string): number {
    return this.table('totals').get(name) ?? 0;
  }

  person(personId: string): Person | undefined {
    return this.table('persons').get(personId);
  }

  /** The live person that stands for this one now, through all merges. */
  livePerson(personId: string): Person | undefined {
    let person = this.person(personId);
    while (person?.status === 'merged') person = this.person(person.mergedInto!);
    return person;
  }

  medium(domain: string, number: string): Medium | undefined {
    const id = this.table('numbers').get(this.numberKey(domain, number));
    return id === undefined ? undefined : this.table('media').get(id);
  }

  numberKey(domain: string, number: string): string {
    return `${domain}:${this.source.nameOf(number)}`;
  }

  valueKey(field: number, value: string): string {
    return `${field}:${this.source.nameOf(value)}`;
  }

  /** Rows of the blocking index that a person stands in. */
  keysOf(person: Person): string[] {
    return blockingKeys(person.normalised).map(
      (key) => `${this.source.nameOf(key)}:${person.personId}`,
    );
  }

  searchRowsOf(person: Person): string[] {
    return personKeys(person).map(
      ({ kind, value }) => `${kind}:${this.source.nameOf(value)}:${person.personId}`,
    );
  }

  /** Whether people have said that these are two persons. */
  areApart(a: string, b: string): boolean {
    return this.table('apart').get(pairKey(a, b)) !== undefined;
  }

  openReviewsOf(personId: string): Review[] {
    const rows = this.table('reviews-of').range({ prefix: `${personId}:` });
    return [...rows].map(({ key }) => this.table('reviews').get(key.slice(personId.length + 1))!);
  }
}

/** The view while a record is applied. Sums are written by `finish`: a record of many lines moves them often. */
export class WritableView extends View {
  private readonly writable: WritableTableSource;
  private readonly totals = new Map<string, number>();

  constructor(tables: WritableTableSource) {
    super(tables);
    this.writable = tables;
  }

  override table<Name extends keyof Rows>(name: Name) {
    return this.writable.table<Rows[Name]>(name);
  }

  override total(name: string): number {
    return this.totals.get(name) ?? super.total(name);
  }

  setTotal(name: string, value: number): void {
    this.totals.set(name, value);
  }

  add(name: string, change: number): number {
    const sum = this.total(name) + change;
    this.totals.set(name, sum);
    return sum;
  }

  keepApart(a: string, b: string, position: number): void {
    this.table('apart').put(pairKey(a, b), position);
  }

  /** Writes the sums; nothing of the view is used after it. */
  finish(): void {
    const table = this.table('totals');
    for (const [name, sum] of this.totals) table.put(name, sum);
  }

  /** Numbers given out in order, with a check digit: nobody mistypes one for another. */
  nextId(kind: string): string {
    const digits = String(this.add(`next ${kind}`, 1)).padStart(12, '0');
    return digits + luhnDigit(digits);
  }

  /** Stores a person; the indexes follow what changed. */
  putPerson(person: Person): void {
    const before = this.person(person.personId);
    if (before !== undefined) this.unindex(before);
    this.table('persons').put(person.personId, person);
    this.index(person);
  }

  newPerson(personId: string, demographics: Demographics, position: number): Person {
    return {
      personId,
      status: 'active',
      demographics,
      normalised: normalisePerson(demographics),
      media: [],
      merges: [],
      createdAt: position,
      version: position,
    };
  }

  private index(person: Person): void {
    this.count(person, 1);
    if (person.status === 'merged') return;
    const search = this.table('search');
    for (const key of this.searchRowsOf(person)) search.put(key, 1);
    if (person.status !== 'active') return;
    const keys = this.table('keys');
    for (const key of this.keysOf(person)) keys.put(key, 1);
  }

  private unindex(person: Person): void {
    this.count(person, -1);
    if (person.status === 'merged') return;
    const search = this.table('search');
    for (const key of this.searchRowsOf(person)) search.remove(key);
    if (person.status !== 'active') return;
    const keys = this.table('keys');
    for (const key of this.keysOf(person)) keys.remove(key);
  }

  private count(person: Person, change: number): void {
    this.add(`persons ${person.status}`, change);
    if (person.status !== 'active') return;
    this.add(`sex ${person.normalised.values[FIELD.sex] || 'unknown'}`, change);
    const born = person.normalised.values[FIELD.birthDate]!;
    this.add(`born ${born === '' ? 'unknown' : `${born.slice(0, 3)}0`}`, change);
    this.add(`nation ${person.demographics.nation || 'unknown'}`, change);
    const counts = this.table('counts');
    FIELDS.forEach(({ termFrequency }, field) => {
      const value = person.normalised.values[field]!;
      if (value === '') return;
      this.add(`present ${field}`, change);
      if (termFrequency !== 'always') return;
      const key = this.valueKey(field, value);
      const left = (counts.get(key) ?? 0) + change;
      if (left === 0) counts.remove(key);
      else counts.put(key, left);
    });
  }
}

function pairKey(a: string, b: string): string {
  return a < b ? `${a}:${b}` : `${b}:${a}`;
}

export function luhnDigit(digits: string): string {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return String((10 - (sum % 10)) % 10);
}
