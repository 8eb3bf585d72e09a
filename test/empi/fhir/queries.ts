/** ITI-83 and ITI-78: the same human in other domains, and who fits what is known. */
import type { Test } from 'tap';
import { call } from '../../api/caller.ts';
import { A, at, B, C, CITIZEN, codeOf, type FhirRig, q } from './rig.ts';

export async function crossReference(t: Test, { fhir, checked }: FhirRig): Promise<void> {
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
    ['two sources', `${path(`${A}|1`)}&sourceIdentifier=${q(`${B}|7`)}`, 400, 'required', []],
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
    checked(t, what, body);
  }
  const parameter = [
    { name: 'sourceIdentifier', valueString: `${A}|1` },
    { name: 'targetSystem', valueUri: B },
  ];
  const posted = await fhir('POST', 'Patient/$ihe-pix', { resourceType: 'Parameters', parameter });
  t.match(posted.body, { parameter: [{ valueIdentifier: { system: B, value: '7' } }, {}] });
}

/** The citizen identity number is a source and a target like identifiers of domains. */
export async function citizenNumbers(t: Test, { fhir }: FhirRig): Promise<void> {
  const number = '110105197508202047';
  const identifier = [
    { system: A, value: 'c1' },
    { system: B, value: 'c2' },
    { system: CITIZEN, value: number },
  ];
  const name = [{ family: '诸葛', given: ['瑾'] }];
  const put = await fhir('PUT', at(A, 'c1'), { resourceType: 'Patient', identifier, name });
  t.equal(put.status, 201, put.text);
  // biome-ignore format: a table, one question a line, and the systems of the answer.
  const cases: [string, string, string[], number, string[]][] = [
    ['from the citizen number', `${CITIZEN}|${number}`, [], 200, [A, B]],
    ['from the citizen number to one domain', `${CITIZEN}|${number}`, [B], 200, [B]],
    ['to the citizen number', `${A}|c1`, [CITIZEN], 200, [CITIZEN]],
    ['to all', `${A}|c1`, [], 200, [B, CITIZEN]],
    ['a citizen number that nobody has', `${CITIZEN}|110105197306150018`, [], 404, []],
  ];
  for (const [what, source, targets, status, expected] of cases) {
    const query = targets.map((one) => `&targetSystem=${q(one)}`).join('');
    const answer = await fhir('GET', `Patient/$ihe-pix?sourceIdentifier=${q(source)}${query}`);
    t.equal(answer.status, status, `${what}: ${answer.text}`);
    const parts = (answer.body['parameter'] ?? []) as { valueIdentifier?: { system: string } }[];
    const systems = parts.flatMap((part) => part.valueIdentifier?.system ?? []);
    t.same(systems, expected, what);
  }
}

export async function search(t: Test, { served, fhir, checked, idOf }: FhirRig): Promise<void> {
  // biome-ignore format: a table, one search a line: the status, how many it finds or the code of the issue.
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
    ['an unknown domain', `identifier=${q('urn:x|1')}`, 404, 'not-found'],
    ['an unknown domain among those to see', `family=${q('王')}&identifier=${q('urn:x|')}`, 404, 'not-found'],
    ['an unknown parameter alone', 'colour=blue', 400, 'required'],
    ['an unknown modifier', `family:contains=${q('王')}`, 400, 'not-supported'],
    ['no parameter', '', 400, 'required'],
  ];
  for (const [what, query, status, expected] of cases) {
    const get = await fhir('GET', `Patient?${query}`);
    t.equal(get.status, status, `${what}: ${get.text}`);
    t.equal(typeof expected === 'string' ? codeOf(get.body) : get.body['total'], expected, what);
    checked(t, what, get.body);
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
}
