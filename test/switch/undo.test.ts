import t from 'tap';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { type Answer, amount, OutsideTerminal } from '../support/outside-terminal.ts';
import { type Served, servedFor } from '../support/serve.ts';

type Fields = Record<number, string | Buffer>;

/** A signed-in terminal with the few words these tests need. */
class Desk extends OutsideTerminal {
  static async open(served: Served, id = '10000001'): Promise<Desk> {
    const desk = new Desk(id, OUTPATIENT);
    await desk.connect(served.port);
    await desk.signIn();
    return desk;
  }

  async buy(pan: string, fen: number): Promise<{ fields: Fields; answer: Answer }> {
    const fields = this.purchaseFields(pan, fen);
    return { fields, answer: (await this.ask(this.frame('0200', fields, 'right')))! };
  }

  /** Fields of a void of a purchase. */
  voidFields(bought: { fields: Fields; answer: Answer }, fen: number): Fields {
    const { fields, answer } = bought;
    return {
      2: fields[2]!,
      3: '200000',
      4: amount(fen),
      11: this.nextTrace(),
      22: '012',
      25: '00',
      37: answer.fields.get(37)!,
      38: answer.fields.get(38)!,
      49: '156',
      60: `23${this.batch}00050`,
      61: `${this.batch}${fields[11]}${answer.fields.get(13)}`,
    };
  }

  refundFields(bought: { fields: Fields; answer: Answer }, fen: number): Fields {
    const { 38: _, ...fields } = this.voidFields(bought, fen);
    return { ...fields, 22: '022', 60: `25${this.batch}00050` };
  }

  async code(frame: Buffer): Promise<string | undefined> {
    return (await this.ask(frame))?.fields.get(39);
  }

  voidCode(fields: Fields) {
    return this.code(this.frame('0200', fields, 'right'));
  }

  refundCode(fields: Fields) {
    return this.code(this.frame('0220', fields, 'right'));
  }

  async balance(pan: string): Promise<number> {
    const fields = {
      2: pan,
      3: '310000',
      11: this.nextTrace(),
      22: '022',
      25: '00',
      49: '156',
      60: `01${this.batch}00050`,
    };
    const answer = await this.ask(this.frame('0200', fields, 'right'));
    return Number(answer!.fields.get(54)!.slice(8));
  }
}

t.test('voids', async (t) => {
  const served = await servedFor(t, 'void');
  const desk = await Desk.open(served);
  t.teardown(() => desk.disconnect());

  const bought = await desk.buy(CARD.good, 1_000);
  t.equal(await desk.voidCode(desk.voidFields(bought, 999)), '64', 'another amount');
  t.equal(await desk.balance(CARD.good), 99_000);
  const fields = desk.voidFields(bought, 1_000);
  t.equal(await desk.voidCode(fields), '00', 'the whole amount');
  t.equal(await desk.balance(CARD.good), 100_000, 'the money is back');
  t.equal(await desk.voidCode(fields), '00', 'the same void again gets its answer again');
  t.equal(await desk.voidCode(desk.voidFields(bought, 1_000)), '12', 'a second void does nothing');
  t.equal(await desk.balance(CARD.good), 100_000);
  t.equal(await desk.refundCode(desk.refundFields(bought, 1)), '64', 'nor can it be refunded');

  const another = await desk.buy(CARD.good, 2_000);
  const otherCard = { ...desk.voidFields(another, 2_000), 2: CARD.second };
  t.equal(await desk.voidCode(otherCard), '25', 'another card');
  const neighbour = await Desk.open(served, '10000002');
  t.equal(await neighbour.voidCode(neighbour.voidFields(another, 2_000)), '25', 'another terminal');
  neighbour.disconnect();
  const { 37: _, ...byTrace } = desk.voidFields(another, 2_000);
  t.equal(await desk.voidCode(byTrace), '00', 'field 61 alone names the original too');
});

t.test('refunds together never exceed the purchase', async (t) => {
  const served = await servedFor(t, 'refund');
  const desk = await Desk.open(served);
  t.teardown(() => desk.disconnect());
  const bought = await desk.buy(CARD.good, 1_000);
  t.equal(await desk.refundCode(desk.refundFields(bought, 1_001)), '64', 'more than was paid');
  t.equal(await desk.refundCode(desk.refundFields(bought, 600)), '00');
  t.equal(await desk.refundCode(desk.refundFields(bought, 401)), '64', 'more than is left');
  t.equal(await desk.refundCode(desk.refundFields(bought, 400)), '00');
  t.equal(await desk.refundCode(desk.refundFields(bought, 1)), '64', 'nothing is left');
  t.equal(await desk.balance(CARD.good), 100_000);
  t.equal(await desk.voidCode(desk.voidFields(bought, 1_000)), '12', 'nor can it be voided');
});

t.test('reversals', async (t) => {
  const served = await servedFor(t, 'reversal');
  const desk = await Desk.open(served);
  t.teardown(() => desk.disconnect());

  const bought = await desk.buy(CARD.good, 1_000);
  const other = { ...bought.fields, 4: amount(900) };
  t.equal(await desk.code(desk.reversal(other)), '64', 'another amount than the original’s');

  const second = await desk.buy(CARD.second, 1_000);
  t.equal(await desk.code(desk.reversal(second.fields)), '00', 'after the original');
  t.equal(await desk.balance(CARD.second), 100_000, 'the money is back');
  t.equal(await desk.code(desk.reversal(second.fields)), '00', 'again');
  t.equal(await desk.code(desk.reversal(second.fields, 'A0')), '00', 'again, for another reason');
  t.equal(await desk.balance(CARD.second), 100_000, 'once only');
  t.equal(
    await desk.code(desk.frame('0200', second.fields, 'right')),
    '00',
    'the original’s answer stays',
  );
  t.equal(await desk.balance(CARD.second), 100_000);
  t.equal(
    await desk.voidCode(desk.voidFields(second, 1_000)),
    '12',
    'it cannot be voided any more',
  );

  const early = desk.purchaseFields(CARD.third, 1_000);
  t.equal(await desk.code(desk.reversal(early)), '00', 'before the original');
  t.equal(
    await desk.code(desk.frame('0200', early, 'right')),
    '22',
    'the late original is refused',
  );
  t.equal(await desk.code(desk.frame('0200', early, 'right')), '22', 'and stays refused');
  t.equal(await desk.balance(CARD.third), 100_000);

  const declined = desk.purchaseFields(CARD.poor, 1_000);
  t.equal(await desk.code(desk.frame('0200', declined, 'right')), '51');
  t.equal(
    await desk.code(desk.reversal(declined)),
    '00',
    'of a declined purchase: nothing to undo',
  );
});

t.test('a reversed void is paid again', async (t) => {
  const served = await servedFor(t, 'reverse-void');
  const desk = await Desk.open(served);
  t.teardown(() => desk.disconnect());
  const bought = await desk.buy(CARD.good, 1_000);
  const fields = desk.voidFields(bought, 1_000);
  t.equal(await desk.voidCode(fields), '00');
  const { 38: _, ...kept } = fields;
  t.equal(await desk.code(desk.reversal(kept)), '00');
  t.equal(await desk.balance(CARD.good), 99_000, 'the purchase counts again');
  t.equal(await desk.voidCode(desk.voidFields(bought, 1_000)), '00', 'and can be voided again');
  t.equal(await desk.balance(CARD.good), 100_000);
});
