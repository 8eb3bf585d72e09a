/** What a source wrote comes back as it wrote it, and goes when the source deletes it. */
import type { Test } from 'tap';
import { a, type Hl7Rig, message, pdq, utf8 } from './rig.ts';

/** From PID-5 on. */
const FULL =
  'hayes^Glenda^Q R^JR^DR^^L|SLOAN|19821125|F|||123 Main Street West^Apt 2^NEWARK^NJ^30293^USA^H^^Essex||409 30495^PRN^PH~^NET^Internet^j@x.org|555-0100^WPN^PH';

export async function asFed(t: Test, rig: Hl7Rig): Promise<void> {
  const sender = rig.sender();
  t.teardown(() => sender.socket.destroy());
  const tell = async (number: string, pid: string) => {
    sender.socket.write(utf8(message('ADT^A31', [`PID|1||${a(number)}||${pid}`])));
    return (await sender.answer())!;
  };
  const show = async (number: string) => {
    sender.socket.write(utf8(pdq(`@PID.3.1^${number}~@PID.3.4.1^A`)));
    const pid = (await sender.answer())!.segment('PID')!;
    return pid.fields.slice(5).join('|');
  };
  /** Number, what is told, what is shown: the same where nothing stands. */
  const cases: [string, string, string, string?][] = [
    ['all components', 'w1', FULL],
    ['nothing is said: nothing changes', 'w1', '', FULL],
    ['one field', 'w1', '||||||||555-0199^PRN^PH', FULL.replace(/409.*$/, '555-0199^PRN^PH')],
    [
      'an address is deleted',
      'w1',
      '||||||""',
      'hayes^Glenda^Q R^JR^DR^^L|SLOAN|19821125|F|||||555-0199^PRN^PH',
    ],
    ['and the others', 'w1', '|""|||||||""', 'hayes^Glenda^Q R^JR^DR^^L||19821125|F'],
    [
      'a number from its parts',
      'w2',
      '王^芳|||||||||^PRN^CP^^86^139^12345678',
      '王^芳||||||||+86 139 12345678^PRN^CP',
    ],
    ['a year', 'w3', 'BOOP^BETTY||1935|F'],
    ['a month', 'w4', 'SMITH^JON||198005|M'],
    ['a time of birth', 'w5', 'ORR^ANN||198005031230+0800|F', 'ORR^ANN||19800503|F'],
    ['another sex', 'w6', 'ROE^SAM||19771103|O'],
    [
      'two names and two addresses',
      'w7',
      'KIM^LEE^^^^^L~PARK^LEE^^^^^M||19660606|F|||1 A St^^X^^^^H~2 B St^^Y^^^^O',
    ],
    ['an account', 'w8', 'POE^EDGAR||19090119|M||||||||||77-1^^^ACC&1.9&ISO'],
    [
      'a street with its parts',
      'w9',
      'LOW^JO||19550505|M|||9 Elm St&Elm St&9^^Z',
      'LOW^JO||19550505|M|||9 Elm St^^Z',
    ],
    ['separators in a text', 'w10', 'O\\T\\S^JIM||19440404|M'],
    ['accents', 'w12', 'Müller^José||19220202|M'],
    ['a death', 'w11', 'FOX^GUY||19330303|M|||||||||||||||||||||20200101|Y'],
  ];
  for (const [what, number, told, shown = told] of cases) {
    t.equal((await tell(number, told)).get('MSA', 1), 'AA', what);
    t.equal(await show(number), shown, what);
  }
  const { queries } = rig.door;
  const person = queries.livePerson(queries.medium('A', 'w1')!.personId)!;
  t.equal(person.demographics.phone, '', 'a deleted number is none');
  const warned = await tell('w3', 'BOOP^BETTY||soon|X');
  t.same(
    warned.each('ERR').map(({ fields }) => `${fields[3]}@${fields[2]}`),
    ['102@PID^1^7', '103@PID^1^8'],
    'what cannot be read is named',
  );
}
