/**
 * Sending commands to the patient index: a command is put into the journal, and its outcome is read
 * from the view when the view has come to it. Sent again under the same key, it does nothing and
 * gives the same outcome.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import {
  type CommandKind,
  type Commands,
  factOf,
  type PossibleMatch,
  type Registration,
} from './facts.ts';
import { normalisePerson, PersonFlag } from './matching/normalise.ts';
import type { Match } from './matching/online.ts';
import type { EmpiQueries } from './queries.ts';
import type { Demographics, LinkReason, MediumInput, Outcome } from './types.ts';

/** Where commands go and where outcomes come from. */
export interface EmpiDoor {
  ledger: LedgerClient;
  queries: EmpiQueries;
  /** Resolves when the view tells a position; false when it does not in time. */
  reached(position: number): Promise<boolean>;
}

/** The view does not follow: whoever asked may ask again under the same key. */
export class IndexBehind extends Error {
  override readonly name = 'IndexBehind';
}

export async function send<Kind extends CommandKind>(
  door: EmpiDoor,
  key: string,
  kind: Kind,
  command: Commands[Kind],
): Promise<Outcome> {
  const position = await put(door, key, kind, command);
  if (!(await door.reached(position))) throw new IndexBehind('the patient index is behind');
  const outcome = door.queries.outcome(key);
  if (outcome === undefined) throw new IndexBehind('the patient index has no outcome yet');
  return outcome;
}

/** Puts a command into the journal and does not wait for its outcome; gives its position. */
export async function put<Kind extends CommandKind>(
  { ledger }: Pick<EmpiDoor, 'ledger'>,
  key: string,
  kind: Kind,
  command: Commands[Kind],
): Promise<number> {
  const fact = { module: factOf(kind, key, command) };
  const { position } = await ledger.submit({ id: idOf('empi', key), institution: '', fact });
  return position;
}

export interface RegisterRequest {
  demographics: Demographics;
  media: MediumInput[];
  by: string;
}

export interface Registered extends Outcome {
  /** What decided: `identifier`, a rule, `probability`, `new`. */
  decision: string;
  matches: Match[];
  /** What is odd about the data by themselves: `id_number_says_another_birth_date`, … */
  warnings: string[];
}

/** A best match must leave the next one so far behind, or people decide. In bits. */
const LEAD_BITS = 10;
/** What another registration may have changed in the meantime is looked at again. */
export const TRIES = 5;
export const RACES: ReadonlySet<string> = new Set([
  'identifier_taken',
  'two_valid_id_numbers',
  'person_cancelled',
]);

/**
 * Registers a person: by an identifier that is known, by the engine's verdict, or as a new one.
 * What is alike but not sure enough becomes a review.
 */
export async function registerPerson(
  door: EmpiDoor,
  key: string,
  request: RegisterRequest,
): Promise<Registered> {
  for (let attempt = 1; ; attempt++) {
    const { registration, decision, matches } = decide(door.queries, request);
    const outcome = await send(door, `${key}:${attempt}`, 'person.register', registration);
    const mayChange = RACES.has(outcome.code ?? '') && decision !== 'identifier';
    if (outcome.status === 'done' || !mayChange || attempt === TRIES) {
      return { ...outcome, decision, matches, warnings: warningsOf(request.demographics) };
    }
    await sleep(1);
  }
}

/** What registering would do now; nothing is written. */
export function decide(
  queries: EmpiQueries,
  { demographics, media, by }: RegisterRequest,
): { registration: Registration; decision: string; matches: Match[] } {
  for (const { domain, number } of media) {
    const known = queries.medium(domain, number);
    if (known === undefined) continue;
    const link: LinkReason = { source: 'auto', probability: 1, rule: 'identifier', by };
    const registration = { demographics, media, link, personId: known.personId };
    return { registration, decision: 'identifier', matches: [] };
  }
  const matches = queries.match(demographics);
  const { sure, reviews } = verdictOf(matches);
  const decision = sure === null ? 'new' : ruleOf(sure);
  const link: LinkReason = {
    source: 'auto',
    probability: sure?.probability ?? 1,
    rule: decision,
    by,
  };
  const registration: Registration = { demographics, media, link };
  if (sure !== null) registration.personId = sure.personId;
  if (reviews.length > 0) registration.reviews = reviews;
  return { registration, decision, matches };
}

const REVIEWS_MAX = 5;

/** The match that needs nobody's word, and those that do; matches come best first. */
export function verdictOf(matches: Match[]): { sure: Match | null; reviews: PossibleMatch[] } {
  const [best, second] = matches;
  const sure = best?.verdict === 'auto' && leads(best, second) ? best : null;
  const reviews = matches
    .filter((match) => match !== sure)
    .slice(0, REVIEWS_MAX)
    .map(({ personId, probability, guards, fields }) => ({
      personId,
      probability,
      reasons: [...guards, ...fields.map(({ wordsEn, bits }) => `${wordsEn}: ${bits}`)],
    }));
  return { sure, reviews };
}

export function ruleOf({ rule }: Match): string {
  return rule ?? 'probability';
}

/** What the identity number says against the rest of the record. */
function warningsOf(demographics: Demographics): string[] {
  const { flags } = normalisePerson(demographics);
  const warnings: string[] = [];
  if (flags & PersonFlag.dateDisagrees) warnings.push('id_number_says_another_birth_date');
  if (flags & PersonFlag.sexDisagrees) warnings.push('id_number_says_another_sex');
  if (flags & PersonFlag.borrowedId) warnings.push('id_number_of_a_guardian');
  return warnings;
}

function leads(best: Match, second: Match | undefined): boolean {
  if (second === undefined || second.verdict !== 'auto') return true;
  return bitsOf(best) - bitsOf(second) >= LEAD_BITS;
}

function bitsOf({ probability }: Match): number {
  return Math.log2(probability / Math.max(1e-300, 1 - probability));
}
