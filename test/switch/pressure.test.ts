import t from 'tap';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { servedFor } from '../support/serve.ts';

/** So many purchases in one write; the frames, and how each was answered. */
async function burst(terminal: OutsideTerminal, count: number) {
  const frames = Array.from({ length: count }, () =>
    terminal.frame('0200', terminal.purchaseFields(CARD.good, 1), 'right'),
  );
  terminal.write(Buffer.concat(frames));
  const codes: Record<string, string> = {};
  for (let read = 0; read < count; read++) {
    const answer = await terminal.next();
    codes[String(answer?.fields.get(11))] = String(answer?.fields.get(39));
  }
  return { frames, codes };
}

t.test('over the bound a terminal is told at once, and its repeat is a first time', async (t) => {
  const served = await servedFor(t, 'busy', {
    POSP__LISTENERS__0__REQUESTS_IN_FLIGHT_MAX: '2',
    POSP__SWITCH_WORKERS: '1',
  });
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  const { frames, codes } = await burst(terminal, 10);
  const told = Object.values(codes).sort();
  t.same(told, ['00', '00', ...Array(8).fill('96')], 'two are under way, eight are told');
  t.match(served.log(), /system-busy/, 'the log names the rule');
  for (const frame of frames) {
    t.equal((await terminal.ask(frame))?.fields.get(39), '00', 'again, one by one');
  }
  terminal.disconnect();
});

t.test('one connection has no more under way than it may; nothing is lost', async (t) => {
  const served = await servedFor(t, 'queue', {
    POSP__LISTENERS__0__IN_FLIGHT_MAX: '2',
    POSP__LISTENERS__0__REQUESTS_IN_FLIGHT_MAX: '2',
    POSP__SWITCH_WORKERS: '1',
  });
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  const { codes } = await burst(terminal, 50);
  t.equal(Object.keys(codes).length, 50, 'every request has its own answer');
  t.same(new Set(Object.values(codes)), new Set(['00']), 'none was started beyond the bound');
  terminal.disconnect();
});
