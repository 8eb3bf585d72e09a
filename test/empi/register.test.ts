import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sm2 } from 'sm-crypto-v2';
import t from 'tap';
import { openReader } from '../../ledger/reader.ts';
import { type EmpiDoor, registerPerson, send } from '../../modules/empi/commands.ts';
import { type MatchModel, startModel } from '../../modules/empi/matching/model.ts';
import { empi } from '../../modules/empi/module.ts';
import { openModuleQueries } from '../../modules/frame/queries.ts';
import { openModules, until } from '../frame/open-modules.ts';

const folder = mkdtempSync(join(tmpdir(), 'posp-empi-'));
const open = await openModules(folder, {
  list: new URL('./modules-list.js', import.meta.url).href,
});
const view = openModuleQueries(empi, folder);
const client = open.ledger.connect();
const { LedgerClient } = await import('../../ledger/client.ts');
const ledger = new LedgerClient(client);
const door: EmpiDoor = {
  ledger,
  queries: view.queries,
  reached: (position) => view.reached(position, 30_000),
};
const reader = openReader(join(folder, 'ledger'));
t.teardown(async () => {
  await view.close();
  await reader.close();
  ledger.close();
  await open.stop();
  rmSync(folder, { recursive: true, force: true });
});

const by = 'client:his';
await send(door, 'd1', 'domain.set', {
  code: 'a',
  nameZh: '甲院',
  kind: 'card',
  system: 'urn:a',
  source: '',
});
await send(door, 'd2', 'domain.set', {
  code: 'b',
  nameZh: '乙院',
  kind: 'card',
  system: 'urn:b',
  source: '',
});
const medium = (domain: string, number: string) => [{ domain, number, type: 'visit-card' }];
const wang = {
  name: '王芳',
  sex: '女',
  birthDate: '1949-12-31',
  idNumber: '11010519491231002X',
  phone: '13800001234',
};

t.test('registering: verdicts and guards, each with its reason', async (t) => {
  const cases: [string, object, [string, string], string, 'same' | 'other', number][] = [
    ['first', wang, ['a', '1'], 'new', 'other', 0],
    ['the same identifier again', { name: '王芳' }, ['a', '1'], 'identifier', 'same', 0],
    [
      'same valid number and name',
      { ...wang, phone: '' },
      ['b', '1'],
      'valid identity number and name',
      'same',
      0,
    ],
    [
      'no number, but name, sex, date and phone',
      { ...wang, idNumber: '' },
      ['b', '2'],
      'name, sex, birth date and phone',
      'same',
      0,
    ],
    [
      'another valid number: people decide',
      { ...wang, idNumber: '110105194912310062' },
      ['b', '3'],
      'new',
      'other',
      1,
    ],
    [
      'somebody else',
      { name: '李强', sex: '男', birthDate: '1980-01-02', phone: '13900005678' },
      ['b', '5'],
      'new',
      'other',
      0,
    ],
    [
      'a newborn of hers',
      { name: '王芳之子', phone: '13800001234' },
      ['b', '6'],
      'new',
      'other',
      0,
    ],
  ];
  let first = '';
  for (const [what, demographics, [domain, number], decision, who, reviews] of cases) {
    const done = await registerPerson(door, `r ${what}`, {
      demographics,
      media: medium(domain, number),
      by,
    });
    if (first === '') first = done.personId!;
    else t.equal(done.personId === first ? 'same' : 'other', who, what);
    t.equal(done.status, 'done', what);
    t.equal(done.decision, decision, what);
    t.equal(done.reviewIds?.length ?? 0, reviews, `${what}: reviews`);
  }
  const again = await registerPerson(door, 'r first', {
    demographics: wang,
    media: medium('a', '1'),
    by,
  });
  t.equal(again.personId, first, 'the same request gives the same person');
  t.same(
    view.queries.crossIndex('a', '1')?.map(({ domain, number }) => [domain, number]),
    [
      ['b', '1'],
      ['b', '2'],
    ],
  );
});

t.test('a number that two persons claim is refused', async (t) => {
  const taken = await send(door, 'taken', 'person.register', {
    demographics: { name: '赵六' },
    media: medium('a', '1'),
    link: { source: 'manual', probability: 1, rule: 'test', by },
  });
  t.same([taken.status, taken.code], ['refused', 'identifier_taken']);
});

t.test('reviews: reject keeps them apart for ever', async (t) => {
  const [review] = view.queries.reviews('open');
  t.ok(review!.reasons.some((reason) => reason.includes('different valid ID')));
  t.equal(
    (await send(door, 'reject', 'review.reject', { reviewId: review!.reviewId, by })).status,
    'done',
  );
  t.equal(
    (await send(door, 'reject 2', 'review.reject', { reviewId: review!.reviewId, by })).code,
    'review_decided',
  );
  t.same(view.queries.reviews('open'), []);
});

t.test('thresholds and parameters are managed data: the next verdict follows them', async (t) => {
  const known = { name: '周瑜', birthDate: '1985-05-05', address: '安徽省舒城县东街1号' };
  await registerPerson(door, 'zhou', { demographics: known, media: medium('a', '81'), by });
  const verdict = () => view.queries.match({ ...known })[0]?.verdict ?? 'none';
  const set = (thresholds: { auto: number; manual: number }, model: MatchModel | null = null) =>
    send(door, `settings ${JSON.stringify(thresholds)} ${model}`, 'settings.set', {
      model,
      thresholds,
    });
  const least = 1 - 1e-12;
  t.equal(verdict(), 'auto');
  await set({ auto: least, manual: 0.2 });
  t.equal(verdict(), 'manual');
  await set({ auto: least, manual: least });
  t.equal(verdict(), 'none');
  const blind = startModel(1, 1);
  for (const field of blind.fields) field.match = [...field.stranger];
  await set({ auto: 0.9, manual: 0.2 }, blind);
  t.equal(verdict(), 'none', 'parameters that see no difference find nobody');
  await set({ auto: 0.9, manual: 0.2 });
  t.equal(verdict(), 'auto');
  const { personId } = view.queries.medium('a', '81')!;
  const sent = { personId, reason: 'test', by };
  t.equal((await send(door, 'zhou leaves', 'person.cancel', sent)).status, 'done');
  t.equal(verdict(), 'none', 'a cancelled person is matched with nobody');
});

t.test('subscribers are told, in order, signed, and again after a failure', async (t) => {
  const calls: { body: string; signature: string }[] = [];
  let failures = 1;
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      response.statusCode = failures-- > 0 ? 500 : 200;
      if (response.statusCode === 200)
        calls.push({ body, signature: String(request.headers['posp-signature']) });
      response.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await send(door, 's1', 'subscription.set', {
    subscriptionId: 's1',
    url,
    events: [],

    status: 'active',
  });
  await registerPerson(door, 'told', {
    demographics: { name: '孙七', birthDate: '19900909' },
    media: medium('a', '77'),
    by,
  });
  await until('the subscriber was told', () => calls.length > 0);
  const { body, signature } = calls[0]!;
  const { publicKey } = reader.registry.get('key', 'empi-notice')!.value;
  const bytes = Buffer.from(signature.replace(/^sm2=/, ''), 'hex');
  t.ok(
    sm2.doVerifySignature(Buffer.from(body), bytes.toString('hex'), publicKey, {
      hash: true,
      userId: '1234567812345678',
    }),
  );
  t.same(
    (JSON.parse(body) as { events: { kind: string }[] }).events.map(({ kind }) => kind),
    ['person.registered'],
  );
  await until(
    'the cursor moved',
    () =>
      view.queries.subscriptions()[0]!.reached > 0 &&
      view.queries.events(view.queries.subscriptions()[0]!.reached).length === 0,
  );
});

t.test('statistics and history', async (t) => {
  const statistics = view.queries.statistics();
  t.equal(statistics.persons.active, 5);
  t.equal(statistics.mediaByType['visit-card'], 8);
  t.equal(statistics.persons.cancelled, 1);
  const person = view.queries.medium('a', '1')!.personId;
  t.same(
    view.queries.history(person).map(({ kind }) => kind),
    ['person.registered', 'person.linked', 'person.linked', 'person.linked'],
  );
});
