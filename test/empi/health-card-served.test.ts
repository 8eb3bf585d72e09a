/** E-health-cards of a running switch: calls of apps and hospitals, and codes that pay at the till. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { chooseHsm } from '../../cli/system/hsm-choice.ts';
import { openReader } from '../../ledger/reader.ts';
import { checkCharacter } from '../../modules/empi/matching/id-number.ts';
import { openModuleQueries } from '../../modules/frame/queries.ts';
import { type CodeDoor, issueCode } from '../../modules/health-card/codes.ts';
import { healthCard } from '../../modules/health-card/module.ts';
import { HealthCentre } from '../../simulators/health-centre.ts';
import { type Answer, call } from '../api/caller.ts';
import { CARD, INPATIENT } from '../support/cards.ts';
import { setRules } from '../support/control.ts';
import { Desk } from '../support/desk.ts';
import { amount } from '../support/outside-terminal.ts';
import { type Served, serve, temporaryFolder } from '../support/serve.ts';

const CARDS = '/v1/health-cards';
let keys = 0;

/** Asks the API; a body makes it a change. */
function ask(served: Served, method: string, path: string, body?: unknown): Promise<Answer> {
  if (method === 'GET') return call(served, method, path);
  return call(served, method, path, { body, idempotencyKey: `hc-${++keys}` });
}

async function codeFor(served: Served, card: string, ...scenes: string[]): Promise<string> {
  const { body } = await ask(served, 'POST', `${CARDS}/${card}/codes`, { scenes });
  return String(body['qrContent']);
}

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
async function codesOf(t: Test, { dataDir }: Served, shiftMs: number) {
  const { hsm } = await chooseHsm({ provider: 'auto' }, dataDir);
  const reader = openReader(join(dataDir, 'ledger'));
  const view = openModuleQueries(healthCard, dataDir);
  t.teardown(async () => {
    await view.close();
    await reader.close();
    await hsm.close();
  });
  const now = () => Date.now() + shiftMs;
  const door = { hsm, reader, queries: view.queries, now } as unknown as CodeDoor;
  return async (card: string) => (await issueCode(door, card, ['outpatient-payment'])).text;
}

interface Use {
  scene: string;
  refusal: string | null;
  erhcCardNo: string;
  terminal: string;
}

/** What a look finds; it looks until there is something, for views follow the journal a moment later. */
async function sooner<Found>(what: string, look: () => Promise<Found | null>): Promise<Found> {
  const endAtMs = performance.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > endAtMs) throw new Error(`it never came to: ${what}`);
    await sleep(10);
  }
}

/** The log's last uses, once there are so many. */
function lastUses(count: number, all: number): Promise<Use[]> {
  return sooner('the uses are in the log', async () => {
    const { body } = await ask(served, 'GET', `${CARDS}/uses`);
    const uses = body['uses'] as unknown as Use[];
    return uses.length >= all ? uses.slice(-count) : null;
  });
}

async function registered(served: Served, person: Record<string, string>): Promise<string> {
  const request = { demographics: person, checkedBy: 'document' };
  const { body, text } = await ask(served, 'POST', CARDS, request);
  if (body['erhcCardNo'] === undefined) throw new Error(text);
  return String(body['erhcCardNo']);
}

const WANG = { name: '王芳', idNumber: '11010519491231002X', phone: '13800001234' };

const centre = new HealthCentre('province');
const served = await servedWithCentre();

/** The sample hospital, with an upper centre that it asks every second. */
async function servedWithCentre(): Promise<Served> {
  const url = await centre.start();
  const folder = temporaryFolder('health-card');
  const file = join(folder, 'posp.yaml');
  const section = `health-card:\n  centre: { url: "${url}", level: province, everySeconds: 1 }\n`;
  writeFileSync(file, readFileSync('config/sample.yaml', 'utf8') + section);
  const running = await serve(join(folder, 'data'), {}, ['--config', file]);
  t.teardown(async () => {
    await running.kill();
    await centre.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return running;
}

t.test('register, ask for a code, pay, verify', async (t) => {
  const card = await registered(served, WANG);
  t.equal(await registered(served, WANG), card, 'asked again: the same card');
  const index = await ask(served, 'GET', `/v1/empi/cross-index?domain=health-card&number=${card}`);
  const found = await ask(served, 'GET', `${CARDS}/${card}`);
  t.equal(index.body['personId'], found.body['empi'], 'the main index knows the card');

  const early = { scenes: ['outpatient-payment'] };
  const refused = await ask(served, 'POST', `${CARDS}/${card}/codes`, early);
  t.equal(refused.body['code'], 'pay_card_missing');
  const update = { phone: '13800001234', payCard: CARD.good };
  const updated = await ask(served, 'PUT', `${CARDS}/${card}`, update);
  t.equal(updated.status, 200, updated.text);
  t.notMatch(updated.text, CARD.good, 'the paying card is masked');
  const asked = await ask(served, 'POST', `${CARDS}/${card}/codes`, { scenes: ['visit'] });
  t.match(asked.body, { qrCodeType: 'S', validSeconds: 0, qrCodeSvg: /^<svg/ });
  const printed = String(asked.body['qrContent']);

  const till = await Desk.at(served.port);
  const ward = await Desk.at(served.port, '10000017', INPATIENT);
  t.teardown(() => {
    till.disconnect();
    ward.disconnect();
  });
  const out = () => codeFor(served, card, 'outpatient-payment', 'visit');
  const inside = () => codeFor(served, card, 'inpatient-payment');
  const old = await codesOf(t, served, -300_000);
  const early5 = await codesOf(t, served, 60_000);
  const used = await out();
  const flip = (code: string) => code.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  const put = (body: object) => async () => {
    const { status, text } = await ask(served, 'PUT', `${CARDS}/${card}`, body);
    if (status !== 200) throw new Error(text);
  };
  const rules = (scope: string, set: unknown) => () => setRules(served, scope, set);
  const cancel = () => ask(served, 'POST', `${CARDS}/${card}/cancel`, { reason: 'emigration' });
  const becomes = (status: string, medium: string) =>
    sooner(`the card is ${status}, in the index too`, async () => {
      const { body } = await ask(served, 'GET', `${CARDS}/${card}`);
      const known = await ask(served, 'GET', `/v1/empi/persons/${body['empi']}`);
      const [first] = known.body['media'] as unknown as { status: string }[];
      return (body['status'] === status && first!.status === medium) || null;
    });
  const list = () => {
    centre.add(card, 'reported stolen');
    return becomes('blacklisted', 'frozen');
  };
  const unlist = () => {
    centre.remove(card);
    return becomes('active', 'active');
  };
  const none = async () => undefined;
  const last = await out();
  // biome-ignore format: a table: what is shown, a change before it, the code, where, its answer, the log's scene and reason.
  const cases: [what: string, before: () => Promise<unknown>, code: string, desk: Desk, answer: string, scene: string, reason: string | null][] = [
    ['a forged code',                   none, flip(await out()),        till, '14', 'outpatient-payment', 'forged'],
    ['half a code',                     none, (await out()).slice(0, 60), till, '14', 'outpatient-payment', 'malformed'],
    ['a static code never pays',        none, printed,                  till, '57', 'outpatient-payment', 'wrong-scene'],
    ['an old code',                     none, await old(card),          till, '14', 'outpatient-payment', 'expired'],
    ['a code of tomorrow',              none, await early5(card),       till, '14', 'outpatient-payment', 'not-yet-valid'],
    ['the code pays',                   none, used,                     till, '00', 'outpatient-payment', null],
    ['once',                            none, used,                     till, '94', 'outpatient-payment', 'used'],
    ['an inpatient code, outpatient',   none, await inside(),           till, '57', 'outpatient-payment', 'wrong-scene'],
    ['an inpatient code, inpatient',    none, await inside(),           ward, '00', 'inpatient-payment', null],
    ['an outpatient code, inpatient',   none, await out(),              ward, '57', 'inpatient-payment', 'wrong-scene'],
    ['a terminal of both',              rules('terminal/10000017', { scenes: ['inpatient-payment', 'outpatient-payment'] }), await out(), ward, '00', 'outpatient-payment', null],
    ['a merchant of the other',         rules(`merchant/${INPATIENT}`, { scenes: ['outpatient-payment'] }), await inside(), ward, '00', 'inpatient-payment', null],
    ['the terminal’s rule gone',        rules('terminal/10000017', null), await inside(), ward, '57', 'outpatient-payment', 'wrong-scene'],
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
  const log = await lastUses(cases.length, cases.length);
  for (const [at, [what, , , desk, , scene, refusal]] of cases.entries()) {
    const erhcCardNo = refusal === 'forged' || refusal === 'malformed' ? '' : card;
    const use = { scene, refusal, erhcCardNo, terminal: desk === till ? '10000001' : '10000017' };
    t.match(log[at], use, `in the log: ${what}`);
  }
  t.match((await verified(served, used, 'visit')).body, { ok: false, refusal: 'card-cancelled' });
  const uses = await lastUses(1, cases.length + 1);
  await sooner('the uses are at the centre', async () => centre.uses.size > cases.length || null);
  const sent = [...centre.uses.values()].slice(0, cases.length).map(({ refusal }) => refusal);
  t.same(
    sent,
    log.map(({ refusal }) => refusal),
    'the centre gets them all, with their reasons',
  );
  const history = await ask(served, 'GET', `/v1/empi/persons/${found.body['empi']}`);
  const kinds = (history.body['history'] as unknown as { kind: string }[]).map(({ kind }) => kind);
  const told = kinds.filter((kind) => /^medium\.(?!added)/.test(kind));
  t.same(told, ['medium.frozen', 'medium.active', 'medium.cancelled'], 'the index knows it all');
  t.match(uses, [{ scene: 'visit', refusal: 'card-cancelled', erhcCardNo: card }]);
});

function verified(
  served: Served,
  qrContent: string,
  scene: string,
  password?: string,
): Promise<Answer> {
  const more = { step: '010105', organisation: 'h1', password };
  return ask(served, 'POST', `${CARDS}/verify`, { qrContent, scene, ...more });
}

const CHILD = '110105201503070';
const LI = '530102192005080';
const valid = (digits: string, order: string) =>
  digits.slice(0, 14) + order + checkCharacter(digits.slice(0, 14) + order);

t.test('who gets a card', async (t) => {
  const first = await registered(served, { ...WANG, idNumber: valid(LI, '028'), name: '王丽' });
  const passport = { name: 'John Smith', idType: '03', idNumber: 'E1234567' };
  const foreign = await registered(served, passport);
  const id = valid(LI, '028');
  // biome-ignore format: a table: what is read from the document, and the card or why there is none.
  const cases: [what: string, person: Record<string, string>, expected: string][] = [
    ['no name',                        { idNumber: id }, '422 real_name_needed'],
    ['no number',                      { name: '王丽' }, '422 real_name_needed'],
    ['a wrong check character',        { name: '王丽', idNumber: id.replace(/.$/, 'Y') }, '422 real_name_needed'],
    ['a passport, not said to be one', { name: 'John Smith', idNumber: 'E1234567' }, '422 real_name_needed'],
    ['a baby without a name',          { name: '王丽之女', idNumber: id }, '422 real_name_needed'],
    ['a child with the mother’s number', { name: '王小', idNumber: id, birthDate: '20150307' }, '422 real_name_needed'],
    ['the number under another name',  { name: '赵强', idNumber: id }, '409 name_differs'],
    ['a passport under another name',  { ...passport, name: 'Mary Jones' }, '409 name_differs'],
    ['the same again',                 { name: '王丽', idNumber: id }, first],
    ['the name in parts',              { surname: '王', givenName: '丽', idNumber: id }, first],
    ['the name in other characters',   { name: '王麗', idNumber: id }, first],
    ['the passport again',             passport, foreign],
    ['its name the other way round',   { ...passport, name: 'Smith John' }, foreign],
  ];
  for (const [what, demographics, expected] of cases) {
    const answer = await ask(served, 'POST', CARDS, { demographics, checkedBy: 'document' });
    const given =
      answer.status === 200 ? answer.body['erhcCardNo'] : `${answer.status} ${answer.body['code']}`;
    t.equal(given, expected, what);
  }
  t.not(first, foreign);

  const twins = Array.from({ length: 6 }, (_, at) => (at % 2 === 0 ? '孙伟' : '钱进'));
  const request = { idNumber: valid(LI, '054') };
  const answers = await Promise.all(
    twins.map((name) =>
      ask(served, 'POST', CARDS, { demographics: { ...request, name }, checkedBy: 'document' }),
    ),
  );
  const given = answers.map(({ status, body }) =>
    status === 200 ? body['erhcCardNo'] : body['code'],
  );
  t.equal(
    new Set(given).size,
    2,
    'of two names for one number at the same instant one gets the card',
  );
  t.equal(given.filter((one) => one === 'name_differs').length, 3);

  const slip = valid(LI, '062');
  const mistyped = await registered(served, { name: '周杰', idNumber: slip });
  const { body } = await ask(served, 'GET', `${CARDS}/${mistyped}`);
  const right = { name: '周杰', idNumber: valid(LI, '070') };
  await ask(served, 'PUT', `/v1/empi/persons/${body['empi']}`, right);
  const owner = await registered(served, { name: '吴刚', idNumber: slip });
  t.not(owner, mistyped, 'a number that was put right is its owner’s');
});

t.test('a card after its registration', async (t) => {
  const id = valid(LI, '033');
  const li = {
    surname: '李',
    givenName: '强',
    idNumber: id,
    phone: '13800001111',
    address: '幸福路1号',
  };
  const card = await registered(served, li);
  const path = `${CARDS}/${card}`;
  const empi = String((await ask(served, 'GET', path)).body['empi']);
  const person = async () => (await ask(served, 'GET', `/v1/empi/persons/${empi}`)).body;
  const known = async () => (await person())['demographics'] as unknown as Record<string, string>;
  const asOf = { ...li, address: '平安里2号' };
  const moved = { ...asOf, phone: '13900002222' };
  // biome-ignore format: a table: an update, its answer, and what the index then knows.
  const updates: [what: string, body: object, expected: string, known: object][] = [
    ['nothing',                       {}, '200', li],
    ['the address alone',             { demographics: { address: '平安里2号' } }, '200', asOf],
    ['the phone alone',               { phone: '13900002222' }, '200', moved],
    ['another valid number',          { demographics: { idNumber: valid(LI, '041') } }, '409 two_valid_id_numbers', moved],
    ['a number that is none',         { demographics: { idNumber: '12345' } }, '422 real_name_needed', moved],
    ['an unknown card to pay with',   { payCard: CARD.unknown, demographics: { address: 'x' } }, '409 pay_card_unknown', moved],
    ['a card to pay with',            { payCard: CARD.good }, '200', moved],
    ['the name in one',               { demographics: { name: '李刚' } }, '200', { ...moved, name: '李刚', surname: undefined, givenName: undefined }],
    ['and in parts again',            { demographics: { surname: '李', givenName: '强' } }, '200', moved],
  ];
  for (const [what, body, expected, held] of updates) {
    const { status, body: answer } = await ask(served, 'PUT', path, body);
    t.equal(status === 200 ? '200' : `${status} ${answer['code']}`, expected, what);
    t.same(await known(), JSON.parse(JSON.stringify(held)), `${what}: the index`);
  }
  t.match((await ask(served, 'GET', path)).body, { phone: '13900002222', payCard: /^\d+\*+\d+$/ });

  const shown = { name: '李强', idNumber: id };
  const printed = await ask(served, 'POST', `${CARDS}/static-code`, shown);
  t.equal(printed.status, 200, 'a code on paper for a name that was registered in parts');
  t.match((await verified(served, String(printed.body['qrContent']), 'visit')).body, {
    ok: true,
    name: '李强',
    sex: 'M',
    birthDate: '1920-05-08',
    phone: '13900002222',
  });
  const password = (name: string) =>
    ask(served, 'PUT', `${path}/password`, { name, idNumber: id, password: '246813' });
  t.equal((await password('赵强')).body['code'], 'document_does_not_match');
  t.equal((await password('李强')).status, 200);
  const paper = String(printed.body['qrContent']);
  t.match((await verified(served, paper, 'visit')).body, { refusal: 'password-needed', name: '' });
  t.match((await verified(served, paper, 'visit', '246813')).body, { ok: true, name: '李强' });
  // biome-ignore format: all places of a hospital that take the card.
  const places = ['registration', 'visit', 'outpatient-payment', 'pharmacy', 'admission', 'nurse-station', 'ward-doctor', 'inpatient-payment'];
  for (const scene of places) {
    const code = await codeFor(served, card, scene);
    const answer = await verified(served, code, scene, '246813');
    t.match(answer.body, { ok: true, erhcCardNo: card }, scene);
  }

  const query = async (name: string) =>
    (await ask(served, 'POST', `${CARDS}/query`, { name, idNumber: id })).body;
  t.match(await query('李强'), { registered: true, card: { erhcCardNo: card, status: 'active' } });
  t.same(await query('李刚'), { registered: false, card: null }, 'not by the number alone');
  const time = Date.parse(
    String((await ask(served, 'GET', `${CARDS}/host-time`)).body['hostTime']),
  );
  t.ok(Math.abs(Date.now() - time) < 60_000, 'the time of the host');

  const childId = valid(CHILD, '012');
  const child = await registered(served, { name: '李明', idNumber: childId });
  const family = (name: string) =>
    ask(served, 'POST', `${path}/family`, {
      erhcCardNo: child,
      relation: 'child',
      name,
      idNumber: childId,
    });
  t.equal((await family('赵强')).body['code'], 'document_does_not_match');
  const members = [{ erhcCardNo: child, relation: 'child', name: '李明', status: 'active' }];
  t.same((await family('李明')).body, { members });
  t.same((await family('李明')).body, { members }, 'twice is once');
  t.same((await ask(served, 'GET', `${path}/family`)).body, { members });
  t.same((await ask(served, 'DELETE', `${path}/family/${child}`)).body, { members: [] });

  const medium = async () =>
    ((await person())['media'] as unknown as { status: string }[])[0]!.status;
  t.equal(await medium(), 'active');
  await ask(served, 'POST', `${path}/cancel`, { reason: 'emigration' });
  t.equal(await medium(), 'cancelled', 'the index knows it with the answer');
  t.equal((await query('李强'))['card']?.['status'], 'cancelled');
  t.equal(await registered(served, { name: '李强', idNumber: id }), card, 'registered again');
  t.equal(await medium(), 'active');
});
