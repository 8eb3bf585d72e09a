/** `posp empi load`: killed in the middle it goes on, and the index is as if nothing had happened. */
import '../support/plain-children.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { LedgerClient } from '../../ledger/client.ts';
import { openReader } from '../../ledger/reader.ts';
import { type EmpiDoor, send } from '../../modules/empi/commands.ts';
import { type Commands, commandOf } from '../../modules/empi/facts.ts';
import { loadRegister } from '../../modules/empi/load.ts';
import { empi } from '../../modules/empi/module.ts';
import type { EmpiQueries } from '../../modules/empi/queries.ts';
import { openModuleQueries } from '../../modules/frame/queries.ts';
import { POPULATION_COLUMNS, populationRecords } from '../../simulators/population/records.ts';
import { openModules, until } from '../frame/open-modules.ts';
import { posp } from '../support/posp.ts';
import { CLI } from '../support/serve.ts';

const seed = Number(process.env['POSP_TEST_SEED'] ?? 20_261_123);
t.comment(`POSP_TEST_SEED=${seed}`);
const LINES = 2_400;

const folder = mkdtempSync(join(tmpdir(), 'posp-load-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'register.csv');
const records = [...populationRecords({ seed, records: LINES })];
const lines = records.map((row) => [...row, `card-${row[0]}`].map((cell) => `"${cell}"`).join(','));
lines.splice(500, 0, '"x1","王伟","男","long ago","","","","","c1"');
lines.splice(1500, 0, '"x2","","","","","","","","c2"', '"x3","李强"', lines[0]!);
writeFileSync(file, `${[...POPULATION_COLUMNS, 'card'].join(',')}\n${lines.join('\n')}\n`);
const options = ['--domain', 'county', '--identifier', 'card=cards'];

/** A running ledger with the index behind it, and its two domains. */
async function openIndex(name: string) {
  const place = join(folder, name);
  mkdirSync(place);
  const open = await openModules(place, {
    list: new URL('./modules-list.js', import.meta.url).href,
  });
  const view = openModuleQueries(empi, place);
  const ledger = new LedgerClient(open.ledger.connect());
  const reached = (position: number) => view.reached(position, 60_000);
  const door: EmpiDoor = { ledger, queries: view.queries, reached };
  for (const [code, kind] of [
    ['county', 'platform'],
    ['cards', 'card'],
  ] as const) {
    const domain = { code, nameZh: code, kind, system: `urn:${code}`, source: '' };
    await send(door, code, 'domain.set', domain);
  }
  const close = async () => {
    await view.close();
    ledger.close();
    await open.stop();
  };
  return { place, door, close };
}

/** Who is who: the file's own numbers, those of one person together. */
function persons(queries: EmpiQueries): string[] {
  const found: string[] = [];
  for (const person of queries.personsFrom()) {
    const numbers = queries.mediaOf(person).filter(({ domain }) => domain === 'county');
    found.push(
      numbers
        .map(({ number }) => number)
        .sort()
        .join(' '),
    );
  }
  return found.sort();
}

/** Every line that a fact of the journal registered, as often as it was. */
async function linesInJournal(place: string): Promise<number[]> {
  const reader = openReader(join(place, 'ledger'));
  const found: number[] = [];
  for (const record of reader.records({ from: 1 })) {
    const applied = commandOf(record);
    if (applied?.kind !== 'person.load') continue;
    const { registrations } = applied.command as Commands['person.load'];
    found.push(...registrations.map(({ line }) => line));
  }
  await reader.close();
  return found;
}

const expected: { persons: string[]; created: number } = { persons: [], created: 0 };

t.test('a load that nobody disturbs; the same file again changes nothing', async (t) => {
  const { place, door, close } = await openIndex('quiet');
  const identifiers = [{ column: 'card', domain: 'cards' }];
  const request = { path: file, domain: 'county', identifiers, by: 'test' };
  const first = await loadRegister(door, request);
  t.equal(first.lines, LINES + 4);
  t.equal(first.created + first.joined, LINES);
  t.ok(first.joined > 0, 'people with several records are joined');
  t.same(
    first.refused.map(({ line, recordId, reason }) => [line, recordId, reason.slice(0, 12)]),
    [
      [502, 'x1', 'the birth da'],
      [1502, 'x2', 'neither a na'],
      [1503, 'x3', '2 cells, but'],
      [1504, records[0]![0], 'the rec_id r'],
    ],
  );
  const again = await loadRegister(door, request);
  t.same({ ...again, resumedBehind: 0 }, first);
  const [one] = records;
  t.equal(door.queries.crossIndex('cards', `card-${one![0]}`)?.[0]?.number, one![0]);
  expected.persons = persons(door.queries);
  expected.created = first.created;
  await close();
  const inJournal = await linesInJournal(place);
  t.equal(new Set(inJournal).size, LINES);
  t.equal(inJournal.length, LINES, 'every line once');
});

t.test('killed in the middle: the next run goes on, and nothing is there twice', async (t) => {
  const { place, close } = await openIndex('killed');
  await close();
  const words = ['empi', 'load', file, ...options, '--data', place];
  const child = spawn(process.execPath, [CLI, ...words], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const view = openModuleQueries(empi, place);
  await until('the second stretch has begun', () => {
    return view.queries.statistics().persons.active > expected.created * 0.55;
  });
  child.kill('SIGKILL');
  await ended;
  t.ok(view.queries.statistics().persons.active < expected.created, 'it was not done');
  const errors = join(folder, 'errors.csv');
  const next = await posp([...words, '--errors', errors, '--json']);
  t.equal(next.code, 1, next.stderr);
  t.match(next.stderr, /goes on behind line 10[0-9][0-9]/);
  const { created, joined, refused, resumedBehind } = JSON.parse(next.stdout);
  t.same([created + joined, created, refused], [LINES, expected.created, 4]);
  t.ok(resumedBehind >= 1000);
  t.equal(readFileSync(errors, 'utf8').split('\n')[1], '502,x1,the birth date is no date');
  t.same(persons(view.queries), expected.persons, 'the same persons');
  await view.close();
  const inJournal = await linesInJournal(place);
  t.equal(new Set(inJournal).size, LINES);
  t.equal(inJournal.length, LINES, 'every line once');
});

t.test('what cannot be loaded: exit 2 and one line', async (t) => {
  const place = join(folder, 'quiet');
  const cases: [string[], RegExp][] = [
    [[file, '--domain', 'no-such'], /there is no domain no-such; there are: cards, county/],
    [[file, '--domain', 'county', '--identifier', 'x=cards'], /has no column x/],
    [[file, '--domain', 'county', '--identifier', 'cards'], /COLUMN=DOMAIN/],
  ];
  for (const [words, message] of cases) {
    const { code, stderr } = await posp(['empi', 'load', ...words, '--data', place]);
    t.equal(code, 2, stderr);
    t.match(stderr, message);
    t.equal(stderr.trim().split('\n').length, 1);
  }
});
