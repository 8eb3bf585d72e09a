/**
 * What the registers of several hospitals hold of a simulated population: one to five records a
 * person, with the errors that registers have. `rec_id` names the person (`rec-12-org`, `rec-12-dup-0`).
 */
import { SOUND_ALIKE } from './names.ts';
import { newAddress, newPhone, Population, type SimulatedPerson } from './people.ts';
import { Random } from './random.ts';

export const POPULATION_COLUMNS = [
  'rec_id',
  'name',
  'sex',
  'birth_date',
  'id_type',
  'id_number',
  'phone',
  'address',
] as const;

export interface PopulationOptions {
  seed: number;
  records: number;
  /** Share of persons with more than one record. */
  repeated?: number;
}

/** One record: values in the order of POPULATION_COLUMNS. */
export type PopulationRecord = string[];

/** Records of a population, those of one household near each other; shuffle them if order matters. */
export function* populationRecords(options: PopulationOptions): Iterable<PopulationRecord> {
  const random = new Random(options.seed);
  const population = new Population(random);
  let left = options.records;
  while (left > 0) {
    for (const person of population.household()) {
      const copies = random.chance(options.repeated ?? 0.2) ? 1 + random.below(4) : 0;
      for (let copy = -1; copy < copies && left > 0; copy++, left--) {
        yield writeRecord(random, person, copy);
      }
    }
  }
}

/** The first record of a person is mostly right; later ones were written elsewhere, years apart. */
function writeRecord(random: Random, person: SimulatedPerson, copy: number): PopulationRecord {
  const id = `rec-${person.number}-${copy < 0 ? 'org' : `dup-${copy}`}`;
  const mother = person.newbornOf;
  if (mother !== undefined) return newbornRecord(random, person, mother, id);
  const age = 2026 - Number(person.birthDate.slice(0, 4));
  return [
    id,
    writeName(random, person),
    random.chance(0.004) ? otherSex(person.sex) : person.sex === 'M' ? '男' : '女',
    writeDate(random, person.birthDate),
    '01',
    writeIdNumber(random, person.idNumber, age),
    copy >= 0 && random.chance(0.3) ? newPhone(random) : writePhone(random, person.phone),
    copy >= 0 && random.chance(0.2)
      ? newAddress(random).address
      : writeAddress(random, person.address),
  ];
}

function newbornRecord(
  random: Random,
  child: SimulatedPerson,
  mother: SimulatedPerson,
  id: string,
): PopulationRecord {
  const name = `${mother.surname}${mother.givenName}${child.sex === 'M' ? '之子' : '之女'}`;
  const number = random.chance(0.5) ? mother.idNumber : '';
  const sex = child.sex === 'M' ? '男' : '女';
  return [id, name, sex, child.birthDate, '01', number, child.phone, child.address];
}

function otherSex(sex: 'M' | 'F'): string {
  return sex === 'M' ? '女' : '男';
}

function writeName(random: Random, { surname, givenName }: SimulatedPerson): string {
  const name = surname + givenName;
  if (random.chance(0.025)) {
    const at = random.below(name.length);
    return name.slice(0, at) + (SOUND_ALIKE[name[at]!] ?? name[at]!) + name.slice(at + 1);
  }
  if (random.chance(0.01)) return `${surname} ${givenName}`;
  return name;
}

function writeDate(random: Random, date: string): string {
  if (random.chance(0.03)) return '';
  if (random.chance(0.012)) return changeDigit(random, date);
  const dashed = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  return random.chance(0.3) ? dashed : date;
}

function writeIdNumber(random: Random, number: string, age: number): string {
  if (random.chance(0.12)) return '';
  if (random.chance(0.015)) return changeDigit(random, number);
  if (random.chance(0.008)) return swapNeighbours(random, number);
  if (age > 40 && random.chance(0.05)) return number.slice(0, 6) + number.slice(8, 17);
  return random.chance(0.02) ? number.toLowerCase() : number;
}

function writePhone(random: Random, phone: string): string {
  if (random.chance(0.08)) return '';
  if (random.chance(0.015)) return changeDigit(random, phone);
  return random.chance(0.05)
    ? `+86 ${phone.slice(0, 3)}-${phone.slice(3, 7)}-${phone.slice(7)}`
    : phone;
}

/** With or without province, with other words for building and unit, or cut off. */
function writeAddress(random: Random, address: string): string {
  if (random.chance(0.06)) return '';
  let written = random.chance(0.4) ? address.slice(address.indexOf('省') + 1) : address;
  if (random.chance(0.2)) written = written.replace('号楼', '栋');
  if (random.chance(0.15))
    written = written.replace('单元', '-').replace('号楼', '-').replace('室', '');
  return random.chance(0.08) ? written.slice(0, Math.max(10, written.length - 8)) : written;
}

function changeDigit(random: Random, digits: string): string {
  const at = random.below(digits.length - 1);
  const digit = String((Number(digits[at]) + 1 + random.below(9)) % 10);
  return digits.slice(0, at) + digit + digits.slice(at + 1);
}

function swapNeighbours(random: Random, digits: string): string {
  const at = random.below(digits.length - 2);
  return digits.slice(0, at) + digits[at + 1]! + digits[at]! + digits.slice(at + 2);
}
