import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { servedFor } from '../support/serve.ts';

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}

function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {});
  socket.resume();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

t.test('what a sender does wrong costs nobody else anything', async (t) => {
  const served = await servedFor(t, 'robustness');
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  t.teardown(() => terminal.disconnect());
  const works = async (after: string) => {
    const answer = await terminal.ask(terminal.purchase(CARD.good, 1));
    t.equal(answer?.fields.get(39), '00', `others are served after ${after}`);
  };

  const random = await open(served.port);
  const bytes = randomBytes(200);
  bytes.writeUInt16BE(0x7fff);
  random.write(bytes);
  await closed(random);
  await works('200 random bytes');

  const long = await open(served.port);
  long.write(Buffer.from([0xff, 0xff]));
  await closed(long);
  await works('a length of 65,535 bytes');

  const garbage = await open(served.port);
  garbage.write(
    Buffer.concat([Buffer.from('003260000600006031003112340200', 'hex'), Buffer.alloc(37, 0xff)]),
  );
  await closed(garbage);
  await works('a message that cannot be read');

  const silent = await open(served.port);
  silent.write(Buffer.from([0x00, 0x00, 0x00, 0x00]));
  silent.on('data', () => t.fail('keep-alive frames are never echoed'));
  await sleep(100);
  await works('keep-alive frames');
  silent.destroy();

  const answer = Buffer.from(terminal.purchase(CARD.good, 1));
  answer[2 + 11 + 1] = 0x10;
  const stray = await open(served.port);
  stray.write(answer);
  await closed(stray);
  await works('an answer that nobody asked for');

  const idle = await Promise.all(Array.from({ length: 1_000 }, () => open(served.port)));
  await works('1,000 idle connections');
  for (const socket of idle) socket.destroy();
});

t.test('however the stream is cut, the messages are the same', async (t) => {
  const served = await servedFor(t, 'stream');
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  t.teardown(() => terminal.disconnect());

  const many = Array.from({ length: 20 }, (_, index) => terminal.purchase(CARD.good, 100 + index));
  terminal.write(Buffer.concat(many));
  const codes = [];
  for (const _ of many) codes.push((await terminal.next())?.fields.get(39));
  t.strictSame(codes, Array(20).fill('00'), 'twenty in one packet, the first under the new keys');

  for (const byte of terminal.purchase(CARD.good, 11)) {
    terminal.write(Buffer.from([byte]));
    await sleep(1);
  }
  t.equal((await terminal.next())?.fields.get(39), '00', 'one byte at a time');

  const frames = [1, 2, 3].map((fen) => terminal.purchase(CARD.good, fen));
  terminal.write(Buffer.concat(frames));
  const amounts = [];
  for (const _ of frames) amounts.push((await terminal.next())?.fields.get(4));
  t.strictSame(
    amounts.sort(),
    ['000000000001', '000000000002', '000000000003'],
    'three in one packet',
  );

  const two = Buffer.concat([terminal.purchase(CARD.good, 4), terminal.purchase(CARD.good, 5)]);
  terminal.write(two.subarray(0, two.length - 20));
  t.equal((await terminal.next())?.fields.get(39), '00', 'one and a half in one packet');
  terminal.write(two.subarray(two.length - 20));
  t.equal((await terminal.next())?.fields.get(39), '00', 'and its rest');

  terminal.end(Buffer.concat([terminal.purchase(CARD.good, 6), terminal.purchase(CARD.good, 7)]));
  t.equal((await terminal.next())?.fields.get(39), '00', 'asked, then half closed');
  t.equal((await terminal.next())?.fields.get(39), '00', 'and all that was asked is answered');
  t.equal(await terminal.next(), null, 'then the other half closes');
});

t.test('looking at it', async (t) => {
  const served = await servedFor(t, 'looking');
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  await terminal.ask(terminal.purchase(CARD.good, 100, '123456'));
  await terminal.ask(terminal.purchase(CARD.lost, 100, '123456'));
  const health = await fetch(`http://127.0.0.1:${served.httpPort}/healthz`);
  t.equal(health.status, 200);
  const { status, ledger } = (await health.json()) as {
    status: string;
    ledger: { position: number };
  };
  t.equal(status, 'ok');
  t.ok(ledger.position > 200);
  const metrics = await (await fetch(`http://127.0.0.1:${served.httpPort}/metrics`)).text();
  t.match(metrics, /posp_requests_total\{kind="purchase",response_code="00"\} 1/);
  t.match(metrics, /posp_requests_total\{kind="purchase",response_code="41"\} 1/);
  t.match(served.log(), /"rule":"card-lost"/, 'the log names the rule');
  t.notMatch(served.log(), new RegExp(CARD.lost), 'no card number in the log');
  t.notMatch(served.log(), /D3012/, 'no track in the log');
  t.equal((await fetch(`http://127.0.0.1:${served.httpPort}/nothing`)).status, 404);
  terminal.disconnect();
});
