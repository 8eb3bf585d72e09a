/**
 * What the matching engine compares, as data: one row a field, in the order in which a record keeps
 * its values. The levels are what a comparison can come out as; the figures are where training
 * starts (and what it falls back to when there is little to learn from).
 */

/** How two values of a field are compared (`compare.ts`). */
export type Comparator = 'identity' | 'date' | 'name' | 'text' | 'number' | 'exact' | 'address';

/** What a comparison came out as. `missing` says nothing; `conflict` is two different valid ID numbers. */
export const LEVELS = ['exact', 'close', 'similar', 'swapped', 'differs', 'conflict'] as const;
export type Level = (typeof LEVELS)[number];
export const LEVEL_COUNT = LEVELS.length;
export const LEVEL = {
  exact: 0,
  close: 1,
  similar: 2,
  swapped: 3,
  differs: 4,
  conflict: 5,
  missing: 6,
} as const;

export interface Field {
  name: FieldName;
  nameZh: string;
  nameEn: string;
  comparator: Comparator;
  /**
   * Agreement on a frequent value is worth less. `always`: each value by its own frequency;
   * `frequent`: only values that more records share than one person plausibly has, because rare
   * ones are shared by one person's own records (a phone number, a birth date).
   */
  termFrequency: 'always' | 'frequent';
  /** P(level | same person), in the order of LEVELS. */
  match: readonly number[];
  /** P(level | two members of one household, twins among them): fixed, because no labels teach it. */
  household: readonly number[];
  /** P(level | two strangers): used for the levels that a sample of pairs is too small to show. */
  stranger: readonly number[];
}

export const FIELD_NAMES = [
  'idNumber',
  'birthDate',
  'surname',
  'givenName',
  'sex',
  'phone',
  'postcode',
  'streetNumber',
  'suburb',
  'street',
  'locality',
  'state',
  'address',
] as const;
export type FieldName = (typeof FIELD_NAMES)[number];
export const FIELD_COUNT = FIELD_NAMES.length;

export const FIELDS: readonly Field[] = [
  {
    name: 'idNumber',
    nameZh: '证件号码',
    nameEn: 'identity number',
    comparator: 'identity',
    termFrequency: 'frequent',
    match: [0.9, 0.05, 0.02, 0, 0.0295, 0.0005],
    household: [0.0005, 0.004, 0.01, 0, 0.6855, 0.3],
    stranger: [1e-7, 1e-6, 2e-5, 0, 0.6, 0.4],
  },
  {
    name: 'birthDate',
    nameZh: '出生日期',
    nameEn: 'birth date',
    comparator: 'date',
    termFrequency: 'frequent',
    match: [0.92, 0.04, 0.01, 0, 0.03, 0],
    household: [0.02, 0.004, 0.02, 0, 0.956, 0],
    stranger: [4e-5, 8e-4, 8e-3, 0, 0.991, 0],
  },
  {
    name: 'surname',
    nameZh: '姓',
    nameEn: 'surname',
    comparator: 'name',
    termFrequency: 'always',
    match: [0.85, 0.07, 0.03, 0.02, 0.03, 0],
    household: [0.7, 0.01, 0.02, 0.001, 0.269, 0],
    stranger: [0.01, 0.005, 0.02, 0.001, 0.964, 0],
  },
  {
    name: 'givenName',
    nameZh: '名',
    nameEn: 'given name',
    comparator: 'name',
    termFrequency: 'always',
    match: [0.85, 0.07, 0.03, 0.02, 0.03, 0],
    household: [0.005, 0.004, 0.25, 0.001, 0.74, 0],
    stranger: [0.005, 0.004, 0.02, 0.001, 0.97, 0],
  },
  {
    name: 'sex',
    nameZh: '性别',
    nameEn: 'sex',
    comparator: 'exact',
    termFrequency: 'frequent',
    match: [0.985, 0, 0, 0, 0.015, 0],
    household: [0.5, 0, 0, 0, 0.5, 0],
    stranger: [0.5, 0, 0, 0, 0.5, 0],
  },
  {
    name: 'phone',
    nameZh: '电话',
    nameEn: 'phone',
    comparator: 'number',
    termFrequency: 'frequent',
    match: [0.65, 0.03, 0, 0, 0.32, 0],
    household: [0.3, 0.01, 0, 0, 0.69, 0],
    stranger: [1e-6, 1e-6, 0, 0, 0.999, 0],
  },
  {
    name: 'postcode',
    nameZh: '邮编',
    nameEn: 'postcode',
    comparator: 'number',
    termFrequency: 'always',
    match: [0.8, 0.1, 0, 0, 0.1, 0],
    household: [0.93, 0.03, 0, 0, 0.04, 0],
    stranger: [0.001, 0.01, 0, 0, 0.989, 0],
  },
  {
    name: 'streetNumber',
    nameZh: '门牌号',
    nameEn: 'street number',
    comparator: 'number',
    termFrequency: 'always',
    match: [0.78, 0.1, 0, 0, 0.12, 0],
    household: [0.9, 0.04, 0, 0, 0.06, 0],
    stranger: [0.01, 0.1, 0, 0, 0.89, 0],
  },
  {
    name: 'suburb',
    nameZh: '区县',
    nameEn: 'suburb or district',
    comparator: 'text',
    termFrequency: 'always',
    match: [0.75, 0.12, 0.05, 0.01, 0.07, 0],
    household: [0.92, 0.03, 0.01, 0.001, 0.039, 0],
    stranger: [0.002, 0.001, 0.01, 0.0001, 0.9869, 0],
  },
  {
    name: 'street',
    nameZh: '街道',
    nameEn: 'street',
    comparator: 'text',
    termFrequency: 'always',
    match: [0.7, 0.15, 0.06, 0.02, 0.07, 0],
    household: [0.9, 0.04, 0.02, 0.001, 0.039, 0],
    stranger: [0.001, 0.0005, 0.02, 0.0001, 0.9784, 0],
  },
  {
    name: 'locality',
    nameZh: '小区或楼宇',
    nameEn: 'building or locality',
    comparator: 'text',
    termFrequency: 'always',
    match: [0.68, 0.15, 0.07, 0.02, 0.08, 0],
    household: [0.88, 0.05, 0.02, 0.001, 0.049, 0],
    stranger: [0.001, 0.0005, 0.01, 0.0001, 0.9884, 0],
  },
  {
    name: 'state',
    nameZh: '省份',
    nameEn: 'state or province',
    comparator: 'exact',
    termFrequency: 'always',
    match: [0.93, 0, 0, 0, 0.07, 0],
    household: [0.98, 0, 0, 0, 0.02, 0],
    stranger: [0.2, 0, 0, 0, 0.8, 0],
  },
  {
    name: 'address',
    nameZh: '地址',
    nameEn: 'address',
    comparator: 'address',
    termFrequency: 'frequent',
    match: [0.55, 0.15, 0.1, 0, 0.2, 0],
    household: [0.75, 0.15, 0.05, 0, 0.05, 0],
    stranger: [1e-5, 1e-4, 0.02, 0, 0.98, 0],
  },
];

export const FIELD: Readonly<Record<FieldName, number>> = Object.fromEntries(
  FIELD_NAMES.map((name, index) => [name, index]),
) as Record<FieldName, number>;
