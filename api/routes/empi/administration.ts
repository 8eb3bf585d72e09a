/** The index as a whole: its figures, its events and who is told of them, its parameters. */
import { z } from 'zod';
import type { EmpiDoor } from '../../../modules/empi/commands.ts';
import { type Route, route } from '../../route.ts';
import { change, MANAGE, READ } from './door.ts';
import * as shapes from './shapes.ts';

export function administrationRoutes(door: () => EmpiDoor): Route[] {
  return [
    route({
      ...READ,
      method: 'get',
      path: '/v1/empi/statistics',
      summaryZh: '居民信息统计',
      summaryEn: 'Persons, media and reviews in numbers',
      answer: shapes.statistics,
      handle: () => door().queries.statistics(),
    }),
    route({
      ...READ,
      method: 'get',
      path: '/v1/empi/events',
      summaryZh: '变更事件（按日志位置续取）',
      summaryEn: 'What happened behind a journal position',
      query: z.object({ after: z.coerce.number().int().min(0).default(0) }),
      answer: z.object({ events: z.array(shapes.event) }),
      handle: ({ query: { after } }) => ({ events: door().queries.events(after) }),
    }),
    route({
      ...MANAGE,
      method: 'put',
      path: '/v1/empi/subscriptions/{subscriptionId}',
      summaryZh: '订阅通知',
      summaryEn: 'Be told of events by a signed call',
      params: z.object({ subscriptionId: shapes.code }),
      body: shapes.subscription,
      answer: shapes.outcome,
      handle: (call) =>
        change(door(), call, 'subscription.set', {
          subscriptionId: call.params.subscriptionId,
          ...call.body,
        }),
    }),
    route({
      ...READ,
      method: 'get',
      path: '/v1/empi/subscriptions',
      summaryZh: '订阅清单与送达进度',
      summaryEn: 'Subscriptions, and up to which journal position each has everything',
      answer: z.object({ subscriptions: z.array(shapes.subscriptionState) }),
      handle: () => ({ subscriptions: door().queries.subscriptions() }),
    }),
    route({
      ...MANAGE,
      method: 'delete',
      path: '/v1/empi/subscriptions/{subscriptionId}',
      summaryZh: '取消订阅',
      summaryEn: 'End a subscription',
      params: z.object({ subscriptionId: shapes.code }),
      answer: shapes.outcome,
      handle: (call) =>
        change(door(), call, 'subscription.remove', {
          subscriptionId: call.params.subscriptionId,
          by: call.caller.id,
        }),
    }),
    route({
      ...READ,
      method: 'get',
      path: '/v1/empi/settings',
      summaryZh: '匹配参数与阈值',
      summaryEn: 'Parameters and thresholds of the matching engine',
      answer: shapes.settings,
      handle: () => door().queries.settings(),
    }),
    route({
      ...MANAGE,
      method: 'put',
      path: '/v1/empi/settings',
      summaryZh: '设定匹配参数与阈值',
      summaryEn: 'Set parameters and thresholds',
      body: shapes.settings,
      answer: shapes.outcome,
      handle: (call) => change(door(), call, 'settings.set', call.body),
    }),
  ];
}
