/** A dynamic code pays at the till through the ordinary transaction; every code shown there is in the log. */
import { join } from 'node:path';
import type { Test } from 'tap';
import { chooseHsm } from '../../../cli/system/hsm-choice.ts';
import { openReader } from '../../../ledger/reader.ts';
import { openModuleQueries } from '../../../modules/frame/queries.ts';
import { type CodeDoor, issueCode } from '../../../modules/health-card/codes.ts';
import { healthCard } from '../../../modules/health-card/module.ts';
import { CARD, INPATIENT } from '../../support/cards.ts';
import { setRules } from '../../support/control.ts';
import { Desk } from '../../support/desk.ts';
import { amount } from '../../support/outside-terminal.ts';
import type { Served } from '../../support/serve.ts';
import { CARDS, type CardRig, sooner } from './rig.ts';

/** As a vendor's terminals send it: the code in tag 5F01 of field 62. */
function pay(desk: Desk, code: string, fen = 1234): Promise<string> {
  const fields = {
    3: '000000',
    4: amount(fen),
    11: desk.nextTrace(),
    22: '030',
    25: '99',
    49: '156',
    60: `26${desk.batch}00060`,
    62: Buffer.concat([Buffer.of(0x5f, 0x01, code.length), Buffer.from(code)]),
  };
  return desk.send('0200', fields);
}

/** Codes of another time, with the running switch's own key. */
async function codesOf(t: Test, { dataDir }: Served) {
  const { hsm } = await chooseHsm({ provider: 'auto' }, dataDir);
  const reader = openReader(join(dataDir, 'ledger'));
  const view = openModuleQueries(healthCard, dataDir);
  t.teardown(async () => {
    await view.close();
    await reader.close();
    await hsm.close();
  });
  return async (card: string, shiftSeconds: number) => {
    const now = () => Date.now() + shiftSeconds * 1_000;
    const door = { hsm, reader, queries: view.queries, now } as unknown as CodeDoor;
    return (await issueCode(door, card, ['outpatient-payment'])).text;
  };
}

const WANG = { name: '王芳', idNumber: '11010519491231002X', phone: '13800001234' };

export async function atTheTill(t: Test, rig: CardRig): Promise<void> {
  const card = await rig.registered(WANG);
  t.equal(await rig.registered(WANG), card, 'asked again: the same card');
  const index = await rig.ask('GET', `/v1/empi/cross-index?domain=health-card&number=${card}`);
  const found = await rig.ask('GET', `${CARDS}/${card}`);
  t.equal(index.body['personId'], found.body['empi'], 'the main index knows the card');

  const early = { scenes: ['outpatient-payment'] };
  const refused = await rig.ask('POST', `${CARDS}/${card}/codes`, early);
  t.equal(refused.body['code'], 'pay_card_missing');
  const update = { phone: '13800001234', payCard: CARD.good };
  const updated = await rig.ask('PUT', `${CARDS}/${card}`, update);
  t.equal(updated.status, 200, updated.text);
  t.notMatch(updated.text, CARD.good, 'the paying card is masked');
  const asked = await rig.ask('POST', `${CARDS}/${card}/codes`, { scenes: ['visit'] });
  t.match(asked.body, { qrCodeType: 'S', validSeconds: 0, qrCodeSvg: /^<svg/ });
  const printed = String(asked.body['qrContent']);

  const till = await Desk.at(rig.served.port);
  const ward = await Desk.at(rig.served.port, '10000017', INPATIENT);
  t.teardown(() => {
    till.disconnect();
    ward.disconnect();
  });
  const out = () => rig.codeFor(card, 'outpatient-payment', 'visit');
  const inside = () => rig.codeFor(card, 'inpatient-payment');
  const codeOf = await codesOf(t, rig.served);
  const used = await out();
  const flip = (code: string) => code.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  const put = (body: object) => async () => {
    const { status, text } = await rig.ask('PUT', `${CARDS}/${card}`, body);
    if (status !== 200) throw new Error(text);
  };
  const rules = (scope: string, set: unknown) => () => setRules(rig.served, scope, set);
  const cancel = () => rig.ask('POST', `${CARDS}/${card}/cancel`, { reason: 'emigration' });
  const becomes = (status: string, medium: string) =>
    sooner(`the card is ${status}, in the index too`, async () => {
      const { body } = await rig.ask('GET', `${CARDS}/${card}`);
      const known = await rig.ask('GET', `/v1/empi/persons/${body['empi']}`);
      const [first] = known.body['media'] as unknown as { status: string }[];
      return (body['status'] === status && first!.status === medium) || null;
    });
  const list = () => {
    rig.centre.add(card, 'reported stolen');
    return becomes('blacklisted', 'frozen');
  };
  const unlist = () => {
    rig.centre.remove(card);
    return becomes('active', 'active');
  };
  const none = async () => undefined;
  const last = await out();
  // biome-ignore format: a table: what is shown, a change before it, the code, where, its answer, the log's scene and reason.
  const cases: [what: string, before: () => Promise<unknown>, code: string, desk: Desk, answer: string, scene: string, reason: string | null][] = [
    ['a forged code',                   none, flip(await out()),        till, '14', 'outpatient-payment', 'forged'],
    ['half a code',                     none, (await out()).slice(0, 60), till, '14', 'outpatient-payment', 'malformed'],
    ['a static code never pays',        none, printed,                  till, '57', 'outpatient-payment', 'wrong-scene'],
    ['an old code',                     none, await codeOf(card, -600), till, '14', 'outpatient-payment', 'expired'],
    ['a code of tomorrow',              none, await codeOf(card, 600),   till, '14', 'outpatient-payment', 'not-yet-valid'],
    ['the code pays',                   none, used,                     till, '00', 'outpatient-payment', null],
    ['once',                            none, used,                     till, '94', 'outpatient-payment', 'used'],
    ['an inpatient code, outpatient',   none, await inside(),           till, '57', 'outpatient-payment', 'wrong-scene'],
    ['an inpatient code, inpatient',    none, await inside(),           ward, '00', 'inpatient-payment', null],
    ['an outpatient code, inpatient',   none, await out(),              ward, '57', 'inpatient-payment', 'wrong-scene'],
    ['a terminal of both',              rules('terminal/10000017', { scenes: ['inpatient-payment', 'outpatient-payment'] }), await out(), ward, '00', 'outpatient-payment', null],
    ['a merchant of the other',         rules(`merchant/${INPATIENT}`, { scenes: ['outpatient-payment'] }), await inside(), ward, '00', 'inpatient-payment', null],
    ['the terminal’s rule gone',        rules('terminal/10000017', null), await inside(), ward, '57', 'outpatient-payment', 'wrong-scene'],
    ['more than the terminal may',      rules('terminal/10000017', { scenes: ['inpatient-payment'], limits: [{ name: 't', dayFen: 1 }] }), await inside(), ward, '61', 'inpatient-payment', 'limit-exceeded'],
    ['a card with too little money',    put({ payCard: CARD.poor }), await out(), till, '51', 'outpatient-payment', 'balance-too-low'],
    ['a black-listed card',             list,                           await out(), till, '41', 'outpatient-payment', 'card-blacklisted'],
    ['off the list again',              unlist,                         await out(), till, '51', 'outpatient-payment', 'balance-too-low'],
    ['a lost card',                     put({ payCard: CARD.lost }), await out(), till, '41', 'outpatient-payment', 'card-lost'],
    ['a cancelled card',                cancel,                         last, till, '62', 'outpatient-payment', 'card-cancelled'],
  ];
  for (const [what, before, code, desk, answer] of cases) {
    await before();
    t.equal(await pay(desk, code), answer, what);
  }
  const log = await rig.lastUses(cases.length, cases.length);
  for (const [at, [what, , , desk, , scene, refusal]] of cases.entries()) {
    const erhcCardNo = refusal === 'forged' || refusal === 'malformed' ? '' : card;
    const use = { scene, refusal, erhcCardNo, terminal: desk === till ? '10000001' : '10000017' };
    t.match(log[at], use, `in the log: ${what}`);
  }
  t.match((await rig.verified(used, 'visit')).body, { ok: false, refusal: 'card-cancelled' });
  const uses = await rig.lastUses(1, cases.length + 1);
  await sooner(
    'the uses are at the centre',
    async () => rig.centre.uses.size > cases.length || null,
  );
  const sent = [...rig.centre.uses.values()].slice(0, cases.length).map(({ refusal }) => refusal);
  t.same(
    sent,
    log.map(({ refusal }) => refusal),
    'the centre gets them all, with their reasons',
  );
  const history = await rig.ask('GET', `/v1/empi/persons/${found.body['empi']}`);
  const kinds = (history.body['history'] as unknown as { kind: string }[]).map(({ kind }) => kind);
  const told = kinds.filter((kind) => /^medium\.(?!added)/.test(kind));
  t.same(told, ['medium.frozen', 'medium.active', 'medium.cancelled'], 'the index knows it all');
  t.match(uses, [{ scene: 'visit', refusal: 'card-cancelled', erhcCardNo: card }]);
}
