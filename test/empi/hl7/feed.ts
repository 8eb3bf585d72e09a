/** ADT^A01, A04, A05, A08, A28, A31. */
import type { Test } from 'tap';
import { a, b, type Hl7Rig, message, pix, wang } from './rig.ts';

const CITIZEN = '11010519491231002X^^^&2.16.156.10011.1.3&ISO^NI';
const li = (cx: string) => `PID|1||${cx}||李^强||19800102|M`;
const xu = (cx: string) => `PID|1||${cx}||许^丽||19491231|F`;
const lab = (cx: string) =>
  message('ADT^A04', [`PID|1||${cx}||孙^一||19550505|M`], { from: 'LAB' });

export async function feed(t: Test, rig: Hl7Rig): Promise<void> {
  await rig.table(t, [
    ['A04 registers', message('ADT^A04', [wang(a('1'))]), 'AA'],
    ['A08 updates', message('ADT^A08', [wang(a('1'))]), 'AA'],
    ['A31 brings one more number', message('ADT^A31', [wang(`${a('1')}~${b('8')}`)]), 'AA'],
    ['A01 elsewhere: the same human', message('ADT^A01', [wang(b('7'))]), 'AA'],
    ['A28: somebody else', message('ADT^A28', [li(a('2'))]), 'AA'],
    ['A05 registers', message('ADT^A05', ['PID|1||5^^^A||周^五||19660606|F']), 'AA'],
    ['a domain by its code alone', message('ADT^A08', [wang('1^^^A')]), 'AA'],
    ['a domain by its OID alone', message('ADT^A08', [wang('1^^^&1.2.3.1&ISO')]), 'AA'],
    ['an unknown domain', message('ADT^A04', [wang('1^^^X&9.9&ISO')]), 'AE 204@PID^1^3^1^4'],
    [
      'an unknown domain beside a known one',
      message('ADT^A08', [wang(`1^^^X~${a('1')}`)]),
      'AA 204@PID^1^3^1^4',
    ],
    ['no identifier', message('ADT^A04', [wang('')]), 'AE 101@PID^1^3'],
    ['a number without a domain', message('ADT^A04', [wang('1')]), 'AE 204@PID^1^3^1^4'],
    ['the same of a source with one domain', lab('41'), 'AA'],
    ['is of that domain', pix('f1', '41^^^C', '^^^C'), 'AA OK 41'],
    ['an empty number', message('ADT^A04', [wang('^^^A')]), 'AE 101@PID^1^3^1^1'],
    ['a deleted number', message('ADT^A04', [wang('""^^^A')]), 'AE 101@PID^1^3^1^1'],
    ['no PID segment', message('ADT^A04', ['EVN|A04|20261122']), 'AE 100@PID'],
    ['another source', message('ADT^A04', [wang('42^^^C')]), 'AE 207@MSH^1^3'],
    [
      'a new number of another source beside a known one',
      message('ADT^A08', [wang(`${a('1')}~42^^^C`)]),
      'AE 207@MSH^1^3',
    ],
    [
      'a known number of another source says who it is',
      message('ADT^A04', [li(`${a('43')}~41^^^C`)]),
      'AA',
    ],
    ['and does not let its data be changed', message('ADT^A08', [li('41^^^C')]), 'AE 207@MSH^1^3'],
    ['they are one person now', pix('f2', a('43'), '^^^C'), 'AA OK 41'],
    ['numbers of two persons', message('ADT^A08', [wang(`${a('1')}~${a('2')}`)]), 'AE 207@PID^1^3'],
    [
      'the citizen number is the identity number',
      message('ADT^A31', [xu(`${CITIZEN}~${a('6')}`)]),
      'AA',
    ],
    [
      'the citizen number alone is no identifier',
      message('ADT^A28', [xu(CITIZEN)]),
      'AE 101@PID^1^3',
    ],
  ]);
  const { queries } = rig.door;
  const person = queries.livePerson(queries.medium('A', '6')!.personId)!;
  t.equal(person.demographics.idNumber, '11010519491231002X');
}

export async function repeats(t: Test, rig: Hl7Rig): Promise<void> {
  const told = (name: string, control: string) =>
    message('ADT^A28', [`PID|1||${a('r1')}||吴^${name}||19700707|M`], { control });
  const first = told('六', 'again');
  const revised = message('ADT^A08', [`PID|1||${a('r1')}||吴^七||19700707|M`]);
  await rig.table(t, [
    ['a message', first, 'AA'],
    ['the same again', first, 'AA'],
    ['the same, sent later', first.replace('|20261122|', '|20261123|'), 'AA'],
    ['its control id with another content', told('八', 'again'), 'AE 207@MSH^1^10'],
    ['with another event', first.replace('A28', 'A31'), 'AE 207@MSH^1^10'],
    ['the same id of another sender', told('六', 'again').replace('HIS', 'RIS'), 'AA'],
    ['a revision', revised, 'AA'],
    ['the first once more changes nothing back', first, 'AA'],
    ['the revision once more', revised, 'AA'],
    [
      'a message that was refused is not taken',
      message('ADT^A28', [wang('')], { control: 'bad' }),
      'AE 101@PID^1^3',
    ],
    ['so its id is free', message('ADT^A08', [wang(a('1'))], { control: 'bad' }), 'AA'],
  ]);
  const { queries } = rig.door;
  const person = queries.livePerson(queries.medium('A', 'r1')!.personId)!;
  t.equal(person.demographics.givenName, '七');
  const changes = queries.history(person.personId).map(({ kind }) => kind);
  t.same(
    changes,
    ['person.registered', 'person.changed', 'person.changed'],
    'RIS and the revision',
  );
}
