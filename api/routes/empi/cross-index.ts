/** Identifiers of the same person in other domains, and the domains themselves. */
import { z } from 'zod';
import type { EmpiDoor } from '../../../modules/empi/commands.ts';
import { notFound } from '../../problem.ts';
import { type Route, route } from '../../route.ts';
import { change, MANAGE, READ } from './door.ts';
import * as shapes from './shapes.ts';

export function crossIndexRoutes(door: () => EmpiDoor): Route[] {
  return [
    route({
      ...READ,
      method: 'get',
      path: '/v1/empi/cross-index',
      summaryZh: '获取交叉索引',
      summaryEn: 'Identifiers of the same person in other domains',
      query: z.object({ domain: shapes.text, number: shapes.text, target: shapes.text.optional() }),
      answer: z.object({ personId: z.string(), identifiers: z.array(shapes.medium) }),
      handle({ query: { domain, number, target } }) {
        const { queries } = door();
        const medium = queries.medium(domain, number);
        if (medium === undefined) throw notFound('This identifier is not known.');
        const targets = target === undefined ? undefined : new Set(target.split(','));
        const identifiers = queries.crossIndex(domain, number, targets)!;
        return { personId: medium.personId, identifiers };
      },
    }),
    route({
      ...READ,
      method: 'get',
      path: '/v1/empi/domains',
      summaryZh: '标识域查询',
      summaryEn: 'Identifier domains',
      answer: z.object({ domains: z.array(shapes.domain) }),
      handle: () => ({ domains: door().queries.domains() }),
    }),
    route({
      ...MANAGE,
      method: 'put',
      path: '/v1/empi/domains/{code}',
      summaryZh: '标识域管理',
      summaryEn: 'Make or change an identifier domain',
      params: z.object({ code: shapes.code }),
      body: shapes.domain.omit({ code: true }),
      answer: shapes.outcome,
      handle: (call) =>
        change(door(), call, 'domain.set', { code: call.params.code, ...call.body }),
    }),
  ];
}
