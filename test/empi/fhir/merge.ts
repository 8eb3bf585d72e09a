/** $merge, and duplicates that a source resolves. */
import type { Test } from 'tap';
import { call } from '../../api/caller.ts';
import { A, B, codeOf, type FhirRig, patient, q } from './rig.ts';

export async function merge(
  t: Test,
  { admin, served, fhir, checked, idOf }: FhirRig,
): Promise<void> {
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
  const asked = (parameter: object[], key?: string) =>
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
    const answer = await asked(parameter, key);
    t.equal(answer.status, status, `${what}: ${answer.text}`);
    t.equal(codeOf(answer.body), code, what);
    checked(t, what, answer.body);
    if (what === 'preview') {
      t.same((await fhir('GET', `Patient/${second}`)).body['active'], true, 'changes nothing');
    }
  }
  const source = (await fhir('GET', `Patient/${second}`)).body;
  t.match(source, {
    active: false,
    link: [{ type: 'replaced-by', other: { reference: `Patient/${first}` } }],
  });
  checked(t, 'source', source);
  const target = (await fhir('GET', `Patient/${first}`)).body;
  t.match(target, {
    active: true,
    link: [{ type: 'replaces', other: { reference: `Patient/${second}` } }],
  });
  checked(t, 'target', target);
  const duplicate = { ...patient(A, '5', { name: [{ text: '郑和' }] }) };
  const at = `Patient?identifier=${q(`${A}|5`)}`;
  t.equal((await fhir('PUT', at, duplicate)).status, 201);
  const double = await idOf(`${A}|5`);
  const link = [{ type: 'replaced-by', other: { identifier: { system: B, value: '7' } } }];
  const resolved = await fhir('PUT', at, { ...duplicate, link });
  t.match(resolved, { status: 200, body: { id: first } }, 'ITI-104: a duplicate is resolved');
  checked(t, 'resolved', resolved.body);
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
      (await call(served, 'POST', '/fhir/Patient/$merge', { body: {}, idempotencyKey: 'm7' })).body,
    ),
    'forbidden',
  );
}
