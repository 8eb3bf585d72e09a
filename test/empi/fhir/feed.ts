/** ITI-104: what sources feed. */
import type { Test } from 'tap';
import { A, at, B, C, codeOf, type FhirRig, li, patient, wang } from './rig.ts';

export async function feed(t: Test, { fhir, checked }: FhirRig): Promise<void> {
  const zhao = { name: [{ text: '赵云' }] };
  const link = (other: unknown) => ({ link: [{ type: 'replaced-by', other }] });
  const also = (system: string, value: string) => ({
    identifier: [...(patient(A, '8')['identifier'] as object[]), { system, value }],
  });
  // biome-ignore format: a table, one case a line.
  const cases: [string, string, string, unknown, number, string][] = [
    ['add', 'PUT', at(A, '1'), patient(A, '1', wang), 201, ''],
    ['revise', 'PUT', at(A, '1'), patient(A, '1', wang), 200, ''],
    ['the same human in another domain', 'PUT', at(B, '7'), patient(B, '7', wang), 201, ''],
    ['somebody else', 'PUT', at(A, '2'), patient(A, '2', li), 201, ''],
    ['an unknown domain', 'PUT', at('urn:x', '1'), patient('urn:x', '1'), 400, 'code-invalid'],
    ['without the identifier in it', 'PUT', at(A, '3'), patient(A, '4'), 400, 'invalid'],
    ['no identifier', 'PUT', 'Patient', patient(A, '4'), 400, 'required'],
    ['another source', 'PUT', at(C, '1'), patient(C, '1'), 403, 'forbidden'],
    ["another source's identifier beside one's own", 'PUT', at(A, '8'), patient(A, '8', also(C, '1')), 403, 'forbidden'],
    ["another source's identifier for a person of one's own", 'PUT', at(A, '1'), patient(A, '1', also(C, '1')), 400, 'invalid'],
    ['no Patient', 'PUT', at(A, '1'), { resourceType: 'Person' }, 400, 'invalid'],
    ['a broken list', 'PUT', at(A, '1'), { resourceType: 'Patient', identifier: 'x' }, 400, 'invalid'],
    ['a name that is a number', 'PUT', at(A, '4'), patient(A, '4', { name: [{ family: 5 }] }), 400, 'invalid'],
    ['a day that there was not', 'PUT', at(A, '4'), patient(A, '4', { birthDate: '1984-02-31' }), 400, 'invalid'],
    ['a sex that FHIR does not know', 'PUT', at(A, '4'), patient(A, '4', { gender: 'm' }), 400, 'invalid'],
    ['a name that is longer than the index can keep', 'PUT', at(A, '4'), patient(A, '4', { name: [{ family: 'x'.repeat(5_000) }] }), 400, 'invalid'],
    ['replaced by nothing', 'PUT', at(A, '1'), patient(A, '1', link(null)), 400, 'invalid'],
    ['replaced by a broken reference', 'PUT', at(A, '1'), patient(A, '1', link({ identifier: 5 })), 400, 'invalid'],
    ["replaced by another source's patient", 'PUT', at(A, '1'), patient(A, '1', link({ identifier: { system: C, value: '77' } })), 403, 'forbidden'],
    ['replaced by nobody', 'PUT', at(A, '1'), patient(A, '1', link({ identifier: { system: A, value: '404' } })), 422, 'not-found'],
    ['to be removed', 'PUT', at(A, '9'), patient(A, '9', zhao), 201, ''],
    ['remove', 'DELETE', at(A, '9'), undefined, 204, ''],
    ['remove again', 'DELETE', at(A, '9'), undefined, 404, 'not-found'],
    ["remove another source's identifier", 'DELETE', at(C, '77'), undefined, 403, 'forbidden'],
  ];
  for (const [what, method, path, body, status, code] of cases) {
    const answer = await fhir(method, path, body);
    t.equal(answer.status, status, `${what}: ${answer.text}`);
    t.equal(codeOf(answer.body), code, what);
    if (status !== 204) checked(t, what, answer.body);
  }
}
