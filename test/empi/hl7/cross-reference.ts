/** QBP^Q23 to RSP^K23. */
import type { Test } from 'tap';
import { a, b, type Hl7Rig, message, pix, wang } from './rig.ts';

const ID = '11010519491231002X';
const CITIZEN = '^^^&2.16.156.10011.1.3&ISO';

export async function crossReference(t: Test, rig: Hl7Rig): Promise<void> {
  const answers = await rig.table(t, [
    ['identifiers of all domains', pix('q1', a('1')), 'AA OK 1+8+7'],
    ['of one domain', pix('q2', a('1'), b('')), 'AA OK 8+7'],
    ['of its own domain', pix('q3', a('1'), a('')), 'AA OK 1'],
    ['of two domains', pix('q4', b('7'), `${a('')}~${b('')}`), 'AA OK 1+8+7'],
    ['asked the other way round', pix('q5', b('7'), a('')), 'AA OK 1'],
    ['none in the domain that is asked for', pix('q6', a('2'), b('')), 'AA NF'],
    ['the citizen number is one of them', pix('q10', a('6')), `AA OK 6+${ID}`],
    ['it alone', pix('q11', a('6'), CITIZEN), `AA OK ${ID}`],
    ['asked with it', pix('q12', ID + CITIZEN, a('')), 'AA OK 6'],
    ['one that nobody has', pix('q13', `11010519491231001X${CITIZEN}`), 'AE AE 204@QPD^1^3^1^1'],
    ['an unknown number', pix('q7', a('404')), 'AE AE 204@QPD^1^3^1^1'],
    ['an unknown domain', pix('q8', '1^^^X&9.9&ISO'), 'AE AE 204@QPD^1^3^1^4'],
    ['an unknown target', pix('q9', a('1'), `${b('')}~^^^X&9.9&ISO`), 'AE AE 204@QPD^1^4^2'],
    ['no tag', pix('', a('1')), 'AE AE 101@QPD^1^2'],
    ['no QPD', message('QBP^Q23', ['RCP|I']), 'AE 100@QPD'],
    ['a person stays who it was', message('ADT^A08', [wang(a('1'))]), 'AA'],
  ]);
  const all = answers.get('identifiers of all domains')!;
  t.same(all.all('PID', 3)[1], ['8', '', '', 'B&1.2.3.2&ISO'], 'with its whole authority');
  t.equal(all.segment('PID')!.fields[5], ' ', 'no name is told');
  t.equal(all.get('MSH', 9, 2), 'K23');
  t.equal(answers.get('an unknown number')!.get('MSH', 9, 2), 'K23');
}
