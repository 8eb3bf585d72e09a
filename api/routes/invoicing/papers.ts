/** Paper that stands in place of a bill: exchanged, exchanged again, voided. */
import { z } from 'zod';
import { type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { answered, deskOf, factKey, requirePoint, WRITE } from './desk.ts';
import { name, text } from './shapes.ts';

const TAG = { tag: 'invoicing' } as const;

export function paperRoutes(services: ApiServices): Route[] {
  const paper = z.object({
    paperCode: text(20),
    paperNumber: z.string().regex(/^\d{1,10}$/),
    pointCode: text(50),
    operator: text(60),
  });
  const exchange = (kind: 'exchange' | 're-exchange', summaryZh: string, summaryEn: string) =>
    route({
      ...TAG,
      method: 'post',
      path: `/v1/invoices/bills/{billCode}/{billNumber}/${kind}`,
      summaryZh,
      summaryEn,
      permission: WRITE,
      changes: true,
      params: name,
      body: paper,
      answer: z.object({}),
      handle: async (call) => {
        const desk = deskOf(services, call.caller);
        requirePoint(desk, call.caller, call.body.pointCode);
        const paper = desk.newPaper(call.body);
        await answered(desk.ask(kind, { ...call.params, ...call.body, ...paper }, factKey(call)));
        return {};
      },
    });
  return [
    exchange('exchange', '换开纸质票据', 'Exchange a bill to printed paper'),
    exchange('re-exchange', '重新换开', 'The paper was spoiled: take another'),
    route({
      ...TAG,
      method: 'post',
      path: '/v1/invoices/papers/{paperCode}/{paperNumber}/void',
      summaryZh: '作废已换开的纸质票据',
      summaryEn: 'Void the paper of a bill',
      permission: WRITE,
      changes: true,
      params: z.object({ paperCode: z.string(), paperNumber: z.string() }),
      body: z.object({ pointCode: text(50), reason: text(200) }),
      answer: z.object({}),
      handle: async (call) => {
        const desk = deskOf(services, call.caller);
        requirePoint(desk, call.caller, call.body.pointCode);
        const voiding = Promise.resolve().then(() => {
          const payload = { ...desk.knownPaper(call.params), ...call.body };
          return desk.ask('paper-voided', payload, factKey(call));
        });
        await answered(voiding);
        return {};
      },
    }),
  ];
}
