/** The vendor's methods that issue and take back: bills, red bills, deposits and their rest. */
import { yuanText } from '../bill/amount.ts';
import { BUSINESS_TYPES } from '../bill/code-tables.ts';
import { type Desk, InvoicingRefused } from '../requests.ts';
import { billAnswer, found, nameOf } from './bills.ts';
import { type Body, contentOf, linksOf, mapped, requiredText } from './fields.ts';

export type Method = (body: Body, desk: Desk) => Promise<unknown>;

/** A method issues the business types that are its own; the first is meant when the call names none. */
export function issueAs(...busTypes: readonly [string, ...string[]]): Method {
  return async (body, desk) => {
    const { queries, institution } = desk;
    const { content, mappings } = mapped(contentOf(body, busTypes[0], isDepositType(busTypes[0])), {
      mapping: (key) => queries.managed(institution, 'codeMapping', key)?.value ?? null,
      unit: queries.managed(institution, 'unit', 'unit')?.value ?? null,
    });
    requireBusiness(desk, content.busType, busTypes);
    const links = linksOf(body);
    const uses = [...mappings].map((key) => ({ table: 'codeMapping' as const, key }));
    const { bill, reason } = await desk.issueOrRefuse(content, links, uses);
    // A charge that was written off has no bill and misses none.
    if (bill === null) {
      throw new InvoicingRefused(reason || 'written-off', `busNo ${content.busNo}`);
    }
    return { ...billAnswer(bill, desk), billBusDate: content.busDateTime };
  };
}

/** Types of the field's table belong to one method; a hospital's own to any that makes the same kind of bill. */
function requireBusiness(
  { queries, institution }: Desk,
  busType: string,
  ofMethod: readonly string[],
): void {
  const category = queries.managed(institution, 'category', busType)?.value;
  if (category === undefined) return;
  const type = queries.managed(institution, 'billType', category.billType)?.value;
  const isDeposit = type?.voucher ?? false;
  const isOwn = !BUSINESS_TYPES.some(({ code }) => code === busType);
  const fits = isOwn ? isDeposit === isDepositType(ofMethod[0]) : ofMethod.includes(busType);
  if (fits) return;
  throw new InvoicingRefused('business-type-not-of-method', `busType ${busType}`);
}

/** 07 and 08 are the deposits of the field's table. */
function isDepositType(busType: string | undefined): boolean {
  return busType === '07' || busType === '08';
}

export async function writeOff(body: Body, desk: Desk, deposit: boolean): Promise<unknown> {
  const name = nameOf(body);
  const known = desk.queries.bill(name)?.bill;
  if (known !== undefined && known.voucher !== deposit) {
    throw new InvoicingRefused(
      deposit ? 'unknown-deposit' : 'is-a-deposit',
      'billBatchCode, billNo',
    );
  }
  const outcome = await desk.redLetter({
    ...name,
    reason: requiredText(body, 'reason'),
    operator: requiredText(body, 'operator'),
    pointCode: requiredText(body, 'placeCode'),
    busDateTime: requiredText(body, 'busDateTime').padEnd(17, '0'),
  });
  if (outcome.bill === null) throw new InvoicingRefused('number-asked-for', 'red bill');
  const red = billAnswer(desk.queries.billByKey(outcome.bill)!, desk);
  const { billBatchCode, billNo, random, ...rest } = red;
  return {
    eScarletBillBatchCode: billBatchCode,
    eScarletBillNo: billNo,
    eScarletRandom: random,
    ...rest,
  };
}

/** 预交金余额注销: the rest was paid back, by the HIS itself or through the payment's refund. */
export async function cancelBalance(body: Body, desk: Desk): Promise<unknown> {
  const name = nameOf(body);
  await desk.ask('voucher-cancelled', name);
  const { bill, state } = found(name, desk);
  const leftFen = bill.content.totalFen - state.consumedFen - state.cancelledFen;
  return { cancelledAmt: yuanText(state.cancelledFen), balanceAmt: yuanText(leftFen) };
}
