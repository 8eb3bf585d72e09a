/** PIX and PDQ of HL7 v2 over MLLP: every kind of message and of refusal, over a real socket. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import t from 'tap';
import { Hl7Message } from '../../api/hl7/message.ts';
import { frame, serveMllp } from '../../api/hl7/mllp.ts';
import { answerHl7 } from '../../api/hl7/pix-pdq.ts';
import { LedgerClient } from '../../ledger/client.ts';
import { type EmpiDoor, send } from '../../modules/empi/commands.ts';
import { empi } from '../../modules/empi/module.ts';
import { openModuleQueries } from '../../modules/frame/queries.ts';
import { openModules } from '../frame/open-modules.ts';

const folder = mkdtempSync(join(tmpdir(), 'posp-hl7-'));
const open = await openModules(folder, {
  list: new URL('./modules-list.js', import.meta.url).href,
});
const view = openModuleQueries(empi, folder);
const ledger = new LedgerClient(open.ledger.connect());
const door: EmpiDoor = {
  ledger,
  queries: view.queries,
  reached: (position) => view.reached(position, 30_000),
};
for (const [code, oid] of [
  ['A', '1.2.3.1'],
  ['B', '1.2.3.2'],
  ['C', '1.2.3.3'],
] as const) {
  await send(door, `domain ${code}`, 'domain.set', {
    code,
    nameZh: code,
    kind: 'card',
    system: `urn:oid:${oid}`,
    source: code === 'C' ? 'hl7:LAB' : '',
  });
}
const server = await serveMllp('127.0.0.1', 0, (bytes) =>
  answerHl7(bytes, door, Date.UTC(2026, 10, 22)),
);
t.teardown(async () => {
  await server.close();
  await view.close();
  ledger.close();
  await open.stop();
  rmSync(folder, { recursive: true, force: true });
});

class Sender {
  readonly socket: Socket;
  private readonly encoding: string;
  private held = Buffer.alloc(0);
  private readonly waiting: ((message: Hl7Message | null) => void)[] = [];

  constructor(encoding = 'utf8') {
    this.encoding = encoding;
    this.socket = connect(server.port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      for (const wake of this.waiting.splice(0)) wake(null);
    });
    this.socket.on('data', (chunk) => {
      this.held = Buffer.concat([this.held, chunk]);
      for (let end = this.held.indexOf(0x1c); end >= 0; end = this.held.indexOf(0x1c)) {
        const text = iconv.decode(this.held.subarray(1, end), this.encoding);
        this.waiting.shift()?.(new Hl7Message(text));
        this.held = this.held.subarray(end + 2);
      }
    });
  }

  answer(): Promise<Hl7Message | null> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

const utf8 = (text: string) => frame(Buffer.from(text, 'utf8'));

let id = 0;
const message = (type: string, segments: string[], control = `m${++id}`) =>
  [`MSH|^~\\&|HIS|H1|POSP|EMPI|20261122||${type}|${control}|P|2.5`, ...segments].join('\r');
const a = (number: string) => `${number}^^^A&1.2.3.1&ISO`;
const b = (number: string) => `${number}^^^B&1.2.3.2&ISO`;
const wang = (cx: string) =>
  `PID|1||${cx}||王^芳||19491231|F|||河北省石家庄市长安区中山路1号||13800001234`;
const query = (tag: string, cx: string, targets = '') => [
  `QPD|IHE PIX Query|${tag}|${cx}|${targets}`,
  'RCP|I',
];
const pdq = (tag: string, what: string) => [`QPD|IHE PDQ Query|${tag}|${what}`, 'RCP|I'];

t.test('messages and their answers', async (t) => {
  const sender = new Sender();
  t.teardown(() => sender.socket.destroy());
  const cases: [string, string, string, string, string][] = [
    ['register', message('ADT^A04', [wang(a('1'))], 'first'), 'AA', '', ''],
    ['the same message again', message('ADT^A04', [wang(a('1'))], 'first'), 'AA', '', ''],
    ['update', message('ADT^A08', [wang(a('1'))]), 'AA', '', ''],
    [
      'update with one more number',
      message('ADT^A31', [wang(`${a('1')}~${b('8')}`)]),
      'AA',
      '',
      '',
    ],
    ['admit elsewhere: the same human', message('ADT^A01', [wang(b('7'))]), 'AA', '', ''],
    ['somebody else', message('ADT^A28', [`PID|1||${a('2')}||李^强||19800102|M`]), 'AA', '', ''],
    ['an unknown domain', message('ADT^A04', [wang('1^^^X&9.9&ISO')]), 'AE', '', '204'],
    ['no identifier', message('ADT^A04', [wang('')]), 'AE', '', '101'],
    ['a number without a domain', message('ADT^A04', [wang('1')]), 'AE', '', '204'],
    ['an empty number', message('ADT^A04', [wang('^^^A')]), 'AE', '', '101'],
    ['no PID segment', message('ADT^A04', ['EVN|A04|20261122']), 'AE', '', '100'],
    ['no MRG segment', message('ADT^A40', [wang(a('1'))]), 'AE', '', '100'],
    ['another source', message('ADT^A04', [wang('1^^^C&1.2.3.3&ISO')]), 'AE', '', '207'],
    ['a domain by its code alone', message('ADT^A08', [wang('1^^^A')]), 'AA', '', ''],
    [
      'another version',
      message('ADT^A08', [wang(a('1'))]).replace('|2.5', '|3.0'),
      'AR',
      '',
      '203',
    ],
    ['no processing id', message('ADT^A08', [wang(a('1'))]).replace('|P|', '|X|'), 'AR', '', '202'],
    ['no control id', message('ADT^A08', [wang(a('1'))], ''), 'AR', '', '101'],
    ['no event', message('', [wang(a('1'))]), 'AR', '', '200'],
    ['a query without QPD', message('QBP^Q23', ['RCP|I']), 'AE', '', '100'],
    ['a query without a tag', message('QBP^Q22', pdq('', '@PID.5.1^王')), 'AE', 'AE', '101'],
    ['a query for nothing', message('QBP^Q22', pdq('p0', '')), 'AE', 'AE', '101'],
    ['another trigger', message('ADT^A02', [wang(a('1'))]), 'AR', '', '200'],
    ['PIX query', message('QBP^Q23', query('q1', a('1'))), 'AA', 'OK', ''],
    ['PIX query for one domain', message('QBP^Q23', query('q2', a('1'), b(''))), 'AA', 'OK', ''],
    ['PIX: nothing in other domains', message('QBP^Q23', query('q3', a('2'))), 'AA', 'NF', ''],
    ['PIX: an unknown number', message('QBP^Q23', query('q4', a('404'))), 'AE', 'AE', '204'],
    ['PIX: an unknown domain', message('QBP^Q23', query('q5', '1^^^X&9.9&ISO')), 'AE', 'AE', '204'],
    [
      'PIX: an unknown target',
      message('QBP^Q23', query('q6', a('1'), '^^^X&9.9&ISO')),
      'AE',
      'AE',
      '204',
    ],
    ['PDQ by name', message('QBP^Q22', pdq('p1', '@PID.5.1^王~@PID.5.2^芳')), 'AA', 'OK', ''],
    ['PDQ by number', message('QBP^Q22', pdq('p2', `@PID.3.1^7`)), 'AA', 'OK', ''],
    [
      'PDQ by number and domain',
      message('QBP^Q22', pdq('p5', '@PID.3.1^7~@PID.3.4.2^1.2.3.2')),
      'AA',
      'OK',
      '',
    ],
    [
      'PDQ: the number in another domain',
      message('QBP^Q22', pdq('p6', '@PID.3.1^7~@PID.3.4.1^A')),
      'AA',
      'NF',
      '',
    ],
    [
      'PDQ: number and another name',
      message('QBP^Q22', pdq('p7', '@PID.3.1^7~@PID.5.1^李')),
      'AA',
      'NF',
      '',
    ],
    [
      'PDQ: numbers of one domain',
      message('QBP^Q22', [`QPD|IHE PDQ Query|p8|@PID.3.1^7|||||${b('')}`, 'RCP|I']),
      'AA',
      'OK',
      '',
    ],
    [
      'PDQ: an unknown domain',
      message('QBP^Q22', pdq('p9', '@PID.3.1^7~@PID.3.4.1^X')),
      'AE',
      'AE',
      '204',
    ],
    ['PDQ: nobody', message('QBP^Q22', pdq('p3', '@PID.5.1^欧阳~@PID.5.2^修')), 'AA', 'NF', ''],
    ['PDQ: an unknown field', message('QBP^Q22', pdq('p4', '@PID.99^1')), 'AE', 'AE', '204'],
    ['merge', message('ADT^A40', [`PID|1||${a('1')}`, `MRG|${a('2')}`]), 'AA', '', ''],
    [
      'merge of an unknown one',
      message('ADT^A40', [`PID|1||${a('1')}`, `MRG|${a('404')}`]),
      'AE',
      '',
      '204',
    ],
    ['PIX behind the merge', message('QBP^Q23', query('q7', a('2'))), 'AA', 'OK', ''],
    ['no message at all', 'hello', 'AR', '', '100'],
  ];
  const answers = new Map<string, Hl7Message>();
  for (const [what, text, code, status, error] of cases) {
    sender.socket.write(utf8(text));
    const answer = (await sender.answer())!;
    t.equal(answer.get('MSA', 1), code, what);
    t.equal(answer.get('QAK', 2), status, `${what}: query status`);
    t.equal(answer.get('ERR', 3), error, `${what}: error`);
    if (text !== 'hello')
      t.equal(
        answer.get('MSA', 2),
        new Hl7Message(text).get('MSH', 10),
        `${what}: names the message`,
      );
    answers.set(what, answer);
  }
  t.same(answers.get('PIX query')!.all('PID', 3), [
    ['8', '', '', 'B&1.2.3.2&ISO'],
    ['7', '', '', 'B&1.2.3.2&ISO'],
  ]);
  const shown = (what: string) =>
    answers
      .get(what)!
      .all('PID', 3)
      .map(([number]) => number);
  t.same(shown('PDQ by number'), ['1', '8', '7']);
  t.same(shown('PDQ: numbers of one domain'), ['8', '7']);
  t.same(
    answers
      .get('PIX behind the merge')!
      .all('PID', 3)
      .map(([number]) => number),
    ['1', '8', '7'],
  );
  t.same(answers.get('PDQ by name')!.all('PID', 5), [['王', '芳']]);
  t.equal(answers.get('PIX query')!.get('MSH', 9, 2), 'K23');
  t.equal(answers.get('PDQ by name')!.get('MSH', 9, 2), 'K22');
});

t.test('character sets: the answer comes in the one that the message names', async (t) => {
  const named = (text: string, name: string) => text.replace('|P|2.5', `|P|2.5||||||${name}`);
  const find = (tag: string) => message('QBP^Q22', pdq(tag, '@PID.5.1^王~@PID.5.2^芳'));
  const cases: [string, string, string, string][] = [
    ['named UTF-8', named(find('c1'), 'UNICODE UTF-8'), 'utf8', 'UNICODE UTF-8'],
    ['named GB 18030', named(find('c2'), 'GB 18030-2000'), 'gb18030', 'GB 18030-2000'],
    ['named GBK', named(find('c3'), 'GBK'), 'gb18030', 'GBK'],
    ['GBK that is not named', find('c4'), 'gb18030', 'GB 18030-2000'],
  ];
  for (const [what, text, encoding, answered] of cases) {
    const sender = new Sender(encoding);
    sender.socket.write(frame(iconv.encode(text, encoding)));
    const answer = (await sender.answer())!;
    t.same(answer.all('PID', 5), [['王', '芳']], what);
    t.equal(answer.get('MSH', 18), answered, what);
    sender.socket.destroy();
  }
  const sender = new Sender();
  sender.socket.write(utf8(named(find('c5'), 'KS X 1001')));
  t.equal((await sender.answer())!.get('MSA', 1), 'AR', 'one that nobody here can read');
  sender.socket.destroy();
});

t.test('a long answer comes in parts, each behind the one before', async (t) => {
  const sender = new Sender();
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
    const rows = answer.segments.filter(([name]) => name === 'PID');
    pages.push(rows.length);
    found.push(...rows.map((row) => row[5]!.split('^')[1]!));
    pointer = answer.get('DSC', 1);
  } while (pointer !== '' && pages.length < 9);
  t.same(pages, [2, 2, 1]);
  t.same(found, names);
  for (const [what, segments, error] of [
    ['a pointer that is none', ['QPD|Q|x|@PID.5.1^赵', 'RCP|I', 'DSC|x y|I'], '204'],
    ['a quantity that is none', ['QPD|Q|x|@PID.5.1^赵', 'RCP|I|many^RD'], '102'],
  ] as const) {
    sender.socket.write(utf8(message('QBP^Q22', [...segments])));
    t.equal((await sender.answer())!.get('ERR', 3), error, what);
  }
});

t.test(
  'the stream: cut anywhere, several at once, and rubbish costs only its own connection',
  async (t) => {
    const good = new Sender();
    const bad = new Sender();
    t.teardown(() => good.socket.destroy());
    const bytes = Buffer.concat([
      utf8(message('QBP^Q23', query('x1', a('1')))),
      utf8(message('QBP^Q23', query('x2', a('1')))),
    ]);
    for (const byte of bytes) good.socket.write(Buffer.of(byte));
    const [first, second] = [good.answer(), good.answer()];
    const closed = bad.answer();
    bad.socket.write('GET / HTTP/1.1\r\n\r\n');
    t.equal(await closed, null, 'rubbish is disconnected');
    t.equal((await first)!.get('QAK', 1), 'x1');
    t.equal((await second)!.get('QAK', 1), 'x2');
  },
);
