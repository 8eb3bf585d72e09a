import t from 'tap';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { servedFor } from '../support/serve.ts';

t.test('a stranger who signs in for a terminal does not push its keys aside', async (t) => {
  const served = await servedFor(t, 'key-overlap');
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  t.teardown(() => terminal.disconnect());
  const buy = async (what: string) => {
    const answer = await terminal.ask(terminal.purchase(CARD.good, 100, '123456'));
    t.equal(answer?.fields.get(39), '00', what);
    t.equal(answer?.macIsRight, true, `${what}: the answer's MAC is under the terminal's own key`);
  };
  const strangerSignsIn = async (times: number) => {
    const stranger = new OutsideTerminal('10000001', OUTPATIENT);
    stranger.trace = 5_000;
    await stranger.connect(served.port);
    for (let i = 0; i < times; i++) {
      const answer = await stranger.ask(stranger.signInFrame());
      t.equal(answer?.fields.get(39), '00', 'anybody may ask for keys, wrapped as they are');
    }
    stranger.disconnect();
  };

  await terminal.signIn();
  await buy('after its sign-in, PIN and MAC');
  await strangerSignsIn(1);
  await buy('after one strange sign-in: its keys are the previous ones');
  await strangerSignsIn(3);
  await buy('after three more: its keys are the proven ones');
  const { mak, pik } = terminal;
  await terminal.signIn();
  await buy('after a sign-in of its own');
  await strangerSignsIn(2);
  await buy('and again strangers change nothing');
  Object.assign(terminal, { mak, pik });
  const old = await terminal.ask(terminal.purchase(CARD.good, 100, '123456'));
  t.equal(old?.fields.get(39), 'A0', 'keys before the newest proven ones are of no use any more');
});

t.test('keys that were never proven give way to newer ones', async (t) => {
  const served = await servedFor(t, 'key-overlap-unproven');
  const terminal = new OutsideTerminal('10000002', OUTPATIENT);
  await terminal.connect(served.port);
  t.teardown(() => terminal.disconnect());
  await terminal.signIn();
  const { mak } = terminal;
  await terminal.signIn();
  await terminal.signIn();
  Object.assign(terminal, { mak });
  const answer = await terminal.ask(terminal.purchase(CARD.good, 100));
  t.equal(answer?.fields.get(39), 'A0');
});
