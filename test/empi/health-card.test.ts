/** Virtual cards: codes refused each with its own reason and logged, black list, log upload, life cycle. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { openHsm } from '../../hsm/open.ts';
import { LedgerClient } from '../../ledger/client.ts';
import { openReader } from '../../ledger/reader.ts';
import { openModuleQueries } from '../../modules/frame/queries.ts';
import {
  bindBankCard,
  cancelCard,
  cardNumberOf,
  moveCard,
  registerCard,
  restoreCard,
  revokeCodes,
  unbindBankCard,
  updateCard,
} from '../../modules/health-card/accounts.ts';
import { exchangeWithCentre } from '../../modules/health-card/centre.ts';
import { type CodeDoor, issueCode, verifyCode } from '../../modules/health-card/codes.ts';
import { healthCard } from '../../modules/health-card/module.ts';
import { setPassword } from '../../modules/health-card/password.ts';
import type { CodeScene } from '../../protocols/records/health-card-code.ts';
import { HealthCentre } from '../../simulators/health-centre.ts';
import { openModules, until } from '../frame/open-modules.ts';

const folder = mkdtempSync(join(tmpdir(), 'posp-card-'));
const open = await openModules(folder, {
  list: new URL('./health-card-list.js', import.meta.url).href,
});
const view = openModuleQueries(healthCard, folder);
const reader = openReader(join(folder, 'ledger'));
const ledger = new LedgerClient(open.ledger.connect());
const hsm = await openHsm({ provider: 'software', keyFile: join(folder, 'code-keys') });
let nowMs = Date.UTC(2026, 10, 22);
const door: CodeDoor = {
  ledger,
  reader,
  hsm,
  needsPassword: false,
  queries: view.queries,
  reached: (position) => view.reached(position, 30_000),
  now: () => nowMs,
};
t.teardown(async () => {
  await view.close();
  await reader.close();
  ledger.close();
  await hsm.close();
  await open.stop();
  rmSync(folder, { recursive: true, force: true });
});

let keys = 0;
const key = () => `k${++keys}`;
const by = { checkedBy: 'document' as const, phone: '13800001234', centre: 'shijiazhuang' };
const request = { step: '', organisation: 'h1', terminal: 'k1', password: '' };
const verify = (text: string, scene: CodeScene, name = key()) =>
  verifyCode(door, name, { ...request, text, scene });
const shown = async (text: string, scene: CodeScene) => {
  const answer = await verify(text, scene);
  return answer.ok ? 'ok' : answer.refusal;
};

t.test('life cycle', async (t) => {
  const card = await registerCard(door, key(), { personId: '1', ...by });
  t.match(card.cardNumber, /^62300\d{11}$/);
  t.same(
    await registerCard(door, key(), { personId: '1', ...by }),
    card,
    'asked again: the same card',
  );
  const { cardNumber } = card;
  await t.rejects(cancelCard(door, key(), cardNumber, 'lost interest'), {
    code: 'cancel_reason_not_allowed',
  });
  t.equal((await cancelCard(door, key(), cardNumber, 'emigration')).status, 'cancelled');
  await t.rejects(issueCode(door, cardNumber, ['visit']), { code: 'card_cancelled' });
  t.equal((await restoreCard(door, key(), cardNumber)).status, 'active');
  await t.rejects(restoreCard(door, key(), cardNumber), { code: 'card_not_cancelled' });
  t.same((await bindBankCard(door, key(), cardNumber, '6228480000000000018')).bankCards, [
    '6228480000000000018',
  ]);
  await t.rejects(unbindBankCard(door, key(), cardNumber, '6228480000000000026'), {
    code: 'bank_card_not_bound',
  });
  t.same((await unbindBankCard(door, key(), cardNumber, '6228480000000000018')).bankCards, []);
  t.equal((await moveCard(door, key(), cardNumber, 'hebei')).centre, 'hebei');
  const named = { phone: '13900000000' };
  t.same(await updateCard(door, key(), cardNumber, {}), view.queries.account(cardNumber));
  t.match(await updateCard(door, key(), cardNumber, named), { ...named, centre: 'hebei' });
  await t.rejects(updateCard(door, key(), cardNumber, { payCard: '6219990000000000010' }), {
    code: 'pay_card_unknown',
  });
  await registerCard(door, key(), { personId: 'dead', ...by }).then(({ cardNumber: number }) =>
    cancelCard(door, key(), number, 'death'),
  );
  await t.rejects(registerCard(door, key(), { personId: 'dead', ...by }), {
    code: 'holder_has_died',
  });
});

t.test('codes: every refusal has its reason, and is logged', async (t) => {
  const { cardNumber } = await registerCard(door, key(), { personId: '2', ...by });
  const before = view.queries.uses(0, 1000).length;
  const printed = (await issueCode(door, cardNumber, ['registration', 'visit'])).text;
  const codeOf = async (scene: CodeScene) => (await issueCode(door, cardNumber, [scene])).text;
  const live = () => codeOf('record-query');
  const flip = (text: string, at: number) =>
    text.slice(0, at) + (text[at] === '1' ? '2' : '1') + text.slice(at + 1);
  const used = await live();
  const cases: [string, string, CodeScene, string][] = [
    ['a static code for a visit', printed, 'visit', 'ok'],
    ['and again', printed, 'visit', 'ok'],
    ['a static code for a scene that it was not made for', printed, 'pharmacy', 'wrong-scene'],
    ['a static code for records', printed, 'record-query', 'wrong-scene'],
    ['a dynamic code', used, 'record-query', 'ok'],
    ['a dynamic code twice', used, 'record-query', 'used'],
    ['a dynamic code for another scene', await live(), 'visit', 'wrong-scene'],
    ['another card number', flip(await live(), 12), 'record-query', 'forged'],
    ['other scenes', flip(await live(), 23), 'record-query', 'forged'],
    ['a longer life', flip(await live(), 33), 'record-query', 'forged'],
    ['another proof', flip(await live(), 60), 'record-query', 'forged'],
    ['a code for the ward, at its nurses', await codeOf('ward'), 'nurse-station', 'ok'],
    ['a code for the ward, at its doctor', await codeOf('ward'), 'ward-doctor', 'ok'],
    ['a code for the ward, at admission', await codeOf('ward'), 'admission', 'wrong-scene'],
    [
      'a code for the nurses, at the doctor',
      await codeOf('nurse-station'),
      'ward-doctor',
      'wrong-scene',
    ],
    ['a code for admission', await codeOf('admission'), 'admission', 'ok'],
    ['a code for admission, outpatient', await codeOf('admission'), 'registration', 'wrong-scene'],
    ['no code at all', 'https://example.org/', 'visit', 'malformed'],
    ['a code with more behind it', `${await live()}0`, 'record-query', 'malformed'],
  ];
  for (const [what, text, scene, expected] of cases)
    t.equal(await shown(text, scene), expected, what);
  const late = await live();
  nowMs += 121_000;
  t.equal(await shown(late, 'record-query'), 'expired');
  nowMs -= 200_000;
  t.equal(await shown(late, 'record-query'), 'not-yet-valid');
  nowMs += 200_000;
  await revokeCodes(door, key(), cardNumber, 'static');
  t.equal(await shown(printed, 'visit'), 'revoked');
  nowMs += 5_000;
  t.equal(await shown((await issueCode(door, cardNumber, ['visit'])).text, 'visit'), 'ok');
  const again = await live();
  await revokeCodes(door, key(), cardNumber, 'all');
  t.equal(await shown(again, 'record-query'), 'revoked');
  nowMs += 5_000;
  const last = (await issueCode(door, cardNumber, ['visit'])).text;
  await cancelCard(door, key(), cardNumber, 'emigration');
  t.equal(await shown(last, 'visit'), 'card-cancelled');
  nowMs += 5_000;
  await restoreCard(door, key(), cardNumber);
  t.equal(await shown(last, 'visit'), 'revoked', 'codes of before the cancelling stay void');
  const fresh = (await issueCode(door, cardNumber, ['visit'])).text;
  t.equal(await shown(fresh, 'visit'), 'ok', 'a code of the same second, after it');
  await cancelCard(door, key(), cardNumber, 'emigration');
  await restoreCard(door, key(), cardNumber);
  t.equal(await shown(fresh, 'visit'), 'revoked', 'cancelled and restored within a second');
  await until(
    'all uses are seen',
    () => view.queries.uses(0, 1000).length >= before + cases.length + 9,
  );
  const reasons = view.queries
    .uses(0, 1000)
    .slice(before)
    .map(({ refusal }) => refusal ?? 'ok');
  t.same(
    reasons.slice(0, cases.length),
    cases.map(([, , , expected]) => expected),
    'the log has every use in order',
  );
  t.equal(
    view.queries
      .uses(0, 1000)
      .filter(({ refusal, cardNumber: card }) => refusal === 'forged' && card !== '').length,
    0,
    'a forged code names nobody',
  );
});

t.test(
  'the same verification asked twice is one use; two at once are not both right',
  async (t) => {
    const { cardNumber } = await registerCard(door, key(), { personId: '3', ...by });
    const once = (await issueCode(door, cardNumber, ['record-query'])).text;
    const name = key();
    t.ok((await verify(once, 'record-query', name)).ok);
    t.ok((await verify(once, 'record-query', name)).ok, 'a repeat of the request');
    const race = (await issueCode(door, cardNumber, ['record-query'])).text;
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => verify(race, 'record-query')),
    );
    t.equal(answers.filter(({ ok }) => ok).length, 1);
  },
);

t.test('a printed code asks for the password of a card that has one', async (t) => {
  const { cardNumber } = await registerCard(door, key(), { personId: 'password', ...by });
  const printed = (await issueCode(door, cardNumber, ['visit'])).text;
  const answer = async (password: string, needsPassword = false) => {
    const shownCode = { ...request, text: printed, scene: 'visit', password } as const;
    const verified = await verifyCode({ ...door, needsPassword }, key(), shownCode);
    return verified.ok ? 'ok' : verified.refusal;
  };
  const set = (password: string) => setPassword(door, key(), cardNumber, password);
  t.equal(await answer(''), 'ok', 'there is none');
  t.equal(await answer('', true), 'password-needed', 'but a deployment may ask for it always');
  await set('246813');
  // biome-ignore format: a table: passwords one after the other, and their answers.
  const tries = [
    ['', 'password-needed'], ['246813', 'ok'], ['111111', 'password-wrong'], ['222222', 'password-wrong'],
    ['333333', 'password-wrong'], ['444444', 'password-wrong'], ['246813', 'ok'], ['', 'password-needed'],
  ];
  for (const [password, expected] of tries) t.equal(await answer(password!), expected, password!);
  const guesses = await Promise.all(Array.from({ length: 8 }, (_, at) => answer(`00000${at}`)));
  const wrong = guesses.filter((refusal) => refusal === 'password-wrong').length;
  t.equal(wrong, 5, 'guesses at the same instant are counted one by one');
  t.equal(await answer('246813'), 'password-blocked', 'not even the right one');
  const live = (await issueCode(door, cardNumber, ['record-query'])).text;
  t.equal(await shown(live, 'record-query'), 'ok', 'a code on a telephone needs none');
  await set('135724');
  t.equal(await answer('246813'), 'password-wrong', 'the old one');
  t.equal(await answer('135724'), 'ok');
});

t.test('codes cannot be guessed', async (t) => {
  const { cardNumber } = await registerCard(door, key(), { personId: '4', ...by });
  const texts = await Promise.all(
    Array.from({ length: 200 }, () => issueCode(door, cardNumber, ['visit'])),
  );
  t.equal(new Set(texts.map(({ text }) => text.slice(36, 52))).size, 200, 'the nonces differ');
  t.equal(new Set(texts.map(({ text }) => text.slice(53))).size, 200, 'the proofs differ');
});

t.test('the upper centre: black list by versions, effective at once; uses go up', async (t) => {
  const { cardNumber } = await registerCard(door, key(), { personId: '5', ...by });
  const centre = new HealthCentre('province');
  const url = await centre.start();
  t.teardown(() => centre.stop());
  const context = (isDown = false) => {
    centre.isDown = isDown;
    nowMs += 61_000;
    return {
      queries: view.queries,
      reader,
      ledger,
      hsm,
      log: { info() {}, warn() {}, error() {} },
      dataDir: folder,
      config: { centre: { url, level: 'province', everySeconds: 60 } },
      now: () => nowMs,
      signal: new AbortController().signal,
    };
  };
  const listed = () => view.queries.blacklisted(cardNumber).length > 0;
  centre.add(cardNumber, 'reported stolen');
  centre.add('6230000000000000', 'somebody else');
  await exchangeWithCentre(context(true));
  t.notOk(listed(), 'a centre that is down changes nothing');
  const code = (await issueCode(door, cardNumber, ['visit'])).text;
  await exchangeWithCentre(context());
  await until('the black list came', listed);
  t.equal(await shown(code, 'visit'), 'card-blacklisted', 'effective at the next use');
  await t.rejects(issueCode(door, cardNumber, ['visit']), { code: 'card_blacklisted' });
  t.equal(view.queries.blacklistVersion('province'), 2);
  centre.remove(cardNumber);
  centre.add(cardNumberOf('6'), 'listed before it was opened');
  centre.skipsVersions = 1;
  await exchangeWithCentre(context());
  await view.reached(reader.head().position, 30_000);
  t.equal(
    view.queries.blacklistVersion('province'),
    2,
    'changes with a gap before them are refused',
  );
  t.ok(listed());
  centre.skipsVersions = 0;
  await exchangeWithCentre(context());
  await until('the card is off the list', () => !listed());
  t.equal(view.queries.blacklistVersion('province'), 4);
  t.equal(await shown(code, 'visit'), 'ok');
  // biome-ignore format: a table: what the centre sends, each change by itself, and whether the card is then listed.
  const deltas: [what: string, changes: [card: string, reason: string | null][], isListed: boolean][] = [
    ['the card twice',                     [[cardNumber, 'lost'], [cardNumber, 'stolen']], true],
    ['removed twice',                      [[cardNumber, null], [cardNumber, null]], false],
    ['removals of unknown cards',          [['6230000000000018', null], [cardNumberOf('9'), null]], false],
    ['added and removed: it stays listed', [[cardNumber, 'lost'], [cardNumber, null]], true],
    ['what is no card among the others',   [['nobody', 'x'], [cardNumber, null], ['', null]], false],
    ['a reason without end',               [[cardNumber, 'lost '.repeat(99)]], true],
    ['and it is taken off again',          [[cardNumber, null]], false],
  ];
  centre.isVerbose = true;
  for (const [what, changes, isListed] of deltas) {
    for (const [card, reason] of changes) {
      if (reason === null) centre.remove(card);
      else centre.add(card, reason);
    }
    await exchangeWithCentre(context());
    await view.reached(reader.head().position, 30_000);
    t.equal(listed(), isListed, what);
    t.equal(await shown(code, 'visit'), isListed ? 'card-blacklisted' : 'ok');
    t.equal(
      view.queries.statusOf(view.queries.account(cardNumber)!),
      isListed ? 'blacklisted' : 'active',
    );
  }
  await until('the main index is told', () => view.queries.untold().length === 0);
  const told = [...reader.records({ from: 1 })].flatMap(({ entry }) => {
    const { kind, payload } = entry.fact?.module ?? {};
    const command = kind === 'medium.status' ? JSON.parse(new TextDecoder().decode(payload)) : null;
    return command?.number === cardNumber ? [command.status] : [];
  });
  const each = ['frozen', 'active'];
  t.same(told, [...each, ...each, ...each, ...each], 'the main index is told of each');
  const early = await registerCard(door, key(), { personId: '6', ...by });
  await t.rejects(issueCode(door, early.cardNumber, ['visit']), { code: 'card_blacklisted' });
  const all = view.queries.uses(0, 1000).length;
  for (let round = 0; round < 5 && centre.uses.size < all; round++) {
    await exchangeWithCentre(context());
    await view.reached(reader.head().position, 30_000);
  }
  t.ok(centre.uses.size >= all, 'the centre has every use, refused ones too');
});
