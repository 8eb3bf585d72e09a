/**
 * What a bill shows to people: texts in the order of the printed style, for PDF, OFD and the page
 * alike. Identity numbers are masked here, once.
 */
import { capitalAmount, yuanText } from '../bill/amount.ts';
import { type Bill, type BillState, signOf, times, totalFenOf } from '../bill/bill.ts';
import { AMOUNT_NAMES, type AmountName } from '../bill/content.ts';
import { isInpatient, negated } from '../bill/xml.ts';
import { pageLink } from './link.ts';

export interface Label {
  label: string;
  value: string;
}

export interface Face {
  title: string;
  /** 票据代码, 票据号码, 校验码, 开票日期, 交款人 …, two columns. */
  head: Label[];
  /** Lines of the face, as many as it has room for. */
  lines: { name: string; quantity: string; amount: string; remark: string }[];
  /** Said under the lines when there are more of them, or a charge list. */
  overflow: string;
  total: { capital: string; figures: string };
  others: Label[];
  foot: Label[];
  /** The charge list behind the face (医疗收费明细), empty when the face says it all. */
  list: { group: string; name: string; specification: string; quantity: string; amount: string }[];
  /** What the QR code holds. */
  link: string;
  unitSeal: string;
  supervisorSeal: string;
}

const AMOUNT_LABELS: Record<AmountName, string> = {
  accountPay: '个人账户支付',
  fundPay: '医保统筹基金支付',
  otherFundPay: '其他支付',
  ownPay: '个人自费',
  selfConceited: '个人自负',
  selfPay: '个人自付',
  selfCashPay: '个人现金支付',
  cashPay: '现金预交款',
  chequePay: '支票预交款',
  transferAccountPay: '转账预交款',
  cashRecharge: '补交现金',
  chequeRecharge: '补交支票',
  transferRecharge: '补交转账',
  cashRefund: '退现金',
  chequeRefund: '退支票',
  transferRefund: '退转账',
  ownAccountBalance: '个人账户余额',
  reimbursement: '报销总额',
};

export function billFace(bill: Bill): Face {
  const { faceLinesMax, pageAddress } = bill.face;
  const { content } = bill;
  const sign = signOf(bill);
  const lines = content.lines.map((line) => ({
    name: line.name,
    quantity: [line.quantity, line.unit].filter((part) => part !== '').join('/'),
    amount: yuanText(times(line.amountFen, sign)),
    remark: line.remark,
  }));
  const overflows = lines.length > faceLinesMax;
  const list = listOf(bill, overflows ? lines.slice(faceLinesMax) : []);
  return {
    title: bill.kind === 'red' ? `${bill.name}（红字）` : bill.name,
    head: headOf(bill),
    lines: lines.slice(0, faceLinesMax),
    overflow: list.length > 0 ? '详见医疗收费明细' : '',
    total: { capital: capitalAmount(totalFenOf(bill)), figures: yuanText(totalFenOf(bill)) },
    others: othersOf(bill),
    foot: [
      { label: '收款单位', value: bill.unit.name },
      { label: '复核人', value: content.checker },
      { label: '收款人', value: bill.handled.cashier },
    ],
    list,
    link: pageLink(pageAddress, bill),
    unitSeal: bill.unit.seal.name,
    supervisorSeal: bill.unit.supervisorSeal.name,
  };
}

function headOf(bill: Bill): Label[] {
  const { content, original } = bill;
  const head = [
    { label: '票据代码', value: bill.billCode },
    { label: '票据号码', value: bill.billNumber },
    { label: '交款人统一社会信用代码', value: maskedCode(content.payer) },
    { label: '校验码', value: bill.checkCode },
    { label: '交款人', value: content.payer.name },
    { label: '开票日期', value: dateText(bill.issueDate) },
  ];
  if (original !== null) {
    head.push({ label: '原票据', value: `${original.billCode} ${original.billNumber}` });
    head.push({ label: '冲红原因', value: bill.reason });
  }
  return head;
}

function dateText(date: string): string {
  return date.replace(/^(....)(..)(..)$/, '$1-$2-$3');
}

/** A unit's code is public; of a person's number the middle is hidden. */
export function maskedCode({ type, code }: { type: string; code: string }): string {
  if (type === '2' || code.length < 8) return code;
  return code.slice(0, 4) + '*'.repeat(code.length - 8) + code.slice(-4);
}

function othersOf(bill: Bill): Label[] {
  const { content } = bill;
  const { visit, amounts } = content;
  const labels: [string, string][] = [
    ['业务流水号', content.busNo],
    ['性别', visit.sex],
    ['医疗机构类型', visit.medicalInstitution],
    ['医保类型', visit.careType],
    ['医保编号', visit.insuranceId],
    ['科室', visit.department],
  ];
  if (isInpatient(content)) {
    labels.push(
      ['病历号', visit.caseNumber],
      ['住院号', visit.hospitalizationNumber],
      ['住院日期', dateText(visit.admissionDate)],
      ['出院日期', dateText(visit.dischargeDate)],
      ['住院天数', visit.hospitalDays],
    );
  } else {
    labels.push(['门诊号', visit.patientNumber], ['就诊日期', dateText(visit.consultationDate)]);
  }
  for (const name of AMOUNT_NAMES) {
    const amountFen = amounts[name];
    if (amountFen === undefined) continue;
    labels.push([AMOUNT_LABELS[name], yuanText(times(amountFen, signOf(bill)))]);
  }
  for (const { name, value } of content.extra) labels.push([name, value]);
  return labels.filter(([, value]) => value !== '').map(([label, value]) => ({ label, value }));
}

function listOf(bill: Bill, more: Face['lines']): Face['list'] {
  const { content } = bill;
  const names = new Map(content.lines.map(({ code, name }) => [code, name]));
  const overflowing = more.map(({ name, quantity, amount }) => {
    return { group: '收费项目', name, specification: '', quantity, amount };
  });
  const details = content.details.map((line) => ({
    group: names.get(line.chargeCode) ?? line.chargeName,
    name: line.name,
    specification: line.specification,
    quantity: [line.quantity, line.unit].filter((part) => part !== '').join('/'),
    amount: bill.kind === 'red' ? negated(line.amount) : line.amount,
  }));
  return [...overflowing, ...details];
}

/** 状态 as people read it. */
export function stateText({ state, paper, booked }: BillState, kind: Bill['kind']): string {
  if (kind === 'red') return '红票';
  if (state === 'red-lettered') return '已冲红';
  if (booked !== null) return '已入账';
  return paper === null ? '正常' : '已换开纸质票';
}
