/** Which column of a file holds what, by the names that files give their columns. */
import type { PersonInput } from './normalise.ts';

type Item = keyof PersonInput;

const NAMES: Readonly<Record<Item, string>> = {
  name: 'name full_name fullname person_name patient_name patient xm 姓名 患者姓名 居民姓名 病人姓名',
  surname: 'surname sur_name last_name lastname last lname family_name family familyname 姓 姓氏',
  givenName:
    'given_name givenname first_name firstname first fname forename given given_names 名 名字',
  sex: 'sex gender sex_code gender_code xb 性别 性别代码',
  birthDate:
    'date_of_birth dateofbirth birth_date birthdate birth_day birthday birth dob csrq 出生日期 出生年月日 出生年月 生日',
  idType:
    'id_type idtype id_card_type document_type zjlx 证件类型 证件类别 身份证件类型 身份证件类别',
  idNumber:
    'soc_sec_id id_number idnumber id_no idno id_card id_card_no idcard id_card_value identity_number national_id ' +
    'ssn social_security_number citizen_id document_number sfzh zjhm 身份证号 身份证号码 身份证 证件号 证件号码 ' +
    '身份证件号码 公民身份号码 居民身份证号 居民身份证号码',
  phone:
    'phone phone_number phone_no telephone tel mobile mobile_phone mobile_number lxdh sjhm 电话 电话号码 手机 手机号 ' +
    '手机号码 联系电话 联系方式 本人电话',
  postcode: 'postcode post_code postal_code zip zip_code zipcode yb 邮编 邮政编码',
  streetNumber: 'street_number streetnumber house_number house_no street_no 门牌号 门牌号码',
  street: 'address_1 address1 address_line_1 street street_name street_address 街道 路名',
  locality: 'address_2 address2 address_line_2 locality building 小区 楼宇',
  suburb: 'suburb city town district county 区县 县区 城市 市',
  state: 'state province region 省份 省',
  address:
    'address home_address full_address residential_address addr dz 地址 住址 家庭住址 家庭地址 现住址 居住地址 联系地址',
};

const ITEM_OF = new Map<string, Item>();
for (const [item, names] of Object.entries(NAMES)) {
  for (const name of names.split(' ')) ITEM_OF.set(name, item as Item);
}

/** Columns that name a record and say nothing of the person. */
const RECORD_IDS = new Set('rec_id recid record_id recordid unique_id 记录号 记录编号'.split(' '));

export interface ColumnPlan {
  /** Where the record's name stands; it is kept for the answer and never compared. */
  recordIdColumn: number;
  items: { column: number; item: Item }[];
  /** Headings that the engine does not know; they are left alone. */
  ignored: string[];
}

/** Names that may mean the record when no better one is there. */
const PERHAPS_RECORD_IDS = new Set(['id', '编号', '序号']);

/** Reads a heading line. Of two columns for one item the first counts. */
export function planColumns(heading: readonly string[]): ColumnPlan {
  const names = heading.map(plainName);
  const perhaps = names.findIndex((name) => PERHAPS_RECORD_IDS.has(name));
  const named = names.findIndex((name) => RECORD_IDS.has(name));
  const plan: ColumnPlan = { recordIdColumn: named < 0 ? perhaps : named, items: [], ignored: [] };
  heading.forEach((raw, column) => {
    if (column === plan.recordIdColumn) return;
    const item = ITEM_OF.get(names[column]!);
    if (item === undefined || plan.items.some((known) => known.item === item)) {
      plan.ignored.push(raw.trim());
    } else plan.items.push({ column, item });
  });
  return plan;
}

function plainName(raw: string): string {
  return raw
    .normalize('NFKC')
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
}
