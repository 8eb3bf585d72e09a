/**
 * Western records as the FEBRL generator makes them: people drawn column by column from the values of
 * a published set, duplicates with slips of hand, eye and ear. Fresh people and fresh slips for every
 * seed, so that the engine is judged on data that nobody has looked at.
 */
import { readFileSync } from 'node:fs';
import { Random } from '../../simulators/population/random.ts';

export const FEBRL_COLUMNS = [
  'rec_id',
  'given_name',
  'surname',
  'street_number',
  'address_1',
  'address_2',
  'suburb',
  'postcode',
  'state',
  'date_of_birth',
  'soc_sec_id',
] as const;
const at = (name: (typeof FEBRL_COLUMNS)[number]): number => FEBRL_COLUMNS.indexOf(name);
const BORN = at('date_of_birth');
const NUMBER = at('soc_sec_id');

export interface FebrlLike {
  seed: number;
  originals: number;
  duplicates: number;
  /** How many duplicates one original may have; few have many, as Zipf's law says. */
  mostOfOne: number;
  changesOfRecord: number;
  changesOfField: number;
}

/** What the published sets were made with, as far as their names and counts tell. */
export const LIKE_FEBRL = {
  one: { originals: 500, duplicates: 500, mostOfOne: 1, changesOfRecord: 1, changesOfField: 1 },
  two: { originals: 4000, duplicates: 1000, mostOfOne: 5, changesOfRecord: 4, changesOfField: 2 },
  three: {
    originals: 2000,
    duplicates: 3000,
    mostOfOne: 5,
    changesOfRecord: 10,
    changesOfField: 3,
  },
  four: { originals: 5000, duplicates: 5000, mostOfOne: 1, changesOfRecord: 1, changesOfField: 1 },
} as const;

/** Rows with `rec-12-org` and `rec-12-dup-0` for names, in an order that says nothing. */
export function febrlLike(options: FebrlLike): string[][] {
  const random = new Random(options.seed);
  const values = publishedValues();
  const originals = Array.from({ length: options.originals }, (_, person) => {
    const row = values.map((column) => random.pick(column));
    row[0] = `rec-${person}-org`;
    row[BORN] = randomDate(random);
    row[NUMBER] = String(1_000_000 + random.below(9_000_000));
    return row;
  });
  const rows = [...originals];
  for (const [person, count] of duplicatesOf(options, random)) {
    for (let copy = 0; copy < count; copy++) {
      const row = changed(originals[person]!, values, options, random);
      row[0] = `rec-${person}-dup-${copy}`;
      rows.push(row);
    }
  }
  return shuffled(rows, random);
}

/** By column: the values of the originals, each as often as it stands there. */
function publishedValues(): string[][] {
  const lines = readFileSync('test/fixtures/empi/dataset3.csv', 'utf8').trimEnd().split('\n');
  const rows = lines.slice(1).map((line) => line.split(',').map((cell) => cell.trim()));
  const originals = rows.filter(([id]) => id!.endsWith('-org'));
  return FEBRL_COLUMNS.map((_, column) => originals.map((row) => row[column]!));
}

function randomDate(random: Random): string {
  const date = new Date(Date.UTC(1900, 0, 1 + random.below(36_524)));
  return random.chance(0.02) ? '' : date.toISOString().slice(0, 10).replaceAll('-', '');
}

function duplicatesOf({ originals, duplicates, mostOfOne }: FebrlLike, random: Random) {
  const counts = new Map<number, number>();
  let left = duplicates;
  if (mostOfOne === 1) {
    for (let person = 0; person < duplicates; person++) counts.set(person, 1);
    return counts;
  }
  while (left > 0) {
    const person = random.below(originals);
    if (counts.has(person)) continue;
    const count = Math.min(left, zipf(mostOfOne, random));
    counts.set(person, count);
    left -= count;
  }
  return counts;
}

/** 1 … most; n comes 1/n as often as 1. */
function zipf(most: number, random: Random): number {
  let sum = 0;
  for (let n = 1; n <= most; n++) sum += 1 / n;
  let wanted = random.unit() * sum;
  for (let n = 1; n < most; n++) {
    wanted -= 1 / n;
    if (wanted < 0) return n;
  }
  return most;
}

function changed(
  original: string[],
  values: string[][],
  { changesOfRecord, changesOfField }: FebrlLike,
  random: Random,
): string[] {
  const row = [...original];
  const changes = new Map<number, number>();
  let left = 1 + random.below(changesOfRecord);
  for (let tries = 0; left > 0 && tries < 50; tries++) {
    const column = 1 + random.below(FEBRL_COLUMNS.length - 1);
    const before = changes.get(column) ?? 0;
    if (before >= changesOfField || row[column] === '') continue;
    changes.set(column, before + 1);
    change(row, column, values[column]!, random);
    left--;
  }
  return row;
}

function change(row: string[], column: number, others: string[], random: Random): void {
  const kind = random.unit();
  const partner = PARTNERS.get(column);
  if (kind < 0.06) row[column] = '';
  else if (kind < 0.12 && partner !== undefined) {
    [row[column], row[partner]] = [row[partner]!, row[column]!];
  } else if (kind < 0.18 && column !== NUMBER && column !== BORN) row[column] = random.pick(others);
  else row[column] = slip(row[column]!, random);
}

const PARTNERS = new Map<number, number>([
  [at('given_name'), at('surname')],
  [at('surname'), at('given_name')],
  [at('address_1'), at('address_2')],
  [at('address_2'), at('address_1')],
]);

/** Heard, read and typed wrongly. */
const SOUNDS: readonly [string, string][] = [
  ['ph', 'f'],
  ['ck', 'k'],
  ['c', 'k'],
  ['ie', 'y'],
  ['ee', 'i'],
  ['s', 'z'],
  ['th', 't'],
  ['m', 'rn'],
  ['l', '1'],
  ['o', '0'],
  ['5', 's'],
  ['8', 'b'],
];

function slip(text: string, random: Random): string {
  const place = random.below(text.length);
  const letter = /\d/.test(text[place]!)
    ? String(random.below(10))
    : 'abcdefghijklmnopqrstuvwxyz'[random.below(26)]!;
  switch (random.below(6)) {
    case 0:
      return text.slice(0, place) + letter + text.slice(place);
    case 1:
      return text.slice(0, place) + text.slice(place + 1);
    case 2:
      return text.slice(0, place) + letter + text.slice(place + 1);
    case 3:
      return text.slice(0, place) + (text[place + 1] ?? '') + text[place]! + text.slice(place + 2);
    case 4: {
      const [from, to] = random.pick(SOUNDS);
      return text.includes(from)
        ? text.replace(from, to)
        : text.slice(0, place) + text.slice(place + 1);
    }
    default:
      return text.includes(' ')
        ? text.replace(' ', '')
        : `${text.slice(0, place)} ${text.slice(place)}`;
  }
}

function shuffled<Item>(items: Item[], random: Random): Item[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
