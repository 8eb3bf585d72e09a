/** Questions to the patient index, from any thread. */
import type { TableSource } from '../frame/module.ts';
import { DEFAULT_THRESHOLDS } from './matching/model.ts';
import { type NormalisedPerson, normalisePerson } from './matching/normalise.ts';
import { type Candidate, type Frequencies, type Match, matchOnline } from './matching/online.ts';
import { blockingKeys } from './matching/online-keys.ts';
import { agrees, type SearchKey, saysNothing, searchKeys, wantedOf } from './search.ts';
import {
  type Demographics,
  type Domain,
  type IndexEvent,
  isRetired,
  type MatchSettings,
  type Medium,
  type Merge,
  type Outcome,
  type Person,
  type RefusedLine,
  type Review,
  type Subscription,
} from './types.ts';
import { loadRefusalKey, View } from './view.ts';

export interface Statistics {
  persons: { active: number; merged: number; cancelled: number };
  bySex: Record<string, number>;
  /** `1980`: born from 1980 to 1989. */
  byBirthDecade: Record<string, number>;
  /** Codes of GB/T 3304. */
  byNation: Record<string, number>;
  mediaByType: Record<string, number>;
  mediaByDomain: Record<string, number>;
  openReviews: number;
  events: number;
}

/** How far a register's file is loaded: `behind` is the line up to which everything is done. */
export interface LoadedCounts {
  behind: number;
  created: number;
  joined: number;
  reviews: number;
}

/** What to look persons up by; all that is given must hold. */
export interface PersonSearch {
  personIds?: string[];
  demographics?: Demographics;
}

/** Candidates for one record: the blocks that it stands in are cut here. */
const CANDIDATES_A_KEY = 60;
const CANDIDATES = 300;
/** Rows that one search looks at: a wider question has to be made narrower. */
const SCANNED = 20_000;

export class EmpiQueries {
  readonly view: View;

  constructor(tables: TableSource) {
    this.view = new View(tables);
  }

  person(personId: string): Person | undefined {
    return this.view.person(personId);
  }

  livePerson(personId: string): Person | undefined {
    return this.view.livePerson(personId);
  }

  medium(domain: string, number: string): Medium | undefined {
    return this.view.medium(domain, number);
  }

  mediumById(mediumId: string): Medium | undefined {
    return this.view.table('media').get(mediumId);
  }

  mediaOf(person: Person): Medium[] {
    return person.media.map((id) => this.view.table('media').get(id)!);
  }

  /**
   * Cross index: identifiers of the same person, also of other domains than asked from. Null for one
   * that is not known, or that nobody should use any more.
   */
  crossIndex(domain: string, number: string, targets?: ReadonlySet<string>): Medium[] | null {
    const medium = this.medium(domain, number);
    if (medium === undefined || isRetired(medium.status)) return null;
    const person = this.view.livePerson(medium.personId)!;
    return this.mediaOf(person).filter(
      ({ mediumId, domain: other, status }) =>
        mediumId !== medium.mediumId &&
        !isRetired(status) &&
        (targets === undefined || targets.has(other)),
    );
  }

  domains(): Domain[] {
    return [...this.view.table('domains').range()].map(({ value }) => value);
  }

  domain(code: string): Domain | undefined {
    return this.view.table('domains').get(code);
  }

  domainOfSystem(system: string): Domain | undefined {
    return this.domains().find((domain) => domain.system === system);
  }

  settings(): MatchSettings {
    return (
      this.view.table('settings').get('match') ?? { model: null, thresholds: DEFAULT_THRESHOLDS }
    );
  }

  /** Live persons that share a blocking key with this record. */
  candidates(person: NormalisedPerson): Candidate[] {
    const found = new Set<string>();
    const keys = this.view.table('keys');
    for (const key of blockingKeys(person)) {
      const prefix = `${this.view.source.nameOf(key)}:`;
      for (const row of keys.range({ prefix, limit: CANDIDATES_A_KEY })) {
        found.add(row.key.slice(prefix.length));
      }
      if (found.size >= CANDIDATES) break;
    }
    return [...found].map((personId) => ({
      personId,
      normalised: this.view.person(personId)!.normalised,
    }));
  }

  /** Who this may be, most probable first. */
  match(demographics: Demographics): Match[] {
    const person = normalisePerson(demographics);
    return matchOnline(person, this.candidates(person), this.settings(), this.frequencies());
  }

  /** The degree of match of two persons of the index. */
  compare(a: string, b: string): Match | null {
    const first = this.view.person(a);
    const second = this.view.person(b);
    if (first === undefined || second === undefined) return null;
    return this.degree(first.normalised, { personId: b, normalised: second.normalised });
  }

  /** The degree of match of any two records, by the frequencies of this index. */
  compareRecords(a: Demographics, b: Demographics): Match {
    return this.degree(normalisePerson(a), { personId: '', normalised: normalisePerson(b) });
  }

  private degree(person: NormalisedPerson, other: Candidate): Match {
    return matchOnline(person, [other], this.settings(), this.frequencies(), 'all')[0]!;
  }

  private frequencies(): Frequencies {
    const counts = this.view.table('counts');
    return {
      persons: this.view.total('persons active'),
      present: (field) => this.view.total(`present ${field}`),
      count: (field, value) => counts.get(this.view.valueKey(field, value)) ?? 0,
    };
  }

  /** Whether people have said that these are two persons. */
  areApart(a: string, b: string): boolean {
    return this.view.areApart(a, b);
  }

  /**
   * Persons whose values agree exactly with all that is given, in the order of their ids; those `behind`
   * one. Nobody when nothing is given, or something that nobody can read.
   */
  search(demographics: Demographics, limit = 100, behind = ''): Person[] {
    const wanted = wantedOf(demographics);
    const found: Person[] = [];
    if (wanted === null || saysNothing(wanted)) return found;
    // The last kind of search key is the most selective one.
    const key = searchKeys(wanted.normalised).at(-1);
    for (const person of key === undefined ? this.scan() : this.byKey(key, true)) {
      const isNext = person.personId > behind && person.status === 'active';
      if (isNext && agrees(person, wanted)) found.push(person);
      if (found.length === limit) break;
    }
    return found;
  }

  /** Whether a person's values agree with all that is given; not when nobody can read it. */
  fits(person: Person, demographics: Demographics): boolean {
    const wanted = wantedOf(demographics);
    return wanted !== null && agrees(person, wanted);
  }

  /**
   * Persons by one value; from the start of it unless `exact`. Of an encrypted store only whole values
   * can be looked up, because their names do not sort.
   */
  *byKey({ kind, value }: SearchKey, exact: boolean): Iterable<Person> {
    if (value === '') return;
    const name = this.view.source.nameOf(value);
    const prefix = `${kind}:${name}${exact || name !== value ? ':' : ''}`;
    for (const { key } of this.view.table('search').range({ prefix, limit: SCANNED })) {
      yield this.view.person(key.slice(key.lastIndexOf(':') + 1))!;
    }
  }

  /** The first persons of the index, for searches that no index helps. */
  *scan(): Iterable<Person> {
    for (const { value } of this.view.table('persons').range({ limit: SCANNED })) yield value;
  }

  *personsFrom(personId = ''): Iterable<Person> {
    for (const { value } of this.view.table('persons').range({ from: personId })) yield value;
  }

  reviews(status: Review['status'], limit = 100, from = ''): Review[] {
    const found: Review[] = [];
    for (const { value } of this.view.table('reviews').range({ from })) {
      if (value.status === status) found.push(value);
      if (found.length === limit) break;
    }
    return found;
  }

  review(reviewId: string): Review | undefined {
    return this.view.table('reviews').get(reviewId);
  }

  merge(mergeId: string): Merge | undefined {
    return this.view.table('merges').get(mergeId);
  }

  outcome(key: string): Outcome | undefined {
    return this.view.table('outcomes').get(key);
  }

  /**
   * Events behind a journal position: the cursor of a subscriber that pulls. Events of one position
   * go together, however many they are, so that a cursor is always between records.
   */
  events(behind: number, limit = 100): IndexEvent[] {
    const from = String(behind + 1).padStart(14, '0');
    const found: IndexEvent[] = [];
    for (const { value } of this.view.table('events').range({ from })) {
      if (found.length >= limit && value.position !== found.at(-1)!.position) break;
      found.push(value);
    }
    return found;
  }

  history(personId: string): { position: number; kind: string }[] {
    const prefix = `${personId}:`;
    return [...this.view.table('history').range({ prefix })].map(({ key, value }) => ({
      position: Number(key.slice(prefix.length, prefix.length + 14)),
      kind: value,
    }));
  }

  subscriptions(): (Subscription & { reached: number })[] {
    const reached = this.view.table('reached');
    return [...this.view.table('subscriptions').range()].map(({ value }) => ({
      ...value,
      reached: reached.get(value.subscriptionId) ?? 0,
    }));
  }

  /** What became of the lines of a file that were loaded so far. */
  loaded(file: string): LoadedCounts {
    const of = (what: string) => this.view.total(`load ${file} ${what}`);
    return {
      behind: of('behind'),
      created: of('created'),
      joined: of('joined'),
      reviews: of('reviews'),
    };
  }

  /** Why a line of a file was refused; null when it was not. */
  loadRefusal(file: string, line: number): string | null {
    return this.view.table('load-refusals').get(loadRefusalKey(file, line))?.reason ?? null;
  }

  loadRefusals(file: string): RefusedLine[] {
    const rows = this.view.table('load-refusals').range({ prefix: `${file}:` });
    return [...rows].map(({ value }) => value);
  }

  statistics(): Statistics {
    const sums = (prefix: string): Record<string, number> => {
      const rows = [...this.view.table('totals').range({ prefix: `${prefix} ` })];
      const named = rows.map(({ key, value }) => [key.slice(prefix.length + 1), value] as const);
      return Object.fromEntries(named.filter(([, value]) => value > 0));
    };
    const count = (status: string) => this.view.total(`persons ${status}`);
    return {
      persons: { active: count('active'), merged: count('merged'), cancelled: count('cancelled') },
      bySex: sums('sex'),
      byBirthDecade: sums('born'),
      byNation: sums('nation'),
      mediaByType: sums('media'),
      mediaByDomain: sums('domain'),
      openReviews: this.view.total('reviews open'),
      events: this.view.total('events'),
    };
  }
}
