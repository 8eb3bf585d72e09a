/** The situations of OpenHIE's list for client registries, OHIE-CR-01 to 18, by their numbers. */
import type { Test } from 'tap';
import { type Hl7Rig, message, pdq, pix } from './rig.ts';

const HARNESS = { from: 'TEST_HARNESS' };
const OTHER = { from: 'TEST_OTHER' };
const SIDE_A = { from: 'TEST_HARNESS_A' };
const SIDE_B = { from: 'TEST_HARNESS_B' };
const NID_AUTH = { from: 'NID_AUTH' };

const admit = (pid: string, by: { from: string }) =>
  message('ADT^A01', ['EVN||20101020', `PID|||${pid}`, 'PV1||I'], by);
const a40 = (pid: string, mrg: string, by: { from: string }) =>
  message('ADT^A40', [`PID|||${pid}`, `MRG|${mrg}`], by);
const OID = '2.16.840.1.113883.3.72.5.9.1';
const jennifer =
  'RJ-439^^^TEST||JONES^JENNIFER^^^^^L|SMITH^^^^^^L|19840125|F|||123 Main Street West ^^NEWARK^NJ^30293||^PRN^PH^^^409^30495';
const jones = '@PID.5.1^JONES~@PID.5.2^JENNIFER';

export async function openhie(t: Test, rig: Hl7Rig): Promise<void> {
  const answers = await rig.table(t, [
    [
      '01 no authority, and none to fill in',
      admit('RJ-438^^^&&||LOWE^ROBERT||19830205|M', OTHER),
      'AE 204@PID^1^3^1^4',
    ],
    ['02 the OID only', admit(`RJ-438^^^&${OID}&ISO||LOWE^ROBERT||19830205|M`, HARNESS), 'AA'],
    ['02 is told with its name', pix('02a', `RJ-438^^^&${OID}&ISO^PI`), 'AA OK RJ-438'],
    ['02 the name only', admit(jennifer, HARNESS), 'AA'],
    ['02 is told with its OID', pix('02b', 'RJ-439^^^TEST^PI'), 'AA OK RJ-439'],
    ['02 neither: filled in', admit('RJ-499||JONES^ROBERT||19390125|M', HARNESS), 'AA'],
    ['02 is found by both', pix('02c', 'RJ-499^^^TEST^PI'), 'AA OK RJ-499'],
    [
      '03 an unknown OID',
      admit('RJ-999^^^&1.9.9.4&ISO||THAMES^ROBERT||1983|M', HARNESS),
      'AE 204@PID^1^3^1^4',
    ],
    [
      '03 an unknown name',
      admit('RJ-999^^^TEST_BLOCK||THAMES^ROBERT||1983|M', HARNESS),
      'AE 204@PID^1^3^1^4',
    ],
    ['04 a source of its own domain', admit('RJ-401^^^TEST_A||HART^ANN||19710101|F', SIDE_A), 'AA'],
    [
      "04 a source of another's",
      admit('NFD-304^^^TEST_A||HART^ANN||19710101|F', SIDE_B),
      'AE 207@MSH^1^3',
    ],
    [
      '05 a newborn with very little',
      admit('RJ-441^^^TEST|||JONES^JENNIFER|20141001|M|||||||||||||RJ-439^^^TEST|||1', HARNESS),
      'AA',
    ],
    ['05 is found', pix('05', 'RJ-441^^^TEST^PI'), 'AA OK RJ-441'],
    [
      "05, 07, 13 by the mother's identifier",
      pdq('@PID.21.1^RJ-439~@PID.21.4.1^TEST'),
      'AA OK RJ-441',
    ],
    ["13 another mother's", pdq('@PID.21.1^RJ-438~@PID.21.4.1^TEST'), 'AA NF'],
    [
      '06 known to the national authority',
      admit('NID-35^^^NID||SMITH^JOHN||1980|M', NID_AUTH),
      'AA',
    ],
    [
      '06 another source names that number',
      admit('RJ-449^^^TEST_A^PI~NID-35^^^NID^PI||SMITH^JON||198005|M', SIDE_A),
      'AA',
    ],
    ['06 they are one', pix('06', 'NID-35^^^NID^PI'), 'AA OK NID-35+RJ-449'],
    ['09 an unknown number', pix('09a', 'RJ-443^^^TEST^PI'), 'AE AE 204@QPD^1^3^1^1'],
    ['09 an unknown domain', pix('09b', 'RJ-443^^^RANDOM^PI'), 'AE AE 204@QPD^1^3^1^4'],
    ['09 registered', admit('RJ-443^^^TEST||BOOP^BERT||1934|M', HARNESS), 'AA'],
    ['09 is known', pix('09c', 'RJ-443^^^TEST^PI'), 'AA OK RJ-443'],
    ['10 a domain is asked for', pix('10a', 'RJ-439^^^TEST^PI', '^^^TEST'), 'AA OK RJ-439'],
    ['10 an unknown one', pix('10b', 'RJ-439^^^TEST^PI', '^^^RANDOM'), 'AE AE 204@QPD^1^4^1'],
    ['10 one with nothing', pix('10c', 'RJ-439^^^TEST^PI', '^^^NID'), 'AA NF'],
    ['11 by identifier', pdq('@PID.3.1^RJ-439~@PID.3.4.1^TEST'), 'AA OK RJ-439'],
    ['11 an unknown one', pdq('@PID.3.1^RJ-9483~@PID.3.4.1^TEST'), 'AA NF'],
    ['11 no such field', pdq('@PID.3.1^RJ-9483~@PID.3.4.99^NOVALUE'), 'AE AE 204@QPD^1^3^2'],
    ['11 a domain is wanted', pdq('@PID.3.1^RJ-439~@PID.3.4.1^TEST', '^^^TEST'), 'AA OK RJ-439'],
    ['11 one with nothing', pdq('@PID.3.1^RJ-439~@PID.3.4.1^TEST', '^^^NID'), 'AA NF'],
    [
      '11 an unknown one is wanted',
      pdq('@PID.3.1^RJ-439~@PID.3.4.1^TEST', '^^^RANDOM'),
      'AE AE 204@QPD^1^8^1',
    ],
    ['12 by name', pdq(jones), 'AA OK RJ-439'],
    ['12 nobody', pdq('@PID.5.1^HOOD~@PID.5.2^ROBIN'), 'AA NF'],
    ['12 by a pattern', pdq('@PID.5.1^JON*~@PID.5.2^JENN*'), 'AA OK RJ-439'],
    ['14 a year', pdq('@PID.7^1984'), 'AA OK RJ-439'],
    ['14 a month', pdq('@PID.7^198401'), 'AA OK RJ-439'],
    ['14 a day', pdq('@PID.7^19840125'), 'AA OK RJ-439'],
    ['14 a year with nobody', pdq('@PID.7^1900'), 'AA NF'],
    ['15 sex and name', pdq('@PID.8^F~@PID.5.1^JONES'), 'AA OK RJ-439'],
    ['15 year and name', pdq(`@PID.7^1984~${jones}`), 'AA OK RJ-439'],
    ['15 day and sex', pdq('@PID.7^19840125~@PID.8^F'), 'AA OK RJ-439'],
    ['15 another sex', pdq(`@PID.8^M~${jones}`), 'AA NF'],
    ['15 another given name', pdq('@PID.7^1984~@PID.5.1^JONES~@PID.5.2^JASON'), 'AA NF'],
    ['16 nearly the same', admit('RJ-998^^^TEST||JONES^JENN||198401|F', HARNESS), 'AA'],
    ['16 two', pdq('@PID.5.1^JONES~@PID.5.2^JEN*', '^^^TEST'), 'AA OK RJ-439 RJ-998'],
    ['16 merged', a40('RJ-439^^^TEST||JONES^JENN', 'RJ-998^^^TEST', HARNESS), 'AA'],
    ['16 the survivor', pix('16a', 'RJ-439^^^TEST^PI', '^^^TEST'), 'AA OK RJ-439'],
    [
      '16 the prior one is gone',
      pix('16b', 'RJ-998^^^TEST^PI', '^^^TEST'),
      'AE AE 204@QPD^1^3^1^1',
    ],
    ['17 one of A', admit('RJ-203^^^TEST_A||VANCE^SAM||19890225|F', SIDE_A), 'AA'],
    ['17 another of A', admit('RJ-292^^^TEST_A||VANCE^TILDA||197902|F', SIDE_A), 'AA'],
    ['17 one of B', admit('SJ-204^^^TEST_B||VANCE^RUTH||196902|F', SIDE_B), 'AA'],
    [
      '17 B merges what is of A',
      a40('RJ-203^^^TEST_A', 'RJ-292^^^TEST_A', SIDE_B),
      'AE 207@MSH^1^3',
    ],
    [
      '17 A merges what is of B',
      a40('RJ-203^^^TEST_A', 'SJ-204^^^TEST_B', SIDE_A),
      'AE 207@MSH^1^3',
    ],
    ['17 they are two still', pix('17', 'RJ-203^^^TEST_A'), 'AA OK RJ-203'],
    [
      '18 a social number of an authority',
      admit('RJ-460^^^TEST_A||JONES^YANNICK||199004|M|||||||||||NID-39^^^SSN', SIDE_A),
      'AA',
    ],
    [
      '18 the same from another source',
      admit('RB-469^^^TEST_B||JONES^YAN||19900404|M|||||||||||NID-39^^^SSN', SIDE_B),
      'AA',
    ],
    ['18 they are one', pix('18', 'RB-469^^^TEST_B', '^^^TEST_A'), 'AA OK RJ-460'],
  ]);
  for (const what of [
    '02 is told with its name',
    '02 is told with its OID',
    '02 is found by both',
  ]) {
    t.equal(answers.get(what)!.all('PID', 3)[0]![3], `TEST&${OID}&ISO`, what);
  }
  const rejected = answers.get("04 a source of another's")!;
  const head = [5, 6, 12].map((field) => rejected.get('MSH', field));
  t.same(head, ['TEST_HARNESS_B', 'H1', '2.5'], 'answered to the sender');
  t.equal(rejected.get('MSH', 9, 2), 'A01');
  const shown = answers.get('12 by name')!.segment('PID')!;
  t.equal(
    shown.fields.slice(5, 14).join('|'),
    'JONES^JENNIFER^^^^^L|SMITH|19840125|F|||123 Main Street West^^NEWARK^NJ^30293||409 30495^PRN^PH',
    '12 as it was fed',
  );
}
