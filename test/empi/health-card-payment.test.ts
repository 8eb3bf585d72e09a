/** A dynamic code of an e-health-card pays at the till through the ordinary transaction. */
import t from 'tap';
import { call } from '../api/caller.ts';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { amount, OutsideTerminal } from '../support/outside-terminal.ts';
import { servedFor } from '../support/serve.ts';

let keys = 0;
const change = (body?: unknown) => ({
  ...(body === undefined ? {} : { body }),
  idempotencyKey: `hc-${++keys}`,
});

t.test('register, ask for a code, pay, verify', async (t) => {
  const served = await servedFor(t, 'health-card');
  const person = { name: '王芳', idNumber: '11010519491231002X', phone: '13800001234' };
  const register = () =>
    call(
      served,
      'POST',
      '/v1/health-cards',
      change({ demographics: person, checkedBy: 'document' }),
    );
  const made = await register();
  t.equal(made.status, 200, made.text);
  const card = String(made.body['erhcCardNo']);
  t.equal((await register()).body['erhcCardNo'], card, 'asked again: the same card');
  const nameless = { demographics: { name: '李强' }, checkedBy: 'document' };
  t.equal(
    (await call(served, 'POST', '/v1/health-cards', change(nameless))).body['code'],
    'real_name_needed',
  );
  const index = await call(served, 'GET', `/v1/empi/cross-index?domain=health-card&number=${card}`);
  t.equal(index.body['personId'], made.body['empi'], 'the main index knows the card');

  const codeFor = (scenes: string[]) =>
    call(served, 'POST', `/v1/health-cards/${card}/codes`, change({ scenes }));
  t.equal((await codeFor(['outpatient-payment'])).body['code'], 'pay_card_missing');
  const update = { phone: '13800001234', payCard: CARD.good };
  const updated = await call(served, 'PUT', `/v1/health-cards/${card}`, change(update));
  t.equal(updated.status, 200, updated.text);
  t.notMatch(updated.text, CARD.good, 'the paying card is masked');
  const printed = await codeFor(['visit']);
  t.match(printed.body, { qrCodeType: 'S', validSeconds: 0 });
  t.match(String(printed.body['qrCodeSvg']), /^<svg/);
  const paying = String((await codeFor(['outpatient-payment', 'visit'])).body['qrContent']);

  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  t.teardown(() => terminal.disconnect());
  await terminal.signIn();
  const pay = async (code: string) => {
    const fields = {
      3: '000000',
      4: amount(1234),
      11: terminal.nextTrace(),
      22: '030',
      25: '99',
      49: '156',
      60: `26${terminal.batch}00060`,
      62: Buffer.concat([Buffer.of(0x5f, 0x01, code.length), Buffer.from(code)]),
    };
    return (await terminal.ask(terminal.frame('0200', fields, 'right')))!.fields.get(39);
  };
  t.equal(
    await pay(paying.replace(/.$/, (last) => (last === '0' ? '1' : '0'))),
    '14',
    'a forged code',
  );
  t.equal(await pay(String(printed.body['qrContent'])), '57', 'a static code never pays');
  t.equal(await pay(paying), '00', 'the code pays');
  t.equal(await pay(paying), '94', 'once');

  const verify = (qrContent: string, scene: string) =>
    call(
      served,
      'POST',
      '/v1/health-cards/verify',
      change({ qrContent, scene, step: '010105', organisation: 'h1' }),
    );
  t.match((await verify(paying, 'visit')).body, { ok: false, refusal: 'used' });
  t.match((await verify(String(printed.body['qrContent']), 'visit')).body, {
    ok: true,
    name: '王芳',
    erhcCardNo: card,
  });
  const wrong = await call(
    served,
    'POST',
    `/v1/health-cards/${card}/cancel`,
    change({ reason: 'moved house' }),
  );
  t.match(wrong, { status: 409, body: { code: 'cancel_reason_not_allowed' } });
  const again = String((await codeFor(['outpatient-payment'])).body['qrContent']);
  await call(served, 'POST', `/v1/health-cards/${card}/cancel`, change({ reason: 'emigration' }));
  t.equal(await pay(again), '62', 'a cancelled card pays nothing, from the next transaction on');
  t.match((await verify(String(printed.body['qrContent']), 'visit')).body, {
    refusal: 'card-cancelled',
  });
  // The view of the uses follows the journal a moment later.
  let scenes: string[] = [];
  for (let round = 0; round < 200 && !scenes.includes('visit card-cancelled'); round++) {
    const { body } = await call(served, 'GET', `/v1/health-cards/${card}/uses`);
    const uses = body['uses'] as unknown as { scene: string; refusal: string | null }[];
    scenes = uses.map(({ scene, refusal }) => `${scene} ${refusal}`);
  }
  t.ok(scenes.includes('payment null'), 'a payment is a use, too');
  t.ok(scenes.includes('visit card-cancelled'));
});
