/**
 * The XML of an e-bill: EInvoice, with the elements of Main in the order of the fiscal data
 * specification and an open MainExt. The bytes that this file gives are what is signed and stored;
 * nobody serialises them again. They are a function of the bill alone.
 */
import { yuanText } from './amount.ts';
import { type Bill, type SealFace, signOf, times } from './bill.ts';
import { CURRENCY } from './code-tables.ts';
import type { AmountName, BillContent, BillLine, DetailLine } from './content.ts';
import { type Element, writeXml } from './xml-writer.ts';

const VERSION = '1.1.0';

export function billXml(bill: Bill): Buffer {
  const { content } = bill;
  const sign = signOf(bill);
  return writeXml([
    'EInvoice',
    [
      [
        'Header',
        [
          ['EInvoiceID', bill.billCode + bill.billNumber],
          ['EInvoiceTag', `CZ-EI-${bill.regionCode}`],
          ['Version', VERSION],
        ],
      ],
      [
        'EInvoiceData',
        [
          ['Main', mainElements(bill)],
          ['Details', content.lines.map((line) => item(line, sign))],
          ['AuxDetails', content.details.map((line) => auxItem(line, content, sign))],
        ],
      ],
    ],
  ]);
}

/** The order of Main is the specification's. */
function mainElements(bill: Bill): Element[] {
  const { content, unit } = bill;
  return [
    ['EInvoiceName', bill.name],
    ['EInvoiceCode', bill.billCode],
    ['EInvoiceNumber', bill.billNumber],
    ['RandomNumber', bill.checkCode],
    ['EInvoiceSpecimenCode', bill.specimenCode],
    ['SupervisorAreaCode', bill.regionCode],
    ['TotalAmount', yuanText(times(content.totalFen, signOf(bill)))],
    ['IssueDate', bill.issueDate],
    ['IssueTime', bill.issueTime],
    ['InvoicingParty', invoicingParty(bill)],
    ['PayerParty', payerParty(content)],
    ['PayMode', content.channels[0]?.code ?? ''],
    ['BizCode', content.busNo],
    ['CurrencyType', CURRENCY.type],
    ['ExchangeRate', CURRENCY.rate],
    ['Remark', bill.kind === 'red' ? bill.reason : content.remark],
    ['HandlingPerson', bill.handled.cashier],
    ['Checker', content.checker],
    ['SupervisorRemark', ''],
    ['MainExt', mainExt(bill)],
    ['InvoicingPartySeal', seal(unit.seal)],
    ['SupervisorPartySeal', seal(unit.supervisorSeal)],
  ];
}

function invoicingParty({ unit }: Bill): Element[] {
  return [
    ['InvoicingPartyCode', unit.code],
    ['InvoicingPartyName', unit.name],
    ['RecName', unit.receiverName],
    ['RecAcct', unit.receiverAccount],
    ['RecOpBk', unit.receiverBank],
  ];
}

function payerParty({ payer }: BillContent): Element[] {
  return [
    ['PayerPartyType', payer.type],
    ['PayerPartyCode', payer.code],
    ['PayerPartyName', payer.name],
    ['PayerAcct', payer.account],
    ['PayerOpBk', payer.bank],
  ];
}

function seal({ id, name, hash }: SealFace): Element[] {
  return [
    ['SealId', id],
    ['SealName', name],
    ['SealHash', hash],
  ];
}

/** Amounts of MainExt and the amounts of the content that they are: for both kinds, then inpatient only. */
const EXT_AMOUNTS: readonly (readonly [element: string, ...names: AmountName[]])[] = [
  ['FundPayAmount', 'fundPay'],
  ['OtherPayAmount', 'otherFundPay'],
  ['AccountPayAmount', 'accountPay'],
  ['OwnPayAmount', 'selfCashPay'],
  ['SelfpaymentAmount', 'selfPay'],
  ['SelfpaymentCost', 'ownPay'],
];

const INPATIENT_AMOUNTS: typeof EXT_AMOUNTS = [
  ['RechargeAmount', 'cashRecharge', 'chequeRecharge', 'transferRecharge'],
  ['RefundAmount', 'cashRefund', 'chequeRefund', 'transferRefund'],
];

function mainExt(bill: Bill): Element[] {
  const { content, original } = bill;
  const { visit } = content;
  const elements: Element[] = [
    ['PayCode', content.channels.map(({ code }) => code).join(',')],
    ['RelatedInvoiceCode', original?.billCode ?? ''],
    ['RelatedInvoiceNumber', original?.billNumber ?? ''],
    ['BusinessNumber', content.busNo],
    ['BusinessDate', content.busDateTime.slice(0, 8)],
    ['Gender', visit.sex],
    ['MedicalType', content.busType],
    ['PatientNumber', visit.patientNumber],
    ['MedicalDate', visit.consultationDate],
    ['OrgType', visit.medicalInstitution],
    ['MedicalInsuranceType', visit.careType],
    ['MedicalInsuranceID', visit.insuranceId],
    ...amountElements(bill, EXT_AMOUNTS),
  ];
  if (isInpatient(content)) elements.push(...inpatientElements(bill));
  for (const { name, value } of content.extra) {
    elements.push([
      'ExtraLine',
      [
        ['Name', name],
        ['Value', value],
      ],
    ]);
  }
  for (const { name, value } of content.extension) elements.push([name, value]);
  return elements;
}

export function isInpatient({ busType, visit }: BillContent): boolean {
  return busType === '01' || visit.hospitalizationNumber !== '';
}

function inpatientElements(bill: Bill): Element[] {
  const { visit, vouchers } = bill.content;
  const usedFen = vouchers.reduce((sum, { amountFen }) => sum + amountFen, 0);
  return [
    ['CaseNumber', visit.caseNumber],
    ['HospitalizationNumber', visit.hospitalizationNumber],
    ['DepartmentName', visit.department],
    ['InHospitalDate', visit.admissionDate],
    ['OutHospitalDate', visit.dischargeDate],
    ['PrepayAmount', yuanText(times(usedFen, signOf(bill)))],
    ...amountElements(bill, INPATIENT_AMOUNTS),
    ['HospitalDay', visit.hospitalDays],
  ];
}

function amountElements(bill: Bill, rows: typeof EXT_AMOUNTS): Element[] {
  return rows.map(([element, ...names]) => {
    const sum = names.reduce((total, name) => total + (bill.content.amounts[name] ?? 0), 0);
    return [element, yuanText(times(sum, signOf(bill)))];
  });
}

function item(line: BillLine, sign: 1 | -1): Element {
  return [
    'Item',
    [
      ['ItemCode', line.code],
      ['ItemName', line.name],
      ['ItemQuantity', line.quantity],
      ['ItemUnit', line.unit],
      ['ItemStd', line.price],
      ['ItemAmount', yuanText(times(line.amountFen, sign))],
      ['ItemRemark', line.remark],
    ],
  ];
}

function auxItem(line: DetailLine, content: BillContent, sign: 1 | -1): Element {
  const parent = content.lines.find(({ code }) => code === line.chargeCode);
  return [
    'AuxItem',
    [
      ['AuxItemRelatedCode', line.chargeCode],
      ['AuxItemRelatedName', line.chargeName || (parent?.name ?? '')],
      ['AuxItemCode', line.code],
      ['AuxItemName', line.name],
      ['AuxItemQuantity', line.quantity],
      ['AuxItemUnit', line.unit],
      ['AuxItemStd', line.price],
      ['AuxItemAmount', sign === -1 ? negated(line.amount) : line.amount],
      ['AuxItemRemark', line.remark],
    ],
  ];
}

/** The decimal text with the other sign; nothing and zero stay as they are. */
export function negated(decimal: string): string {
  if (decimal === '' || /^-?0+(\.0*)?$/.test(decimal)) return decimal;
  return decimal.startsWith('-') ? decimal.slice(1) : `-${decimal}`;
}
