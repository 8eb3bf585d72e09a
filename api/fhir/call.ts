/** One call of the FHIR interface, read and checked as far as all operations share it. */
import type { EmpiDoor } from '../../modules/empi/commands.ts';
import type { EmpiQueries } from '../../modules/empi/queries.ts';
import type { Person } from '../../modules/empi/types.ts';
import type { Caller } from '../route.ts';
import { FhirProblem } from './problem.ts';

export interface FhirCall {
  queries: EmpiQueries;
  door: EmpiDoor;
  caller: Caller;
  /** Of the query, or of the form of a POST search. */
  parameters: URLSearchParams;
  body: unknown;
  /** Names the request: a repeat under the same key does nothing twice. */
  key: string;
  /** Whether the key came from the caller. */
  hasKey: boolean;
  base: string;
}

/** The live person that a reference or an identifier names. Throws FhirProblem. */
export function personOfReference(
  queries: EmpiQueries,
  other: { reference?: string; identifier?: { system?: string; value?: string } },
): Person {
  const id = /(?:^|\/)Patient\/([^/]+)$/.exec(other.reference ?? '')?.[1];
  const { system, value } = other.identifier ?? {};
  const domain = system === undefined ? undefined : queries.domainOfSystem(system);
  const medium =
    domain === undefined || value === undefined ? undefined : queries.medium(domain.code, value);
  const person = queries.livePerson(id ?? medium?.personId ?? '');
  if (person === undefined) {
    throw new FhirProblem(422, 'not-found', 'the reference names no Patient that is known');
  }
  return person;
}

/** Values of a named part of a Parameters resource. */
export function partsOf(body: unknown, name: string): Record<string, unknown>[] {
  const { parameter } = body as { parameter?: unknown };
  if (!Array.isArray(parameter)) return [];
  return parameter.filter(
    (part): part is Record<string, unknown> =>
      typeof part === 'object' && part !== null && (part as { name?: unknown }).name === name,
  );
}
