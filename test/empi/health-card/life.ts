/** A card after its registration: updates, codes on paper, family, cancelling. */
import type { Test } from 'tap';
import { CARD } from '../../support/cards.ts';
import { CHILD, LI, valid } from './numbers.ts';
import { CARDS, type CardRig } from './rig.ts';

export async function life(t: Test, rig: CardRig): Promise<void> {
  const id = valid(LI, '033');
  const li = {
    surname: '李',
    givenName: '强',
    idNumber: id,
    phone: '13800001111',
    address: '幸福路1号',
  };
  const card = await rig.registered(li);
  const path = `${CARDS}/${card}`;
  const empi = String((await rig.ask('GET', path)).body['empi']);
  const person = async () => (await rig.ask('GET', `/v1/empi/persons/${empi}`)).body;
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
    const { status, body: answer } = await rig.ask('PUT', path, body);
    t.equal(status === 200 ? '200' : `${status} ${answer['code']}`, expected, what);
    t.same(await known(), JSON.parse(JSON.stringify(held)), `${what}: the index`);
  }
  t.match((await rig.ask('GET', path)).body, { phone: '13900002222', payCard: /^\d+\*+\d+$/ });

  const shown = { name: '李强', idNumber: id };
  const printed = await rig.ask('POST', `${CARDS}/static-code`, shown);
  t.equal(printed.status, 200, 'a code on paper for a name that was registered in parts');
  t.match((await rig.verified(String(printed.body['qrContent']), 'visit')).body, {
    ok: true,
    name: '李强',
    sex: 'M',
    birthDate: '1920-05-08',
    phone: '13900002222',
  });
  const password = (name: string) =>
    rig.ask('PUT', `${path}/password`, { name, idNumber: id, password: '246813' });
  t.equal((await password('赵强')).body['code'], 'document_does_not_match');
  t.equal((await password('李强')).status, 200);
  const paper = String(printed.body['qrContent']);
  t.match((await rig.verified(paper, 'visit')).body, { refusal: 'password-needed', name: '' });
  t.match((await rig.verified(paper, 'visit', '246813')).body, { ok: true, name: '李强' });
  // biome-ignore format: all places of a hospital that take the card.
  const places = ['registration', 'visit', 'outpatient-payment', 'pharmacy', 'admission', 'nurse-station', 'ward-doctor', 'inpatient-payment'];
  for (const scene of places) {
    const code = await rig.codeFor(card, scene);
    const answer = await rig.verified(code, scene, '246813');
    t.match(answer.body, { ok: true, erhcCardNo: card }, scene);
  }

  const query = async (name: string) =>
    (await rig.ask('POST', `${CARDS}/query`, { name, idNumber: id })).body;
  t.match(await query('李强'), { registered: true, card: { erhcCardNo: card, status: 'active' } });
  t.same(await query('李刚'), { registered: false, card: null }, 'not by the number alone');
  const time = Date.parse(String((await rig.ask('GET', `${CARDS}/host-time`)).body['hostTime']));
  t.ok(Math.abs(Date.now() - time) < 60_000, 'the time of the host');

  const childId = valid(CHILD, '012');
  const child = await rig.registered({ name: '李明', idNumber: childId });
  const family = (name: string) =>
    rig.ask('POST', `${path}/family`, {
      erhcCardNo: child,
      relation: 'child',
      name,
      idNumber: childId,
    });
  t.equal((await family('赵强')).body['code'], 'document_does_not_match');
  const members = [{ erhcCardNo: child, relation: 'child', name: '李明', status: 'active' }];
  t.same((await family('李明')).body, { members });
  t.same((await family('李明')).body, { members }, 'twice is once');
  t.same((await rig.ask('GET', `${path}/family`)).body, { members });
  t.same((await rig.ask('DELETE', `${path}/family/${child}`)).body, { members: [] });

  const medium = async () =>
    ((await person())['media'] as unknown as { status: string }[])[0]!.status;
  t.equal(await medium(), 'active');
  await rig.ask('POST', `${path}/cancel`, { reason: 'emigration' });
  t.equal(await medium(), 'cancelled', 'the index knows it with the answer');
  t.equal((await query('李强'))['card']?.['status'], 'cancelled');
  t.equal(await rig.registered({ name: '李强', idNumber: id }), card, 'registered again');
  t.equal(await medium(), 'active');
}
