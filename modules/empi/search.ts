/** An index for looking people up by single values, as FHIR searches and counters do. */
import { FIELD } from './matching/fields.ts';
import type { NormalisedPerson } from './matching/normalise.ts';

export interface SearchKey {
  kind: 'surname' | 'given' | 'born' | 'phone' | 'id';
  value: string;
}

const KINDS: readonly [SearchKey['kind'], keyof typeof FIELD][] = [
  ['surname', 'surname'],
  ['given', 'givenName'],
  ['born', 'birthDate'],
  ['phone', 'phone'],
  ['id', 'idNumber'],
];

/** Where a person stands in the index. */
export function searchKeys({ values }: NormalisedPerson): SearchKey[] {
  return KINDS.flatMap(([kind, field]) => {
    const value = values[FIELD[field]]!;
    return value === '' ? [] : [{ kind, value }];
  });
}
