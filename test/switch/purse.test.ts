import t from 'tap';
import {
  formatPurseData,
  formatPurseRecord,
  type PurseRecord,
} from '../../protocols/pboc/purse-data.ts';
import { CARD } from '../support/cards.ts';
import { ChipDesk, PIN } from '../support/chip-desk.ts';
import { control, setTerms } from '../support/control.ts';
import { Desk } from '../support/desk.ts';
import { documentOf, posp } from '../support/posp.ts';
import { servedFor } from '../support/serve.ts';

const FULL = 100_000;

t.test('loads: MAC1, MAC2, TAC', async (t) => {
  const served = await servedFor(t, 'load');
  const desk = await Desk.at(served.port);
  t.teardown(() => desk.disconnect());
  const at = new ChipDesk(desk, CARD.good);
  const wrong = Buffer.from('00000000', 'hex');
  // biome-ignore format: a scenario, one step a line: answer, what the account can spend, what the chip holds.
  const steps: [what: string, step: () => Promise<string>, code: string, available: number, chip: number][] = [
    ['a wrong MAC1',               () => at.ask(5_000, { mac1: wrong }), '59', FULL, 0],
    ['another balance than MAC1’s', () => at.ask(5_000, { balanceFen: 1 }), '59', FULL, 0],
    ['a chip of another card',     () => at.ask(5_000, { serial: CARD.second.padStart(20, '0') }), '14', FULL, 0],
    ['more than one load may be',  () => at.ask(100_001), '61', FULL, 0],
    ['without MAC1',               () => at.ask(5_000, { mac1: undefined }), '30', FULL, 0],
    ['MAC2 is given',              () => at.ask(5_000), '00', FULL - 5_000, 0],
    ['told again',                 () => desk.repeat('load'), '00', FULL - 5_000, 0],
    ['reversed before the chip',   () => desk.reverse('load'), '00', FULL, 0],
    ['once',                       () => desk.reverse('load'), '00', FULL, 0],
    ['asked again',                () => at.ask(5_000), '00', FULL - 5_000, 0],
    ['a wrong TAC',                () => at.prove({ proof: wrong }), '59', FULL - 5_000, 5_000],
    ['not reversed: next load',    () => at.ask(2_000), '00', FULL - 7_000, 5_000],
    ['the TAC',                    () => at.prove(), '00', FULL - 7_000, 7_000],
    ['told again',                 () => desk.repeat('proof'), '00', FULL - 7_000, 7_000],
    ['reversed after its proof',   () => desk.reverse('load'), '12', FULL - 7_000, 7_000],
    ['a load that stops',          () => at.ask(1_000), '00', FULL - 8_000, 7_000],
    ['the next one lets it go',    () => at.ask(3_000), '00', FULL - 10_000, 7_000],
    ['the TAC',                    () => at.prove(), '00', FULL - 10_000, 10_000],
    ['a sequence out of order',    () => at.ask(1_000, { onlineSequence: 1 }), '59', FULL - 10_000, 10_000],
    ['from cash',                  () => at.ask(500, {}, 'load-from-cash'), '00', FULL - 10_000, 10_000],
    ['the TAC',                    () => at.prove(), '00', FULL - 10_000, 10_500],
    ['more than it may hold',      () => at.ask(89_501), '61', FULL - 10_000, 10_500],
  ];
  for (const [what, step, code, available, chip] of steps) {
    t.equal(await step(), code, `${what}: ${code}`);
    t.equal(await desk.balance(CARD.good), available, `${what}: ${available} fen to spend`);
    t.equal(at.balance(), chip, `${what}: ${chip} fen on the chip`);
  }
});

t.test('from another’s account, and an unload from the e-deposit', async (t) => {
  const served = await servedFor(t, 'unload');
  const desk = await Desk.at(served.port);
  t.teardown(() => desk.disconnect());
  const other = new ChipDesk(desk, CARD.second);
  const asked = other.reader.beginOnline('load', '02', 700);
  const extra = { 55: formatPurseData(asked), 62: Buffer.from(CARD.second) };
  other.asked = asked;
  const code = await desk.act('load-from-card', {
    pan: CARD.good,
    fen: 700,
    pin: PIN,
    extra,
    as: 'load',
  });
  t.equal(code, '00');
  t.equal(await other.prove(), '00');
  t.equal(await desk.balance(CARD.good), FULL - 700, 'one card pays');
  t.equal(other.balance(), 700, 'the other’s chip has it');

  const at = new ChipDesk(desk, CARD.third);
  t.equal(await at.ask(9_000, {}, 'load', '01'), '00', 'the e-deposit is loaded');
  t.equal(await at.prove(), '00');
  t.equal(await at.ask(4_000, { mac1: Buffer.alloc(4) }, 'unload'), '59', 'a wrong MAC1');
  t.equal(await at.ask(4_000, {}, 'unload'), '00', 'the host agrees');
  t.equal(await desk.balance(CARD.third), FULL - 9_000, 'but pays nothing yet');
  t.equal(await at.prove({}, 'unload'), '00', 'MAC3');
  t.equal(await desk.balance(CARD.third), FULL - 5_000, 'now the account has it');
  t.equal(at.balance('01'), 5_000);
  t.equal(await at.ask(1_000, {}, 'unload'), '00');
  t.equal(await desk.reverse('load'), '00', 'reversed before the chip did it');
  t.equal(await desk.balance(CARD.third), FULL - 5_000);
});

t.test('offline payments are proven one by one', async (t) => {
  const served = await servedFor(t, 'purse-pay');
  const desk = await Desk.at(served.port);
  t.teardown(() => desk.disconnect());
  const at = new ChipDesk(desk, CARD.good);
  t.equal(await at.ask(20_000), '00');
  t.equal(await at.prove(), '00');
  const pay = (fen: number) => at.reader.pay('02', fen, new Date());
  const first = pay(1_000);
  const wrongTac = { ...pay(1_100), proof: Buffer.alloc(4) };
  const changed = { ...pay(1_200), amountFen: 900 };
  const stranger = { ...pay(1_300), terminal: '000010000002' };
  const old = { ...pay(1_400), date: '20200101' };
  const late = pay(1_500);
  // biome-ignore format: a table, one record a line.
  const cases: [what: string, record: PurseRecord, code: string][] = [
    ['a proven one',               first, '00'],
    ['again, in another message',  first, '94'],
    ['a wrong TAC',                wrongTac, 'A2'],
    ['again',                      wrongTac, '94'],
    ['a changed amount',           changed, 'A2'],
    ['another terminal’s PSAM',    stranger, 'A2'],
    ['too old',                    old, 'A2'],
    ['a gap in the sequence',      late, '00'],
  ];
  for (const [what, record, code] of cases)
    t.equal(await at.upload(record), code, `${what}: ${code}`);
  const grey = (await control(served, 'grey')) as { id: string; reason: string }[];
  t.strictSame(grey.map(({ reason }) => reason).sort(), [
    'date-out-of-range',
    'psam-of-another-terminal',
    'tac-wrong',
    'tac-wrong',
  ]);
  await control(served, 'grey-decide', { id: grey[0]!.id, pay: true });
  await control(served, 'grey-decide', { id: grey[1]!.id, pay: false });
  t.equal(((await control(served, 'grey')) as unknown[]).length, 2, 'an operator decided two');
  await t.rejects(control(served, 'grey-decide', { id: grey[0]!.id, pay: true }), 'each once');

  const batch = [pay(10), pay(20), { ...pay(30), proof: Buffer.alloc(4) }, first];
  const fields = {
    11: desk.nextTrace(),
    60: `00${desk.batch}208`,
    62: Buffer.concat(batch.map(formatPurseRecord)),
  };
  t.equal(await desk.send('0320', fields, 'batch'), '00', 'a batch');
  t.equal(
    Buffer.from(desk.last.fields.get(62)!, 'hex').toString(),
    '0012',
    'paid, paid, grey, known',
  );
  t.equal(await desk.repeat('batch'), '00');
  t.equal(Buffer.from(desk.last.fields.get(62)!, 'hex').toString(), '0012', 'told again');
  const cut = { ...fields, 11: desk.nextTrace(), 62: fields[62].subarray(1) };
  t.equal(await desk.send('0320', cut), '30', 'no whole records');
  await setTerms(served, 'e-purse', { purchaseMaxFen: 50 });
  t.equal(await at.upload(pay(51)), 'A2', 'above what may be paid without a PIN');
  t.equal(await at.upload(pay(50)), '00');

  const reader = { balance: at.balance() };
  desk.disconnect();
  t.equal(await served.stop(), 0);
  const verified = documentOf(await posp(['ledger', 'verify', '--data', served.dataDir, '--json']));
  t.equal(verified['balancesVerified'], true);
  t.ok(reader.balance < 20_000);
});
