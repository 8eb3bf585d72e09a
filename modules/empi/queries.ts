/** Questions to the patient index, from any thread. */
import type { TableSource } from '../frame/module.ts';
import { FIELD, FIELDS } from './matching/fields.ts';
import { DEFAULT_THRESHOLDS } from './matching/model.ts';
import { type NormalisedPerson, normalisePerson } from './matching/normalise.ts';
import { type Candidate, type Match, matchOnline } from './matching/online.ts';
import { blockingKeys } from './matching/online-keys.ts';
import { type SearchKey, searchKeys } from './search.ts';
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
import { loadRefusalKey, View } from './view.ts';

export interface Statistics {
  persons: { active: number; merged: number; cancelled: number };
  bySex: Record<string, number>;
  mediaByType: Record<string, number>;
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

  /** Cross index: identifiers of the same person, also of other domains than asked from. */
  crossIndex(domain: string, number: string, targets?: ReadonlySet<string>): Medium[] | null {
    const medium = this.medium(domain, number);
    if (medium === undefined) return null;
    const person = this.view.livePerson(medium.personId)!;
    return this.mediaOf(person).filter(
      ({ mediumId, domain: other, status }) =>
        mediumId !== medium.mediumId &&
        status !== 'cancelled' &&
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
    return matchOnline(person, this.candidates(person), this.settings(), {
      persons: this.view.total('persons active'),
      present: (field) => this.view.total(`present ${field}`),
      count: (field, value) => this.view.table('counts').get(this.view.valueKey(field, value)) ?? 0,
    });
  }

  /** The degree of match of two persons of the index. */
  compare(a: string, b: string): Match | null {
    const first = this.view.person(a);
    const second = this.view.person(b);
    if (first === undefined || second === undefined) return null;
    const candidate = { personId: b, normalised: second.normalised };
    const settings = this.settings();
    const frequencies = {
      persons: this.view.total('persons active'),
      present: (field: number) => this.view.total(`present ${field}`),
      count: (field: number, value: string) =>
        this.view.table('counts').get(this.view.valueKey(field, value)) ?? 0,
    };
    return matchOnline(first.normalised, [candidate], settings, frequencies, 'all')[0] ?? null;
  }

  /** Persons whose values agree exactly with all that is given, in the order of their ids; those `behind` one. */
  search(demographics: Demographics, limit = 100, behind = ''): Person[] {
    const wanted = normalisePerson(demographics);
    // The last kind of search key is the most selective one.
    const key = searchKeys(wanted).at(-1);
    const found: Person[] = [];
    for (const person of key === undefined ? this.scan() : this.byKey(key, true)) {
      const isNext = person.personId > behind && person.status === 'active';
      if (isNext && agrees(person.normalised, wanted)) found.push(person);
      if (found.length === limit) break;
    }
    return found;
  }

  /** Whether a person's values agree with all that is given. */
  fits({ normalised }: Person, demographics: Demographics): boolean {
    return agrees(normalised, normalisePerson(demographics));
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

  /** Events behind a journal position: the cursor of a subscriber that pulls. */
  events(behind: number, limit = 100): IndexEvent[] {
    const from = String(behind + 1).padStart(14, '0');
    return [...this.view.table('events').range({ from, limit })].map(({ value }) => value);
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
    const bySex: Record<string, number> = {};
    const mediaByType: Record<string, number> = {};
    for (const { key, value } of this.view.table('totals').range()) {
      if (key.startsWith('sex ')) bySex[key.slice(4)] = value;
      if (key.startsWith('media ')) mediaByType[key.slice(6)] = value;
    }
    const count = (status: string) => this.view.total(`persons ${status}`);
    return {
      persons: { active: count('active'), merged: count('merged'), cancelled: count('cancelled') },
      bySex,
      mediaByType,
      openReviews: this.view.total('reviews open'),
      events: this.view.total('events'),
    };
  }
}

function agrees(person: NormalisedPerson, wanted: NormalisedPerson): boolean {
  return FIELDS.every((_, field) => {
    const value = wanted.values[field]!;
    if (value === '') return true;
    if (person.values[field] === value) return true;
    return field === FIELD.address && person.values[field]!.includes(value);
  });
}
