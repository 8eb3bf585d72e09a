/**
 * The rules that put records into blocks. A pair that no rule brings together is never found, so each
 * rule survives errors that break the others.
 */
import type { FieldName } from './fields.ts';

export type Slot = FieldName | 'surnameSound' | 'givenSound';

/** Part of a value: units from `from`, `length` of them; counted from the end when negative. */
export interface KeyPart {
  slot: Slot;
  from?: number;
  length?: number;
}

export interface BlockingRule {
  name: string;
  parts: readonly KeyPart[];
  /** The parts' order does not matter: names that changed places meet. */
  unordered?: boolean;
  /** What an oversized block is divided by, one after the other. */
  divide: readonly KeyPart[];
  /** One field alone brings many strangers together: only small files can afford it. */
  forSmallFiles?: boolean;
}

const YEAR: KeyPart = { slot: 'birthDate', from: 0, length: 4 };
const MONTH_AND_DAY: KeyPart = { slot: 'birthDate', from: 4, length: 4 };
const YEAR_AND_MONTH: KeyPart = { slot: 'birthDate', from: 0, length: 6 };
const SURNAME: KeyPart = { slot: 'surnameSound' };
const GIVEN: KeyPart = { slot: 'givenSound' };
const GIVEN_START: KeyPart = { slot: 'givenSound', from: 0, length: 3 };
const SURNAME_START: KeyPart = { slot: 'surnameSound', from: 0, length: 3 };

export const BLOCKING_RULES: readonly BlockingRule[] = [
  { name: 'identity number', parts: [{ slot: 'idNumber' }], divide: [SURNAME, GIVEN] },
  { name: 'phone', parts: [{ slot: 'phone' }], divide: [GIVEN, YEAR] },
  {
    name: 'names',
    parts: [SURNAME, GIVEN],
    unordered: true,
    divide: [YEAR, MONTH_AND_DAY, { slot: 'suburb' }],
  },
  { name: 'birth date', parts: [{ slot: 'birthDate' }], divide: [SURNAME_START, GIVEN] },
  { name: 'address', parts: [{ slot: 'address' }], divide: [GIVEN, YEAR] },
  {
    name: 'street and number',
    parts: [{ slot: 'street' }, { slot: 'streetNumber' }],
    divide: [{ slot: 'postcode' }, SURNAME],
  },
  { name: 'street', parts: [{ slot: 'street' }], divide: [{ slot: 'postcode' }, GIVEN] },
  { name: 'locality', parts: [{ slot: 'locality' }], divide: [{ slot: 'postcode' }, GIVEN] },
  {
    name: 'suburb and number',
    parts: [{ slot: 'suburb' }, { slot: 'streetNumber' }],
    divide: [GIVEN, YEAR],
  },
  {
    name: 'given name and postcode',
    parts: [GIVEN, { slot: 'postcode' }],
    divide: [YEAR, SURNAME_START],
  },
  {
    name: 'surname and postcode',
    parts: [SURNAME, { slot: 'postcode' }],
    divide: [YEAR, GIVEN_START],
  },
  {
    name: 'postcode and number',
    parts: [{ slot: 'postcode' }, { slot: 'streetNumber' }],
    divide: [GIVEN, YEAR],
  },
  {
    name: 'end of identity number',
    parts: [{ slot: 'idNumber', from: -6, length: 6 }],
    divide: [SURNAME, YEAR],
  },
  {
    name: 'start of identity number and given name',
    parts: [{ slot: 'idNumber', from: 0, length: 6 }, GIVEN],
    divide: [YEAR, SURNAME],
  },
  { name: 'given name and birth month', parts: [GIVEN, YEAR_AND_MONTH], divide: [SURNAME] },
  { name: 'given name and birthday', parts: [GIVEN, MONTH_AND_DAY], divide: [SURNAME, YEAR] },
  ...(
    [
      ['surname', SURNAME, YEAR],
      ['given name', GIVEN, YEAR],
      ['birthday', MONTH_AND_DAY, YEAR],
      ['birth month', YEAR_AND_MONTH, SURNAME_START],
      ['postcode', { slot: 'postcode' }, SURNAME_START],
      ['suburb', { slot: 'suburb' }, SURNAME_START],
      ['first digits of identity number', { slot: 'idNumber', from: 0, length: 4 }, YEAR],
      ['last digits of identity number', { slot: 'idNumber', from: -4, length: 4 }, YEAR],
    ] as const
  ).map(([name, part, divider]) => ({
    name,
    parts: [part],
    divide: [divider],
    forSmallFiles: true,
  })),
];
