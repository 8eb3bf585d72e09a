/** Where a person stands in the index: also by further names, each given name, and further numbers. */
import { cleanText, normaliseName, normalisePhone } from './matching/normalise.ts';
import { type SearchKey, searchKeys } from './search.ts';
import type { Demographics, Person } from './types.ts';

export function personKeys({ normalised, demographics }: Person): SearchKey[] {
  const keys = new Map<string, SearchKey>();
  const add = (key: SearchKey) => {
    if (key.value !== '') keys.set(`${key.kind}:${key.value}`, key);
  };
  for (const key of [...searchKeys(normalised), ...fedKeys(demographics)]) {
    add(key);
    if (key.kind === 'surname' || key.kind === 'given') {
      add({ kind: key.kind, value: foldedName(key.value) });
    }
  }
  return [...keys.values()];
}

/** A name as it is looked for: `José` and `jose` are the same. */
export function foldedName(text: string | undefined): string {
  return normaliseName(text).normalize('NFD').replace(/\p{M}/gu, '');
}

function fedKeys({ names = [], telecoms = [], givenName, email, birthDate }: Demographics) {
  const keys: SearchKey[] = [];
  const add = (kind: SearchKey['kind'], value: string) => keys.push({ kind, value });
  for (const word of givenName?.split(/\s+/) ?? []) add('given', normaliseName(word));
  for (const { family, given = [] } of names) {
    add('surname', normaliseName(family));
    for (const part of [...given, given.join('')]) add('given', normaliseName(part));
  }
  for (const { system, value } of telecoms) {
    if (system === 'email') add('email', cleanText(value));
    else add('phone', normalisePhone(value));
  }
  add('email', cleanText(email));
  // A year or a month stands before, or behind, all of its days.
  if (birthDate !== undefined && /^\d{4}(?:-\d\d)?$/.test(birthDate)) {
    add('born', birthDate.replace('-', ''));
  }
  return keys;
}
