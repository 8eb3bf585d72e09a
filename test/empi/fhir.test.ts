/** PIXm, PDQm, $match and $merge through HTTP: every outcome a line, answers checked by a validator. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fhir } from 'fhir';
import { Client } from 'fhir-kit-client';
import t from 'tap';
import { adminOf, type CallOptions, call, type Session } from '../api/caller.ts';
import { documentOf, posp } from '../support/posp.ts';
import { servedFor } from '../support/serve.ts';

const A = 'urn:oid:1.2.3.1';
const B = 'urn:oid:1.2.3.2';
const C = 'urn:oid:1.2.3.3';
let keys = 0;
const change = (body: unknown): CallOptions => ({ body, idempotencyKey: `k${++keys}` });

type Resource = { resourceType: string; [name: string]: unknown };
const patient = (system: string, value: string, more: object = {}): Resource => ({
  resourceType: 'Patient',
  identifier: [{ system, value }],
  ...more,
});
const wang = {
  name: [{ text: '王芳', family: '王', given: ['芳'] }],
  gender: 'female',
  birthDate: '1949-12-31',
  telecom: [{ system: 'phone', value: '13800001234' }],
  address: [{ text: '河北省石家庄市长安区中山路1号' }],
};
const li = { name: [{ family: '李', given: ['强'] }], gender: 'male', birthDate: '1980-01-02' };

function codeOf(body: Record<string, unknown>): string {
  return (body['issue'] as { code: string }[] | undefined)?.[0]?.code ?? '';
}

t.test('FHIR', async (t) => {
  const served = await servedFor(t, 'empi-fhir');
  const admin: Session = await adminOf(served);
  const validator = new Fhir();
  const checked = (what: string, body: unknown): void => {
    const { messages } = validator.validate(body as object, {});
    const errors = messages.filter(({ severity }) => severity === 'error' || severity === 'fatal');
    t.same(
      errors.map(({ location, message }) => `${location}: ${message}`),
      [],
      `${what}: valid FHIR`,
    );
  };
  for (const [code, system, source] of [
    ['a', A, ''],
    ['b', B, ''],
    ['c', C, 'client:other'],
  ] as const) {
    const made = await admin(
      'PUT',
      `/v1/empi/domains/${code}`,
      change({ nameZh: code, kind: 'card', system, source }),
    );
    t.equal(made.status, 200, made.text);
  }
  const fhir = (method: string, path: string, body?: unknown, key?: string) =>
    call(served, method, `/fhir/${path}`, {
      ...(body === undefined
        ? {}
        : { raw: JSON.stringify(body), headers: { 'Content-Type': 'application/fhir+json' } }),
      ...(key === undefined ? {} : { idempotencyKey: key }),
    });
  const q = encodeURIComponent;

  await t.test('no other program feeds a domain that has a source', async (t) => {
    const media = [{ domain: 'c', number: '77', type: 'visit-card' }];
    const body = { demographics: { name: '钱进' }, media };
    const program = await call(served, 'POST', '/v1/empi/persons', change(body));
    t.match(program, { status: 403, body: { code: 'forbidden' } });
    const person = await admin('POST', '/v1/empi/persons', change(body));
    t.equal(person.status, 200, person.text);
  });

  await t.test('ITI-104 feed', async (t) => {
    const cases: [string, string, string, unknown, number, string][] = [
      ['add', 'PUT', `Patient?identifier=${q(`${A}|1`)}`, patient(A, '1', wang), 201, ''],
      ['revise', 'PUT', `Patient?identifier=${q(`${A}|1`)}`, patient(A, '1', wang), 200, ''],
      [
        'the same human in another domain',
        'PUT',
        `Patient?identifier=${q(`${B}|7`)}`,
        patient(B, '7', wang),
        201,
        '',
      ],
      ['somebody else', 'PUT', `Patient?identifier=${q(`${A}|2`)}`, patient(A, '2', li), 201, ''],
      [
        'an unknown domain',
        'PUT',
        `Patient?identifier=${q('urn:x|1')}`,
        patient('urn:x', '1'),
        400,
        'code-invalid',
      ],
      [
        'without the identifier in it',
        'PUT',
        `Patient?identifier=${q(`${A}|3`)}`,
        patient(A, '4'),
        400,
        'invalid',
      ],
      ['no identifier', 'PUT', 'Patient', patient(A, '4'), 400, 'required'],
      [
        'another source',
        'PUT',
        `Patient?identifier=${q(`${C}|1`)}`,
        patient(C, '1'),
        403,
        'forbidden',
      ],
      [
        'no Patient',
        'PUT',
        `Patient?identifier=${q(`${A}|1`)}`,
        { resourceType: 'Person' },
        400,
        'invalid',
      ],
      [
        'a broken list',
        'PUT',
        `Patient?identifier=${q(`${A}|1`)}`,
        { resourceType: 'Patient', identifier: 'x' },
        400,
        'invalid',
      ],
      [
        'to be removed',
        'PUT',
        `Patient?identifier=${q(`${A}|9`)}`,
        patient(A, '9', { name: [{ text: '赵云' }] }),
        201,
        '',
      ],
      ['remove', 'DELETE', `Patient?identifier=${q(`${A}|9`)}`, undefined, 204, ''],
      ['remove again', 'DELETE', `Patient?identifier=${q(`${A}|9`)}`, undefined, 404, 'not-found'],
    ];
    for (const [what, method, path, body, status, code] of cases) {
      const answer = await fhir(method, path, body);
      t.equal(answer.status, status, `${what}: ${answer.text}`);
      t.equal(codeOf(answer.body), code, what);
      if (status !== 204) checked(what, answer.body);
    }
  });

  await t.test('ITI-83 cross reference', async (t) => {
    const path = (source: string, ...targets: string[]) =>
      `Patient/$ihe-pix?sourceIdentifier=${q(source)}${targets.map((one) => `&targetSystem=${q(one)}`).join('')}`;
    const cases: [string, string, number, string, string[]][] = [
      ['found', path(`${A}|1`), 200, '', [`${B}|7`]],
      ['the other way', path(`${B}|7`), 200, '', [`${A}|1`]],
      ['one target', path(`${A}|1`, B), 200, '', [`${B}|7`]],
      ['a target without an identifier', path(`${A}|1`, C), 200, '', []],
      ['two targets', path(`${A}|1`, B, C), 200, '', [`${B}|7`]],
      ['an unknown value', path(`${A}|404`), 404, 'not-found', []],
      ['an unknown source domain', path('urn:x|1'), 400, 'code-invalid', []],
      ['an unknown target domain', path(`${A}|1`, 'urn:x'), 403, 'code-invalid', []],
      ['no bar', path('1'), 400, 'invalid', []],
      ['no source', 'Patient/$ihe-pix', 400, 'required', []],
    ];
    for (const [what, at, status, code, expected] of cases) {
      const { body, text, status: got } = await fhir('GET', at);
      t.equal(got, status, `${what}: ${text}`);
      t.equal(codeOf(body), code, what);
      const parts = (body['parameter'] ?? []) as {
        name: string;
        valueIdentifier?: { system: string; value: string };
      }[];
      const found = parts.flatMap(({ valueIdentifier: one }) =>
        one === undefined ? [] : [`${one.system}|${one.value}`],
      );
      t.same(found, expected, what);
      checked(what, body);
    }
  });

  const idOf = async (source: string): Promise<string> => {
    const { body } = await fhir('GET', `Patient?identifier=${q(source)}`);
    return (body['entry'] as { resource: { id: string } }[] | undefined)?.[0]?.resource.id ?? '';
  };

  await t.test('ITI-78 search', async (t) => {
    const cases: [string, string, number, number | string][] = [
      ['family and gender', `family=${q('王')}&gender=female`, 200, 1],
      ['the other gender', `family=${q('王')}&gender=male`, 200, 0],
      ['birthdate and family', `birthdate=1980-01-02&family=${q('李')}`, 200, 1],
      ['birthdate', 'birthdate=1949-12-31', 200, 1],
      ['given, exact', `given:exact=${q('芳')}`, 200, 1],
      ['either of two families', `family=${q('王,李')}`, 200, 2],
      ['identifier', `identifier=${q(`${B}|7`)}`, 200, 1],
      ['all of a domain', `identifier=${q(`${A}|`)}`, 200, 2],
      ['phone', 'telecom=13800001234', 200, 1],
      ['a part of the address', `address=${q('长安区')}`, 200, 1],
      ['city within a one-line address', `address-city=${q('石家庄市')}`, 200, 1],
      ['id', `_id=${await idOf(`${A}|1`)}`, 200, 1],
      ['not active', 'active=false', 200, 0],
      ['nobody', `family=${q('欧阳')}`, 200, 0],
      ['an unknown domain', `identifier=${q('urn:x|1')}`, 404, 'code-invalid'],
      ['an unknown parameter', 'colour=blue', 400, 'not-supported'],
      ['an unknown modifier', `family:contains=${q('王')}`, 400, 'not-supported'],
      ['no parameter', '', 400, 'required'],
    ];
    for (const [what, query, status, expected] of cases) {
      const get = await fhir('GET', `Patient?${query}`);
      t.equal(get.status, status, `${what}: ${get.text}`);
      t.equal(typeof expected === 'string' ? codeOf(get.body) : get.body['total'], expected, what);
      checked(what, get.body);
      const post = await call(served, 'POST', '/fhir/Patient/_search', {
        raw: query,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      });
      t.equal(post.status, status, `${what} by POST: ${post.text}`);
      t.equal(post.body['total'], get.body['total'], `${what} by POST`);
    }
    const { body } = await fhir('GET', `Patient?identifier=${q(`${B}|`)}&family=${q('王')}`);
    const [entry] = body['entry'] as unknown as {
      resource: { identifier: { system: string }[] };
    }[];
    t.same(
      entry!.resource.identifier.map(({ system }) => system),
      [B],
      'identifiers of other domains are left out',
    );
  });

  await t.test('ITI-119 $match', async (t) => {
    const parameters = (resource: unknown, onlyCertainMatches?: boolean, count?: number) => ({
      resourceType: 'Parameters',
      parameter: [
        { name: 'resource', resource },
        ...(onlyCertainMatches === undefined
          ? []
          : [{ name: 'onlyCertainMatches', valueBoolean: onlyCertainMatches }]),
        ...(count === undefined ? [] : [{ name: 'count', valueInteger: count }]),
      ],
    });
    const bare = { resourceType: 'Patient', ...wang };
    const otherDay = { ...bare, birthDate: '1949-12-30', telecom: [] };
    const cases: [string, unknown, number, string, string[]][] = [
      ['a bare Patient', bare, 200, '', ['certain']],
      ['Parameters', parameters(bare), 200, '', ['certain']],
      ['only certain', parameters(bare, true), 200, '', ['certain']],
      ['another birth date: not certain', parameters(otherDay), 200, '', ['probable']],
      ['only certain, and there is none', parameters(otherDay, true), 200, '', []],
      ['by identifier', parameters(patient(A, '2')), 200, '', ['certain']],
      ['two certain ones', parameters(patient(A, '2', wang)), 200, '', ['certain', 'certain']],
      ['ambiguous and only certain', parameters(patient(A, '2', wang), true), 200, '', []],
      ['count', parameters(patient(A, '2', wang), false, 1), 200, '', ['certain']],
      ['nobody', parameters({ resourceType: 'Patient', name: [{ text: '欧阳修' }] }), 200, '', []],
      ['no resource', { resourceType: 'Parameters', parameter: [] }, 400, 'required', []],
      ['another resource', { resourceType: 'Person' }, 400, 'invalid', []],
    ];
    for (const [what, body, status, code, grades] of cases) {
      const answer = await fhir('POST', 'Patient/$match', body);
      t.equal(answer.status, status, `${what}: ${answer.text}`);
      t.equal(codeOf(answer.body), code, what);
      const entries = (answer.body['entry'] ?? []) as {
        search: { score: number; extension: { valueCode: string }[] };
      }[];
      t.same(
        entries.map(({ search }) => search.extension[0]!.valueCode),
        grades,
        what,
      );
      t.ok(
        entries.every(({ search }, at) => search.score <= (entries[at - 1]?.search.score ?? 1)),
        `${what}: best first`,
      );
      checked(what, answer.body);
    }
  });

  await t.test('$merge', async (t) => {
    const [first, second] = [await idOf(`${A}|1`), await idOf(`${A}|2`)];
    const reference = (side: string, id: string) => ({
      name: `${side}-patient`,
      valueReference: { reference: `Patient/${id}` },
    });
    const identifier = (side: string, system: string, value: string) => ({
      name: `${side}-patient-identifier`,
      valueIdentifier: { system, value },
    });
    const preview = { name: 'preview', valueBoolean: true };
    const merge = (parameter: object[], key?: string) =>
      admin('POST', '/fhir/Patient/$merge', {
        raw: JSON.stringify({ resourceType: 'Parameters', parameter }),
        headers: { 'Content-Type': 'application/fhir+json' },
        ...(key === undefined ? {} : { idempotencyKey: key }),
      });
    const sides = [reference('source', second), identifier('target', A, '1')];
    const cases: [string, object[], string | undefined, number, string][] = [
      ['no request key', sides, undefined, 400, 'required'],
      ['no target', [reference('source', second)], 'm1', 400, 'required'],
      [
        'unknown source',
        [reference('source', '404'), reference('target', first)],
        'm2',
        422,
        'not-found',
      ],
      [
        'identifiers of two persons',
        [identifier('source', A, '1'), identifier('source', A, '2'), reference('target', first)],
        'm3',
        422,
        'business-rule',
      ],
      [
        'the same person',
        [reference('source', first), reference('target', first)],
        'm4',
        422,
        'business-rule',
      ],
      [
        'the target twice',
        [...sides, reference('target', first), reference('target', first)],
        'm8',
        400,
        'invalid',
      ],
      [
        'an identifier that is not known',
        [identifier('source', A, '404'), reference('target', first)],
        'm9',
        422,
        'not-found',
      ],
      [
        'a result that is not the target',
        [...sides, { name: 'result-patient', resource: { resourceType: 'Patient', id: second } }],
        'm10',
        400,
        'invalid',
      ],
      ['preview', [...sides, preview], undefined, 200, ''],
      ['merge', sides, 'm5', 200, ''],
      ['the same request again', sides, 'm5', 200, ''],
      ['another request for the same', sides, 'm6', 422, 'business-rule'],
    ];
    for (const [what, parameter, key, status, code] of cases) {
      const answer = await merge(parameter, key);
      t.equal(answer.status, status, `${what}: ${answer.text}`);
      t.equal(codeOf(answer.body), code, what);
      checked(what, answer.body);
      if (what === 'preview') {
        t.same((await fhir('GET', `Patient/${second}`)).body['active'], true, 'changes nothing');
      }
    }
    const source = (await fhir('GET', `Patient/${second}`)).body;
    t.match(source, {
      active: false,
      link: [{ type: 'replaced-by', other: { reference: `Patient/${first}` } }],
    });
    checked('source', source);
    const target = (await fhir('GET', `Patient/${first}`)).body;
    t.match(target, {
      active: true,
      link: [{ type: 'replaces', other: { reference: `Patient/${second}` } }],
    });
    checked('target', target);
    const duplicate = { ...patient(A, '5', { name: [{ text: '郑和' }] }) };
    const at = `Patient?identifier=${q(`${A}|5`)}`;
    t.equal((await fhir('PUT', at, duplicate)).status, 201);
    const double = await idOf(`${A}|5`);
    const link = [{ type: 'replaced-by', other: { identifier: { system: B, value: '7' } } }];
    const resolved = await fhir('PUT', at, { ...duplicate, link });
    t.match(resolved, { status: 200, body: { id: first } }, 'ITI-104: a duplicate is resolved');
    checked('resolved', resolved.body);
    t.equal((await fhir('GET', `Patient/${double}`)).body['active'], false);
    const nobody = [{ type: 'replaced-by', other: { reference: 'Patient/404' } }];
    const unresolved = await fhir('PUT', at, { ...duplicate, link: nobody });
    t.match(unresolved, { status: 422, body: { issue: [{ code: 'not-found' }] } });
    const two = [
      { system: A, value: '5' },
      { system: B, value: '55' },
    ];
    const more = { resourceType: 'Patient', identifier: two };
    t.equal((await fhir('PUT', at, more)).status, 200, 'a revision with one more identifier');
    t.equal(await idOf(`${B}|55`), first);
    const compared = await call(served, 'GET', `/v1/empi/compare?a=${first}&b=${second}`);
    t.match(compared.body, { match: { personId: second, verdict: 'none' } }, compared.text);
    t.ok((compared.body['match'] as unknown as { fields: unknown[] }).fields.length > 0);
    t.equal((await call(served, 'GET', `/v1/empi/compare?a=${first}&b=404`)).status, 404);
    t.equal(
      codeOf(
        (await call(served, 'POST', '/fhir/Patient/$merge', { body: {}, idempotencyKey: 'm7' }))
          .body,
      ),
      'forbidden',
    );
  });

  await t.test('a register is loaded through the running switch', async (t) => {
    const file = join(served.dataDir, 'register.csv');
    writeFileSync(file, 'rec_id,姓名,出生日期\n71,钱学,1911-12-11\n72,,\n73,孙武,\n');
    const load = () =>
      posp(['empi', 'load', file, '--domain', 'a', '--data', served.dataDir, '--json']);
    const first = await load();
    t.equal(first.code, 1, first.stderr);
    t.match(documentOf(first), { lines: 3, created: 2, joined: 0, refused: 1, resumedBehind: 0 });
    t.match(documentOf(await load()), { lines: 3, created: 2, refused: 1, resumedBehind: 4 });
    const { body } = await fhir('GET', `Patient?identifier=${q(`${A}|71`)}`);
    t.equal(body['total'], 1);
    const none = await posp(['empi', 'load', file, '--domain', 'x', '--data', served.dataDir]);
    t.equal(none.code, 2, 'the switch refuses it');
    t.match(none.stderr, /there is no domain x/);
  });

  await t.test('a FHIR client of another maker', async (t) => {
    const token = (await import('../api/caller.ts')).ADMIN_PASSWORD;
    const session = await fetch(`http://127.0.0.1:${served.httpPort}/v1/sessions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ operator: 'admin', password: token }),
    });
    const client = new Client({ baseUrl: `http://127.0.0.1:${served.httpPort}/fhir` });
    client.bearerToken = ((await session.json()) as { token: string }).token;
    const capability = await client.capabilityStatement();
    t.equal(capability['resourceType'], 'CapabilityStatement');
    checked('CapabilityStatement', capability);
    const bundle = await client.search({ resourceType: 'Patient', searchParams: { family: '王' } });
    t.equal(bundle['total'], 1);
    const matches = await client.operation({
      name: 'match',
      resourceType: 'Patient',
      method: 'POST',
      input: { resourceType: 'Patient', ...wang } as never,
    });
    t.equal((matches as { total?: number }).total, 1);
    await t.rejects(client.read({ resourceType: 'Patient', id: '404' }));
  });
});
