/**
 * What an institution starts with: the national code tables, the usual bill types, one issuing point
 * for each merchant. The hospital changes it from there. The seal's picture is a drawing of words.
 */
import { createHash } from 'node:crypto';
import { CHARGE_CLASSES, PAY_CHANNELS } from '../bill/code-tables.ts';
import { MANAGED_KEYS, MANAGED_SCHEMAS, type ManagedInput, type ManagedTable } from './schemas.ts';

export interface ManagedItem {
  table: ManagedTable;
  key: string;
  value: object;
}

export interface SampleUnit {
  institution: string;
  name: string;
  regionCode: string;
  /** 省名 on the face: 陕西省. */
  province: string;
  merchants: readonly { id: string; name: string; category: 'outpatient' | 'inpatient' }[];
}

/** The value checked by its table's schema, with its key. Throws ZodError. */
export function managedItem<Table extends ManagedTable>(
  table: Table,
  input: ManagedInput[Table],
): ManagedItem {
  const value = MANAGED_SCHEMAS[table].parse(input);
  const key = (MANAGED_KEYS[table] as (value: unknown) => string)(value);
  return { table, key, value };
}

export function sampleManaged(unit: SampleUnit): ManagedItem[] {
  const { institution, name, regionCode, province, merchants } = unit;
  const type = (code: string, kindCode: string, text: string, faceLinesMax: number) =>
    managedItem('billType', {
      code,
      kindCode,
      name: `${province}医疗${text}（电子）`,
      specimenCode: `${regionCode}000${kindCode}001`,
      faceLinesMax,
      voucher: code === 'deposit',
    });
  return [
    managedItem('unit', {
      code: `${regionCode}0000${institution}`,
      name,
      regionCode,
      receiverName: name,
      seal: 'unit-seal',
      supervisorSeal: 'supervisor-seal',
      rounding: { code: '14', name: '误差费', maxFen: 5 },
    }),
    sealItem('unit-seal', `${name}电子票据专用章`, 'unit'),
    sealItem('supervisor-seal', `${province}财政厅监制章`, 'supervisor'),
    type('outpatient', '01', '门诊收费票据', 12),
    type('inpatient', '02', '住院收费票据', 18),
    type('deposit', '21', '预交金凭证', 12),
    ...CATEGORIES.map(([busType, text, billType, issueAt]) => {
      return managedItem('category', { busType, name: text, billType, issueAt });
    }),
    ...PAY_CHANNELS.map(({ code, zh, journal }) => {
      return managedItem('channel', { code, name: zh, journal });
    }),
    ...CHARGE_CLASSES.map(({ code, zh }) => {
      const mapping = { kind: 'charge' as const, external: code, internal: code, name: zh };
      return managedItem('codeMapping', mapping);
    }),
    ...merchants.flatMap(({ id, name: merchantName, category }) => [
      managedItem('point', {
        code: category,
        name: merchantName,
        autoDistribute: 1_000,
        paperExchange: true,
      }),
      managedItem('merchant', { id, point: category }),
    ]),
  ];
}

const CATEGORIES: readonly [string, string, string, 'payment' | 'check-in'][] = [
  ['01', '住院', 'inpatient', 'payment'],
  ['02', '门诊', 'outpatient', 'payment'],
  ['03', '急诊', 'outpatient', 'payment'],
  ['04', '门特', 'outpatient', 'payment'],
  ['05', '体检', 'outpatient', 'payment'],
  ['06', '挂号', 'outpatient', 'payment'],
  ['07', '住院预交金', 'deposit', 'payment'],
  ['08', '体检预交金', 'deposit', 'payment'],
];

/** A round seal drawn as SVG, with the hash that bills name. */
function sealItem(code: string, name: string, owner: 'unit' | 'supervisor'): ManagedItem {
  const picture =
    '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="160" viewBox="0 0 160 160">' +
    '<circle cx="80" cy="80" r="74" fill="none" stroke="#c00" stroke-width="4"/>' +
    `<text x="80" y="84" text-anchor="middle" font-size="12" fill="#c00">${name}</text></svg>`;
  const image = Buffer.from(picture, 'utf8').toString('base64');
  const hash = createHash('sm3').update(Buffer.from(image, 'base64')).digest('hex');
  const validity = { validFrom: '20200101', validTo: '20991231' };
  return managedItem('seal', { code, name, owner, image, hash, ...validity });
}
