/** One call of the FHIR interface, read and checked as far as all operations share it. */
import type { EmpiDoor } from '../../modules/empi/commands.ts';
import type { EmpiQueries } from '../../modules/empi/queries.ts';
import { isRetired, type Person } from '../../modules/empi/types.ts';
import type { Caller } from '../route.ts';
import type { Reference } from './patient-shape.ts';
import { FhirProblem } from './problem.ts';

export interface FhirCall {
  queries: EmpiQueries;
  door: EmpiDoor;
  caller: Caller;
  /** Of the query, or of the form of a POST search. */
  parameters: URLSearchParams;
  /** `Prefer: handling=strict`: what is not known here is refused. */
  isStrict: boolean;
  body: unknown;
  /** Names the request: a repeat under the same key does nothing twice. */
  key: string;
  /** Whether the key came from the caller. */
  hasKey: boolean;
  /** `https://host/fhir`. */
  base: string;
}

/** The live person that a reference or an identifier names. Throws FhirProblem. */
export function personOfReference(
  queries: EmpiQueries,
  { reference = '', identifier = {} }: Reference,
): Person {
  const id = /(?:^|\/)Patient\/([^/]+)$/.exec(reference)?.[1];
  const { system, value } = identifier;
  const domain = system === undefined ? undefined : queries.domainOfSystem(system);
  const medium =
    domain === undefined || value === undefined ? undefined : queries.medium(domain.code, value);
  const isValid = medium !== undefined && !isRetired(medium.status);
  const person = queries.livePerson(id ?? (isValid ? medium.personId : ''));
  if (person === undefined) {
    throw new FhirProblem(422, 'not-found', 'the reference names no Patient that is known');
  }
  return person;
}

/** One source a domain: nobody else feeds it. Operators may, for they put right what went wrong. */
export function mayFeed({ queries, caller }: FhirCall, domain: string): boolean {
  const source = queries.domain(domain)?.source ?? '';
  return source === '' || source === caller.id || caller.id.startsWith('operator:');
}

export function refuseForeignDomain(call: FhirCall, domain: string): void {
  if (mayFeed(call, domain)) return;
  throw new FhirProblem(403, 'forbidden', `${domain} is fed by another source`);
}

/** Whether a person is known by an identifier of a domain that the caller may feed. */
export function isOwn(call: FhirCall, person: Person): boolean {
  return call.queries.mediaOf(person).some(({ domain }) => mayFeed(call, domain));
}

/** Values of a named part of a Parameters resource. */
export function partsOf(body: unknown, name: string): Record<string, unknown>[] {
  const { parameter } = (body ?? {}) as { parameter?: unknown };
  if (!Array.isArray(parameter)) return [];
  return parameter.filter(
    (part): part is Record<string, unknown> =>
      typeof part === 'object' && part !== null && (part as { name?: unknown }).name === name,
  );
}

/** A part that is yes or no; no when it is left out. */
export function booleanOf(body: unknown, name: string): boolean {
  const [part] = partsOf(body, name);
  if (part === undefined) return false;
  const value = part['valueBoolean'];
  if (typeof value === 'boolean') return value;
  throw new FhirProblem(400, 'invalid', `${name} has to be a valueBoolean`);
}
