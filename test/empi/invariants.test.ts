import t from 'tap';
import type { CommandKind, Commands } from '../../modules/empi/facts.ts';
import type { EmpiQueries } from '../../modules/empi/queries.ts';
import { isRetired, type Person } from '../../modules/empi/types.ts';
import { Population } from '../../simulators/population/people.ts';
import { Random } from '../../simulators/population/random.ts';
import { StoreRig } from './store-rig.ts';

const seed = Number(process.env['POSP_TEST_SEED'] ?? 20_261_122);
t.comment(`POSP_TEST_SEED=${seed}`);

const DOMAINS = ['hospital-a', 'hospital-b', 'health-card'];
const by = 'test';
const link = { source: 'auto' as const, probability: 1, rule: 'test', by };

/** A random command that may or may not be possible: the index has to bear all of them. */
function randomCommand(random: Random, queries: EmpiQueries, population: Population) {
  const persons = [...queries.personsFrom()].map(({ personId }) => personId);
  const anyone = persons.length === 0 ? 'nobody' : random.pick(persons);
  const medium = {
    domain: random.chance(0.02) ? 'no-such-domain' : random.pick(DOMAINS),
    number: String(random.below(120)),
    type: 'visit-card',
  };
  const [someone] = population.household();
  const demographics = {
    name: someone!.surname + someone!.givenName,
    sex: someone!.sex,
    birthDate: someone!.birthDate,
    idNumber: someone!.idNumber,
    phone: someone!.phone,
  };
  const merges = [...queries.view.table('merges').range()].map(({ key }) => key);
  const media = [...queries.view.table('media').range()].map(({ key }) => key);
  const reviews = queries.reviews('open').map(({ reviewId }) => reviewId);
  const choices: [number, () => [CommandKind, unknown]][] = [
    [
      8,
      () => [
        'person.register',
        {
          demographics,
          media: [medium],
          link,
          reviews:
            persons.length === 0 ? [] : [{ personId: anyone, probability: 0.5, reasons: [] }],
        },
      ],
    ],
    [4, () => ['person.register', { demographics: {}, media: [medium], link, personId: anyone }]],
    [3, () => ['medium.add', { personId: anyone, medium, link }]],
    [2, () => ['person.change', { personId: anyone, demographics, by }]],
    [1, () => ['person.cancel', { personId: anyone, reason: 'death', by }]],
    [1, () => ['person.restore', { personId: anyone, by }]],
    [
      5,
      () => [
        'person.merge',
        { survivor: anyone, absorbed: random.pick([...persons, 'nobody']), reason: 'test', by },
      ],
    ],
    [
      2,
      () => [
        'identifier.replace',
        {
          replaced: { domain: random.pick(DOMAINS), number: String(random.below(120)) },
          survivor: { domain: medium.domain, number: medium.number },
          reason: 'test',
          by,
        },
      ],
    ],
    [
      4,
      () => ['person.unmerge', { mergeId: random.pick([...merges, 'none']), reason: 'test', by }],
    ],
    [1, () => ['medium.remove', { mediumId: random.pick([...media, 'none']), by }]],
    [1, () => ['medium.status', { mediumId: random.pick([...media, 'none']), status: 'lost', by }]],
    [
      2,
      () => [
        'review.accept',
        {
          reviewId: random.pick([...reviews, 'none']),
          survivor: queries.review(reviews[0] ?? '')?.a ?? 'nobody',
          by,
        },
      ],
    ],
    [1, () => ['review.reject', { reviewId: random.pick([...reviews, 'none']), by }]],
    [
      1,
      () => [
        'person.split',
        {
          personId: anyone,
          mediumIds: queries.person(anyone)?.media.slice(0, 1) ?? [],
          demographics,
          by,
        },
      ],
    ],
  ];
  let left = random.below(choices.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, make] of choices) {
    left -= weight;
    if (left < 0) return make();
  }
  throw new Error('unreachable');
}

function holdInvariants(
  t: { fail(what: string): unknown },
  queries: EmpiQueries,
  step: string,
): void {
  const owners = new Map<string, string>();
  let active = 0;
  for (const person of queries.personsFrom()) {
    if (person.status === 'active') active++;
    if (person.status === 'merged') {
      if (person.media.length > 0) t.fail(`${step}: a merged person has no media`);
      continue;
    }
    for (const medium of queries.mediaOf(person)) {
      const key = `${medium.domain}|${medium.number}`;
      if (owners.has(key)) t.fail(`${step}: ${key} belongs to one person`);
      owners.set(key, person.personId);
      if (medium.personId !== person.personId) t.fail(`${step}: medium and person agree`);
      if (queries.medium(medium.domain, medium.number)?.mediumId !== medium.mediumId)
        t.fail(`${step}: a number leads to its medium`);
      if (isRetired(medium.status)) continue;
      const others = queries.crossIndex(medium.domain, medium.number)!;
      for (const other of others) {
        const back = queries.crossIndex(other.domain, other.number)!;
        if (!back.some(({ mediumId }) => mediumId === medium.mediumId))
          t.fail(`${step}: the cross index is symmetric`);
        if (back.length !== others.length) t.fail(`${step}: the cross index is transitive`);
      }
    }
  }
  if (queries.statistics().persons.active !== active) t.fail(`${step}: statistics count the live`);
  const media = [...queries.view.table('media').range()].length;
  if (media !== owners.size) t.fail(`${step}: every medium has a live person`);
}

/** What is known of who is who, with its indexes; a merge and its undoing leave no trace in it. */
const STATE = ['persons', 'media', 'numbers', 'keys', 'search', 'counts'] as const;

/** Merges any two persons and undoes it: everything is as it was, whatever happened to them before. */
function restoresExactly(t: { same: Same }, rig: StoreRig, random: Random): number {
  const active = [...rig.queries.personsFrom()].filter(({ status }) => status === 'active');
  if (active.length < 2) return 0;
  const [survivor, absorbed] = [random.pick(active).personId, random.pick(active).personId];
  const state = () => STATE.map((name) => [...rig.queries.view.table(name).range()]);
  const before = state();
  const merged = rig.send('person.merge', { survivor, absorbed, reason: 'test', by });
  if (merged.status === 'refused') return 0;
  rig.send('person.unmerge', { mergeId: merged.mergeId!, reason: 'test', by });
  t.same(state(), before, `${survivor} and ${absorbed} are as they were`);
  return 1;
}

type Same = (found: unknown, wanted: unknown, what: string) => unknown;

t.test('random commands: the invariants hold, and replay gives the same bytes', async (t) => {
  const random = new Random(seed);
  const rig = new StoreRig();
  const population = new Population(new Random(seed + 1));
  for (const code of DOMAINS) {
    rig.send('domain.set', { code, nameZh: code, kind: 'card', system: `urn:${code}`, source: '' });
  }
  const statuses = new Map<string, number>();
  let undoneMerges = 0;
  for (let i = 0; i < 600; i++) {
    const [kind, command] = randomCommand(random, rig.queries, population);
    const outcome = rig.send(kind, command as Commands[typeof kind]);
    const name = `${kind} ${outcome.status} ${outcome.code ?? ''}`;
    statuses.set(name, (statuses.get(name) ?? 0) + 1);
    if (i % 25 === 0) undoneMerges += restoresExactly(t, rig, random);
    if (i % 20 === 0) holdInvariants(t, rig.queries, `${i} ${kind}`);
  }
  holdInvariants(t, rig.queries, 'end');
  t.comment(JSON.stringify(Object.fromEntries(statuses)));
  t.ok(undoneMerges > 10, `${undoneMerges} merges were undone on the spot`);
  for (const kind of ['person.merge', 'person.unmerge', 'person.split', 'review.accept']) {
    t.ok((statuses.get(`${kind} done `) ?? 0) > 0, `${kind} was done`);
  }
  const again = new StoreRig();
  for (const record of rig.records) again.apply(record);
  t.same(again.contents(), rig.contents(), 'replay gives the same bytes');
  await rig.close();
  await again.close();
});

t.test('merge and unmerge give both persons back exactly', async (t) => {
  const rig = new StoreRig();
  rig.send('domain.set', { code: 'a', nameZh: '甲', kind: 'card', system: 'urn:a', source: '' });
  const register = (name: string, number: string) =>
    rig.send('person.register', {
      demographics: { name },
      media: [{ domain: 'a', number, type: 'card' }],
      link,
    }).personId!;
  const [first, second, third] = [
    register('王芳', '1'),
    register('王方', '2'),
    register('王放', '3'),
  ];
  const state = (): (Person | undefined)[] =>
    [first, second, third].map((id) => rig.queries.person(id!));
  const mediaOf = () => ['1', '2', '3'].map((number) => rig.queries.medium('a', number));
  const before = [state(), mediaOf()];
  const one = rig.send('person.merge', { survivor: first!, absorbed: second!, reason: 'r', by });
  const two = rig.send('person.merge', { survivor: first!, absorbed: third!, reason: 'r', by });
  t.equal(rig.queries.crossIndex('a', '3')?.length, 2);
  t.equal(rig.queries.livePerson(third!)?.personId, first);
  const early = rig.send('person.unmerge', { mergeId: one.mergeId!, reason: 'r', by });
  t.equal(early.code, 'not_the_last_merge');
  t.equal(rig.send('person.unmerge', { mergeId: two.mergeId!, reason: 'r', by }).status, 'done');
  t.equal(rig.send('person.unmerge', { mergeId: one.mergeId!, reason: 'r', by }).status, 'done');
  t.same([state(), mediaOf()], before);
  t.equal(
    rig.send('person.unmerge', { mergeId: one.mergeId!, reason: 'r', by }).code,
    'merge_undone',
  );
  await rig.close();
});
