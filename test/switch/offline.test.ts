import { createHash } from 'node:crypto';
import t, { type Test } from 'tap';
import { openReader } from '../../ledger/reader.ts';
import { CARD } from '../support/cards.ts';
import { setTerms } from '../support/control.ts';
import { Desk, type Fields } from '../support/desk.ts';
import { amount } from '../support/outside-terminal.ts';
import { type Served, servedFor } from '../support/serve.ts';

const FULL = 100_000;
type Step = [what: string, step: (desk: Desk) => Promise<string>, code: string, available: number];

async function play(t: Test, desk: Desk, pan: string, steps: Step[]): Promise<void> {
  for (const [what, step, code, available] of steps) {
    t.equal(await step(desk), code, `${what}: ${code}`);
    t.equal(await desk.balance(pan), available, `${what}: ${available} fen to spend`);
  }
}

t.test('offline purchases, adjustments, cash and transfers', async (t) => {
  const served = await servedFor(t, 'offline');
  const desk = await Desk.at(served.port);
  t.teardown(() => desk.disconnect());
  const pan = CARD.good;
  const code = { 38: '123456' };
  const to = (number: string) => ({ 62: Buffer.from(number) });
  // biome-ignore format: a scenario, one step a line.
  await play(t, desk, pan, [
    ['told afterwards',             (d) => d.act('offline-purchase', { pan, fen: 3_000, extra: code, as: 'o' }), '00', FULL - 3_000],
    ['told again',                  (d) => d.repeat('o'), '00', FULL - 3_000],
    ['without authorisation code',  (d) => d.act('offline-purchase', { pan, fen: 3_000 }), '30', FULL - 3_000],
    ['nothing',                     (d) => d.act('offline-purchase', { pan, fen: 0, extra: code }), '13', FULL - 3_000],
    ['unknown card',                (d) => d.act('offline-purchase', { pan: CARD.unknown, fen: 1, extra: code }), '14', FULL - 3_000],
    ['a lost card still pays',      (d) => d.act('offline-purchase', { pan: CARD.lost, fen: 1, extra: code }), '00', FULL - 3_000],
    ['money that is not there',     (d) => d.act('offline-purchase', { pan: CARD.poor, fen: 2, extra: code }), '51', FULL - 3_000],
    ['never reversed',              (d) => d.reverse('o'), '12', FULL - 3_000],
    ['adjusted too high',           (d) => d.act('adjustment', { of: 'o', fen: 3_601 }), '64', FULL - 3_000],
    ['adjusted down',               (d) => d.act('adjustment', { of: 'o', fen: 2_500, as: 'j' }), '00', FULL - 2_500],
    ['adjusted twice',              (d) => d.act('adjustment', { of: 'o', fen: 2_600 }), '12', FULL - 2_500],
    ['the adjusted one refunded',   (d) => d.act('refund', { of: 'o', fen: 1 }), '64', FULL - 2_500],
    ['the adjustment refunded',     (d) => d.act('refund', { of: 'j', fen: 500 }), '00', FULL - 2_000],
    ['cash paid in',                (d) => d.act('cash-load', { pan, fen: 7_000, as: 'l' }), '00', FULL + 5_000],
    ['told again',                  (d) => d.repeat('l'), '00', FULL + 5_000],
    ['onto a lost card',            (d) => d.act('cash-load', { pan: CARD.lost, fen: 1 }), '41', FULL + 5_000],
    ['void, another amount',        (d) => d.act('cash-load-void', { of: 'l', fen: 6_999 }), '64', FULL + 5_000],
    ['void',                        (d) => d.act('cash-load-void', { of: 'l', fen: 7_000, as: 'lv' }), '00', FULL - 2_000],
    ['void twice',                  (d) => d.act('cash-load-void', { of: 'l', fen: 7_000 }), '12', FULL - 2_000],
    ['void reversed',               (d) => d.reverse('lv'), '00', FULL + 5_000],
    ['cash in reversed',            (d) => d.reverse('l'), '00', FULL - 2_000],
    ['reversed before',             (d) => d.reverseFirst('cash-load', { pan, fen: 1 }), '00 22', FULL - 2_000],
    ['transfer without PIN',        (d) => d.act('transfer', { pan, fen: 1_000, extra: to(CARD.second) }), '55', FULL - 2_000],
    ['transfer',                    (d) => d.act('transfer', { pan, fen: 1_000, pin: '123456', extra: to(CARD.second), as: 't' }), '00', FULL - 3_000],
    ['transfer to itself',          (d) => d.act('transfer', { pan, fen: 1_000, pin: '123456', extra: to(pan) }), '12', FULL - 3_000],
    ['transfer to a lost card',     (d) => d.act('transfer', { pan, fen: 1_000, pin: '123456', extra: to(CARD.lost) }), '41', FULL - 3_000],
    ['transfer to nobody',          (d) => d.act('transfer', { pan, fen: 1_000, pin: '123456', extra: to('1') }), '14', FULL - 3_000],
    ['transfer reversed',           (d) => d.reverse('t'), '00', FULL - 2_000],
    ['once',                        (d) => d.reverse('t'), '00', FULL - 2_000],
  ]);
  t.equal(await desk.balance(CARD.second), FULL, 'the receiver has given it back');
});

t.test('after unequal totals the details are compared one by one', async (t) => {
  const served = await servedFor(t, 'upload');
  const desk = await Desk.at(served.port);
  t.teardown(() => desk.disconnect());
  const { good, second, third, poor } = CARD;
  await desk.act('purchase', { pan: good, fen: 1_000, as: 'matched' });
  await desk.act('purchase', { pan: second, fen: 2_000, as: 'amount' });
  await desk.act('purchase', { pan: third, fen: 3_000, as: 'card' });
  await desk.act('purchase', { pan: poor, fen: 4_000, as: 'declined' });
  await desk.act('purchase', { pan: good, fen: 5_000, as: 'undone' });
  await desk.reverse('undone');
  const settled = desk.batch;
  const zero = '0'.repeat(31);
  const totals = `${amount(9_999)}009${amount(0)}0000${zero}`;
  const network = (code: string) => `00${settled}${code}`;
  t.equal(
    await desk.send('0500', { 11: desk.nextTrace(), 48: totals, 49: '156', 60: network('201') }),
    '00',
  );
  t.equal(desk.last.fields.get(48)?.[30], '2', 'the totals differ');
  await desk.signIn();

  const line = (as: string, pan: string, fen: number, trace?: string) =>
    `00${trace ?? desk.done.get(as)!.fields[11]}${pan.padStart(20, '0')}${amount(fen)}`;
  const lines = [
    line('matched', good, 1_000),
    line('amount', second, 2_001),
    line('card', good, 3_000),
    line('declined', poor, 4_000),
    line('undone', good, 5_000),
    line('', good, 6_000, '000999'),
  ];
  const upload = (details: string, batch = settled): Fields => ({
    11: desk.nextTrace(),
    48: details,
    60: `00${batch}201`,
  });
  const details = upload(`0${lines.length}${lines.join('')}`);
  t.equal(await desk.send('0320', details, 'u'), '00', 'details');
  t.equal(await desk.repeat('u'), '00', 'told again');
  t.equal(await desk.send('0320', upload(`02${lines[0]}`)), '30', 'a count that is not the lines’');
  t.equal(await desk.send('0320', upload(`01${lines[0]}`, '000777')), '77', 'another batch');

  const advice = (trace: string, pan: string, fen: number) => ({
    2: pan,
    4: amount(fen),
    11: trace,
    22: '012',
    60: network('206'),
  });
  t.equal(await desk.send('0320', advice('000998', second, 700), 'adv'), '00', 'a missing advice');
  t.equal(await desk.repeat('adv'), '00');
  t.equal(await desk.balance(second), FULL - 2_000 - 700, 'is booked, once');
  const withoutMac = desk.frame('0320', advice('000997', second, 900));
  t.equal((await desk.ask(withoutMac))?.fields.get(39), 'A0', 'never without a MAC');
  const known = desk.done.get('matched')!.fields[11] as string;
  t.equal(await desk.send('0320', advice(known, good, 1_000)), '00', 'one that arrived');
  t.equal(await desk.balance(good), FULL - 1_000, 'is not booked again, nor is what nobody knew');

  const end = { 11: desk.nextTrace(), 48: '0006', 60: network('202') };
  t.equal(await desk.send('0320', end), '00', 'the end');
  t.strictSame(uploadFacts(served), [
    [
      'details',
      'matched amount-differs card-differs declined-in-journal taken-back-in-journal missing-in-journal',
    ],
    ['record', 'matched'],
    ['end', '6 declared, 8 uploaded'],
  ]);
});

/** The facts of the uploads, as one line each. */
function uploadFacts(served: Served): [kind: string, what: string][] {
  const reader = openReader(`${served.dataDir}/ledger`);
  const facts: [string, string][] = [];
  for (const { entry } of reader.records()) {
    const fact = entry.fact?.module;
    if (fact?.module !== 'batch-upload') continue;
    const payload = JSON.parse(Buffer.from(fact.payload ?? []).toString());
    const items = payload.items as { result: string }[] | undefined;
    const counts = `${payload.declaredCount} declared, ${payload.uploadedCount} uploaded`;
    facts.push([fact.kind, items?.map(({ result }) => result).join(' ') ?? counts]);
  }
  return facts;
}

t.test('downloads and reports', async (t) => {
  const served = await servedFor(t, 'download');
  const desk = await Desk.at(served.port);
  t.teardown(() => desk.disconnect());
  const ask = async (type: string, code: string, field62?: Buffer) => {
    const fields = { 11: desk.nextTrace(), 60: `00${desk.batch}${code}` };
    const frame = desk.frame(type, field62 === undefined ? fields : { ...fields, 62: field62 });
    const answer = (await desk.ask(frame))!;
    return `${answer.fields.get(39)} ${answer.fields.get(62) ?? ''}`.trim();
  };
  const key = Buffer.from('9F0605A0000003339F220101', 'hex');
  const unknown = Buffer.from('9F0605A0000003339F220177', 'hex');
  const aid = Buffer.from('9F0608A000000333010101', 'hex');
  // biome-ignore format: a table, one message a line.
  const cases: [what: string, ask: () => Promise<string>, answer: RegExp][] = [
    ['parameters',              () => ask('0800', '360'), /^00 31323630313333/],
    ['end of parameters',       () => ask('0800', '361'), /^00$/],
    ['public keys',             () => ask('0820', '372'), /^00 319f0605a0000003339f220101df05083230333031323331$/],
    ['those after the first',   () => ask('0820', '372', Buffer.from('101')), /^00 30$/],
    ['a page that is no number', () => ask('0820', '372', Buffer.from('x')), /^30$/],
    ['one public key',          () => ask('0800', '370', key), /^00 319f0605a0000003339f220101df0508.*df0240bbe9066d/],
    ['an unknown key',          () => ask('0800', '370', unknown), /^00 30$/],
    ['a key without a name',    () => ask('0800', '370'), /^30$/],
    ['end of keys',             () => ask('0800', '371'), /^00$/],
    ['applications',            () => ask('0820', '382'), /^00 319f0608a000000333010101$/],
    ['one application',         () => ask('0800', '380', aid), /^00 319f0608a000000333010101df010100/],
    ['end of applications',     () => ask('0800', '381'), /^00$/],
    ['black list, empty',       () => ask('0800', '390'), /^00 30$/],
    ['status',                  () => ask('0820', '362', Buffer.from('printer=ok')), /^00$/],
    ['no status',               () => ask('0820', '362'), /^30$/],
  ];
  for (const [what, step, answer] of cases) t.match(await step(), answer, what);

  await setTerms(served, 'terminal-parameters', { timeoutSeconds: 45 });
  t.match(await ask('0800', '360'), /^00 31323435/, 'changed parameters at once');
  await desk.act('purchase', { pan: CARD.good, fen: 100, as: 'p' });
  const reference = desk.last.fields.get(37)!;
  const image = Buffer.from('00FF'.repeat(100), 'hex');
  const signature = { 11: desk.nextTrace(), 37: reference, 60: `07${desk.batch}800`, 62: image };
  t.equal(await desk.send('0820', signature), '00', 'a signature');
  t.equal(
    (await desk.ask(desk.frame('0820', signature)))?.fields.get(39),
    'A0',
    'not without a MAC',
  );
  const script = {
    11: desk.nextTrace(),
    55: Buffer.from('DF31050000000000', 'hex'),
    60: `00${desk.batch}951`,
  };
  t.equal((await desk.ask(desk.frame('0620', script)))?.fields.get(39), '00', 'a script result');

  const reader = openReader(`${served.dataDir}/ledger`);
  const kept = [...reader.records()]
    .flatMap(({ entry }) => entry.fact?.module ?? [])
    .filter(({ module }) => module !== 'invoicing');
  t.strictSame(
    kept.map(({ kind }) => kind),
    ['status', 'signature', 'script-result'],
  );
  const content = JSON.parse(Buffer.from(kept[1]!.payload!).toString());
  t.equal(content.reference, reference);
  t.equal(content.sha256, createHash('sha256').update(image).digest('hex'));
  t.ok(Buffer.from(content.image, 'base64').equals(image), 'the image itself is in the journal');
});
