/** MLLP: cut anywhere, several at once, half closed; and rubbish costs only its own connection. */
import type { Test } from 'tap';
import { a, type Hl7Rig, pix, utf8 } from './rig.ts';

export async function stream(t: Test, rig: Hl7Rig): Promise<void> {
  const ask = (tag: string) => utf8(pix(tag, a('1')));
  const lineEnds = Buffer.from('\r\n\n');
  const cases: [string, Buffer, string[]][] = [
    ['two at once', Buffer.concat([ask('x1'), ask('x2')]), ['x1', 'x2']],
    [
      'line ends between them',
      Buffer.concat([lineEnds, ask('x3'), lineEnds, ask('x4')]),
      ['x3', 'x4'],
    ],
    ['rubbish', Buffer.from('GET / HTTP/1.1\r\n\r\n'), ['closed']],
    [
      'rubbish behind a message',
      Buffer.concat([ask('x5'), Buffer.from('GET /')]),
      ['x5', 'closed'],
    ],
    [
      'a message without an end',
      Buffer.concat([Buffer.of(0x0b), Buffer.alloc(300_000, 65)]),
      ['closed'],
    ],
  ];
  for (const [what, bytes, expected] of cases) {
    const sender = rig.sender();
    const answers = expected.map(() => sender.answer());
    sender.socket.write(bytes);
    const tags = (await Promise.all(answers)).map((answer) => answer?.get('QAK', 1) ?? 'closed');
    t.same(tags, expected, what);
    sender.socket.destroy();
  }
  const many = Array.from({ length: 120 }, (_, at) => `n${at}`);
  const eager = rig.sender();
  const answers = many.map(() => eager.answer());
  for (const tag of many) eager.socket.write(ask(tag));
  const told = (await Promise.all(answers)).map((answer) => answer?.get('QAK', 1));
  t.same(told, many, 'more than wait at once');
  eager.socket.destroy();
  const bytewise = rig.sender();
  for (const byte of Buffer.concat([ask('y1'), ask('y2')])) bytewise.socket.write(Buffer.of(byte));
  const both = await Promise.all([bytewise.answer(), bytewise.answer()]);
  const tags = both.map((one) => one!.get('QAK', 1));
  t.same(tags, ['y1', 'y2'], 'byte by byte');
  bytewise.socket.destroy();
  for (const [what, bytes, expected] of [
    ['half closed behind a message', ask('z1'), 'z1'],
    ['half closed within the second', Buffer.concat([ask('z2'), ask('z3').subarray(0, 9)]), 'z2'],
  ] as const) {
    const sender = rig.sender();
    const [answer, closed] = [sender.answer(), sender.answer()];
    sender.socket.end(bytes);
    t.equal((await answer)?.get('QAK', 1), expected, what);
    t.equal(await closed, null, `${what}: then closed by us`);
  }
}
