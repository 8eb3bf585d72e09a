import t from 'tap';
import { CARD } from '../support/cards.ts';
import { control, setTerms } from '../support/control.ts';
import { Desk, type Fields } from '../support/desk.ts';
import { servedFor } from '../support/serve.ts';

const FULL = 100_000;

t.test('the merchant scans the patient’s code', async (t) => {
  const served = await servedFor(t, 'scan');
  const desk = await Desk.at(served.port);
  t.teardown(() => desk.disconnect());
  await setTerms(served, 'wallet-code', { seconds: 600 });
  const pan = CARD.good;
  const issue = async (card: string = pan) => {
    const { code } = (await control(served, 'wallet-code', { card })) as { code: string };
    return code;
  };
  const scanned = (code: string): Fields => ({
    22: '032',
    59: Buffer.from(`A3${String(code.length).padStart(3, '0')}${code}`),
  });
  const code = await issue();
  t.match(code, /^81\d{17}$/, 'a code of 19 digits');
  const forged = `${code.slice(0, -1)}${(Number(code.at(-1)) + 1) % 10}`;
  // biome-ignore format: a scenario, one step a line: what is done, the answer, what the card can spend then.
  const steps: [what: string, step: (d: Desk) => Promise<string>, code: string, available: number][] = [
    ['a forged code',            (d) => d.act('scan-payment', { fen: 800, extra: scanned(forged) }), '14', FULL],
    ['a code of nobody',         (d) => d.act('scan-payment', { fen: 800, extra: scanned('6212345678901234567') }), '92', FULL],
    ['no code',                  (d) => d.act('scan-payment', { fen: 800, extra: { 22: '032' } }), '30', FULL],
    ['nothing',                  (d) => d.act('scan-payment', { fen: 0, extra: scanned(code) }), '13', FULL],
    ['paid',                     (d) => d.act('scan-payment', { fen: 800, extra: scanned(code), as: 'p' }), '00', FULL - 800],
    ['told again',               (d) => d.repeat('p'), '00', FULL - 800],
    ['the same code again',      (d) => d.act('scan-payment', { fen: 800, extra: scanned(code) }), '94', FULL - 800],
    ['asked',                    (d) => d.act('scan-query', { of: 'p' }), '00', FULL - 800],
    ['refunded in part',         (d) => d.act('scan-refund', { of: 'p', fen: 300, as: 'r' }), '00', FULL - 500],
    ['more than is left',        (d) => d.act('scan-refund', { of: 'p', fen: 501 }), '64', FULL - 500],
    ['voided after a refund',    (d) => d.act('scan-void', { of: 'p', fen: 800 }), '12', FULL - 500],
    ['a refund reversed',        (d) => d.reverse('r'), '12', FULL - 500],
    ['reversed after a refund',  (d) => d.reverse('p'), '12', FULL - 500],
  ];
  for (const [what, step, expected, available] of steps) {
    t.equal(await step(desk), expected, `${what}: ${expected}`);
    if (what === 'paid') t.match(desk.last.fields.get(59), /^A4020\d{20}$/, 'a voucher number');
    t.equal(await desk.balance(pan), available, `${what}: ${available} fen to spend`);
  }
  const second = scanned(await issue(CARD.second));
  t.equal(await desk.act('scan-payment', { fen: 100, extra: second, as: 's' }), '00');
  t.equal(await desk.reverse('s'), '00', 'reversed');
  t.equal(await desk.balance(CARD.second), FULL);
  const third = scanned(await issue(CARD.third));
  t.equal(await desk.act('scan-payment', { fen: 100, extra: third, as: 't' }), '00');
  t.equal(await desk.act('scan-void', { of: 't', fen: 100, as: 'tv' }), '00', 'voided');
  t.equal(await desk.reverse('tv'), '00', 'the void reversed');
  t.equal(await desk.balance(CARD.third), FULL - 100);
  const lost = scanned(await issue(CARD.lost));
  t.equal(await desk.act('scan-payment', { fen: 100, extra: lost }), '41', 'a lost card');
});

t.test('the patient scans the merchant’s code', async (t) => {
  const served = await servedFor(t, 'order');
  const desk = await Desk.at(served.port);
  t.teardown(() => desk.disconnect());
  t.equal(await desk.act('scan-order', { fen: 1_200, as: 'o' }), '00', 'an order is opened');
  const field62 = desk.last.fields.get(62)!;
  const order = Buffer.from(field62.slice(6), 'hex').toString();
  t.match(order, /^PO\d{12}[0-9a-f]{8}$/, 'with the code to show');
  t.equal(await desk.repeat('o'), '00');
  t.equal(desk.last.fields.get(62), field62, 'asked again: the same code');
  t.equal(await desk.act('scan-query', { of: 'o' }), '25', 'not paid yet');
  const pay = (card: string, code = order) => control(served, 'pay-order', { order: code, card });
  t.match(await pay(CARD.good, `${order.slice(0, -1)}g`), { paid: false }, 'a forged order');
  t.match(await pay(CARD.poor), { paid: false, reason: 'exceeds_credits' }, 'too little money');
  t.equal(await desk.act('scan-query', { of: 'o' }), '25', 'and is not paid');
  t.equal(await desk.act('scan-order', { fen: 500, as: 'o2' }), '00', 'another order');
  const order2 = Buffer.from(desk.last.fields.get(62)!.slice(6), 'hex').toString();
  t.match(await pay(CARD.good, order2), { paid: true, amountFen: 500 }, 'paid by the app');
  t.match(await pay(CARD.good, order2), { paid: true }, 'paid twice');
  t.equal(await desk.balance(CARD.good), FULL - 500, 'takes the money once');
  t.equal(await desk.act('scan-query', { of: 'o2' }), '00', 'the terminal sees it');
  t.equal(await desk.act('scan-refund', { of: 'o2', fen: 200 }), '00', 'and can give a part back');
  t.equal(await desk.balance(CARD.good), FULL - 300);
  t.equal(await desk.act('scan-refund', { of: 'o', fen: 1 }), '25', 'nothing of an unpaid order');
});
