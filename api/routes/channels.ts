/** `/v1/channels`: the ways in which money comes (POS, WeChat, Alipay, bank hosts), as managed data. */
import { z } from 'zod';
import { idOf } from '../../ledger/id.ts';
import { registryChange } from '../../ledger/registry.ts';
import { type Caller, type Route, route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { submitOrRefuse } from '../submit.ts';
import { institutionOf } from './transactions.ts';

const channelId = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'like wechat');
const limit = z.int().min(0).nullable();
const wanted = z.strictObject({
  nameZh: z.string().min(1).max(60),
  nameEn: z.string().max(60),
  kind: z.enum(['card', 'bank', 'wallet', 'insurance', 'cash', 'other']),
  status: z.enum(['active', 'closed']),
  /** `HH:MM`: when the channel's own day ends. */
  cutOff: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'HH:MM'),
  /** Null: none. */
  limits: z.strictObject({ perTransactionFen: limit, perDayFen: limit }),
});
const channelView = wanted.extend({ channelId, institution: z.string(), version: z.int() });

export function channelRoutes(services: ApiServices): Route[] {
  const { reader } = services;
  return [
    route({
      method: 'get',
      path: '/v1/channels',
      summaryZh: '渠道列表',
      summaryEn: 'The channels of an institution',
      tag: 'channels',
      permission: 'channels:read',
      changes: false,
      query: z.strictObject({ institution: z.string().max(16).optional() }),
      answer: z.object({ channels: z.array(channelView) }),
      handle({ caller, query }) {
        const institution = institutionOf(query.institution, caller);
        const prefix = keyOf(institution, '');
        const channels = [...reader.registry.list('setting')]
          .filter(({ key }) => key.startsWith(prefix))
          .map(({ key, value, version }) => ({
            ...wanted.parse(JSON.parse(value.value)),
            channelId: key.slice(prefix.length),
            institution,
            version,
          }));
        return { channels };
      },
    }),
    route({
      method: 'put',
      path: '/v1/channels/{channelId}',
      summaryZh: '新增或修改渠道',
      summaryEn: 'Make or change a channel',
      tag: 'channels',
      permission: 'channels:manage',
      changes: true,
      params: z.strictObject({ channelId }),
      body: wanted,
      answer: channelView,
      handle: ({ caller, params, body, idempotencyKey }) =>
        putChannel(params.channelId, body, caller, idempotencyKey, services),
    }),
  ];
}

async function putChannel(
  id: string,
  body: z.output<typeof wanted>,
  caller: Caller,
  idempotencyKey: string,
  { reader, ledger }: ApiServices,
) {
  const institution = institutionOf(undefined, caller);
  const key = keyOf(institution, id);
  const expectedVersion = reader.registry.get('setting', key)?.version ?? 0;
  const by = { who: caller.id, why: 'channel managed', expectedVersion };
  const { position } = await submitOrRefuse(ledger, {
    id: idOf('api', 'channel', caller.id, idempotencyKey),
    institution,
    registry: [registryChange('setting', key, { value: JSON.stringify(body) }, by)],
  });
  return { ...body, channelId: id, institution, version: position };
}

function keyOf(institution: string, id: string): string {
  return `channel/${institution}/${id}`;
}
