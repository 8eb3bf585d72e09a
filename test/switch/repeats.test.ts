import t from 'tap';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { amount, OutsideTerminal } from '../support/outside-terminal.ts';
import { type Served, servedFor } from '../support/serve.ts';

async function signedIn(served: Served, id: string): Promise<OutsideTerminal> {
  const terminal = new OutsideTerminal(id, OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  return terminal;
}

async function balanceOf(terminal: OutsideTerminal, pan: string): Promise<number> {
  const fields = {
    2: pan,
    3: '310000',
    11: terminal.nextTrace(),
    22: '022',
    25: '00',
    49: '156',
    60: `01${terminal.batch}00050`,
  };
  const answer = await terminal.ask(terminal.frame('0200', fields, 'right'));
  return Number(answer!.fields.get(54)!.slice(8));
}

t.test('the same request twice moves money once and gets the same answer', async (t) => {
  const served = await servedFor(t, 'repeats');
  const terminal = await signedIn(served, '10000001');
  const before = await balanceOf(terminal, CARD.good);
  const frame = terminal.purchase(CARD.good, 500, '123456');
  const first = (await terminal.ask(frame))!;
  const second = (await terminal.ask(frame))!;
  t.equal(first.fields.get(39), '00');
  t.strictSame(second.frame, first.frame, 'byte for byte');
  terminal.disconnect();
  await terminal.connect(served.port);
  const third = (await terminal.ask(frame))!;
  t.strictSame(third.frame, first.frame, 'also on another connection');
  t.equal(await balanceOf(terminal, CARD.good), before - 500);
  terminal.disconnect();
});

t.test('twice in one packet still moves money once', async (t) => {
  const served = await servedFor(t, 'packet');
  const terminal = await signedIn(served, '10000001');
  const frame = terminal.purchase(CARD.good, 700);
  terminal.write(Buffer.concat([frame, frame]));
  const [first, second] = [await terminal.next(), await terminal.next()];
  t.equal(first?.fields.get(39), '00');
  t.strictSame(second?.frame, first?.frame);
  t.equal(await balanceOf(terminal, CARD.good), 100_000 - 700);
  terminal.disconnect();
});

t.test('a declined request stays declined', async (t) => {
  const served = await servedFor(t, 'declined');
  const terminal = await signedIn(served, '10000001');
  const frame = terminal.purchase(CARD.poor, 5_000);
  t.equal((await terminal.ask(frame))?.fields.get(39), '51');
  t.equal((await terminal.ask(frame))?.fields.get(39), '51');
  terminal.disconnect();
});

t.test('a trace number cannot be used for another request', async (t) => {
  const served = await servedFor(t, 'trace');
  const terminal = await signedIn(served, '10000001');
  const fields = terminal.purchaseFields(CARD.good, 500);
  t.equal((await terminal.ask(terminal.frame('0200', fields, 'right')))?.fields.get(39), '00');
  const other = { ...fields, 4: amount(600) };
  t.equal((await terminal.ask(terminal.frame('0200', other, 'right')))?.fields.get(39), '94');
  t.equal(await balanceOf(terminal, CARD.good), 100_000 - 500);
  terminal.disconnect();
});

t.test('repeats are known after a restart', async (t) => {
  const served = await servedFor(t, 'restart');
  const terminal = await signedIn(served, '10000001');
  const frame = terminal.purchase(CARD.good, 900);
  const first = (await terminal.ask(frame))!;
  terminal.disconnect();
  t.equal(await served.stop(), 0, 'it stops cleanly');
  const { serve } = await import('../support/serve.ts');
  const again = await serve(served.dataDir);
  t.teardown(() => again.kill());
  await terminal.connect(again.port);
  const second = (await terminal.ask(frame))!;
  t.strictSame(second.frame, first.frame);
  t.equal(await balanceOf(terminal, CARD.good), 100_000 - 900);
  terminal.disconnect();
});
