import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CARD, INPATIENT, OUTPATIENT } from '../support/cards.ts';
import { type Answer, amount, OutsideTerminal } from '../support/outside-terminal.ts';
import { documentOf, posp } from '../support/posp.ts';
import { type Served, serve, servedFor } from '../support/serve.ts';

type Fields = Record<number, string | Buffer>;

/** A purchase that the next day's requests name. */
interface Bought {
  fields: Fields;
  reference: string;
  batch: string;
}

async function trade(served: Served): Promise<Bought> {
  const outpatient = new OutsideTerminal('10000001', OUTPATIENT);
  const inpatient = new OutsideTerminal('10000017', INPATIENT);
  for (const terminal of [outpatient, inpatient]) {
    await terminal.connect(served.port);
    await terminal.signIn();
  }
  const fields = outpatient.purchaseFields(CARD.good, 10_000);
  const sale = (await outpatient.ask(outpatient.frame('0200', fields, 'right')))!;
  const standing = outpatient.purchaseFields(CARD.second, 1_316);
  const stands = (await outpatient.ask(outpatient.frame('0200', standing, 'right')))!;
  const refund = {
    2: CARD.good,
    3: '200000',
    4: amount(2_500),
    11: outpatient.nextTrace(),
    22: '022',
    25: '00',
    37: sale.fields.get(37)!,
    49: '156',
    60: `25${outpatient.batch}00050`,
    61: `${outpatient.batch}${fields[11]}${sale.fields.get(13)}`,
  };
  await outpatient.ask(outpatient.frame('0220', refund, 'right'));
  const undone = outpatient.purchaseFields(CARD.third, 7_777);
  await outpatient.ask(outpatient.frame('0200', undone, 'right'));
  await outpatient.ask(outpatient.reversal(undone));
  await takeBack(outpatient);
  await inpatient.ask(inpatient.purchase(CARD.good, 5_000));
  outpatient.disconnect();
  inpatient.disconnect();
  const reference = stands.fields.get(37)!;
  return { fields: standing, reference, batch: outpatient.batch };
}

/** Everything that takes a payment back or changes it, with a fourth card; in the end 900 fen stand, paid in one sum. */
async function takeBack(terminal: OutsideTerminal): Promise<void> {
  const slips: { fields: Fields; answer: Answer }[] = [];
  const send = async (type: string, changed: Fields, original?: number): Promise<void> => {
    const named = original === undefined ? undefined : slips[original]!;
    const fields: Fields = {
      ...terminal.purchaseFields(CARD.fourth, 1_000),
      ...(named === undefined
        ? {}
        : {
            37: named.answer.fields.get(37)!,
            61: `${terminal.batch}${named.fields[11]}${named.answer.fields.get(13)}`,
          }),
      ...changed,
    };
    const answer = (await terminal.ask(terminal.frame(type, fields, 'right')))!;
    if (answer.fields.get(39) !== '00') throw new Error(`${type}: ${answer.fields.get(39)}`);
    slips.push({ fields, answer });
  };
  const type = (code: string) => `${code}${terminal.batch}00050`;
  await send('0200', {});
  await send('0200', { 3: '200000', 60: type('23') }, 0);
  await send('0200', {});
  await send('0200', { 3: '200000', 60: type('23') }, 2);
  await terminal.ask(terminal.reversal(slips[3]!.fields));
  await send('0220', { 4: amount(900), 60: type('32') }, 2);
  await send('0200', {});
  await send('0220', { 4: amount(1_100), 60: type('34') }, 5);
  await send('0200', { 3: '200000', 4: amount(1_100), 60: type('23') }, 6);
  await send('0100', { 3: '030000', 25: '06', 60: type('10') });
  await send('0200', { 25: '06', 60: type('20') }, 8);
  await send('0200', { 3: '200000', 25: '06', 60: type('21') }, 9);
}

t.test('clearing a day beside the running switch', async (t) => {
  const served = await servedFor(t, 'clearing');
  const { dataDir } = served;
  const bought = await trade(served);
  const ran = await posp(['clearing', 'run', '--data', dataDir, '--json']);
  t.equal(ran.code, 0, ran.stderr);
  const result = documentOf(ran);
  t.equal(result['matchesLedger'], true);
  // 0.38 % of 100.00 is 0.38, of 13.16 is 0.05008, of 25.00 is 0.095: rounded half up, given back; of 9.00 it is 0.0342.
  const feeFen = 38 + 5 - 10 + 3;
  t.match(result['merchants'], [
    { id: OUTPATIENT, count: 16, feeFen, netFen: 10_000 + 1_316 - 2_500 + 900 - feeFen },
    { id: INPATIENT, count: 1, feeFen: 0, netFen: 5_000 },
  ]);
  const date = String(result['date']);
  const folder = join(dataDir, 'clearing', date);
  const names = readdirSync(folder).sort();
  t.strictSame(names, [
    `clearing-${date}.xlsx`,
    `com-${date}-${OUTPATIENT}.txt`,
    `com-${date}-${INPATIENT}.txt`,
    `detail-${date}-${OUTPATIENT}.txt`,
    `detail-${date}-${INPATIENT}.txt`,
    `manifest-${date}.json`,
    `netting-${date}.csv`,
    `pay-outs-${date}.csv`,
    `statement-${date}-${OUTPATIENT}.camt053.xml`,
    `statement-${date}-${INPATIENT}.camt053.xml`,
    `summary-${date}.txt`,
  ]);
  const before = names.map((name) => readFileSync(join(folder, name), 'utf8'));
  t.notMatch(before.join(), new RegExp(CARD.good), 'card numbers are masked');
  const detail = names.indexOf(`detail-${date}-${OUTPATIENT}.txt`);

  const trial = documentOf(await posp(['ledger', 'trial-balance', '--data', dataDir, '--json']));
  t.match(
    JSON.stringify(trial),
    new RegExp(String(10_000 + 1_316 - 2_500 + 900 - feeFen + 5_000)),
    'the settlement account holds what is paid out',
  );

  const flows = names.filter((name) => name.startsWith('com-'));
  const bill = join(dataDir, 'com-of-all.txt');
  writeFileSync(bill, Buffer.concat(flows.map((name) => readFileSync(join(folder, name)))));
  const dashed = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  const what = ['--source', 'unionpay-com', '--file', bill, '--date', dashed];
  const reconciled = documentOf(await posp(['reconcile', ...what, '--data', dataDir, '--json']));
  t.match(reconciled, { matched: 5 }, 'the flows against the journal that they were made of');
  t.strictSame(reconciled['differences'], []);

  const again = await posp(['clearing', 'run', '--date', date, '--data', dataDir, '--json']);
  t.equal(again.code, 0);
  t.strictSame(
    names.map((name) => readFileSync(join(folder, name), 'utf8')),
    before,
    'again: the same bytes',
  );

  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  terminal.trace = 1_000;
  await terminal.connect(served.port);
  await terminal.signIn();
  const next = (await terminal.ask(terminal.purchase(CARD.good, 1)))!;
  t.not(next.fields.get(15), date.slice(4), 'what comes now belongs to the next day');
  const back = (type: string, kind: string) => {
    const named = { 3: '200000', 37: bought.reference, 60: `${kind}${terminal.batch}00050` };
    const fields = { ...bought.fields, ...named, 11: terminal.nextTrace() };
    return terminal.ask(terminal.frame(type, fields, 'right'));
  };
  t.equal(terminal.batch, bought.batch, 'the batch is still open');
  t.equal((await back('0200', '23'))?.fields.get(39), '12', 'but what was cleared is not voided');
  t.equal((await back('0220', '25'))?.fields.get(39), '00', 'it is refunded');
  terminal.disconnect();

  const path = join(folder, names[detail]!);
  t.equal((await posp(['clearing', 'verify', path, '--data', dataDir])).code, 0, 'the seal holds');
  const text = before[detail]!;
  const damages: [what: string, damaged: string, said: RegExp][] = [
    ['a changed amount', text.replace('|10000|', '|10001|'), /amountFen: the tail says/],
    ['a changed terminal', text.replace('|10000001|', '|10000002|'), /SM3/],
    ['a line less', text.replace(/D\|2\|.*\n/, ''), /counts 16 lines, there are 15/],
    ['a cut file', text.slice(0, -10), /was cut/],
    ['no clearing file', 'hello\n', /line 1 is not the head/],
  ];
  for (const [what, damaged, said] of damages) {
    const wrong = join(folder, 'damaged.txt');
    writeFileSync(wrong, damaged);
    const { code, stdout } = await posp(['clearing', 'verify', wrong]);
    t.equal(code, 1, what);
    t.match(stdout, said, what);
  }
});

t.test('clearing a day without a running switch', async (t) => {
  const served = await servedFor(t, 'clearing-offline');
  await trade(served);
  t.equal(await served.stop(), 0);
  const ran = await posp(['clearing', 'run', '--data', served.dataDir, '--json']);
  t.equal(ran.code, 0, ran.stderr);
  t.equal(documentOf(ran)['matchesLedger'], true);
  const wrong = await posp(['clearing', 'run', '--date', '2001-01-01', '--data', served.dataDir]);
  t.equal(wrong.code, 2);
  t.match(wrong.stderr, /no business day 20010101/);
  const again = await serve(served.dataDir);
  t.teardown(() => again.kill());
  t.equal(await again.stop(), 0, 'and the switch starts again on it');
});
