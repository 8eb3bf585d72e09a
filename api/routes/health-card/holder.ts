/** Who holds a card, as the main index knows them: found by a document, and as a hospital is told. */
import { z } from 'zod';
import type { EmpiDoor } from '../../../modules/empi/commands.ts';
import { isHan } from '../../../modules/empi/matching/chinese-name.ts';
import { FIELD } from '../../../modules/empi/matching/fields.ts';
import {
  type NormalisedPerson,
  normalisePerson,
} from '../../../modules/empi/matching/normalise.ts';
import type { Demographics, Person } from '../../../modules/empi/types.ts';
import type { CodeDoor } from '../../../modules/health-card/codes.ts';
import { INDEX_DOMAIN, tellIndex } from '../../../modules/health-card/index-status.ts';
import type { HealthCardQueries } from '../../../modules/health-card/queries.ts';
import type { Account } from '../../../modules/health-card/types.ts';
import { ApiProblem } from '../../problem.ts';
import { text } from '../empi/shapes.ts';

/** What is read from the document that somebody shows. */
export const document = {
  name: text,
  idNumber: text,
  /** `01` citizen's identity card (when left out), `03` passport, … */
  idType: z.string().max(64).default(''),
};

/** Living persons with the number of that document. */
export function personsOfNumber({ queries }: EmpiDoor, demographics: Demographics): Person[] {
  const value = normalisePerson(demographics).values[FIELD.idNumber]!;
  return [...queries.byKey({ kind: 'id', value }, true)].filter(
    ({ status }) => status === 'active',
  );
}

/** The person whom a document names: its number and its name are both theirs. */
export function personOfDocument(index: EmpiDoor, demographics: Demographics): Person | undefined {
  const wanted = normalisePerson(demographics);
  return personsOfNumber(index, demographics).find(({ normalised }) =>
    haveSameName(normalised, wanted),
  );
}

/** Whether a document is that of a card's holder. */
export function isHolder(index: EmpiDoor, { personId }: Account, shown: Demographics): boolean {
  const holder = index.queries.livePerson(personId);
  return holder !== undefined && personOfDocument(index, shown)?.personId === holder.personId;
}

/** By characters, or by sound: registers write rare and traditional characters in several ways. */
export function haveSameName(a: NormalisedPerson, b: NormalisedPerson): boolean {
  const [surname, given] = [FIELD.surname, FIELD.givenName];
  if (isNameless(a) || isNameless(b)) return false;
  if (a.surnameSound === b.surnameSound && a.givenSound === b.givenSound) return true;
  return a.values[surname] === b.values[given] && a.values[given] === b.values[surname];
}

export function isNameless({ values }: NormalisedPerson): boolean {
  return values[FIELD.surname] === '' && values[FIELD.givenName] === '';
}

/** A person's card, also one that came with somebody who was merged; one in use before a cancelled one. */
export function accountOf(
  cards: HealthCardQueries,
  { queries }: EmpiDoor,
  person: Person,
): Account | undefined {
  const accounts = queries
    .mediaOf(person)
    .filter(({ domain }) => domain === INDEX_DOMAIN)
    .flatMap(({ number }) => cards.account(number) ?? []);
  const inUse = accounts.find(({ status }) => status === 'active');
  return inUse ?? accounts[0] ?? cards.accountOf(person.personId);
}

/** What a hospital is told: also what only the parts of a name or the identity number say. */
export function holderOf(person: Person | undefined) {
  const { name, surname, givenName, phone = '' } = person?.demographics ?? {};
  const [sex = '', born = ''] = [FIELD.sex, FIELD.birthDate].map(
    (field) => person?.normalised.values[field],
  );
  const birthDate = born.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
  return { name: name || nameOf(surname, givenName), sex, birthDate, phone };
}

/** Chinese names have the surname first and no space, others the given name first. */
function nameOf(surname = '', givenName = ''): string {
  if (isHan(surname + givenName)) return surname + givenName;
  return [givenName, surname].filter((part) => part !== '').join(' ');
}

/** Waits until the main index knows what became of a card. */
export async function indexTold(
  { ledger, reader, queries }: CodeDoor,
  index: EmpiDoor,
  cardNumber: string,
): Promise<void> {
  const untold = queries.untoldOf(cardNumber);
  if (untold !== undefined) await tellIndex(ledger, untold);
  if (await index.reached(reader.head().position)) return;
  throw new ApiProblem(
    503,
    'index_behind',
    'The main index is behind: ask again with the same key.',
  );
}
