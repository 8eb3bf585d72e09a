/** The link that a bill's QR code holds: the page of the bill, or its three numbers where there is no page. */
import type { Bill } from '../bill/bill.ts';

export const PAGE_PATH = '/e-bill';

type Named = Pick<Bill, 'billCode' | 'billNumber' | 'checkCode'>;

export function pageLink(pageAddress: string, bill: Named): string {
  const { billCode, billNumber, checkCode } = bill;
  if (pageAddress === '') return `${billCode},${billNumber},${checkCode}`;
  return `${pageAddress}${PAGE_PATH}?c=${billCode}&n=${billNumber}&k=${checkCode}`;
}
