/**
 * The vendor's fields as our content: one table a block, each line the vendor's name and ours. What
 * versions of the vendor's interface name or write differently is told apart here and nowhere else.
 */
import { fenOf } from '../bill/amount.ts';
import {
  type AmountName,
  type BillContent,
  contentSchema,
  type PaymentLink,
  sumFen,
} from '../bill/content.ts';
import type { Managed } from '../managed/schemas.ts';
import { InvoicingRefused } from '../requests.ts';

export type Body = Record<string, unknown>;

/** Names of MainExt amounts. */
const AMOUNTS: readonly (readonly [theirs: string, ours: AmountName])[] = [
  ['accountPay', 'accountPay'],
  ['fundPay', 'fundPay'],
  ['otherfundPay', 'otherFundPay'],
  ['ownPay', 'ownPay'],
  ['selfConceitedAmt', 'selfConceited'],
  ['selfPayAmt', 'selfPay'],
  ['selfCashPay', 'selfCashPay'],
  ['cashPay', 'cashPay'],
  ['chequePay', 'chequePay'],
  ['transferAccountPay', 'transferAccountPay'],
  ['cashRecharge', 'cashRecharge'],
  ['chequeRecharge', 'chequeRecharge'],
  ['transferRecharge', 'transferRecharge'],
  ['cashRefund', 'cashRefund'],
  ['chequeRefund', 'chequeRefund'],
  ['transferRefund', 'transferRefund'],
  ['ownAcBalance', 'ownAccountBalance'],
  ['reimbursementAmt', 'reimbursement'],
];

/** Fields of the visit. */
const VISIT: readonly (readonly [ours: keyof BillContent['visit'], ...theirs: string[]])[] = [
  ['medicalInstitution', 'medicalInstitution'],
  ['careInstitution', 'medCareInstitution'],
  ['careTypeCode', 'medCareTypeCode'],
  ['careType', 'medicalCareType'],
  ['insuranceId', 'medicalInsuranceID'],
  ['consultationDate', 'consultationDate'],
  ['patientNumber', 'patientNo'],
  ['patientId', 'patientId'],
  ['sex', 'sex'],
  ['age', 'age'],
  ['caseNumber', 'caseNumber'],
  ['specialDisease', 'specialDiseasesName'],
  ['hospitalizationNumber', 'hospitalNo', 'hospitalizationNo'],
  ['ward', 'wardName', 'ward'],
  ['bed', 'bedNo', 'bed'],
  ['admissionDate', 'inHospitalDate'],
  ['dischargeDate', 'outHospitalDate'],
  ['hospitalDays', 'hospitalDays'],
];

const DATE_FIELDS = new Set(['consultationDate', 'admissionDate', 'dischargeDate']);

/** What the vendor's interface requires of every issue call. */
const REQUIRED = ['busNo', 'payer', 'placeCode', 'payee', 'author', 'payerType'] as const;
/** … and of one that makes a bill: a deposit has no visit to tell of. */
const REQUIRED_OF_BILLS = [
  'cardType',
  'cardNo',
  'medicalInstitution',
  'medicalCareType',
  'consultationDate',
  'patientCategory',
  'patientNo',
  'sex',
  'age',
  'caseNumber',
] as const;

/** Throws InvoicingRefused with the vendor's name of what is missing. */
function requireFields(body: Body, isDeposit: boolean): void {
  for (const name of isDeposit ? REQUIRED : [...REQUIRED, ...REQUIRED_OF_BILLS]) {
    requiredText(body, name);
  }
  if (!isDeposit) requiredText(body, isOlder(body) ? 'category' : 'patientCategoryCode');
  const paid = ['payChannelDetail', 'paymentVoucher'];
  if (paid.every((name) => rowsOf(body, name).length === 0) && amountOf(body, 'totalAmt') !== 0) {
    throw new InvoicingRefused('bad-field', 'payChannelDetail is missing');
  }
  for (const name of isDeposit ? ['chargeDetail'] : ['chargeDetail', 'listDetail']) {
    if (rowsOf(body, name).length > 0) continue;
    throw new InvoicingRefused('bad-field', `${name} is missing`);
  }
}

/** The content of an issue call. Throws InvoicingRefused when a field is not what it has to be. */
export function contentOf(body: Body, busType: string, isDeposit: boolean): BillContent {
  requireFields(body, isDeposit);
  const content = {
    busNo: textOf(body, 'busNo'),
    busType: textOf(body, 'busType') || busType,
    busDateTime: requiredText(body, 'busDateTime').padEnd(17, '0'),
    pointCode: textOf(body, 'placeCode'),
    cashier: textOf(body, 'payee'),
    author: textOf(body, 'author'),
    checker: textOf(body, 'checker'),
    payer: {
      type: textOf(body, 'payerType') || '1',
      name: textOf(body, 'payer'),
      code: textOf(body, 'idCardNo'),
      phone: textOf(body, 'tel'),
      email: textOf(body, 'email'),
      openId: textOf(body, 'openID'),
    },
    card: { type: textOf(body, 'cardType'), number: textOf(body, 'cardNo') },
    visit: visitOf(body),
    totalFen: amountOf(body, 'totalAmt'),
    channels: rowsOf(body, 'payChannelDetail').map((row) => ({
      code: textOf(row, 'payChannelCode'),
      amountFen: amountOf(row, 'payChannelValue'),
    })),
    amounts: amountsOf(body),
    lines: rowsOf(body, 'chargeDetail').map(lineOf),
    details: rowsOf(body, 'listDetail').map(detailOf),
    extra: rowsOf(body, 'otherInfo').map((row) => ({
      number: textOf(row, 'infoNo'),
      name: textOf(row, 'infoName'),
      value: textOf(row, 'infoValue'),
    })),
    vouchers: rowsOf(body, 'paymentVoucher').map((row) => ({
      billCode: textOf(row, 'voucherBatchCode'),
      billNumber: textOf(row, 'voucherNo'),
      amountFen: amountOf(row, 'voucherAmt'),
    })),
    insuranceSettlement: textOf(body, 'balancedNumber'),
    relatedNumber: textOf(body, 'eBillRelateNo'),
    arrears: textOf(body, 'isArrears') === '1',
    arrearsReason: textOf(body, 'arrearsReason'),
    remark: textOf(body, 'remark'),
  };
  const parsed = contentSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InvoicingRefused('bad-field', `${issue?.path.join('.')}: ${issue?.message}`);
}

/** How the payment is named, when the HIS names it: fields that the vendor's interface has no place for. */
export function linksOf(body: Body): PaymentLink[] {
  const reference = textOf(body, 'retrievalReference');
  if (reference !== '') return [{ reference: reference.padStart(12, '0') }];
  const [terminalId, batchNumber, traceNumber] = ['terminalId', 'batchNo', 'traceNo'].map((name) =>
    textOf(body, name),
  ) as [string, string, string];
  return terminalId === '' ? [] : [{ terminalId, batchNumber, traceNumber }];
}

export interface Mapped {
  content: BillContent;
  /** Keys of the mappings that were used. */
  mappings: Set<string>;
}

type MappingKind = Managed['codeMapping']['kind'];

/** Codes of the HIS as ours, and a rounding difference as a line of its own. */
export function mapped(
  content: BillContent,
  managed: {
    mapping: (key: string) => Managed['codeMapping'] | null;
    unit: Managed['unit'] | null;
  },
): Mapped {
  const mappings = new Set<string>();
  const code = (kind: MappingKind, external: string) => {
    const key = `${kind}.${external}`;
    const found = managed.mapping(key);
    if (!found?.enabled) return external;
    mappings.add(key);
    return found.internal;
  };
  const lines = content.lines.map((line) => ({ ...line, code: code('charge', line.code) }));
  const rounding = roundingLine(content.totalFen - sumFen(lines), managed.unit);
  const { departmentCode } = content.visit;
  const ours = {
    ...content,
    busType: code('business-type', content.busType),
    lines: [...lines, ...rounding],
    channels: content.channels.map((row) => ({ ...row, code: code('channel', row.code) })),
    details: content.details.map((row) => ({ ...row, chargeCode: code('charge', row.chargeCode) })),
    visit: { ...content.visit, departmentCode: code('department', departmentCode) },
  };
  return { content: ours, mappings };
}

/** 误差费, when the unit has a charge code for it and the difference is small. */
function roundingLine(differenceFen: number, unit: Managed['unit'] | null): BillContent['lines'] {
  const rounding = unit?.rounding ?? null;
  if (differenceFen === 0 || rounding === null) return [];
  if (Math.abs(differenceFen) > rounding.maxFen) return [];
  const empty = { unit: '', price: '', quantity: '', selfFen: 0, remark: '' };
  const { code, name } = rounding;
  return [{ ...empty, code, name, amountFen: differenceFen }];
}

/** Up to interface 3.1.0 the department is `category` and its code `patientCategory`. */
function isOlder(body: Body): boolean {
  return body['category'] !== undefined && body['patientCategoryCode'] === undefined;
}

function visitOf(body: Body): Record<string, string> {
  const visit: Record<string, string> = {};
  for (const [ours, ...theirs] of VISIT) {
    const value = theirs.map((name) => textOf(body, name)).find((text) => text !== '') ?? '';
    visit[ours] = DATE_FIELDS.has(ours) ? value.replaceAll('-', '').slice(0, 8) : value;
  }
  const older = isOlder(body);
  visit['department'] = textOf(body, older ? 'category' : 'patientCategory');
  visit['departmentCode'] = textOf(body, older ? 'patientCategory' : 'patientCategoryCode');
  return visit;
}

function amountsOf(body: Body): Partial<Record<AmountName, number>> {
  const amounts: Partial<Record<AmountName, number>> = {};
  for (const [theirs, ours] of AMOUNTS) {
    if (textOf(body, theirs) !== '') amounts[ours] = amountOf(body, theirs);
  }
  return amounts;
}

function lineOf(row: Body) {
  return {
    code: textOf(row, 'chargeCode'),
    name: textOf(row, 'chargeName'),
    unit: textOf(row, 'unit'),
    price: textOf(row, 'std'),
    quantity: textOf(row, 'number'),
    amountFen: amountOf(row, 'amt'),
    selfFen: textOf(row, 'selfAmt') === '' ? 0 : amountOf(row, 'selfAmt'),
    remark: textOf(row, 'remark'),
  };
}

function detailOf(row: Body) {
  return {
    number: textOf(row, 'listDetailNo'),
    chargeCode: textOf(row, 'chargeCode'),
    chargeName: textOf(row, 'chargeName'),
    code: textOf(row, 'code'),
    name: textOf(row, 'name'),
    specification: [textOf(row, 'form'), textOf(row, 'spec')].filter(Boolean).join(' '),
    unit: textOf(row, 'unit'),
    price: textOf(row, 'std'),
    quantity: textOf(row, 'number'),
    amount: textOf(row, 'amt'),
    selfAmount: textOf(row, 'selfAmt'),
    careType: textOf(row, 'medicalCareType'),
    careItemCode: textOf(row, 'medCareItemCode'),
    careItemName: textOf(row, 'medCareItemName'),
    reimbursementRate: textOf(row, 'medReimburseRate'),
    remark: textOf(row, 'remark'),
  };
}

/** Strings and numbers as text; everything else is nothing. */
export function textOf(body: Body, name: string): string {
  const value = body[name];
  if (typeof value === 'string') return value.trim();
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : '';
}

/** Throws InvoicingRefused when there is nothing. */
export function requiredText(body: Body, name: string): string {
  const text = textOf(body, name);
  if (text === '') throw new InvoicingRefused('bad-field', `${name} is missing`);
  return text;
}

/** An amount in yuan as fen. Throws InvoicingRefused. */
export function amountOf(body: Body, name: string): number {
  const fen = fenOf(textOf(body, name));
  if (fen === null) throw new InvoicingRefused('bad-field', `${name} is not an amount in yuan`);
  return fen;
}

export function rowsOf(body: Body, name: string): Body[] {
  const value = body[name];
  if (!Array.isArray(value)) return [];
  return value.filter((row): row is Body => typeof row === 'object' && row !== null);
}
