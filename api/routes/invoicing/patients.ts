/** The pages of bills, for patients and for whoever was given a bill. Nobody signs in; wrong guesses are counted. */
import { z } from 'zod';
import { fenOf } from '../../../modules/invoicing/bill/amount.ts';
import { totalFenOf } from '../../../modules/invoicing/bill/bill.ts';
import { billFile } from '../../../modules/invoicing/face/files.ts';
import { GuessGuard } from '../../../modules/invoicing/face/guesses.ts';
import { PAGE_PATH } from '../../../modules/invoicing/face/link.ts';
import { billPage, messagePage, verifyPage } from '../../../modules/invoicing/face/page.ts';
import { invoicing } from '../../../modules/invoicing/module.ts';
import type { FoundBill } from '../../../modules/invoicing/queries.ts';
import { InvoicingRefused } from '../../../modules/invoicing/requests.ts';
import { FileAnswer, file, type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';

const short = z.string().max(30);
const three = z.object({ c: short, n: short, k: short });
const COMMON = {
  method: 'get',
  tag: 'invoicing',
  permission: null,
  changes: false,
  answer: file,
} as const;
/** One sentence for a wrong number, an unknown bill and a lock. */
const NOTHING = '查无此票，或查询过于频繁，请稍后再试。';

export function patientRoutes(services: ApiServices): Route[] {
  const guard = new GuessGuard();
  const { view } = services;
  const find = (asked: z.output<typeof three>, caller: string): FoundBill | null => {
    const found = view(invoicing).queries.bill({ billCode: asked.c, billNumber: asked.n });
    const right = found?.bill.checkCode ?? null;
    return guard.allows(caller, `${asked.c}-${asked.n}`, asked.k, right) ? found : null;
  };
  return [
    route({
      ...COMMON,
      path: PAGE_PATH,
      summaryZh: '电子票据页面（二维码）',
      summaryEn: 'The page of a bill (its QR code)',
      query: three,
      handle: ({ query, request }) => {
        const found = find(query, request.remoteAddress);
        if (found === null) return html(messagePage(NOTHING));
        return html(billPage(found.bill, found.state));
      },
    }),
    verifyRoute(services, guard),
    route({
      ...COMMON,
      path: `${PAGE_PATH}/{kind}`,
      summaryZh: '下载票据文件',
      summaryEn: 'A file of a bill',
      params: z.object({ kind: z.enum(['pdf', 'ofd', 'xml']) }),
      query: three,
      handle: async ({ params, query, request }) => {
        const found = find(query, request.remoteAddress);
        if (found === null) return html(messagePage(NOTHING));
        try {
          const made = await billFile(view(invoicing).queries, found, params.kind);
          return new FileAnswer(made.bytes, made.contentType, made.fileName);
        } catch (error) {
          if (!(error instanceof InvoicingRefused)) throw error;
          return html(messagePage('票据正在签名，请稍后再试。'));
        }
      },
    }),
  ];
}

function verifyRoute({ view }: ApiServices, guard: GuessGuard): Route {
  return route({
    ...COMMON,
    path: `${PAGE_PATH}/verify`,
    summaryZh: '五要素查验',
    summaryEn: 'Verify a bill by its five elements',
    query: z
      .object({ code: short, number: short, check: short, date: short, amount: short })
      .partial(),
    handle: ({ query, request }) => {
      const { code, number = '', check = '', date = '', amount = '' } = query;
      if (code === undefined) return html(verifyPage(''));
      const found = view(invoicing).queries.bill({
        billCode: code.trim(),
        billNumber: number.trim(),
      });
      const right = found === null ? null : fiveElements(found);
      // As the face prints them, 2026-11-28 and with blanks around: no guess is lost over that.
      const figures = fenOf(amount.trim()) ?? '';
      const given = `${check.trim()}|${date.replace(/\D/g, '')}|${figures}`;
      const allowed = guard.allows(
        request.remoteAddress,
        `${code.trim()}-${number.trim()}`,
        given,
        right,
      );
      if (!allowed || found === null) return html(verifyPage(NOTHING));
      return html(billPage(found.bill, found.state));
    },
  });
}

function fiveElements({ bill }: FoundBill): string {
  return `${bill.checkCode}|${bill.issueDate}|${totalFenOf(bill)}`;
}

function html(page: string): FileAnswer {
  return new FileAnswer(Buffer.from(page, 'utf8'), 'text/html; charset=utf-8');
}
