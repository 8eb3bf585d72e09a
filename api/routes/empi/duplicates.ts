/** What people decide: merging, splitting, and the pairs that the engine leaves to them. */
import { z } from 'zod';
import type { EmpiDoor } from '../../../modules/empi/commands.ts';
import { type Route, route } from '../../route.ts';
import { change, READ, REVIEW } from './door.ts';
import * as shapes from './shapes.ts';

export function duplicateRoutes(door: () => EmpiDoor): Route[] {
  return [...mergeRoutes(door), ...reviewRoutes(door)];
}

function mergeRoutes(door: () => EmpiDoor): Route[] {
  return [
    route({
      ...REVIEW,
      method: 'post',
      path: '/v1/empi/merges',
      summaryZh: '合并居民',
      summaryEn: 'Merge two persons',
      body: z.object({ survivor: shapes.text, absorbed: shapes.text, reason: shapes.text }),
      answer: shapes.outcome,
      handle: (call) => change(door(), call, 'person.merge', { ...call.body, by: call.caller.id }),
    }),
    route({
      ...REVIEW,
      method: 'post',
      path: '/v1/empi/merges/{mergeId}/undo',
      summaryZh: '撤销合并，恢复原状',
      summaryEn: 'Undo a merge: both persons are as they were',
      params: z.object({ mergeId: shapes.text }),
      body: z.object({ reason: shapes.text }),
      answer: shapes.outcome,
      handle: (call) =>
        change(door(), call, 'person.unmerge', {
          mergeId: call.params.mergeId,
          reason: call.body.reason,
          by: call.caller.id,
        }),
    }),
    route({
      ...REVIEW,
      method: 'post',
      path: '/v1/empi/persons/{personId}/split',
      summaryZh: '拆分居民',
      summaryEn: 'Take media of another human out of a person',
      params: shapes.personParams,
      body: z.object({ mediumIds: z.array(shapes.text).min(1), demographics: shapes.demographics }),
      answer: shapes.outcome,
      handle: (call) =>
        change(door(), call, 'person.split', {
          personId: call.params.personId,
          ...call.body,
          by: call.caller.id,
        }),
    }),
  ];
}

function reviewRoutes(door: () => EmpiDoor): Route[] {
  return [
    route({
      ...READ,
      method: 'get',
      path: '/v1/empi/reviews',
      summaryZh: '待人工判定的疑似重复',
      summaryEn: 'Pairs that people have to look at',
      query: z.object({
        status: z.enum(['open', 'accepted', 'rejected']).default('open'),
        from: z.string().optional(),
      }),
      answer: z.object({ reviews: z.array(shapes.review) }),
      handle: ({ query: { status, from } }) => ({
        reviews: door().queries.reviews(status, 100, from),
      }),
    }),
    route({
      ...REVIEW,
      method: 'post',
      path: '/v1/empi/reviews/{reviewId}/accept',
      summaryZh: '判定为同一人并合并',
      summaryEn: 'They are one person: merge them',
      params: z.object({ reviewId: shapes.text }),
      body: z.object({ survivor: shapes.text }),
      answer: shapes.outcome,
      handle: (call) =>
        change(door(), call, 'review.accept', {
          reviewId: call.params.reviewId,
          survivor: call.body.survivor,
          by: call.caller.id,
        }),
    }),
    route({
      ...REVIEW,
      method: 'post',
      path: '/v1/empi/reviews/{reviewId}/reject',
      summaryZh: '判定为不同的人',
      summaryEn: 'They are two persons: never ask again',
      params: z.object({ reviewId: shapes.text }),
      answer: shapes.outcome,
      handle: (call) =>
        change(door(), call, 'review.reject', {
          reviewId: call.params.reviewId,
          by: call.caller.id,
        }),
    }),
  ];
}
