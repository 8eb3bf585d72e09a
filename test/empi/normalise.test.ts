import t from 'tap';
import {
  soundOf,
  splitChineseName,
  surnameSoundOf,
} from '../../modules/empi/matching/chinese-name.ts';
import { FIELD } from '../../modules/empi/matching/fields.ts';
import { checkCharacter, readIdNumber, upgrade15 } from '../../modules/empi/matching/id-number.ts';
import {
  normaliseDate,
  normaliseIdNumber,
  normalisePerson,
  normalisePhone,
  normaliseSex,
  PersonFlag,
} from '../../modules/empi/matching/normalise.ts';

t.test('identity numbers', async (t) => {
  t.equal(checkCharacter('11010519491231002'), 'X', 'the example of GB 11643');
  t.same(readIdNumber('11010519491231002X'), { birthDate: '19491231', sex: 'F' });
  const cases: [string, string | null, string][] = [
    ['110105194912310021', null, 'wrong check character'],
    ['11010519490231002X', null, 'no such day'],
    ['010105194912310020', null, 'no such region'],
    ['1101051949123100', null, 'too short'],
  ];
  for (const [number, expected, why] of cases) t.equal(readIdNumber(number), expected, why);
  t.equal(upgrade15('110105491231002'), '11010519491231002X');
  t.equal(normaliseIdNumber('110105 491231 002'), '11010519491231002X');
  t.equal(
    normaliseIdNumber('11010519491231002x', '01'),
    '11010519491231002X',
    'full-width and small letters',
  );
  t.equal(normaliseIdNumber('E12345678', '护照'), 'passport:e12345678');
});

t.test('names', async (t) => {
  const cases: [string, string, string, boolean][] = [
    ['王伟', '王', '伟', false],
    ['欧阳娜娜', '欧阳', '娜娜', false],
    ['欧阳', '欧', '阳', false],
    ['买买提·吐尔逊', '吐尔逊', '买买提', false],
    ['王芳之子', '', '', true],
    ['李娜之女', '', '', true],
    ['李娜之大双', '', '', true],
    ['孟子', '孟', '子', false],
    ['王之子涵', '王', '之子涵', false],
  ];
  for (const [name, surname, givenName, newborn] of cases) {
    t.same(splitChineseName(name), { surname, givenName, newborn }, name);
  }
  const dotted = ['买买提·吐尔逊', '买买提・吐尔逊', '买买提•吐尔逊', '买买提．吐尔逊'].map(
    (name) => normalisePerson({ name }).values[FIELD.givenName],
  );
  t.same(dotted.slice(0, 3), ['买买提', '买买提', '买买提']);
  t.equal(surnameSoundOf('仇'), 'qiu');
  t.equal(soundOf('伟玮'), 'weiwei');
  t.same(normalisePerson({ name: 'SMITH, John' }).values.slice(2, 4), ['smith', 'john']);
  t.same(normalisePerson({ name: 'Mary Ann Smith' }).values.slice(2, 4), ['smith', 'maryann']);
});

t.test('dates, phones, sexes', async (t) => {
  const dates: [string, string][] = [
    ['1980-1-2', '19800102'],
    ['1980年01月02日', '19800102'],
    ['1980/01/02 00:00:00', '19800102'],
    ['02/01/1980', '19800102'],
    ['12/25/1980', '19801225'],
    ['25.12.1980 08:00', '19801225'],
    ['19800102.0', '19800102'],
    ['2 Jan 1980', '19800102'],
    ['02-JANUARY-1980', '19800102'],
    ['January 2, 1980', '19800102'],
    ['2 Foo 1980', ''],
    ['19801302', '19801302'],
    ['1900-01-01', ''],
    ['00000000', ''],
    ['不详', ''],
  ];
  for (const [written, expected] of dates) t.equal(normaliseDate(written), expected, written);
  t.equal(normalisePhone('+86 138-0000-1234'), '13800001234');
  t.equal(normalisePhone('13888888888'), '', 'all the same digits');
  for (const male of ['1', 'M', '男', 'male']) t.equal(normaliseSex(male), 'M');
  for (const nothing of ['0', '9', '', 'unknown']) t.equal(normaliseSex(nothing), '');
});

t.test('what the identity number says of the record', async (t) => {
  const id = '11010519491231002X';
  const filled = normalisePerson({ name: '王芳', idNumber: id });
  t.same(
    [filled.values[FIELD.birthDate], filled.values[FIELD.sex], filled.flags],
    ['19491231', 'F', PersonFlag.validId],
  );
  const other = normalisePerson({ name: '王芳', idNumber: id, sex: '男' });
  t.equal(other.flags, PersonFlag.validId | PersonFlag.sexDisagrees);
  const child = normalisePerson({ name: '王小明', idNumber: id, birthDate: '2020-03-05' });
  t.same([child.values[FIELD.idNumber], child.flags], ['', PersonFlag.borrowedId]);
  const newborn = normalisePerson({ name: '王芳之子', idNumber: id });
  t.equal(newborn.flags, PersonFlag.newborn | PersonFlag.borrowedId);
});
