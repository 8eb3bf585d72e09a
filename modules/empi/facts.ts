/**
 * The commands of the patient index as facts of the journal. A fact says what was decided; whether it
 * still can be done when its turn comes is judged against the view, in the order of the journal, and
 * the judgement is the same at every replay.
 */
import type { JournalRecord, ModuleFact } from '../../ledger/types.ts';
import type {
  Demographics,
  Domain,
  LinkReason,
  MatchSettings,
  MediumInput,
  MediumStatus,
  Subscription,
} from './types.ts';

export const MODULE = 'empi';

export interface PossibleMatch {
  personId: string;
  probability: number;
  reasons: string[];
}

export interface Registration {
  demographics: Demographics;
  media: MediumInput[];
  link: LinkReason;
  /** Joined to this person; left out: a new one. */
  personId?: string;
  /** Persons that are alike, but not enough to be joined without asking. */
  reviews?: PossibleMatch[];
}

/** A registration and the line of the file that it came from. */
export interface LoadedLine extends Registration {
  line: number;
}

/** An identifier by its domain and number. */
export interface Identifier {
  domain: string;
  number: string;
}

export interface Commands {
  'domain.set': Domain;
  'domain.remove': { code: string; by: string };
  'person.register': Registration;
  /**
   * Some lines of a register that is loaded from a file. `behind`: up to which line everything of the
   * file is in the journal with this fact; 0 when lines before these are still to come.
   */
  'person.load': { file: string; registrations: LoadedLine[]; behind: number };
  'person.change': { personId: string; demographics: Demographics; by: string };
  'person.cancel': { personId: string; reason: string; by: string };
  'person.restore': { personId: string; by: string };
  'person.merge': { survivor: string; absorbed: string; reason: string; by: string };
  /** A source says that one identifier has taken another's place: both are one person. */
  'identifier.replace': { replaced: Identifier; survivor: Identifier; reason: string; by: string };
  'person.unmerge': { mergeId: string; reason: string; by: string };
  'medium.add': { personId: string; medium: MediumInput; link: LinkReason };
  /** The medium by its id, or by its number in a domain. */
  'medium.status': ({ mediumId: string } | Identifier) & { status: MediumStatus; by: string };
  'medium.remove': { mediumId: string; by: string };
  /** The engine found persons that are alike, after one of them changed. */
  'reviews.open': { personId: string; reviews: PossibleMatch[] };
  'review.accept': { reviewId: string; survivor: string; by: string };
  'review.reject': { reviewId: string; by: string };
  /** Takes media out of a person into a new one: two people had become one. */
  'person.split': { personId: string; mediumIds: string[]; demographics: Demographics; by: string };
  'settings.set': MatchSettings;
  'subscription.set': Subscription;
  'subscription.remove': { subscriptionId: string; by: string };
  /** A subscriber has everything up to this position. */
  'subscription.reached': { subscriptionId: string; position: number };
}

export type CommandKind = keyof Commands;

/** A command with its name; `key` names the request, so that a repeat finds its outcome. */
export function factOf<Kind extends CommandKind>(
  kind: Kind,
  key: string,
  command: Commands[Kind],
): ModuleFact {
  const payload = new TextEncoder().encode(JSON.stringify(command));
  return { module: MODULE, kind, key, payload };
}

export interface AppliedCommand {
  kind: CommandKind;
  key: string;
  command: unknown;
}

/** The command of a record; null when it is none of ours, or was refused. */
export function commandOf(record: JournalRecord): AppliedCommand | null {
  const fact = record.entry.fact?.module;
  if (fact === undefined || fact.module !== MODULE || record.status !== 'applied') return null;
  const text = new TextDecoder().decode(fact.payload ?? new Uint8Array());
  return { kind: fact.kind as CommandKind, key: fact.key ?? '', command: JSON.parse(text) };
}
