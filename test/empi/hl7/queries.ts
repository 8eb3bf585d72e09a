/** QBP^Q22 to RSP^K22. */
import type { Test } from 'tap';
import { a, b, type Hl7Rig, message, pdq, utf8 } from './rig.ts';

export async function demographicsQuery(t: Test, rig: Hl7Rig): Promise<void> {
  const answers = await rig.table(t, [
    ['by name', pdq('@PID.5.1^王~@PID.5.2^芳'), 'AA OK 1+8+7'],
    ['by number', pdq('@PID.3.1^7'), 'AA OK 1+8+7'],
    ['by number and domain', pdq('@PID.3.1^7~@PID.3.4.2^1.2.3.2'), 'AA OK 1+8+7'],
    ['the number in another domain', pdq('@PID.3.1^7~@PID.3.4.1^A'), 'AA NF'],
    ['number and another name', pdq('@PID.3.1^7~@PID.5.1^李'), 'AA NF'],
    ['numbers of one domain', pdq('@PID.3.1^7', b('')), 'AA OK 8+7'],
    ['of a domain where nobody fits', pdq('@PID.3.1^7', '^^^C'), 'AA NF'],
    ['an unknown domain', pdq('@PID.3.1^7~@PID.3.4.1^X'), 'AE AE 204@QPD^1^3'],
    ['an unknown domain is wanted', pdq('@PID.3.1^7', '^^^X'), 'AE AE 204@QPD^1^8^1'],
    ['nobody', pdq('@PID.5.1^欧阳~@PID.5.2^修'), 'AA NF'],
    ['an unknown field', pdq('@PID.99^1'), 'AE AE 204@QPD^1^3^1'],
    ['nothing is asked for', pdq(''), 'AE AE 101@QPD^1^3'],
    ['no QPD', message('QBP^Q22', ['RCP|I']), 'AE 100@QPD'],
  ]);
  t.equal(answers.get('by name')!.get('MSH', 9, 2), 'K22');
  t.same(answers.get('by name')!.segment('QAK')!.fields.slice(4), ['1', '1', '0'], 'hits');
  t.same(answers.get('by name')!.all('PID', 5), [['王', '芳']]);
}

/** Persons of `as-fed.ts`: what each field of PID finds, as it is written in QPD-3. */
export async function queryItems(t: Test, rig: Hl7Rig): Promise<void> {
  await rig.table(t, [
    ['family name', pdq('@PID.5.1^HAYES'), 'AA OK w1'],
    ['its first part', pdq('@PID.5.1.1^hayes'), 'AA OK w1'],
    ['the name as a whole', pdq('@PID.5^HAYES&GLENDA'), 'AA OK w1'],
    ['another given name', pdq('@PID.5^HAYES&JASON'), 'AA NF'],
    ['a second given name', pdq('@PID.5.1^Hayes~@PID.5.2^Q'), 'AA OK w1'],
    ['a maiden name that was told', pdq('@PID.5.1^PARK'), 'AA OK w7'],
    ['a whole Chinese name', pdq('@PID.5.1^李强'), 'AA OK 2'],
    ['from its start', pdq('@PID.5.1^HAY*'), 'AA OK w1'],
    ['from its end', pdq('@PID.5.1^*YES'), 'AA OK w1'],
    ['from both', pdq('@PID.5.2^G*N*A'), 'AA OK w1'],
    ['not backwards', pdq('@PID.5.1^HAYES*S'), 'AA NF'],
    ['without its accent', pdq('@PID.5.1^muller~@PID.5.2^JOSE'), 'AA OK w12'],
    ['anything at all', pdq('@PID.5.1^*'), 'AE AE 102@QPD^1^3^1'],
    ['signs only', pdq('@PID.5.2^...'), 'AE AE 102@QPD^1^3^1'],
    ['a year', pdq('@PID.7^1982'), 'AA OK w1'],
    ['a month', pdq('@PID.7^198211'), 'AA OK w1'],
    ['a day', pdq('@PID.7^19821125'), 'AA OK w1'],
    ['a year that is all that is known', pdq('@PID.7.1^1935~@PID.5.1^Boop'), 'AA OK w3'],
    ['and alone', pdq('@PID.7^1935'), 'AA OK w3'],
    ['no date', pdq('@PID.7^xx'), 'AE AE 102@QPD^1^3^1'],
    ['no month', pdq('@PID.7^198213'), 'AE AE 102@QPD^1^3^1'],
    ['sex', pdq('@PID.5.1^HAYES~@PID.8^F'), 'AA OK w1'],
    ['the other one', pdq('@PID.5.1^HAYES~@PID.8^M'), 'AA NF'],
    ['another', pdq('@PID.8^O'), 'AA OK w6'],
    ['no sex', pdq('@PID.5.1^HAYES~@PID.8^X'), 'AE AE 103@QPD^1^3^2'],
    ['street', pdq('@PID.11.1^1 a st'), 'AA OK w7'],
    ['city', pdq('@PID.11.3^Z'), 'AA OK w9'],
    ['city, second address', pdq('@PID.11.3^y'), 'AA OK w7'],
    ['any part of an address', pdq('@PID.11^Y'), 'AA OK w7'],
    ['another state', pdq('@PID.11.4^NJ'), 'AA NF'],
    ['country', pdq('@PID.11.6^USA'), 'AA NF'],
    ['phone', pdq('@PID.13.1^13912345678'), 'AA OK w2'],
    ['its end', pdq('@PID.13.7^12345678'), 'AA OK w2'],
    ['too short to be one', pdq('@PID.13.1^12'), 'AA NF'],
    ['no number', pdq('@PID.13.1^none'), 'AE AE 102@QPD^1^3^1'],
    ['account', pdq('@PID.18.1^77-1'), 'AA OK w8'],
    ['its authority', pdq('@PID.18.1^77-1~@PID.18.4.2^1.9'), 'AA OK w8'],
    ['another authority', pdq('@PID.18.1^77-1~@PID.18.4.1^A'), 'AA NF'],
    ['identity number', pdq('@PID.19^11010519491231002x'), 'AA OK 6+11010519491231002X'],
    [
      'as an identifier',
      pdq('@PID.3.1^11010519491231002X~@PID.3.4.2^2.16.156.10011.1.3'),
      'AA OK 6+11010519491231002X',
    ],
  ]);
}

export async function parts(t: Test, rig: Hl7Rig): Promise<void> {
  const sender = rig.sender();
  t.teardown(() => sender.socket.destroy());
  const names = ['一', '二', '三', '四', '五'];
  const feeds = names.map((name, at) =>
    utf8(message('ADT^A28', [`PID|1||${a(`z${at}`)}||赵^${name}||1970010${at + 1}`])),
  );
  sender.socket.write(Buffer.concat(feeds));
  for (const name of names) t.equal((await sender.answer())!.get('MSA', 1), 'AA', name);
  const found: string[] = [];
  const pages: number[] = [];
  let pointer = '';
  do {
    const segments = [`QPD|IHE PDQ Query|long|@PID.5.1^赵`, 'RCP|I|2^RD'];
    if (pointer !== '') segments.push(`DSC|${pointer}|I`);
    sender.socket.write(utf8(message('QBP^Q22', segments)));
    const answer = (await sender.answer())!;
    const rows = answer.each('PID');
    pages.push(rows.length);
    found.push(...rows.map((row) => row.get(5, 2)));
    pointer = answer.get('DSC', 1);
  } while (pointer !== '' && pages.length < 9);
  t.same(pages, [2, 2, 1]);
  t.same(found, names);
  const asked = (...segments: string[]) => message('QBP^Q22', ['QPD|Q|x|@PID.5.1^赵', ...segments]);
  await rig.table(t, [
    ['a pointer that is none', asked('RCP|I', 'DSC|x y|I'), 'AE AE 204@DSC^1^1'],
    ['a quantity that is none', asked('RCP|I|many^RD'), 'AE AE 102@RCP^1^2'],
  ]);
}
