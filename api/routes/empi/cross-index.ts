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
        const targets = target === undefined ? undefined : new Set(target.split(','));
        const identifiers = queries.crossIndex(domain, number, targets);
        if (medium === undefined || identifiers === null) {
          throw notFound('This identifier is not known, or not valid any more.');
        }
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
    route({
      ...MANAGE,
      method: 'delete',
      path: '/v1/empi/domains/{code}',
      summaryZh: '删除未使用的标识域',
      summaryEn: 'Remove an identifier domain that was never used',
      params: z.object({ code: shapes.code }),
      answer: shapes.outcome,
      handle: (call) =>
        change(door(), call, 'domain.remove', { code: call.params.code, by: call.caller.id }),
    }),
  ];
}
