/** What becomes of persons who are in the index: revised, merged, replaced, looked at by people. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { LedgerClient } from '../../ledger/client.ts';
import { changePerson, revisePerson } from '../../modules/empi/changes.ts';
import { type EmpiDoor, registerPerson, send } from '../../modules/empi/commands.ts';
import { checkCharacter } from '../../modules/empi/matching/id-number.ts';
import { empi } from '../../modules/empi/module.ts';
import type { Demographics } from '../../modules/empi/types.ts';
import { openModuleQueries } from '../../modules/frame/queries.ts';
import { openModules } from '../frame/open-modules.ts';

const folder = mkdtempSync(join(tmpdir(), 'posp-empi-'));
const open = await openModules(folder, {
  list: new URL('./modules-list.js', import.meta.url).href,
});
const view = openModuleQueries(empi, folder);
const ledger = new LedgerClient(open.ledger.connect());
const { queries } = view;
const door: EmpiDoor = {
  ledger,
  queries,
  reached: (position) => view.reached(position, 30_000),
};
t.teardown(async () => {
  await view.close();
  ledger.close();
  await open.stop();
  rmSync(folder, { recursive: true, force: true });
});

const by = 'client:his';
for (const code of ['a', 'b', 'unused']) {
  const domain = { code, nameZh: code, kind: 'card', system: `urn:${code}`, source: '' } as const;
  await send(door, `domain ${code}`, 'domain.set', domain);
}

let calls = 0;
const key = () => `call ${++calls}`;
const medium = (domain: string, number: string) => ({ domain, number, type: 'visit-card' });
const idNumber = (seventeen: string) => seventeen + checkCharacter(seventeen);
const personOf = (domain: string, number: string) => queries.medium(domain, number)!.personId;

async function register(demographics: Demographics, domain: string, number: string) {
  const request = { demographics, media: [medium(domain, number)], by };
  return registerPerson(door, key(), request);
}

async function revise(demographics: Demographics, domain: string, number: string) {
  const person = queries.livePerson(personOf(domain, number))!;
  return revisePerson(door, key(), person, { demographics, media: [medium(domain, number)], by });
}

const chen = {
  name: '陈静怡',
  sex: '女',
  birthDate: '1981-06-02',
  idNumber: idNumber('44010619810602002'),
  phone: '13922220001',
};
const he = {
  name: '何建军',
  sex: '男',
  birthDate: '1975-03-09',
  idNumber: idNumber('44010619750309001'),
  phone: '13922220002',
};

t.test('a source that names another human takes its identifier with it', async (t) => {
  await register(chen, 'a', 'v1');
  await register(chen, 'b', 'v1');
  t.equal(personOf('a', 'v1'), personOf('b', 'v1'), 'two sources, one person');
  const revised = await revise(he, 'b', 'v1');
  t.equal(revised.status, 'done');
  t.not(personOf('a', 'v1'), personOf('b', 'v1'), 'two valid numbers, two persons');
  t.equal(queries.person(personOf('a', 'v1'))!.demographics.name, chen.name);
  t.equal(queries.person(personOf('b', 'v1'))!.demographics.name, he.name);
  t.same(queries.crossIndex('a', 'v1'), [], 'no longer linked');
});

t.test(
  'nobody but an operator changes the number of a person whom several sources know',
  async (t) => {
    const { personId } = await register(he, 'a', 'v2');
    const other = { ...he, idNumber: idNumber('44010619750309003') };
    const set = (who: string, demographics: Demographics) =>
      changePerson(door, key(), { personId: personId!, demographics, by: who });
    t.equal((await set(by, other)).code, 'two_valid_id_numbers');
    t.equal((await set('operator:li', other)).status, 'done');
    t.equal((await set('operator:li', he)).status, 'done', 'and back');
  },
);

t.test('what was too thin to be recognised is recognised when more is told', async (t) => {
  const known = await register(
    { ...chen, name: '陈佳', idNumber: '', birthDate: '1990-01-05' },
    'b',
    'late2',
  );
  const thin = await register({ name: '陈佳' }, 'a', 'late1');
  t.not(thin.personId, known.personId);
  await revise(
    { name: '陈佳', sex: '女', birthDate: '1990-01-05', phone: chen.phone },
    'a',
    'late1',
  );
  t.equal(personOf('a', 'late1'), known.personId, 'merged by the engine');
  const [found] = queries.crossIndex('a', 'late1')!;
  t.equal(found!.number, 'late2', 'the cross index knows at once');
});

t.test('a name and a birth date without a given name are left to people', async (t) => {
  const one = await register(
    { surname: '欧阳', givenName: '修远', birthDate: '1962-04-04' },
    'a',
    'thin1',
  );
  const other = await register({ surname: '欧阳', birthDate: '1962-04-04' }, 'b', 'thin2');
  t.not(one.personId, other.personId);
});

t.test('an identity number that disagrees with the record is said', async (t) => {
  const odd = { name: '石磊', sex: '男', idNumber: idNumber('44010619750309005') };
  const cases: [object, string[]][] = [
    [{ birthDate: '1975-03-09' }, []],
    [{ birthDate: '1976-03-09' }, ['id_number_says_another_birth_date']],
    [{ birthDate: '1975-03-09', sex: '女' }, ['id_number_says_another_sex']],
    [{ birthDate: '2001-11-20' }, ['id_number_of_a_guardian']],
  ];
  for (const [at, [more, warnings]] of cases.entries()) {
    const done = await register({ ...odd, ...more }, 'a', `odd${at}`);
    t.same(done.warnings, warnings, JSON.stringify(more));
  }
});

t.test('reviews follow their persons through merges and back', async (t) => {
  const persons: string[] = [];
  for (const at of [1, 2, 3]) {
    const { personId } = await register({ name: `关山${at}月` }, 'a', `review${at}`);
    persons.push(personId!);
  }
  const [first, second, third] = persons as [string, string, string];
  const possible = (personId: string) => ({ personId, probability: 0.5, reasons: [] });
  const asked = await send(door, key(), 'reviews.open', {
    personId: first,
    reviews: [possible(second), possible(third)],
  });
  const [between, withThird] = asked.reviewIds as [string, string];
  const again = await send(door, key(), 'reviews.open', {
    personId: second,
    reviews: [possible(first)],
  });
  t.same(again.reviewIds, [], 'nobody is asked twice');
  const merge = { survivor: second, absorbed: first, reason: 'test', by };
  const { mergeId } = await send(door, key(), 'person.merge', merge);
  t.equal(queries.review(between)!.status, 'accepted', 'the merge is the answer');
  t.equal(queries.review(between)!.mergeId, mergeId);
  t.equal(queries.review(withThird)!.status, 'open');
  await send(door, key(), 'person.unmerge', { mergeId: mergeId!, reason: 'test', by });
  const once = await send(door, key(), 'person.merge', merge);
  const accepted = await send(door, key(), 'review.accept', {
    reviewId: withThird,
    survivor: third,
    by,
  });
  t.equal(accepted.status, 'done', 'who stands for the person is merged');
  t.equal(queries.livePerson(first)!.personId, third);
  t.equal(queries.review(withThird)!.status, 'accepted');
  t.equal(once.status, 'done');
});

t.test('an identifier that its source replaced leads nowhere, until that is undone', async (t) => {
  await register({ name: '欧阳红' }, 'b', 'blue');
  for (const number of ['old', 'new']) await register({ name: `欧阳${number}` }, 'a', number);
  const merged = {
    survivor: personOf('a', 'old'),
    absorbed: personOf('b', 'blue'),
    reason: 'r',
    by,
  };
  await send(door, key(), 'person.merge', merged);
  const replace = (replaced: string, survivor: string) =>
    send(door, key(), 'identifier.replace', {
      replaced: { domain: 'a', number: replaced },
      survivor: { domain: 'a', number: survivor },
      reason: 'test',
      by,
    });
  t.equal((await replace('nothing', 'new')).code, 'identifier_unknown');
  t.equal((await replace('new', 'new')).code, 'same_identifier');
  const { mergeId } = await replace('old', 'new');
  const numbers = () => queries.crossIndex('b', 'blue')!.map(({ number }) => number);
  t.same(numbers(), ['new']);
  t.equal(queries.crossIndex('a', 'old'), null);
  const revived = { mediumId: queries.medium('a', 'old')!.mediumId, status: 'active', by } as const;
  t.equal((await send(door, key(), 'medium.status', revived)).code, 'medium_replaced');
  await send(door, key(), 'person.unmerge', { mergeId: mergeId!, reason: 'test', by });
  t.same(numbers(), ['old'], 'exactly as before');
});

t.test('domains', async (t) => {
  const remove = (code: string) => send(door, key(), 'domain.remove', { code, by });
  t.equal((await remove('a')).code, 'domain_used');
  t.equal((await remove('unused')).status, 'done');
  t.equal((await remove('unused')).code, 'domain_unknown');
});

t.test('searches find nobody by what cannot be read', (t) => {
  const cases: [Demographics, boolean][] = [
    [{ name: chen.name }, true],
    [{ name: chen.name, sex: 'female' }, true],
    [{ name: chen.name, nation: '55' }, false],
    [{}, false],
    [{ sex: 'X' }, false],
    [{ birthDate: '1981' }, false],
    [{ name: chen.name, birthDate: 'xx' }, false],
  ];
  for (const [wanted, isFound] of cases) {
    t.equal(queries.search(wanted).length > 0, isFound, JSON.stringify(wanted));
  }
  t.end();
});

t.test('events of one record go together, however many', async (t) => {
  const { position: before } = queries.events(0, 10_000).at(-1)!;
  const registrations = Array.from({ length: 70 }, (_, at) => ({
    demographics: { name: `居民${at}` },
    media: [medium('b', `many${at}`)],
    link: { source: 'auto', probability: 1, rule: 'new', by } as const,
    line: at + 1,
  }));
  await send(door, key(), 'person.load', { file: 'f', registrations, behind: 70 });
  const events = queries.events(before, 50);
  t.equal(events.length, 70);
  t.equal(new Set(events.map((event) => event.position)).size, 1);
});
