/** `/v1/empi`: the patient index for hospital systems and for the people who look after it. */
import { z } from 'zod';
import {
  decide,
  type EmpiDoor,
  IndexBehind,
  registerPerson,
  send,
} from '../../modules/empi/commands.ts';
import type { CommandKind, Commands } from '../../modules/empi/facts.ts';
import { empi } from '../../modules/empi/module.ts';
import type { Person } from '../../modules/empi/types.ts';
import { ApiProblem, conflict, forbidden, notFound } from '../problem.ts';
import { type Caller, type Route, route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import * as shapes from './empi-shapes.ts';

const READ = { tag: 'empi', permission: 'empi:read', changes: false } as const;
const WRITE = { tag: 'empi', permission: 'empi:write', changes: true } as const;
const REVIEW = { tag: 'empi', permission: 'empi:review', changes: true } as const;
const MANAGE = { tag: 'empi', permission: 'empi:manage', changes: true } as const;

/** Where the routes of the index send commands to, and its queries. */
export function empiDoor(services: Pick<ApiServices, 'view' | 'ledger'>): () => EmpiDoor {
  return () => {
    const view = services.view(empi);
    return {
      ledger: services.ledger,
      queries: view.queries,
      reached: (position) => view.reached(position),
    };
  };
}

/** A change of the index: its outcome is the answer, its refusal a conflict with the reason's code. */
async function change<Kind extends CommandKind>(
  door: EmpiDoor,
  { caller, idempotencyKey }: { caller: Caller; idempotencyKey: string },
  kind: Kind,
  command: Commands[Kind],
) {
  const outcome = await orBehind(send(door, `${caller.id}:${idempotencyKey}`, kind, command));
  if (outcome.status === 'refused') throw conflict(outcome.code!, `refused: ${outcome.code}`);
  return outcome;
}

async function orBehind<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof IndexBehind)) throw error;
    throw new ApiProblem(503, 'index_behind', `${error.message}: ask again with the same key`);
  }
}

/** One source a domain: no other program feeds it. Operators may, for they put right what went wrong. */
function refuseForeignDomains(
  { queries }: EmpiDoor,
  { id }: Caller,
  media: readonly { domain: string }[],
): void {
  if (id.startsWith('operator:')) return;
  for (const { domain } of media) {
    const source = queries.domain(domain)?.source ?? '';
    if (source !== '' && source !== id) throw forbidden(`${domain} is fed by another source.`);
  }
}

export function empiRoutes(services: ApiServices): Route[] {
  const door = empiDoor(services);
  return [
    ...personRoutes(door),
    ...personChangeRoutes(door),
    ...crossIndexRoutes(door),
    ...mergeRoutes(door),
    ...reviewRoutes(door),
    ...adminRoutes(door),
  ];
}

function personRoutes(door: () => EmpiDoor): Route[] {
  return [
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/empi/persons',
      summaryZh: '注册居民：按标识、规则或匹配度归并，否则新建',
      summaryEn: 'Register a person: joined by identifier, rule or degree of match, or new',
      body: shapes.registration,
      answer: shapes.registered,
      async handle({ body, caller, idempotencyKey }) {
        const key = `${caller.id}:${idempotencyKey}`;
        refuseForeignDomains(door(), caller, body.media);
        const done = await orBehind(registerPerson(door(), key, { ...body, by: caller.id }));
        if (done.status === 'refused') throw conflict(done.code!, `refused: ${done.code}`);
        const { personId, decision, matches, reviewIds = [] } = done;
        return { personId: personId!, decision, matches, reviewIds };
      },
    }),
    route({
      ...READ,
      method: 'post',
      path: '/v1/empi/match',
      summaryZh: '匹配度查询：每个字段的权重与说明',
      summaryEn: 'Degree of match, with the weight of each field in words',
      body: shapes.demographics,
      answer: z.object({ decision: z.string(), matches: z.array(shapes.match) }),
      handle({ body, caller }) {
        const request = { demographics: body, media: [], by: caller.id };
        const { decision, matches } = decide(door().queries, request);
        return { decision, matches };
      },
    }),
    route({
      ...READ,
      method: 'get',
      path: '/v1/empi/compare',
      summaryZh: '两个居民的匹配度',
      summaryEn: 'Degree of match of two persons of the index',
      query: z.object({ a: shapes.text, b: shapes.text }),
      answer: z.object({ match: shapes.match }),
      handle({ query: { a, b } }) {
        const match = door().queries.compare(a, b);
        if (match === null) throw notFound('There is no such person.');
        return { match };
      },
    }),
    route({
      ...READ,
      method: 'post',
      path: '/v1/empi/persons/search',
      summaryZh: '按人口学信息查询居民',
      summaryEn: 'Persons whose data agree with all that is given',
      body: shapes.demographics,
      answer: z.object({ persons: z.array(shapes.person) }),
      handle({ body }) {
        const { queries } = door();
        return { persons: queries.search(body).map((person) => personOf(door(), person)) };
      },
    }),
    route({
      ...READ,
      method: 'get',
      path: '/v1/empi/persons/{personId}',
      summaryZh: '居民信息、介质与历史',
      summaryEn: 'A person with its media and history',
      params: shapes.personParams,
      answer: shapes.person,
      handle: ({ params: { personId } }) => {
        const person = door().queries.person(personId);
        if (person === undefined) throw notFound('There is no such person.');
        return personOf(door(), person);
      },
    }),
  ];
}

function personOf({ queries }: EmpiDoor, person: Person) {
  const { personId, status, demographics, mergedInto = null, version } = person;
  const media = queries.mediaOf(person);
  return {
    personId,
    status,
    mergedInto,
    demographics: { ...demographics } as Record<string, string>,
    media,
    version,
    history: queries.history(personId),
  };
}

function personChangeRoutes(door: () => EmpiDoor): Route[] {
  const params = shapes.personParams;
  return [
    route({
      ...WRITE,
      method: 'put',
      path: '/v1/empi/persons/{personId}',
      summaryZh: '居民信息变更',
      summaryEn: 'Change what is known of a person',
      params,
      body: shapes.demographics,
      answer: shapes.outcome,
      handle: (call) =>
        change(door(), call, 'person.change', {
          personId: call.params.personId,
          demographics: call.body,
          by: call.caller.id,
        }),
    }),
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/empi/persons/{personId}/cancel',
      summaryZh: '注销居民',
      summaryEn: 'Cancel a person',
      params,
      body: z.object({ reason: shapes.text }),
      answer: shapes.outcome,
      handle: (call) =>
        change(door(), call, 'person.cancel', {
          personId: call.params.personId,
          reason: call.body.reason,
          by: call.caller.id,
        }),
    }),
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/empi/persons/{personId}/media',
      summaryZh: '登记身份介质',
      summaryEn: 'Add a card or document to a person',
      params,
      body: shapes.mediumInput,
      answer: shapes.outcome,
      handle(call) {
        refuseForeignDomains(door(), call.caller, [call.body]);
        return change(door(), call, 'medium.add', {
          personId: call.params.personId,
          medium: call.body,
          link: { source: 'manual', probability: 1, rule: 'api', by: call.caller.id },
        });
      },
    }),
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/empi/media/{mediumId}/status',
      summaryZh: '介质状态变更',
      summaryEn: 'Report a medium lost, frozen, cancelled or active',
      params: z.object({ mediumId: shapes.text }),
      body: z.object({ status: z.enum(['active', 'lost', 'frozen', 'cancelled']) }),
      answer: shapes.outcome,
      handle: (call) =>
        change(door(), call, 'medium.status', {
          mediumId: call.params.mediumId,
          status: call.body.status,
          by: call.caller.id,
        }),
    }),
  ];
}

function crossIndexRoutes(door: () => EmpiDoor): Route[] {
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

function adminRoutes(door: () => EmpiDoor): Route[] {
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
