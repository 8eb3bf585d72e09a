/**
 * A simulated Chinese population: households at one address, couples, children, twins, grandparents,
 * newborns without a name. What is true of a person is here; what registers write down of it, with
 * their errors, is in `records.ts`.
 */
import { FEMALE_TABLE, MALE_TABLE, SOUND_ALIKE, SURNAME_TABLE } from './names.ts';
import type { Random } from './random.ts';

export interface SimulatedPerson {
  number: number;
  surname: string;
  givenName: string;
  sex: 'M' | 'F';
  /** YYYYMMDD. */
  birthDate: string;
  idNumber: string;
  phone: string;
  address: string;
  /** Set for a child that has no name yet: the mother. */
  newbornOf?: SimulatedPerson;
}

/** County codes and names of one province. */
const COUNTIES: readonly [string, string][] = [
  ['130102', '河北省石家庄市长安区'],
  ['130104', '河北省石家庄市桥西区'],
  ['130105', '河北省石家庄市新华区'],
  ['130108', '河北省石家庄市裕华区'],
  ['130203', '河北省唐山市路北区'],
  ['130302', '河北省秦皇岛市海港区'],
  ['130402', '河北省邯郸市邯山区'],
  ['130502', '河北省邢台市襄都区'],
  ['130602', '河北省保定市竞秀区'],
  ['130702', '河北省张家口市桥东区'],
  ['130802', '河北省承德市双桥区'],
  ['130902', '河北省沧州市新华区'],
  ['131002', '河北省廊坊市安次区'],
  ['131102', '河北省衡水市桃城区'],
  ['130123', '河北省石家庄市正定县'],
  ['130125', '河北省石家庄市行唐县'],
];
const ROADS =
  '中山 建设 人民 和平 解放 裕华 槐安 友谊 体育 胜利 新华 光明 东风 红旗 长江 黄河 朝阳 文化 工农 平安'.split(
    ' ',
  );
const ESTATES =
  '阳光 锦绣 翠苑 紫金 龙湖 东方 金域 银河 碧水 世纪 康乐 祥和 御景 星河 枫林 春江 海棠 梧桐 兰亭 华府'.split(
    ' ',
  );
const ESTATE_KINDS = ['花园', '小区', '家园', '名城', '公寓', '苑', '城', '里'];
const PHONE_STARTS = [
  '130',
  '131',
  '135',
  '136',
  '137',
  '138',
  '139',
  '150',
  '151',
  '152',
  '158',
  '159',
  '176',
  '177',
  '180',
  '186',
  '187',
  '188',
  '189',
  '199',
];

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

export function newPhone(random: Random): string {
  return random.pick(PHONE_STARTS) + String(random.below(100_000_000)).padStart(8, '0');
}

export function newAddress(random: Random): { county: string; address: string } {
  const [county, place] = random.pick(COUNTIES);
  const road = `${random.pick(ROADS)}${random.pick(['路', '大街', '东路', '西路', '南街', '北街'])}`;
  const estate = random.pick(ESTATES) + random.pick(ESTATES) + random.pick(ESTATE_KINDS);
  const house = `${random.below(30) + 1}号楼${random.below(6) + 1}单元${random.below(30) + 1}0${random.below(4) + 1}室`;
  return { county, address: `${place}${road}${random.below(400) + 1}号${estate}${house}` };
}

export function newGivenName(random: Random, sex: 'M' | 'F', shared = ''): string {
  const table = sex === 'M' ? MALE_TABLE : FEMALE_TABLE;
  if (shared !== '') return shared + random.weighted(table);
  return random.chance(0.24)
    ? random.weighted(table)
    : random.weighted(table) + random.weighted(table);
}

/** Births between two years, YYYYMMDD. */
function newBirthDate(random: Random, from: number, to: number): string {
  const start = Date.UTC(from, 0, 1);
  const day = new Date(
    start + random.below(Math.round((Date.UTC(to, 0, 1) - start) / 86_400_000)) * 86_400_000,
  );
  return day.toISOString().slice(0, 10).replaceAll('-', '');
}

/** Every number is given out once. */
export class Population {
  readonly random: Random;
  private readonly given = new Set<string>();
  private count = 0;

  constructor(random: Random) {
    this.random = random;
  }

  /** One household: persons in the order in which they appear in it. */
  household(): SimulatedPerson[] {
    const { random } = this;
    const { county, address } = newAddress(random);
    const size = 1 + random.below(5);
    const husband = this.person(county, address, 'M', newBirthDate(random, 1940, 2000));
    const people = [husband];
    if (size === 1) return people;
    const born = Number(husband.birthDate.slice(0, 4));
    const wife = this.person(county, address, 'F', newBirthDate(random, born - 3, born + 4));
    people.push(wife);
    const line = random.chance(0.3) ? random.weighted(MALE_TABLE) : '';
    for (let child = 2; child < size; child++) {
      const birthDate = newBirthDate(random, born + 22, Math.min(2026, born + 34));
      this.addChild(people, county, birthDate, line);
      if (random.chance(0.015)) this.addChild(people, county, birthDate, line);
    }
    if (random.chance(0.012)) people.push(this.newborn(wife));
    return people;
  }

  private person(
    county: string,
    address: string,
    sex: 'M' | 'F',
    birthDate: string,
    surname = this.random.weighted(SURNAME_TABLE),
    line = '',
  ): SimulatedPerson {
    return {
      number: this.count++,
      surname,
      givenName: newGivenName(this.random, sex, line),
      sex,
      birthDate,
      idNumber: this.newIdNumber(county, birthDate, sex),
      phone: newPhone(this.random),
      address,
    };
  }

  /** Parents give no name twice, not even one that sounds the same. */
  private addChild(
    people: SimulatedPerson[],
    county: string,
    birthDate: string,
    line: string,
  ): void {
    const [husband, wife] = people as [SimulatedPerson, SimulatedPerson];
    for (;;) {
      const child = this.child(county, husband, wife, birthDate, line);
      const last = child.givenName.at(-1)!;
      const isTaken = people.some(
        ({ givenName }) => givenName.endsWith(last) || givenName.endsWith(SOUND_ALIKE[last] ?? '?'),
      );
      if (isTaken) continue;
      people.push(child);
      return;
    }
  }

  /** A child has the father's surname, and a parent's phone until it grows up. */
  private child(
    county: string,
    father: SimulatedPerson,
    mother: SimulatedPerson,
    birthDate: string,
    line: string,
  ): SimulatedPerson {
    const sex = this.random.chance(0.5) ? 'M' : 'F';
    const child = this.person(county, father.address, sex, birthDate, father.surname, line);
    if (birthDate > '20120101' || this.random.chance(0.15)) child.phone = mother.phone;
    return child;
  }

  private newborn(mother: SimulatedPerson): SimulatedPerson {
    const birthDate = newBirthDate(this.random, 2025, 2026);
    const sex = this.random.chance(0.5) ? 'M' : 'F';
    return {
      number: this.count++,
      surname: '',
      givenName: '',
      sex,
      birthDate,
      idNumber: '',
      phone: mother.phone,
      address: mother.address,
      newbornOf: mother,
    };
  }

  private newIdNumber(county: string, birthDate: string, sex: 'M' | 'F'): string {
    for (;;) {
      const order = this.random.below(499) * 2 + (sex === 'M' ? 1 : 2);
      const number = withCheck(county + birthDate + String(order).padStart(3, '0'));
      if (this.given.has(number)) continue;
      this.given.add(number);
      return number;
    }
  }
}

/** The number with the check character of GB 11643 behind it. */
export function withCheck(body: string): string {
  const sum = WEIGHTS.reduce((total, weight, i) => total + weight * Number(body[i]), 0);
  return body + '10X98765432'[sum % 11];
}
