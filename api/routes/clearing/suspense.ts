/** What clearing could not explain and holds in suspense. */
import { z } from 'zod';
import { isoDate } from '../../../modules/clearing/files/contents.ts';
import { suspenseItems } from '../../../modules/clearing/suspense.ts';
import { type Route, route } from '../../route.ts';
import { businessDate, merchantId, signedFen } from '../../schemas.ts';
import type { ApiServices } from '../../services.ts';
import { institutionOf } from '../transactions.ts';

const suspenseView = z.object({
  longFen: z.int(),
  shortFen: z.int(),
  items: z.array(
    z.object({
      date: businessDate,
      merchantId,
      amountFen: signedFen.describe('Positive: the merchant’s account got too much'),
      days: z.int().describe('Since the day that could not be explained'),
    }),
  ),
});

export function suspenseRoute({ reader }: ApiServices): Route {
  return route({
    tag: 'clearing',
    method: 'get',
    path: '/v1/clearing/suspense',
    summaryZh: '清算挂账：未销账的差额及账龄',
    summaryEn: 'What is in suspense, oldest first; its sum is that of clearing’s suspense accounts',
    permission: 'clearing:read',
    changes: false,
    query: z.strictObject({ institution: z.string().max(16).optional() }),
    answer: suspenseView,
    handle({ caller, query }) {
      const institution = institutionOf(query.institution, caller);
      const today = reader.head().businessDates[institution] ?? '';
      const open = suspenseItems(institution, reader.registry).filter(({ isOpen }) => isOpen);
      const items = open.map(({ date, merchantId: of, amountFen }) => ({
        date,
        merchantId: of,
        amountFen,
        days: daysBetween(date, today),
      }));
      const sumOf = (sign: 1 | -1) =>
        items.reduce((sum, { amountFen }) => sum + Math.max(sign * amountFen, 0), 0);
      return { longFen: sumOf(1), shortFen: sumOf(-1), items };
    },
  });
}

/** Of two business dates. */
function daysBetween(from: string, to: string): number {
  const at = (date: string) => Date.parse(isoDate(date));
  return Math.round((at(to) - at(from)) / 86_400_000);
}
