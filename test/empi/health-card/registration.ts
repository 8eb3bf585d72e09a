/** Who gets a card, and whose it is. */
import type { Test } from 'tap';
import { LI, valid } from './numbers.ts';
import { CARDS, type CardRig } from './rig.ts';

export async function registration(t: Test, rig: CardRig): Promise<void> {
  const first = await rig.registered({ name: '王丽', idNumber: valid(LI, '028') });
  const passport = { name: 'John Smith', idType: '03', idNumber: 'E1234567' };
  const foreign = await rig.registered(passport);
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
    const answer = await rig.ask('POST', CARDS, { demographics, checkedBy: 'document' });
    const given =
      answer.status === 200 ? answer.body['erhcCardNo'] : `${answer.status} ${answer.body['code']}`;
    t.equal(given, expected, what);
  }
  t.not(first, foreign);

  const twins = Array.from({ length: 6 }, (_, at) => (at % 2 === 0 ? '孙伟' : '钱进'));
  const request = { idNumber: valid(LI, '054') };
  const answers = await Promise.all(
    twins.map((name) =>
      rig.ask('POST', CARDS, { demographics: { ...request, name }, checkedBy: 'document' }),
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
  const mistyped = await rig.registered({ name: '周杰', idNumber: slip });
  const { body } = await rig.ask('GET', `${CARDS}/${mistyped}`);
  const right = { name: '周杰', idNumber: valid(LI, '070') };
  await rig.ask('PUT', `/v1/empi/persons/${body['empi']}`, right);
  const owner = await rig.registered({ name: '吴刚', idNumber: slip });
  t.not(owner, mistyped, 'a number that was put right is its owner’s');
}
