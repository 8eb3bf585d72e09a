/** Whether what was read from a document is enough to give somebody a card (实名). */
import { FIELD } from '../../../modules/empi/matching/fields.ts';
import { normalisePerson, PersonFlag } from '../../../modules/empi/matching/normalise.ts';
import type { Demographics } from '../../../modules/empi/types.ts';
import { ApiProblem } from '../../problem.ts';
import { isNameless } from './holder.ts';

/** Numbers of these have no check character: their form is all that can be checked. */
const OTHER_DOCUMENTS = /^(?:passport|officer|hong-kong-macau|taiwan):[a-z0-9]{5,30}$/;

/** Throws ApiProblem when the name is missing, or the number of a document. */
export function checkRealName(demographics: Demographics): void {
  const person = normalisePerson(demographics);
  const { values, flags } = person;
  if (isNameless(person) || (flags & PersonFlag.newborn) !== 0) {
    throw realNameNeeded('name', 'The holder’s own name is needed.');
  }
  if ((flags & PersonFlag.borrowedId) !== 0) {
    throw realNameNeeded('idNumber', 'The number is not the holder’s: it says another birth date.');
  }
  const isCitizen = (flags & PersonFlag.validId) !== 0;
  if (isCitizen || OTHER_DOCUMENTS.test(values[FIELD.idNumber]!)) return;
  const kinds = 'a valid identity number, or with its idType a passport or travel permit';
  throw realNameNeeded('idNumber', `The number of a document is needed: ${kinds}.`);
}

function realNameNeeded(item: string, message: string): ApiProblem {
  const errors = [{ field: `body.demographics.${item}`, message }];
  return new ApiProblem(422, 'real_name_needed', message, { errors });
}
