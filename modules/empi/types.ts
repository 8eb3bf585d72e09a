/** The rows of the patient index: persons, media (cards and documents), links, domains, reviews. */

import type { MatchModel, Thresholds } from './matching/model.ts';
import type { NormalisedPerson, PersonInput } from './matching/normalise.ts';

/** When something was in use. */
export interface FedPeriod {
  start?: string | undefined;
  end?: string | undefined;
}

/** A name as its source wrote it; names of the fields as in FHIR. */
export interface FedName {
  use?: string | undefined;
  text?: string | undefined;
  family?: string | undefined;
  given?: string[] | undefined;
  prefix?: string[] | undefined;
  suffix?: string[] | undefined;
  period?: FedPeriod | undefined;
}

/** A phone number, e-mail address, … as its source wrote it. */
export interface FedTelecom {
  system?: string | undefined;
  value?: string | undefined;
  use?: string | undefined;
  rank?: number | undefined;
  period?: FedPeriod | undefined;
}

/** An address as its source wrote it. */
export interface FedAddress {
  use?: string | undefined;
  type?: string | undefined;
  text?: string | undefined;
  line?: string[] | undefined;
  city?: string | undefined;
  district?: string | undefined;
  state?: string | undefined;
  postalCode?: string | undefined;
  country?: string | undefined;
  period?: FedPeriod | undefined;
}

/** A coded value as its source wrote it. */
export interface FedConcept {
  text?: string | undefined;
  coding?:
    | { system?: string | undefined; code?: string | undefined; display?: string | undefined }[]
    | undefined;
}

/**
 * What is known of a person: what the engine compares, and what it does not. The lists are what a
 * source wrote, to be given back so; the single values beside them are taken from them (`as-fed.ts`).
 */
export interface Demographics extends PersonInput {
  names?: FedName[];
  telecoms?: FedTelecom[];
  addresses?: FedAddress[];
  maritalConcept?: FedConcept;
  /** Code of GB/T 3304. */
  nation?: string;
  /** Code of GB/T 2261.2. */
  maritalStatus?: string;
  occupation?: string;
  mothersMaidenName?: string;
  email?: string;
  country?: string;
  /** `true`, `false`, or when the person died: a date or time of FHIR. */
  deceased?: string;
  /** `false`: the source keeps the record for its history only. */
  active?: string;
  /** Where the hospital books what the patient owes, and who gave the number (HL7 v2, PID-18). */
  accountNumber?: string;
  accountAuthority?: string;
  /** The mother's identifier, and who gave it (HL7 v2, PID-21). */
  motherNumber?: string;
  motherAuthority?: string;
}

/** An identifier of a person in one domain: a card, a document, a record number of a hospital. */
export interface MediumInput {
  domain: string;
  number: string;
  /** `virtual-card`, `health-card`, `visit-card`, `social-security-card`, `document`, `record`, … */
  type: string;
  chip?: string;
  issuer?: string;
}

/** `replaced`: its own source says that another identifier has taken its place. */
export const MEDIUM_STATUSES = ['active', 'lost', 'frozen', 'cancelled', 'replaced'] as const;
export type MediumStatus = (typeof MEDIUM_STATUSES)[number];

/** An identifier that nobody should use any more. */
export function isRetired(status: MediumStatus): boolean {
  return status === 'cancelled' || status === 'replaced';
}

/** How a medium came to its person. */
export interface LinkReason {
  source: 'auto' | 'manual';
  /** Probability that the engine gave; 1 for what a person decided. */
  probability: number;
  rule: string;
  by: string;
}

/** The card index and the cross index in one row: a medium has one person at a time. */
export interface Medium extends MediumInput {
  mediumId: string;
  status: MediumStatus;
  personId: string;
  linkId: string;
  link: LinkReason;
}

export type PersonStatus = 'active' | 'merged' | 'cancelled';

export interface Person {
  personId: string;
  status: PersonStatus;
  /** Of a merged person: who took its place. */
  mergedInto?: string;
  demographics: Demographics;
  normalised: NormalisedPerson;
  /** Ids of its media, in the order in which they came. */
  media: string[];
  /** Merges in which this person survived, oldest first, those undone left out. */
  merges: string[];
  cancelReason?: string;
  /** Journal positions of the first and the last change. */
  createdAt: number;
  version: number;
}

export type DomainKind = 'card' | 'region' | 'platform';

export interface Domain {
  code: string;
  nameZh: string;
  kind: DomainKind;
  /** URI of the domain in FHIR; `urn:oid:…` for HL7 v2. */
  system: string;
  /** Who may register identifiers of this domain; empty: everybody. */
  source: string;
}

/** Two persons that people have to look at. */
export interface Review {
  reviewId: string;
  a: string;
  b: string;
  probability: number;
  reasons: string[];
  status: 'open' | 'accepted' | 'rejected';
  /** Of an accepted one. */
  mergeId?: string;
  decidedBy?: string;
}

/** What a merge took, so that it can be given back exactly. */
export interface Merge {
  mergeId: string;
  survivor: string;
  absorbed: string;
  reason: string;
  by: string;
  beforeSurvivor: Person;
  beforeAbsorbed: Person;
  /** Version of the survivor after the merge: unchanged since, it is restored as a whole. */
  survivorVersion: number;
  /** An identifier that its source had replaced with this merge, as it was before. */
  replaced?: Medium;
  undone: boolean;
}

/** A line of a register that was not loaded. */
export interface RefusedLine {
  line: number;
  recordId: string;
  reason: string;
}

/** What may happen, as subscribers name it. */
export const EVENT_KINDS = [
  'person.registered',
  'person.linked',
  'person.changed',
  'person.cancelled',
  'person.restored',
  'person.merged',
  'person.unmerged',
  'person.split',
  'medium.added',
  'medium.removed',
  'medium.active',
  'medium.lost',
  'medium.frozen',
  'medium.cancelled',
  'medium.replaced',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface Subscription {
  subscriptionId: string;
  url: string;
  /** Kinds of events; empty: all. */
  events: string[];
  status: 'active' | 'stopped';
}

/** What happened, for subscribers; the key is the journal position. */
export interface IndexEvent {
  position: number;
  timeUs: number;
  kind: string;
  personId: string;
  otherPersonId?: string;
  domain?: string;
}

export interface MatchSettings {
  /** Null: the parameters that come with posp. */
  model: MatchModel | null;
  thresholds: Thresholds;
}

/** What became of a command: the answer to whoever sent it, also when it is sent again. */
export interface Outcome {
  status: 'done' | 'refused';
  /** Why refused: `identifier_taken`, `person_not_found`, … */
  code?: string;
  personId?: string;
  mediumId?: string;
  mergeId?: string;
  reviewIds?: string[];
}
