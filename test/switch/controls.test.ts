import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { CARD, INPATIENT, OUTPATIENT } from '../support/cards.ts';
import { control, setRules, setTerms } from '../support/control.ts';
import { Desk } from '../support/desk.ts';
import { documentOf, posp } from '../support/posp.ts';
import { serve, servedFor } from '../support/serve.ts';

t.test('rules hold from the next request on', async (t) => {
  const served = await servedFor(t, 'controls');
  const desk = await Desk.at(served.port);
  const other = await Desk.at(served.port, '10000017', INPATIENT);
  t.teardown(() => {
    desk.disconnect();
    other.disconnect();
  });
  const rules = (scope: string, set: unknown) => () => setRules(served, scope, set);
  const nothing = async () => undefined;
  const buy =
    (fen: number, pan: string = CARD.good) =>
    () =>
      desk.act('purchase', { pan, fen, as: 'p' });
  const elsewhere = () => other.act('purchase', { pan: CARD.second, fen: 100 });
  const minute = (shift: number) => {
    const china = new Date(Date.now() + 8 * 3_600_000 + shift * 60_000);
    return china.toISOString().slice(11, 16);
  };
  const closedNow = [{ from: minute(30), to: minute(31) }];
  const openNow = [{ from: minute(-30), to: minute(30) }];
  // biome-ignore format: a table: the change, the next request, its answer.
  const cases: [what: string, change: () => Promise<unknown>, request: () => Promise<string>, code: string][] = [
    ['no rules',                       nothing, buy(100), '00'],
    ['terminal disabled',              rules('terminal/10000001', { disabled: true }), buy(100), '58'],
    ['another is not',                 nothing, elsewhere, '00'],
    ['its reversal passes',            nothing, () => desk.reverseFirst('purchase', { pan: CARD.good, fen: 1 }), '00 22'],
    ['enabled again',                  rules('terminal/10000001', null), buy(100), '00'],
    ['merchant disabled',              rules(`merchant/${OUTPATIENT}`, { disabled: true }), buy(100), '03'],
    ['another is not',                 nothing, elsewhere, '00'],
    ['channel disabled',               rules('listener/terminals', { disabled: true }), elsewhere, '91'],
    ['channel open again',             rules('listener/terminals', null), elsewhere, '00'],
    ['channel closed now',             rules('listener/terminals', { hours: closedNow }), elsewhere, '58'],
    ['its reversal passes',            nothing, () => other.reverseFirst('purchase', { pan: CARD.second, fen: 1 }), '00 22'],
    ['channel without purchases',      rules('listener/terminals', { deny: ['purchase'] }), elsewhere, '58'],
    ['channel with a limit',           rules('listener/terminals', { limits: [{ transactionFen: 99 }] }), elsewhere, '61'],
    ['a channel’s day',                rules('listener/terminals', { limits: [{ name: 'c', dayFen: 150 }] }), elsewhere, '00'],
    ['nothing is left of it',          nothing, elsewhere, '61'],
    ['channel without rules',          rules('listener/terminals', null), elsewhere, '00'],
    ['purchases not allowed',          rules(`merchant/${OUTPATIENT}`, { deny: ['purchase'] }), buy(100), '58'],
    ['refunds still are',              nothing, () => desk.act('refund', { pan: CARD.good, fen: 1, extra: { 37: '000000099999' } }), '25'],
    ['only cash in',                   rules(`merchant/${OUTPATIENT}`, { allow: ['cash-load'] }), buy(100), '58'],
    ['cash in',                        nothing, () => desk.act('cash-load', { pan: CARD.good, fen: 1 }), '00'],
    ['closed now',                     rules(`merchant/${OUTPATIENT}`, { hours: closedNow }), buy(100), '58'],
    ['open now',                       rules(`merchant/${OUTPATIENT}`, { hours: openNow }), buy(100), '00'],
    ['a terminal’s day',               rules('terminal/10000001', { limits: [{ name: 't', dayFen: 150 }] }), buy(151), '61'],
    ['another’s is not touched',       nothing, elsewhere, '00'],
    ['without it',                     rules('terminal/10000001', null), buy(151), '00'],
    ['one transaction too high',       rules('each-terminal', { limits: [{ transactionFen: 999 }] }), buy(1_000), '61'],
    ['as high as allowed',             nothing, buy(999), '00'],
    ['a card’s day, by amount',        rules('each-card', { limits: [{ dayFen: 500 }] }), buy(501, CARD.third), '61'],
    ['up to it',                       nothing, buy(500, CARD.third), '00'],
    ['nothing is left of it',          nothing, buy(1, CARD.third), '61'],
    ['the refusal told again',         nothing, () => desk.repeat('p'), '61'],
    ['voided: it is given back',       nothing, async () => { await desk.act('purchase', { pan: CARD.second, fen: 500, as: 'v' }); return desk.act('void', { of: 'v', fen: 500 }); }, '00'],
    ['and can be used again',          nothing, buy(500, CARD.second), '00'],
    ['reversed: likewise',             nothing, () => desk.reverse('p'), '00'],
    ['and can be used again',          nothing, buy(500, CARD.second), '00'],
    ['one card’s own limit',           rules(`card/${CARD.third}`, { limits: [{ dayFen: 600 }] }), buy(100, CARD.third), '00'],
    ['a card’s day, by count',         rules('each-card', { limits: [{ name: 'few', dayCount: 2 }] }), buy(1), '00'],
    ['twice',                          nothing, buy(1), '00'],
    ['three times',                    nothing, buy(1), '65'],
    ['velocity',                       rules('each-card', { limits: [{ name: 'fast', window: { seconds: 3600, count: 2 } }] }), buy(1), '00'],
    ['twice',                          nothing, buy(1), '00'],
    ['three times',                    nothing, buy(1), '65'],
    ['velocity, by amount',            rules('each-card', { limits: [{ name: 'much', window: { seconds: 3600, fen: 300 } }] }), buy(301), '61'],
    ['up to it',                       nothing, buy(300), '00'],
    ['the same payment',               rules('each-card', { duplicateSeconds: 3 }), buy(77), '00'],
    ['again at once',                  nothing, buy(77), '94'],
    ['another amount',                 nothing, buy(78), '00'],
    ['after the time',                 () => sleep(3_100), buy(77), '00'],
    ['reversed, then again',           nothing, async () => { await desk.reverse('p'); return desk.act('purchase', { pan: CARD.good, fen: 77 }); }, '00'],
    ['a merchant’s day',               rules(`merchant/${OUTPATIENT}`, { limits: [{ name: 'm', dayFen: 10 }] }), buy(11), '61'],
    ['refunds limited by name',        rules(`merchant/${OUTPATIENT}`, { limits: [{ name: 'r', kinds: ['refund'], dayCount: 1 }] }), buy(90), '00'],
    ['the first',                      nothing, () => desk.act('refund', { of: 'p', fen: 1 }), '00'],
    ['the second',                     nothing, () => desk.act('refund', { of: 'p', fen: 1 }), '65'],
    ['on the black list',              () => control(served, 'block', { card: CARD.good, code: '04' }), buy(5), '04'],
    ['off it',                         () => control(served, 'unblock', { card: CARD.good }), buy(6), '00'],
  ];
  for (const [what, change, request, code] of cases) {
    await change();
    t.equal(await request(), code, `${what}: ${code}`);
  }
  t.match(await control(served, 'list'), { rules: { 'each-card': { duplicateSeconds: 3 } } });
});

t.test('rules that are wrong are refused before anything changes', async (t) => {
  const served = await servedFor(t, 'control-errors');
  // biome-ignore format: a table, one mistake a line.
  const mistakes: [what: string, name: string, argument: Record<string, unknown>, says: RegExp][] = [
    ['no JSON',            'set', { scope: 'each-card', rules: '{' }, /no JSON/],
    ['an unknown rule',    'set', { scope: 'each-card', rules: '{"limit":1}' }, /limit/],
    ['an unknown scope',   'set', { scope: 'planet/mars', rules: '{}' }, /no scope/],
    ['an unknown terminal', 'disable', { scope: 'terminal/99999999', disabled: true }, /no terminal 99999999/],
    ['an unknown merchant', 'set', { scope: 'merchant/1', rules: '{}' }, /no merchant 1/],
    ['a negative limit',   'set', { scope: 'each-card', rules: '{"limits":[{"dayFen":-1}]}' }, /dayFen/],
    ['sources of a card',  'set', { scope: 'each-card', rules: '{"sources":["10.0.0.0/8"]}' }, /listener/],
    ['no network',         'set', { scope: 'listener/a', rules: '{"sources":["10.0.0.0/99"]}' }, /network/],
    ['an unknown setting', 'setting', { name: 'weather', value: '{}' }, /no setting/],
    ['a wrong setting',    'setting', { name: 'pin', value: '{"triesMax":0}' }, /triesMax/],
    ['no card number',     'block', { card: '12', code: '04' }, /12 to 19 digits/],
    ['an unknown code',    'block', { card: CARD.good, code: '00' }, /one of/],
    ['no reason',          'unblock', { card: CARD.good, why: '' }, /why/],
  ];
  for (const [what, name, argument, says] of mistakes) {
    await t.rejects(control(served, name, argument), { message: says }, what);
  }
  t.strictSame(((await control(served, 'list')) as { rules: unknown }).rules, {});
});

t.test('too many wrong PINs block the card, over restarts', async (t) => {
  const served = await servedFor(t, 'pin-tries');
  await setTerms(served, 'pin', { triesMax: 3 });
  let desk = await Desk.at(served.port);
  const buy = (pin: string, pan: string = CARD.good) =>
    desk.act('purchase', { pan, fen: 100, pin, as: 'p' });
  const ask = async (pin: string) => {
    const block = desk.pinBlock(pin, CARD.good);
    const fields = {
      2: CARD.good,
      3: '310000',
      11: desk.nextTrace(),
      22: '021',
      25: '00',
      26: '12',
      49: '156',
      52: block,
      53: '2600000000000000',
      60: `01${desk.batch}00050`,
    };
    return desk.send('0200', fields);
  };
  t.equal(await buy('000000'), '55');
  t.equal(await ask('000000'), '55', 'balance inquiries count too');
  t.equal(await buy(PIN), '00', 'a right one in time forgets them');
  t.equal(await buy('000000'), '55');
  t.equal(await desk.repeat('p'), '55', 'a repeat is no further try');
  t.equal(await buy('000000'), '55');
  desk.disconnect();
  await served.kill();
  const again = await serve(served.dataDir);
  t.teardown(() => again.kill());
  desk = await Desk.at(again.port, '10000002');
  t.teardown(() => desk.disconnect());
  t.equal(await buy('000000'), '55', 'the third, after a restart, at another terminal');
  t.equal(await buy(PIN), '75', 'the right one comes too late');
  t.equal(await ask(PIN), '75');
  t.equal(await buy(PIN, CARD.second), '00', 'another card is not touched');
  await control(again, 'unlock-pin', { card: CARD.good });
  t.equal(await buy(PIN), '00', 'an operator allows it again');

  const listed = await posp(['control', 'list', '--data', again.dataDir, '--json']);
  t.match(documentOf(listed), { settings: { pin: { triesMax: 3 } } });
  const disable = ['control', 'disable', 'terminal/10000002', '--why', 'stolen', '--who', 'chen'];
  t.equal((await posp([...disable, '--data', again.dataDir])).code, 0, 'from the command line');
  t.equal(await buy(PIN), '58');
  const journal = await posp(['ledger', 'journal', '--data', again.dataDir, '--json']);
  t.match(journal.stdout, /"who":"operator chen"/, 'the journal says who');
  t.match(journal.stdout, /"why":"stolen"/, 'and why');
});

const PIN = '123456';
