/** Persons of the index: registering and finding them, what is known of them, their media. */
import { z } from 'zod';
import { changePerson } from '../../../modules/empi/changes.ts';
import { decide, type EmpiDoor, registerPerson } from '../../../modules/empi/commands.ts';
import { unreadableItems } from '../../../modules/empi/search.ts';
import type { Demographics, Person } from '../../../modules/empi/types.ts';
import { ApiProblem, conflict, notFound } from '../../problem.ts';
import { type Route, route } from '../../route.ts';
import { change, MANAGE, orBehind, orRefused, READ, refuseForeignDomains, WRITE } from './door.ts';
import * as shapes from './shapes.ts';

export function personRoutes(door: () => EmpiDoor): Route[] {
  return [
    registerRoute(door),
    ...matchRoutes(door),
    ...findRoutes(door),
    ...changeRoutes(door),
    ...mediumRoutes(door),
  ];
}

function registerRoute(door: () => EmpiDoor): Route {
  return route({
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
      const { personId, decision, matches, reviewIds = [], warnings } = done;
      return { personId: personId!, decision, matches, reviewIds, warnings };
    },
  });
}

function matchRoutes(door: () => EmpiDoor): Route[] {
  return [
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
      path: '/v1/empi/compare',
      summaryZh: '两条记录的匹配度',
      summaryEn: 'Degree of match of two records, whether they are in the index or not',
      body: z.object({ a: shapes.demographics, b: shapes.demographics }),
      answer: z.object({ match: shapes.match.omit({ personId: true }) }),
      handle({ body: { a, b } }) {
        const { personId: _, ...match } = door().queries.compareRecords(a, b);
        return { match };
      },
    }),
  ];
}

function findRoutes(door: () => EmpiDoor): Route[] {
  return [
    route({
      ...READ,
      method: 'post',
      path: '/v1/empi/persons/search',
      summaryZh: '按人口学信息查询居民',
      summaryEn: 'Persons whose data agree with all that is given',
      body: shapes.demographics,
      answer: z.object({ persons: z.array(shapes.person) }),
      handle({ body }) {
        refuseUnreadable(body);
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

/** A question that nobody can read would otherwise find everybody. */
function refuseUnreadable(demographics: Demographics): void {
  const items = unreadableItems(demographics);
  const errors = items.map((item) => ({ field: `body.${item}`, message: 'cannot be read' }));
  if (Object.values(demographics).every((value) => value === '')) {
    errors.push({ field: 'body', message: 'names nothing to look for' });
  }
  if (errors.length > 0) {
    throw new ApiProblem(400, 'invalid_request', 'There is nothing to look for.', { errors });
  }
}

function personOf({ queries }: EmpiDoor, person: Person) {
  const { personId, status, demographics, mergedInto = null, version } = person;
  const media = queries.mediaOf(person);
  return {
    personId,
    status,
    mergedInto,
    demographics: singleValues(demographics),
    media,
    version,
    history: queries.history(personId),
  };
}

/** The lists of what a source wrote are FHIR's to show. */
function singleValues(demographics: Person['demographics']): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [item, value] of Object.entries(demographics)) {
    if (typeof value === 'string' && value !== '') single[item] = value;
  }
  return single;
}

function changeRoutes(door: () => EmpiDoor): Route[] {
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
      async handle({ params: { personId }, body, caller, idempotencyKey }) {
        const key = `${caller.id}:${idempotencyKey}`;
        const command = { personId, demographics: body, by: caller.id };
        return orRefused(await orBehind(changePerson(door(), key, command)));
      },
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
      ...MANAGE,
      method: 'post',
      path: '/v1/empi/persons/{personId}/restore',
      summaryZh: '恢复误注销的居民',
      summaryEn: 'Restore a person who was cancelled by mistake',
      params,
      answer: shapes.outcome,
      handle: (call) =>
        change(door(), call, 'person.restore', {
          personId: call.params.personId,
          by: call.caller.id,
        }),
    }),
  ];
}

function mediumRoutes(door: () => EmpiDoor): Route[] {
  return [
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/empi/persons/{personId}/media',
      summaryZh: '登记身份介质',
      summaryEn: 'Add a card or document to a person',
      params: shapes.personParams,
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
      ...READ,
      method: 'get',
      path: '/v1/empi/media',
      summaryZh: '按域与号码查询卡索引',
      summaryEn: 'A medium by its domain and number, and whose it is',
      query: z.object({ domain: shapes.text, number: shapes.text }),
      answer: z.object({ medium: shapes.medium }),
      handle({ query: { domain, number } }) {
        const medium = door().queries.medium(domain, number);
        if (medium === undefined) throw notFound('This identifier is not known.');
        return { medium };
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
