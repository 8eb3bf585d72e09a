/** ITI-119: how well a person fits those of the index. */
import type { Test } from 'tap';
import { A, codeOf, type FhirRig, patient, wang } from './rig.ts';

export async function match(t: Test, { fhir, checked }: FhirRig): Promise<void> {
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
    ['a name that is a number', { ...bare, name: [{ family: 5, given: 'x' }] }, 400, 'invalid', []],
    ['only certain, or not', parameters(bare, 'true' as never), 400, 'invalid', []],
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
    checked(t, what, answer.body);
  }
}
