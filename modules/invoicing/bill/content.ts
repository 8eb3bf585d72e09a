/**
 * What the HIS says about a charge: everything that a bill's face and its charge list show, and how
 * the payment behind it is found in the journal. Amounts are fen; prices and quantities, which no sum
 * is made of, are decimal texts as the HIS wrote them.
 */
import { z } from 'zod';
import { isDate, isDateTime } from './dates.ts';

const text = (max: number) => z.string().max(max).default('');
const required = (max: number) => z.string().min(1).max(max).regex(/\S/, 'not only blanks');
const decimal = z
  .string()
  .regex(/^-?\d{1,14}(\.\d{1,6})?$/, 'a decimal number')
  .or(z.literal(''))
  .default('');
/** N14,2. */
const fen = z.int().min(-99_999_999_999_999).max(99_999_999_999_999);
const date = z.string().refine(isDate, 'a date, yyyyMMdd').or(z.literal('')).default('');

/** What was paid how, by insurance terms; each is a field of the face when the bill's kind shows it. */
export const AMOUNT_NAMES = [
  'accountPay',
  'fundPay',
  'otherFundPay',
  'ownPay',
  'selfConceited',
  'selfPay',
  'selfCashPay',
  'cashPay',
  'chequePay',
  'transferAccountPay',
  'cashRecharge',
  'chequeRecharge',
  'transferRecharge',
  'cashRefund',
  'chequeRefund',
  'transferRefund',
  'ownAccountBalance',
  'reimbursement',
] as const;

export type AmountName = (typeof AMOUNT_NAMES)[number];

export const payerSchema = z.strictObject({
  /** 1 a person, 2 a unit. */
  type: z.enum(['1', '2']).default('1'),
  name: required(100),
  /** A person's identity number (masked wherever people look), a unit's credit code. */
  code: text(30),
  account: text(50),
  bank: text(100),
  phone: text(11),
  email: text(100),
  openId: text(64),
});

export const visitSchema = z.strictObject({
  /** 医疗机构类型. */
  medicalInstitution: text(30),
  careInstitution: text(60),
  /** 医保类型. */
  careTypeCode: text(30),
  careType: text(60),
  insuranceId: text(30),
  consultationDate: date,
  department: text(60),
  departmentCode: text(60),
  patientNumber: text(30),
  patientId: text(30),
  sex: text(4),
  age: text(10),
  caseNumber: text(50),
  specialDisease: text(100),
  hospitalizationNumber: text(30),
  ward: text(60),
  bed: text(20),
  admissionDate: date,
  dischargeDate: date,
  hospitalDays: text(6),
});

/** A line of the face (收费项目). */
export const lineSchema = z.strictObject({
  code: required(50),
  name: required(100),
  unit: text(20),
  price: decimal,
  quantity: decimal,
  amountFen: fen,
  selfFen: fen.default(0),
  remark: text(200),
});

/** A line of the charge list behind the face (收费明细). */
export const detailSchema = z.strictObject({
  number: text(60),
  chargeCode: required(50),
  chargeName: text(100),
  code: text(30),
  name: required(100),
  specification: text(50),
  unit: text(20),
  price: decimal,
  quantity: decimal,
  /** Four decimals: the parts of a fen belong to the list, never to a sum of ours. */
  amount: decimal,
  selfAmount: decimal,
  careType: text(1),
  careItemCode: text(100),
  careItemName: text(100),
  reimbursementRate: decimal,
  remark: text(200),
});

/** How the journal's payment is named: field 37 of its answer, or the terminal's own numbers. */
export const paymentLinkSchema = z.union([
  z.strictObject({ reference: z.string().regex(/^\d{12}$/, '12 digits') }),
  z.strictObject({
    terminalId: z.string().regex(/^\w{8}$/, '8 characters'),
    batchNumber: z.string().regex(/^\d{6}$/, '6 digits'),
    traceNumber: z.string().regex(/^\d{6}$/, '6 digits'),
  }),
  /** A business number that the payment itself carries. */
  z.strictObject({ businessNumber: required(50) }),
]);

export const contentSchema = z.strictObject({
  /** 业务流水号: one charge of the HIS, whatever happens to it later. */
  busNo: required(50),
  busType: z.string().regex(/^\d{2}$/, '2 digits'),
  /** yyyyMMddHHmmssSSS, the HIS's clock. */
  busDateTime: z.string().refine(isDateTime, 'a time, yyyyMMddHHmmssSSS'),
  pointCode: required(50),
  /** 收费员. */
  cashier: required(50),
  /** 编制人. */
  author: required(100),
  /** 复核人. */
  checker: text(100),
  payer: payerSchema,
  card: z.strictObject({ type: text(10), number: text(50) }).prefault({}),
  visit: visitSchema.prefault({}),
  totalFen: fen.min(0),
  channels: z.array(z.strictObject({ code: required(10), amountFen: fen })).max(20),
  amounts: z.partialRecord(z.enum(AMOUNT_NAMES), fen).default({}),
  lines: z.array(lineSchema).max(200),
  details: z.array(detailSchema).max(5_000).default([]),
  /** Extra lines of the face. */
  extra: z
    .array(z.strictObject({ number: text(10), name: required(60), value: text(200) }))
    .default([]),
  /** Regional fields, appended to MainExt in this order. */
  extension: z
    .array(z.strictObject({ name: z.string().regex(/^[A-Za-z]\w{0,59}$/), value: text(500) }))
    .max(100)
    .default([]),
  /** Deposits that this bill uses up. */
  vouchers: z
    .array(
      z.strictObject({ billCode: required(20), billNumber: required(20), amountFen: fen.min(1) }),
    )
    .max(50)
    .default([]),
  /** 医保结算号. */
  insuranceSettlement: text(100),
  /** Joins the several bills of one visit. */
  relatedNumber: text(50),
  arrears: z.boolean().default(false),
  arrearsReason: text(200),
  remark: text(500),
});

export type BillContent = z.output<typeof contentSchema>;
export type BillContentInput = z.input<typeof contentSchema>;
export type PaymentLink = z.output<typeof paymentLinkSchema>;
export type BillLine = z.output<typeof lineSchema>;
export type DetailLine = z.output<typeof detailSchema>;

/**
 * Why a content cannot become a bill, or null. Lines, channels and deposits used must each come to
 * the total; what does not (a rounding difference) must be a line of its own.
 */
export function contentProblem(content: BillContent): string | null {
  const lines = sumFen(content.lines);
  if (lines !== content.totalFen)
    return `lines come to ${lines} fen, the total is ${content.totalFen}`;
  const paid = sumFen(content.channels) + sumFen(content.vouchers);
  if (paid !== content.totalFen) {
    return `channels and deposits come to ${paid} fen, the total is ${content.totalFen}`;
  }
  const codes = new Set(content.lines.map(({ code }) => code));
  const stray = content.details.find(({ chargeCode }) => !codes.has(chargeCode));
  return stray === undefined ? null : `list line ${stray.name} belongs to no line of the face`;
}

export function sumFen(rows: readonly { amountFen: number }[]): number {
  return rows.reduce((sum, { amountFen }) => sum + amountFen, 0);
}

/** The part of the total that channels of the given codes brought. */
export function channelFen(content: BillContent, codes: ReadonlySet<string>): number {
  return sumFen(content.channels.filter(({ code }) => codes.has(code)));
}
