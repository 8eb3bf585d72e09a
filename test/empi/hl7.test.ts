/** PIX and PDQ of HL7 v2 over MLLP: every kind of message and of refusal, over a real socket. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
] as const) {
  await send(door, `domain ${code}`, 'domain.set', {
    code,
    nameZh: code,
    kind: 'card',
    system: `urn:oid:${oid}`,
    source: '',
  });
}
const server = await serveMllp('127.0.0.1', 0, (message) =>
  answerHl7(message, door, Date.UTC(2026, 10, 22)),
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
  private held = Buffer.alloc(0);
  private readonly waiting: ((message: Hl7Message | null) => void)[] = [];

  constructor() {
    this.socket = connect(server.port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      for (const wake of this.waiting.splice(0)) wake(null);
    });
    this.socket.on('data', (chunk) => {
      this.held = Buffer.concat([this.held, chunk]);
      for (let end = this.held.indexOf(0x1c); end >= 0; end = this.held.indexOf(0x1c)) {
        this.waiting.shift()?.(new Hl7Message(this.held.toString('utf8', 1, end)));
        this.held = this.held.subarray(end + 2);
      }
    });
  }

  answer(): Promise<Hl7Message | null> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

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
    ['admit elsewhere: the same human', message('ADT^A01', [wang(b('7'))]), 'AA', '', ''],
    ['somebody else', message('ADT^A28', [`PID|1||${a('2')}||李^强||19800102|M`]), 'AA', '', ''],
    ['an unknown domain', message('ADT^A04', [wang('1^^^X&9.9&ISO')]), 'AE', '', '204'],
    ['no identifier', message('ADT^A04', [wang('')]), 'AE', '', '101'],
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
    sender.socket.write(frame(text));
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
  t.same(answers.get('PIX query')!.all('PID', 3), [['7', '', '', 'B&1.2.3.2&ISO']]);
  t.same(
    answers
      .get('PIX behind the merge')!
      .all('PID', 3)
      .map(([number]) => number),
    ['1', '7'],
  );
  t.same(answers.get('PDQ by name')!.all('PID', 5), [['王', '芳']]);
  t.equal(answers.get('PIX query')!.get('MSH', 9, 2), 'K23');
  t.equal(answers.get('PDQ by name')!.get('MSH', 9, 2), 'K22');
});

t.test(
  'the stream: cut anywhere, several at once, and rubbish costs only its own connection',
  async (t) => {
    const good = new Sender();
    const bad = new Sender();
    t.teardown(() => good.socket.destroy());
    const bytes = Buffer.concat([
      frame(message('QBP^Q23', query('x1', a('1')))),
      frame(message('QBP^Q23', query('x2', a('1')))),
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
