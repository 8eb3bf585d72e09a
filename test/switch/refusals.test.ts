import t from 'tap';
import { CARD, INPATIENT, OUTPATIENT } from '../support/cards.ts';
import { amount, OutsideTerminal } from '../support/outside-terminal.ts';
import { servedFor } from '../support/serve.ts';

type Fields = Record<number, string | Buffer>;

/** Two bytes more than the message has, inside the length in front of it. */
function withTail(frame: Buffer): Buffer {
  const longer = Buffer.concat([frame, Buffer.alloc(2)]);
  longer.writeUInt16BE(longer.length - 2);
  return longer;
}

t.test('each refusal has its code', async (t) => {
  const served = await servedFor(t, 'refusals');
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  t.teardown(() => terminal.disconnect());

  const without = (fields: Fields, ...numbers: number[]): Fields =>
    Object.fromEntries(Object.entries(fields).filter(([n]) => !numbers.includes(Number(n))));
  const buy = (pan: string, fen: number, pin?: string) => terminal.purchaseFields(pan, fen, pin);
  const T = terminal;

  const cases: [what: string, frame: () => Buffer, code: string, mac: boolean | null][] = [
    ['a purchase without PIN', () => T.purchase(CARD.good, 100), '00', true],
    ['a purchase with PIN', () => T.purchase(CARD.good, 100, '123456'), '00', true],
    ['a wrong PIN', () => T.purchase(CARD.good, 100, '654321'), '55', true],
    ['a lost card', () => T.purchase(CARD.lost, 100, '123456'), '41', true],
    ['a frozen card', () => T.purchase(CARD.frozen, 100, '123456'), '62', true],
    ['an expired card', () => T.purchase(CARD.expired, 100, '123456'), '54', true],
    [
      'an expired card that tells another expiry',
      () => T.frame('0200', { ...buy(CARD.expired, 1), 14: '3012' }, 'right'),
      '54',
      true,
    ],
    [
      'its own expiry',
      () => T.frame('0200', { ...buy(CARD.good, 1), 14: '3012' }, 'right'),
      '00',
      true,
    ],
    [
      'another expiry in field 14',
      () => T.frame('0200', { ...buy(CARD.good, 1), 14: '3112' }, 'right'),
      '14',
      true,
    ],
    [
      'another expiry on the track',
      () => T.frame('0200', { ...buy(CARD.good, 1), 35: `${CARD.good}D2912201000` }, 'right'),
      '14',
      true,
    ],
    [
      'neither field 14 nor a track',
      () => T.frame('0200', { ...without(buy(CARD.good, 1), 35), 22: '012' }, 'right'),
      '00',
      true,
    ],
    [
      'an expiry that no month has',
      () => T.frame('0200', { ...buy(CARD.good, 1), 14: '3099' }, 'right'),
      '30',
      true,
    ],
    [
      'an expiry of zeros',
      () => T.frame('0200', { ...buy(CARD.good, 1), 14: '0000' }, 'right'),
      '14',
      true,
    ],
    [
      'the second track of another card',
      () => T.frame('0200', { ...buy(CARD.good, 1), 35: `${CARD.second}D30122010000` }, 'right'),
      '14',
      true,
    ],
    [
      'the third track of another card',
      () => T.frame('0200', { ...buy(CARD.good, 1), 36: `99${CARD.second}D156156000` }, 'right'),
      '14',
      true,
    ],
    [
      'the third track of the card itself',
      () => T.frame('0200', { ...buy(CARD.good, 1), 36: `99${CARD.good}D156156000` }, 'right'),
      '00',
      true,
    ],
    [
      'no card at all',
      () => T.frame('0200', without(buy(CARD.good, 1), 2, 35), 'right'),
      '30',
      true,
    ],
    [
      'track 2 alone names the card',
      () => T.frame('0200', without(buy(CARD.good, 1), 2), 'right'),
      '00',
      true,
    ],
    ['bytes behind the MAC', () => withTail(T.purchase(CARD.good, 1)), '30', null],
    ['an unknown card', () => T.purchase(CARD.unknown, 100, '123456'), '14', true],
    ['too little money', () => T.purchase(CARD.poor, 2, '123456'), '51', true],
    ['the last fen', () => T.purchase(CARD.poor, 1, '123456'), '00', true],
    ['nothing left', () => T.purchase(CARD.poor, 1, '123456'), '51', true],
    ['an amount of zero', () => T.purchase(CARD.good, 0), '13', true],
    [
      'another currency',
      () => T.frame('0200', { ...buy(CARD.good, 1), 49: '840' }, 'right'),
      'A1',
      true,
    ],
    ['no amount', () => T.frame('0200', without(buy(CARD.good, 1), 4), 'right'), '30', true],
    [
      'another batch',
      () => T.frame('0200', { ...buy(CARD.good, 1), 60: '2200099900050' }, 'right'),
      '77',
      true,
    ],
    ['a wrong MAC', () => T.frame('0200', buy(CARD.good, 100), 'wrong'), 'A0', null],
    ['no MAC', () => T.frame('0200', buy(CARD.good, 100), 'none'), 'A0', null],
    [
      'an unknown transaction',
      () => T.frame('0200', { ...buy(CARD.good, 1), 3: '990000' }, 'right'),
      '12',
      null,
    ],
    [
      'a void of nothing',
      () =>
        T.frame(
          '0200',
          {
            ...without(buy(CARD.good, 1), 35),
            3: '200000',
            37: '000000099999',
            60: `23${T.batch}00050`,
            61: `${T.batch}0000990101`,
          },
          'right',
        ),
      '25',
      true,
    ],
    [
      'a balance inquiry',
      () =>
        T.frame(
          '0200',
          { ...without(buy(CARD.second, 1, '123456'), 4), 3: '310000', 60: `01${T.batch}00050` },
          'right',
        ),
      '00',
      true,
    ],
    [
      'a balance, wrong PIN',
      () =>
        T.frame(
          '0200',
          { ...without(buy(CARD.second, 1, '111111'), 4), 3: '310000', 60: `01${T.batch}00050` },
          'right',
        ),
      '55',
      true,
    ],
  ];
  for (const [what, frame, code, mac] of cases) {
    const answer = await terminal.ask(frame());
    t.equal(answer?.fields.get(39), code, `${what}: ${code}`);
    t.equal(answer?.macIsRight, mac, `${what}: MAC of the answer`);
    t.equal(answer?.tpdu, '6000000006', `${what}: TPDU addresses are swapped`);
  }
});

t.test('a terminal must be known, be the merchant’s, and have signed in', async (t) => {
  const served = await servedFor(t, 'identity');
  const cases: [what: string, terminal: OutsideTerminal, code: string][] = [
    ['not signed in', new OutsideTerminal('10000002', OUTPATIENT), '97'],
    ['unknown terminal', new OutsideTerminal('99999999', OUTPATIENT), '97'],
    ['another merchant’s', new OutsideTerminal('10000002', INPATIENT), '03'],
  ];
  for (const [what, terminal, code] of cases) {
    await terminal.connect(served.port);
    const answer = await terminal.ask(terminal.purchase(CARD.good, 100));
    t.equal(answer?.fields.get(39), code, `${what}: ${code}`);
    terminal.disconnect();
  }
  const unknown = new OutsideTerminal('99999999', OUTPATIENT);
  await unknown.connect(served.port);
  const answer = await unknown.ask(unknown.signInFrame());
  t.equal(answer?.messageType, '0810');
  t.equal(answer?.fields.get(39), '97', 'an unknown terminal cannot sign in');
  for (const field of [12, 13, 32]) t.ok(answer?.fields.get(field), `and is told field ${field}`);
  t.notOk(answer?.fields.has(62), 'and gets no keys');
  unknown.disconnect();
});

t.test('a purchase’s answer carries what the slip needs', async (t) => {
  const served = await servedFor(t, 'answer');
  const terminal = new OutsideTerminal('10000017', INPATIENT);
  await terminal.connect(served.port);
  const signedIn = await terminal.signIn();
  t.match(signedIn.fields.get(60), /^00\d{6}003$/, 'the batch number comes with the sign-in');
  t.equal(signedIn.fields.get(62)?.length, 80, '40 bytes of keys');
  const answer = (await terminal.ask(terminal.purchase(CARD.good, 12_345, '123456')))!;
  t.equal(answer.messageType, '0210');
  t.equal(answer.fields.get(2), CARD.good);
  t.equal(answer.fields.get(4), amount(12_345));
  t.match(answer.fields.get(12), /^\d{6}$/);
  t.match(answer.fields.get(13), /^\d{4}$/);
  t.match(answer.fields.get(15), /^\d{4}$/);
  t.match(answer.fields.get(37), /^\d{12}$/);
  t.match(answer.fields.get(38), /^.{6}$/);
  t.equal(answer.fields.get(41), '10000017');
  t.equal(answer.fields.get(42), INPATIENT);
  const balance = (await terminal.ask(
    terminal.frame(
      '0200',
      {
        2: CARD.good,
        3: '310000',
        11: terminal.nextTrace(),
        22: '022',
        25: '00',
        49: '156',
        60: `01${terminal.batch}00050`,
      },
      'right',
    ),
  ))!;
  t.equal(
    balance.fields.get(54),
    `1002156C${amount(100_000 - 12_345)}`,
    'the balance is what is left',
  );
  terminal.disconnect();
});
