/** Ways to persons, in a plain store and in an encrypted one, where names and dates do not sort. */
import { randomBytes } from 'node:crypto';
import t, { type Test } from 'tap';
import { findPersons, LOOKED_AT, type Way } from '../../modules/empi/find.ts';
import { empi } from '../../modules/empi/module.ts';
import type { Demographics, LinkReason } from '../../modules/empi/types.ts';
import { StoreRig } from './store-rig.ts';

const link: LinkReason = { source: 'auto', probability: 1, rule: 'new', by: 'test' };
const PERSONS: Readonly<Record<string, Demographics>> = {
  Smith: { surname: 'Smith', givenName: 'John Q', birthDate: '1961-03-04', phone: '13900001111' },
  Smythe: { surname: 'Smythe', givenName: 'Ann', birthDate: '1961-12-31' },
  May: { surname: 'May', birthDate: '1984-05', email: 'May@example.org' },
  Fifty: { surname: 'Fifty', birthDate: '1950' },
};

const value = (
  kind: 'surname' | 'given' | 'phone' | 'email',
  text: string,
  isWhole = true,
): Way => ({
  by: 'value',
  key: { kind, value: text },
  isWhole,
});
const born = (from: string, to: string): Way => ({ by: 'born', from, to });

/** What a way leads to in a plain store, and in an encrypted one where that differs. */
// biome-ignore format: a table, one way a line.
const WAYS: [string, Way, string, string?][] = [
  ['a name', value('surname', 'smith'), 'Smith'],
  ['the start of a name', value('surname', 'sm', false), 'Smith Smythe', ''],
  ['each given name', value('given', 'q'), 'Smith'],
  ['all given names', value('given', 'johnq'), 'Smith'],
  ['a phone number', value('phone', '13900001111'), 'Smith'],
  ['an e-mail address', value('email', 'may@example.org'), 'May'],
  ['nothing', value('given', ''), ''],
  ['an identifier', { by: 'number', domain: 'a', number: 'May' }, 'May'],
  ['an identifier that is not there', { by: 'number', domain: 'a', number: 'x' }, ''],
  ['a domain', { by: 'domain', domain: 'a' }, 'Smith Smythe May Fifty'],
  ['another domain', { by: 'domain', domain: 'b' }, ''],
  ['a day', born('19610304', '19610304'), 'Smith'],
  ['days', born('19610301', '19610331'), 'Smith'],
  ['a year', born('19610101', '19611231'), 'Smith Smythe'],
  ['days of a month that is all that is known', born('19840510', '19840512'), 'May'],
  ['days of a year that is all that is known', born('19500601', '19500602'), 'Fifty'],
  ['days within that year', born('19491231', '19510101'), 'Fifty', 'all'],
  ['years', born('00000000', '19611230'), 'Smith Fifty', 'all'],
  ['from a day on', born('19610305', '99999999'), 'Smythe May', 'all'],
  ['no days', born('19900101', '19800101'), ''],
  ['everybody', { by: 'all' }, 'Smith Smythe May Fifty'],
];

async function ways(t: Test, rig: StoreRig, isEncrypted: boolean): Promise<void> {
  const domain = { nameZh: '甲', kind: 'card', source: '' } as const;
  rig.send('domain.set', { ...domain, code: 'a', system: 'urn:a' });
  rig.send('domain.set', { ...domain, code: 'b', system: 'urn:b' });
  const names = new Map<string, string>();
  for (const [name, demographics] of Object.entries(PERSONS)) {
    const media = [{ domain: 'a', number: name, type: 'card' }];
    const { personId } = rig.send('person.register', { demographics, media, link });
    names.set(personId!, name);
  }
  for (const [what, way, plain, encrypted = plain] of WAYS) {
    const expected = isEncrypted ? encrypted : plain;
    const { personIds, isComplete } = await findPersons(rig.queries, [way], () => true);
    const found = personIds.map((personId) => names.get(personId)).join(' ');
    t.equal(found, expected === 'all' ? Object.keys(PERSONS).join(' ') : expected, what);
    t.ok(isComplete, what);
  }
  const twice = [value('given', 'john'), value('given', 'q'), born('19610304', '19610304')];
  const { personIds } = await findPersons(rig.queries, twice, () => true);
  t.equal(personIds.length, 1, 'nobody comes twice');
  const fits = ({ demographics }: { demographics: Demographics }) => demographics.surname === 'May';
  const all = await findPersons(rig.queries, [{ by: 'all' }], fits);
  t.same(
    all.personIds.map((id) => names.get(id)),
    ['May'],
    'only who fits',
  );
}

t.test('a plain store', async (t) => {
  const rig = new StoreRig();
  t.teardown(() => rig.close());
  await ways(t, rig, false);
  const many = Array.from(
    { length: LOOKED_AT + 1 },
    (_, at): Way => ({ by: 'person', personId: `${at}` }),
  );
  const whole = await findPersons(rig.queries, many.slice(1), () => true);
  t.equal(whole.isComplete, true, 'as many as are looked at');
  const cut = await findPersons(rig.queries, many, () => true);
  t.equal(cut.isComplete, false, 'one more');
});

t.test('an encrypted store', async (t) => {
  const rig = new StoreRig(empi, randomBytes(32));
  t.teardown(() => rig.close());
  await ways(t, rig, true);
});
