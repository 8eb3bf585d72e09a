/** What every message has: its head, and its character set. */
import iconv from 'iconv-lite';
import type { Test } from 'tap';
import { frame } from '../../../api/hl7/mllp.ts';
import { a, type Hl7Rig, message, pdq, wang } from './rig.ts';

const LONG = '王'.repeat(201);

export async function heads(t: Test, rig: Hl7Rig): Promise<void> {
  const update = () => message('ADT^A08', [wang(a('1'))]);
  const named = (name: string) => update().replace('|P|2.5', `|P|2.5||||||${name}`);
  const answers = await rig.table(t, [
    ['another version', update().replace('|2.5', '|3.0'), 'AR 203@MSH^1^12'],
    ['an older version', update().replace('|2.5', '|2.3.1'), 'AA'],
    ['no processing id', update().replace('|P|', '|X|'), 'AR 202@MSH^1^11'],
    ['no control id', message('ADT^A08', [wang(a('1'))], { control: '' }), 'AR 101@MSH^1^10'],
    ['no event', message('', [wang(a('1'))]), 'AR 200@MSH^1^9'],
    ['another trigger', message('ADT^A02', [wang(a('1'))]), 'AR 200@MSH^1^9'],
    ['a character set that nobody here can read', named('KS X 1001'), 'AR 103@MSH^1^18'],
    [
      'a text that is too long',
      message('ADT^A08', [`PID|1||${a('1')}||${LONG}^芳`]),
      'AE 102@PID^1^5',
    ],
    ['the same in a query', pdq(`@PID.5.1^${LONG}`), 'AE AE 102@QPD^1^3'],
    ['no message at all', 'hello', 'AR 100@MSH'],
  ]);
  const taken = answers.get('an older version')!;
  t.match(
    [5, 6].map((field) => taken.get('MSH', field)),
    ['HIS', 'H1'],
    'goes back to the sender',
  );
  t.equal(taken.get('MSH', 9, 2), 'A08');
  t.equal(taken.get('MSH', 12), '2.3.1', 'in the version of the message');
  const unread = answers.get('a character set that nobody here can read')!;
  t.match(
    [5, 6].map((field) => unread.get('MSH', field)),
    ['HIS', 'H1'],
  );
  t.equal(unread.get('MSH', 9, 2), 'A08');
  t.match(unread.get('MSA', 2), /^m\d+$/, 'names the message');
}

export async function characterSets(t: Test, rig: Hl7Rig): Promise<void> {
  const named = (name: string) => find().replace('|P|2.5', `|P|2.5||||||${name}`);
  const find = () => pdq('@PID.5.1^王~@PID.5.2^芳');
  const cases: [string, string, string, string][] = [
    ['named UTF-8', named('UNICODE UTF-8'), 'utf8', 'UNICODE UTF-8'],
    ['named GB 18030', named('GB 18030-2000'), 'gb18030', 'GB 18030-2000'],
    ['named GBK', named('GBK'), 'gb18030', 'GBK'],
    ['GBK that is not named', find(), 'gb18030', 'GB 18030-2000'],
  ];
  for (const [what, text, encoding, answered] of cases) {
    const sender = rig.sender(encoding);
    sender.socket.write(frame(iconv.encode(text, encoding)));
    const answer = (await sender.answer())!;
    t.same(answer.all('PID', 5), [['王', '芳']], what);
    t.equal(answer.get('MSH', 18), answered, what);
    sender.socket.destroy();
  }
}
