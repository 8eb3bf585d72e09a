/** ITI-104, duplicates: a source says that one of its identifiers has taken another's place. */
import type { Test } from 'tap';
import { A, at, B, codeOf, type FhirRig, patient, q } from './rig.ts';

export async function resolve(t: Test, { fhir, checked, idOf }: FhirRig): Promise<void> {
  const first = await idOf(`${A}|1`);
  const five = patient(A, '5', { name: [{ text: '郑和' }] });
  const six = patient(A, '6', { name: [{ text: '张骞' }] });
  const by = (other: object) => ({ link: [{ type: 'replaced-by', other }] });
  const named = by({ identifier: { system: A, value: '1' } });
  const pix = (source: string) => `Patient/$ihe-pix?sourceIdentifier=${q(source)}`;
  const also = {
    identifier: [
      { system: A, value: '1' },
      { system: B, value: '55' },
    ],
  };
  // biome-ignore format: a table, one step a line: the status and the code of the issue.
  const steps: [string, string, string, object | undefined, number, string][] = [
    ['a duplicate comes', 'PUT', at(A, '5'), five, 201, ''],
    ['another one', 'PUT', at(A, '6'), six, 201, ''],
    ['replaced by a Patient that is not there', 'PUT', at(A, '5'), { ...five, ...by({ reference: 'Patient/404' }) }, 422, 'not-found'],
    ['an identifier that is not known is replaced', 'PUT', at(A, '404'), { ...patient(A, '404'), ...named }, 404, 'not-found'],
    ['replaced by an identifier', 'PUT', at(A, '5'), { ...five, ...named }, 200, ''],
    ['replaced again', 'PUT', at(A, '5'), { ...five, ...named }, 200, ''],
    ['replaced by a Patient', 'PUT', at(A, '6'), { ...six, ...by({ reference: `Patient/${first}` }) }, 200, ''],
    ['from the replaced identifier', 'GET', pix(`${A}|5`), undefined, 404, 'not-found'],
    ['the replaced identifier is fed', 'PUT', at(A, '5'), five, 409, 'business-rule'],
    ['replaced by an identifier that was replaced', 'PUT', at(A, '1'), { ...patient(A, '1'), ...by({ identifier: { system: A, value: '5' } }) }, 422, 'not-found'],
    ['a revision with one more identifier', 'PUT', at(A, '1'), patient(A, '1', also), 200, ''],
  ];
  const before = new Map<string, unknown>();
  for (const [what, method, path, body, status, code] of steps) {
    const answer = await fhir(method, path, body);
    t.equal(answer.status, status, `${what}: ${answer.text}`);
    t.equal(codeOf(answer.body), code, what);
    if (status === 201) before.set(what, answer.body['id']);
    if (status === 200) t.equal(answer.body['id'], first, `${what}: the survivor`);
    checked(t, what, answer.body);
  }
  for (const [what, id] of before) {
    const { body } = await fhir('GET', `Patient/${id}`);
    const link = [{ type: 'replaced-by', other: { reference: `Patient/${first}` } }];
    t.match(body, { active: false, link }, `${what}: it points to the survivor`);
  }
  t.equal(await idOf(`${A}|5`), '', 'nobody is found by the replaced identifier');
  t.equal(await idOf(`${B}|55`), first);
  const { body } = await fhir('GET', pix(`${B}|7`));
  const values = JSON.stringify(body);
  t.match(values, /"value":"1"/);
  t.notMatch(values, /"value":"[56]"/, 'and nobody is led to it');
}
