/** Which column of a file holds what, by the names that files give their columns. */
import type { PersonInput } from './normalise.ts';

type Item = keyof PersonInput;

const NAMES: Readonly<Record<Item, string>> = {
  name: 'name full_name fullname person_name patient_name xm 姓名 患者姓名',
  surname: 'surname last_name lastname family_name family familyname 姓',
  givenName: 'given_name givenname first_name firstname given forename 名',
  sex: 'sex gender xb 性别',
  birthDate: 'date_of_birth birth_date birthdate birthday dob csrq 出生日期 生日',
  idType: 'id_type idtype id_card_type document_type zjlx 证件类型',
  idNumber:
    'soc_sec_id id_number idnumber id_no idno id_card id_card_no idcard id_card_value identity_number national_id ' +
    'ssn citizen_id sfzh zjhm 身份证号 身份证号码 身份证 证件号 证件号码',
  phone: 'phone phone_number telephone tel mobile mobile_phone lxdh 电话 手机 手机号 联系电话',
  postcode: 'postcode postal_code zip zip_code zipcode yb 邮编 邮政编码',
  streetNumber: 'street_number house_number house_no street_no 门牌号',
  street: 'address_1 address1 street street_name street_address 街道',
  locality: 'address_2 address2 locality building 小区',
  suburb: 'suburb city town district county 区县 城市',
  state: 'state province region 省份 省',
  address: 'address home_address full_address addr dz 地址 住址 家庭住址',
};

const ITEM_OF = new Map<string, Item>();
for (const [item, names] of Object.entries(NAMES)) {
  for (const name of names.split(' ')) ITEM_OF.set(name, item as Item);
}

/** Columns that name a record and say nothing of the person. */
const RECORD_ID = 'rec_id';

export interface ColumnPlan {
  /** Where the record's name stands; it is kept for the answer and never compared. */
  recordIdColumn: number;
  items: { column: number; item: Item }[];
  /** Headings that the engine does not know; they are left alone. */
  ignored: string[];
}

/** Reads a heading line. Of two columns for one item the first counts. */
export function planColumns(heading: readonly string[]): ColumnPlan {
  const plan: ColumnPlan = { recordIdColumn: -1, items: [], ignored: [] };
  heading.forEach((raw, column) => {
    const name = raw
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_');
    const item = ITEM_OF.get(name);
    if (name === RECORD_ID) plan.recordIdColumn = column;
    else if (item === undefined || plan.items.some((known) => known.item === item)) {
      plan.ignored.push(raw.trim());
    } else plan.items.push({ column, item });
  });
  return plan;
}
