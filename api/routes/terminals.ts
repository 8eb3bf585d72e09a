/** `/v1/terminals`: the devices that may send. Their keys come by ceremony and sign-in, never from here. */
import { z } from 'zod';
import { idOf } from '../../ledger/id.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Terminal } from '../../ledger/registry-kinds.ts';
import { pageOf, pageQuery } from '../page-token.ts';
import { notFound } from '../problem.ts';
import { type Caller, inScope, type Route, route } from '../route.ts';
import { merchantId, terminalId } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { submitOrRefuse } from '../submit.ts';
import { merchantOf } from './merchants.ts';

const terminalView = z.object({
  id: terminalId,
  institution: z.string(),
  merchantId,
  status: z.string(),
  keyAlgorithm: z.string(),
  hasMasterKey: z.boolean(),
  signedIn: z.boolean(),
  batchNumber: z.string(),
  lastSettledBatch: z.string(),
  version: z.int(),
});
const wanted = z.strictObject({
  merchantId,
  status: z.enum(['active', 'disabled']).default('active'),
  keyAlgorithm: z.enum(['3des', 'sm4']).default('3des'),
});
const params = z.strictObject({ terminalId });

export function terminalRoutes(services: ApiServices): Route[] {
  const { reader, pages } = services;
  return [
    route({
      method: 'get',
      path: '/v1/terminals',
      summaryZh: '终端列表',
      summaryEn: 'Terminals, by number',
      tag: 'terminals',
      permission: 'terminals:read',
      changes: false,
      query: z.strictObject({ merchantId: merchantId.optional(), ...pageQuery }),
      answer: pageOf(terminalView),
      handle: ({ caller, query }) =>
        pages.page('terminals', caller, query, (asked, from, limit) => {
          const all = [...reader.registry.list('terminal')]
            .filter(({ key, value }) => inScope(caller, value.institution) && key > (from ?? ''))
            .filter(({ value }) => (asked.merchantId ?? value.merchantId) === value.merchantId)
            .slice(0, limit + 1);
          const items = all.slice(0, limit).map(({ value, version }) => viewOf(value, version));
          return { items, next: all.length > limit ? items.at(-1)!.id : null };
        }),
    }),
    route({
      method: 'get',
      path: '/v1/terminals/{terminalId}',
      summaryZh: '终端',
      summaryEn: 'One terminal',
      tag: 'terminals',
      permission: 'terminals:read',
      changes: false,
      params,
      answer: terminalView,
      handle({ caller, params: { terminalId: id } }) {
        const item = reader.registry.get('terminal', id);
        if (item === null || !inScope(caller, item.value.institution)) throw none(id);
        return viewOf(item.value, item.version);
      },
    }),
    route({
      method: 'put',
      path: '/v1/terminals/{terminalId}',
      summaryZh: '新增或修改终端',
      summaryEn: 'Make or change a terminal',
      tag: 'terminals',
      permission: 'terminals:manage',
      changes: true,
      params,
      body: wanted,
      answer: terminalView,
      handle: ({ caller, params: { terminalId: id }, body, idempotencyKey }) =>
        putTerminal(id, body, caller, idempotencyKey, services),
    }),
  ];
}

async function putTerminal(
  id: string,
  body: z.output<typeof wanted>,
  caller: Caller,
  idempotencyKey: string,
  services: ApiServices,
) {
  const { reader, ledger } = services;
  const { institution } = merchantOf(body.merchantId, caller, services).value;
  const old = reader.registry.get('terminal', id);
  if (old !== null && !inScope(caller, old.value.institution)) throw none(id);
  const value: Terminal = {
    ...(old?.value ?? emptyTerminal(id)),
    institution,
    merchantId: body.merchantId,
    status: body.status,
    keyAlgorithm: body.keyAlgorithm,
  };
  const by = { who: caller.id, why: 'terminal managed', expectedVersion: old?.version ?? 0 };
  const { position } = await submitOrRefuse(ledger, {
    id: idOf('api', 'terminal', caller.id, idempotencyKey),
    institution,
    registry: [registryChange('terminal', id, value, by)],
  });
  return viewOf(value, position);
}

function emptyTerminal(id: string): Terminal {
  return {
    id,
    merchantId: '',
    institution: '',
    status: 'active',
    keyAlgorithm: '3des',
    masterKey: null,
    signedIn: false,
    currentKeys: [],
    previousKeys: [],
    provenKeys: [],
    provenFrom: '',
    batchNumber: '000001',
    batchOpenedPosition: 0,
    lastSettledBatch: '',
  };
}

function viewOf(terminal: Terminal, version: number) {
  const { id, institution, merchantId: merchant, status, keyAlgorithm } = terminal;
  const { signedIn, batchNumber, lastSettledBatch } = terminal;
  const hasMasterKey = terminal.masterKey !== null;
  const place = { id, institution, merchantId: merchant, status, keyAlgorithm };
  return { ...place, hasMasterKey, signedIn, batchNumber, lastSettledBatch, version };
}

function none(id: string) {
  return notFound(`There is no terminal ${id}.`);
}
