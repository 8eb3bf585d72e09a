/** $merge: two Patients become one. */
import type { Test } from 'tap';
import { call } from '../../api/caller.ts';
import { A, at, C, change, codeOf, type FhirRig, li, patient } from './rig.ts';

export async function merge(t: Test, rig: FhirRig): Promise<void> {
  const { admin, fhir, checked, idOf } = rig;
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
  const result = (resource: object) => ({ name: 'result-patient', resource });
  const target = { resourceType: 'Patient', id: first };
  const telecom = [{ system: 'phone', value: '13800001234' }];
  const better = { ...target, name: [{ family: '王', given: ['芳芳'] }], telecom };
  const foreign = { ...target, identifier: [{ system: C, value: '77' }] };
  // biome-ignore format: a table, one merge a line: its parts, its key, the status, the code of the issue.
  const cases: [string, object[], string | undefined, number, string][] = [
    ['no request key', sides, undefined, 400, 'required'],
    ['no target', [reference('source', second)], 'm1', 400, 'required'],
    ['unknown source', [reference('source', '404'), reference('target', first)], 'm2', 422, 'not-found'],
    ['identifiers of two persons', [identifier('source', A, '1'), identifier('source', A, '2'), reference('target', first)], 'm3', 422, 'business-rule'],
    ['the same person', [reference('source', first), reference('target', first)], 'm4', 422, 'business-rule'],
    ['the target twice', [...sides, reference('target', first), reference('target', first)], 'm8', 400, 'invalid'],
    ['an identifier that is not known', [identifier('source', A, '404'), reference('target', first)], 'm9', 422, 'not-found'],
    ['a broken reference', [{ name: 'source-patient', valueReference: { reference: 5 } }, reference('target', first)], 'm12', 400, 'invalid'],
    ['a preview that is neither yes nor no', [...sides, { name: 'preview', valueString: 'true' }], 'm13', 400, 'invalid'],
    ['a result that is not the target', [...sides, result({ ...target, id: second })], 'm10', 400, 'invalid'],
    ['a result that is no Patient', [...sides, result({ resourceType: 'Person' })], 'm10', 400, 'invalid'],
    ["a result with somebody else's identifier", [...sides, result(foreign)], 'm11', 422, 'business-rule'],
    ['preview', [...sides, result(better), preview], undefined, 200, ''],
    ['merge', [...sides, result(better)], 'm5', 200, ''],
    ['the same request again', [...sides, result(better)], 'm5', 200, ''],
    ['another request under the key', sides, 'm5', 422, 'duplicate'],
    ['another request for the same', sides, 'm6', 422, 'business-rule'],
  ];
  for (const [what, parameter, key, status, code] of cases) {
    const answer = await asked(parameter, key);
    t.equal(answer.status, status, `${what}: ${answer.text}`);
    t.equal(codeOf(answer.body), code, what);
    checked(t, what, answer.body);
    if (status === 200) {
      const parts = answer.body['parameter'] as unknown as { name: string; resource: unknown }[];
      const shown = parts.find(({ name }) => name === 'result')!.resource;
      t.match(
        shown,
        { id: first, name: better.name, telecom },
        `${what}: the result is the target`,
      );
    }
    if (what === 'preview') {
      t.same((await fhir('GET', `Patient/${second}`)).body['active'], true, 'changes nothing');
    }
  }
  await afterwards(t, rig, first, second);
}

/** What the two Patients are behind the merge. */
async function afterwards(
  t: Test,
  { served, fhir, checked }: FhirRig,
  first: string,
  second: string,
): Promise<void> {
  const source = (await fhir('GET', `Patient/${second}`)).body;
  t.match(source, {
    active: false,
    link: [{ type: 'replaced-by', other: { reference: `Patient/${first}` } }],
  });
  checked(t, 'source', source);
  const survivor = (await fhir('GET', `Patient/${first}`)).body;
  t.match(survivor, {
    active: true,
    name: [{ family: '王', given: ['芳芳'] }],
    link: [{ type: 'replaces', other: { reference: `Patient/${second}` } }],
  });
  checked(t, 'target', survivor);
  const matched = await fhir('POST', 'Patient/$match', { resourceType: 'Patient', ...li });
  t.equal(matched.status, 200);
  t.notMatch(matched.text, `"id":"${second}"`, 'a merged Patient is nobody to match');
  const compared = await call(served, 'GET', `/v1/empi/compare?a=${first}&b=${second}`);
  t.match(compared.body, { match: { personId: second, verdict: 'none' } }, compared.text);
  t.ok((compared.body['match'] as unknown as { fields: unknown[] }).fields.length > 0);
  t.equal((await call(served, 'GET', `/v1/empi/compare?a=${first}&b=404`)).status, 404);
}

/** Software merges what it feeds; what other sources feed is for people to decide. */
export async function mergeBySource(
  t: Test,
  { served, fhir, admin, idOf }: FhirRig,
): Promise<void> {
  const people = [
    ['m1', '孙尚香'],
    ['m2', '鲁肃'],
  ] as const;
  for (const [number, text] of people) {
    const put = await fhir('PUT', at(A, number), patient(A, number, { name: [{ text }] }));
    t.equal(put.status, 201, put.text);
  }
  const body = {
    demographics: { name: '周瑜' },
    media: [{ domain: 'c', number: '78', type: 'card' }],
  };
  await admin('POST', '/v1/empi/persons', change(body));
  const part = (side: string, valueIdentifier: object) => ({
    name: `${side}-patient-identifier`,
    valueIdentifier,
  });
  const [m1, m2, other] = [
    { system: A, value: 'm1' },
    { system: A, value: 'm2' },
    { system: C, value: '78' },
  ];
  const asked = (source: object, target: object, idempotencyKey: string) =>
    call(served, 'POST', '/fhir/Patient/$merge', {
      raw: JSON.stringify({
        resourceType: 'Parameters',
        parameter: [part('source', source), part('target', target)],
      }),
      headers: { 'Content-Type': 'application/fhir+json' },
      idempotencyKey,
    });
  const cases: [string, object, object, number, string][] = [
    ["a source's Patient into one's own", other, m1, 403, 'forbidden'],
    ["one's own into a source's Patient", m1, other, 403, 'forbidden'],
    ["two of one's own", m2, m1, 200, ''],
  ];
  for (const [what, source, target, status, code] of cases) {
    const answer = await asked(source, target, what.replaceAll(' ', '-'));
    t.equal(answer.status, status, `${what}: ${answer.text}`);
    t.equal(codeOf(answer.body), code, what);
  }
  t.equal(await idOf(`${A}|m2`), await idOf(`${A}|m1`));
  const direct = { survivor: await idOf(`${A}|m1`), absorbed: await idOf(`${A}|1`), reason: 'x' };
  const refused = await call(served, 'POST', '/v1/empi/merges', change(direct));
  t.equal(refused.status, 403, 'any two persons: only with the right to review');
}
