/** ITI-104: what sources feed. */
import type { Test } from 'tap';
import { A, B, C, codeOf, type FhirRig, li, patient, q, wang } from './rig.ts';

export async function feed(t: Test, { fhir, checked }: FhirRig): Promise<void> {
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
    if (status !== 204) checked(t, what, answer.body);
  }
}
