/** What sources feed comes back as they fed it, and is found by what stands in it. */
import type { Test } from 'tap';
import { call } from '../../api/caller.ts';
import { A, at, CITIZEN, change, codeOf, type FhirRig, patient, q } from './rig.ts';

const MAIDEN = 'http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName';
const HL7_MARITAL = 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus';
const named = (family: string, ...given: string[]) => ({ name: [{ family, given }] });

/** Number in domain a, and what is fed under it. */
// biome-ignore format: a table, one person a line.
const FED: [string, string, object][] = [
  ['case and several given names', 'f1', { name: [{ use: 'official', family: 'Smith', given: ['John', 'Q'], prefix: ['Dr'] }], gender: 'male', birthDate: '1961-03-04' }],
  ['a maiden name beside the official one', 'f2', { name: [{ use: 'maiden', family: 'Jones', given: ['Ann'] }, { use: 'official', family: 'Baker', given: ['Ann', 'Mary'] }], birthDate: '1962-07-08' }],
  ['a name in one', 'f3', { name: [{ text: 'Pieter van Dyk' }], birthDate: '1963-09-10' }],
  ['an address in parts', 'f4', { ...named('Clark', 'Olivia'), address: [{ use: 'home', type: 'physical', line: ['1 A St', 'Apt 2'], city: 'Springfield', district: 'Clark County', state: 'OH', postalCode: '45501', country: 'US' }] }],
  ['only the month of birth', 'f5', { ...named('Novak', 'Petra'), birthDate: '1984-05' }],
  ['only the year of birth', 'f6', { ...named('Silva', 'Rui'), birthDate: '1950' }],
  ['gender other', 'f7', { ...named('Okafor', 'Ebele'), gender: 'other' }],
  ['gender unknown', 'f8', { ...named('Haddad', 'Noor'), gender: 'unknown' }],
  ['dead', 'f9', { ...named('Moreau', 'Zoé'), deceasedBoolean: true }],
  ['dead since', 'f10', { ...named('Keller', 'Urs'), deceasedDateTime: '2020-01-02T03:04:05+08:00' }],
  ['not active', 'f11', { ...named('Brown', 'Ida'), active: false }],
  ['several telecoms', 'f12', { ...named('Rossi', 'Enzo'), telecom: [{ system: 'phone', value: '+86 139 0000 1111', use: 'home' }, { system: 'phone', value: '010-88880000', use: 'work', rank: 2, period: { start: '2020' } }, { system: 'email', value: 'Enzo@example.org' }] }],
  ['marital status', 'f13', { ...named('Larsen', 'Bo'), maritalStatus: { text: 'wed', coding: [{ system: HL7_MARITAL, code: 'M', display: 'Married' }] } }],
  ["mother's maiden name", 'f14', { ...named('Weber', 'Jan'), extension: [{ url: MAIDEN, valueString: 'Müller' }] }],
  ['a Chinese name and address', 'f15', { name: [{ text: '欧阳娜娜', family: '欧阳', given: ['娜娜'] }], address: [{ text: '北京市朝阳区建国路1号', country: 'CN' }] }],
];

export async function asFed(t: Test, rig: FhirRig): Promise<void> {
  const { fhir, checked } = rig;
  for (const [what, number, elements] of FED) {
    const put = await fhir('PUT', at(A, number), patient(A, number, elements));
    t.equal(put.status, 201, `${what}: ${put.text}`);
    const { body } = await fhir('GET', `Patient/${put.body['id']}`);
    const names = Object.keys(elements);
    t.same(Object.fromEntries(names.map((name) => [name, body[name]])), elements, what);
    checked(t, what, body);
  }
  const citizen = { system: CITIZEN, value: '110105197306150015' };
  const identifier = [{ system: A, value: 'f16' }, citizen];
  const known = await fhir(
    'PUT',
    at(A, 'f16'),
    patient(A, 'f16', { ...named('Ito', 'Ken'), identifier }),
  );
  t.match(
    known.body,
    { gender: 'male', birthDate: '1973-06-15', identifier },
    'what the identity number tells',
  );
  await revised(t, rig);
}

/** The last word counts, whoever has it. */
async function revised(t: Test, { admin, fhir, checked, idOf }: FhirRig): Promise<void> {
  const text = { name: [{ text: 'Weber, Johann' }] };
  const again = await fhir('PUT', at(A, 'f14'), patient(A, 'f14', text));
  t.match(
    again.body,
    { ...text, extension: [{ url: MAIDEN }] },
    'what a revision leaves out stays',
  );
  const personId = await idOf(`${A}|f4`);
  const demographics = {
    surname: 'Clark',
    givenName: 'Olive',
    maritalStatus: '20',
    city: undefined,
  };
  const changed = await admin('PUT', `/v1/empi/persons/${personId}`, change(demographics));
  t.equal(changed.status, 200, changed.text);
  const { body } = await fhir('GET', `Patient/${personId}`);
  t.same(body['name'], [
    { use: 'official', text: 'Olive Clark', family: 'Clark', given: ['Olive'] },
  ]);
  t.match(body['maritalStatus'], { coding: [{ code: '20' }, { system: HL7_MARITAL, code: 'M' }] });
  t.equal(body['address'], undefined, 'a change by another way takes the place of what was fed');
  checked(t, 'changed', body);
  const restored = await fhir('PUT', at(A, 'f4'), patient(A, 'f4', FED[3]![2]));
  t.match(restored.body, FED[3]![2]);
}

export async function searchFed(t: Test, { served, fhir, checked }: FhirRig): Promise<void> {
  // biome-ignore format: a table, one search a line, and whom it finds.
  const cases: [string, string, string][] = [
    ['one of several given names', 'given=Q', 'f1'],
    ['given names together', `given=${q('John Q')}`, 'f1'],
    ['each of two given names', 'given=John&given=Q', 'f1'],
    ['a given name and one that is not there', 'given=John&given=Z', ''],
    ['from the start, small letters', 'given=jo', 'f1'],
    ['without its accent', 'given=zoe', 'f9'],
    ['with another case and accent', `given=${q('ZOÊ')}`, 'f9'],
    ['exact', 'given:exact=John', 'f1'],
    ['exact is exact', 'given:exact=john', ''],
    ['a maiden name', 'family=jones', 'f2'],
    ['the family of a name in one', 'family=dyk', 'f3'],
    ['family, exact', 'family:exact=Smith', 'f1'],
    ['a year', 'birthdate=1961', 'f1'],
    ['a month', 'birthdate=1961-03', 'f1'],
    ['a day', 'birthdate=1961-03-04', 'f1'],
    ['a month that is all that is known', 'birthdate=1984-05', 'f5'],
    ['a year around a month', 'birthdate=1984', 'f5'],
    ['a day is not known to be in the month', 'birthdate=1984-05-12', ''],
    ['a range', 'birthdate=ge1961-03-04&birthdate=le1963', 'f1 f2 f3'],
    ['a range without its ends', 'birthdate=gt1961-03-04&birthdate=lt1963-09-10', 'f2'],
    ['behind and before', 'birthdate=sa1961&birthdate=eb1963-09-10', 'f2'],
    ['a year that may be before', 'birthdate=lt1950-06&birthdate=ge1950', 'f6'],
    ['about', 'birthdate=ap1962&family=smith', 'f1'],
    ['not a day', 'birthdate=ne1961-03-04&family=smith', ''],
    ['either of two years', 'birthdate=1961,1962', 'f1 f2'],
    ['a range that is empty', 'birthdate=ge1990&birthdate=le1989', ''],
    ['gender and family', 'gender=male&family=smith', 'f1'],
    ['gender with its system', `gender=${q('http://hl7.org/fhir/administrative-gender|male')}&family=smith`, 'f1'],
    ['gender of another system', `gender=${q('urn:x|male')}&family=smith`, ''],
    ['gender other', 'gender=other', 'f7'],
    ['gender unknown', 'gender=unknown', 'f8'],
    ['a gender that there is not', 'gender=foo', ''],
    ['not active', 'active=false', 'f11'],
    ['neither active nor not', 'active=foo', ''],
    ['a phone number', 'telecom=13900001111', 'f12'],
    ['the second phone number', `telecom=${q('phone|01088880000')}`, 'f12'],
    ['an e-mail address', `telecom=${q('enzo@example.org')}`, 'f12'],
    ['an e-mail address that is a phone number', `telecom=${q('email|13900001111')}`, ''],
    ['identifier of any system', 'identifier=f1', 'f1'],
    ['identifier without a system', `identifier=${q('|f1')}`, ''],
    ['citizen number of any system', 'identifier=110105197306150015', 'f16'],
    ['citizen number', `identifier=${q(`${CITIZEN}|110105197306150015`)}`, 'f16'],
    ['two identifiers of one person', `identifier=f16&identifier=110105197306150015`, 'f16'],
    ['identifiers of two persons', 'identifier=f1&identifier=f2', ''],
    ['a line of an address', `address=${q('Apt 2')}`, 'f4'],
    ['a city', 'address-city=spring', 'f4'],
    ['a city, exact', 'address-city:exact=Springfield', 'f4'],
    ['a state', 'address-state=OH', 'f4'],
    ['a postal code', 'address-postalcode=455', 'f4'],
    ['a country', 'address-country=US', 'f4'],
    ['China by another name', `address-country=${q('中国')}`, 'f15'],
    ["mother's maiden name", `mothersMaidenName=${q('müller')}`, 'f14'],
    ["mother's maiden name without its accent", 'mothersMaidenName=muller', 'f14'],
    ['a comma within a value', `family=${q('Nobody\\,Smith')}`, ''],
    ['parameters that are not known here', 'family=smith&_sort=family&_lastUpdated=gt2000&colour=blue', 'f1'],
    ['a parameter without a value', 'family=smith&given=', 'f1'],
  ];
  for (const [what, query, expected] of cases) {
    const { body, status, text } = await fhir('GET', `Patient?${query}`);
    t.equal(status, 200, `${what}: ${text}`);
    t.equal(numbersIn(body).join(' '), expected, what);
    t.equal(body['total'], expected === '' ? 0 : expected.split(' ').length, what);
  }
  const strict = await call(served, 'GET', '/fhir/Patient?family=smith&colour=blue', {
    headers: { Prefer: 'handling=strict' },
  });
  t.equal(codeOf(strict.body), 'not-supported', 'strict: what is not known is refused');
  for (const date of ['1961-13', '19610304', 'xx1961', '1961-03-04T10:00']) {
    const { status, body } = await fhir('GET', `Patient?birthdate=${date}`);
    t.equal(status, 400, date);
    checked(t, date, body);
  }
}

/** Numbers in domain a of the persons of a bundle. */
function numbersIn(body: Record<string, unknown>): string[] {
  const entries = (body['entry'] ?? []) as {
    resource: { identifier?: { system: string; value: string }[] };
  }[];
  return entries.map(
    ({ resource }) => resource.identifier?.find(({ system }) => system === A)?.value ?? '?',
  );
}

type Bundle = {
  total?: number;
  link: { relation: string; url: string }[];
  entry?: { fullUrl: string; resource: { id: string } }[];
};

export async function pages(t: Test, { served, fhir, checked }: FhirRig): Promise<void> {
  const asked = 'Patient?birthdate=ge1900&colour=blue';
  const whole = (await fhir('GET', asked)).body as unknown as Bundle;
  const all = whole.entry!.map(({ resource }) => resource.id);
  t.ok(all.length > 6);
  t.equal(whole.total, all.length);
  t.ok(
    whole.link.every(({ relation }) => relation !== 'next'),
    'all on one page',
  );
  const base = `http://127.0.0.1:${served.httpPort}/fhir/`;
  t.same(
    whole.link,
    [{ relation: 'self', url: `${base}Patient?birthdate=ge1900` }],
    'as understood',
  );
  const found: string[] = [];
  let next: string | undefined = `${base}${asked}&_count=3`;
  while (next !== undefined) {
    const { pathname, search } = new URL(next);
    const { body } = await call(served, 'GET', pathname + search);
    const { total, entry, link } = body as unknown as Bundle;
    t.equal(total, all.length, 'the total is that of all pages');
    t.ok(entry!.length <= 3);
    t.ok(entry!.every(({ fullUrl, resource }) => fullUrl === `${base}Patient/${resource.id}`));
    found.push(...entry!.map(({ resource }) => resource.id));
    next = link.find(({ relation }) => relation === 'next')?.url;
    checked(t, 'a page', body);
  }
  t.same(found, all, 'the pages are the whole, each person once');
  for (const count of ['_count=0', '_summary=count']) {
    const { body } = await fhir('GET', `${asked}&${count}`);
    t.match(body, { total: all.length, entry: undefined }, count);
  }
  for (const wrong of ['_count=x', '_count=-1', '_page=x']) {
    t.equal((await fhir('GET', `${asked}&${wrong}`)).status, 400, wrong);
  }
}
