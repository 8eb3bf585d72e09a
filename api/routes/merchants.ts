/** `/v1/merchants`: who is paid. */
import { z } from 'zod';
import { accountId, accountInput } from '../../ledger/chart-of-accounts.ts';
import { idOf } from '../../ledger/id.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Merchant } from '../../ledger/registry-kinds.ts';
import { pageOf, pageQuery } from '../page-token.ts';
import { badRequest, notFound } from '../problem.ts';
import { type Caller, inScope, type Route, route } from '../route.ts';
import { merchantId } from '../schemas.ts';
import type { ApiServices } from '../services.ts';
import { submitOrRefuse } from '../submit.ts';

const fee = z.strictObject({
  /** Millionths of the amount: 0.38 % is 3800. */
  rateMicros: z.int().min(0).max(1_000_000),
  capFen: z.int().min(0),
  refundReturnsFee: z.boolean(),
});
const wanted = z.strictObject({
  institution: z.string().max(16).optional(),
  nameZh: z.string().min(1).max(60),
  nameEn: z.string().max(60),
  category: z.enum(['outpatient', 'inpatient', 'other']),
  status: z.enum(['active', 'closed']).default('active'),
  fee,
});
const merchantView = z.object({
  id: merchantId,
  institution: z.string(),
  nameZh: z.string(),
  nameEn: z.string(),
  category: z.string(),
  status: z.string(),
  fee,
  version: z.int(),
});
const params = z.strictObject({ merchantId });

export function merchantRoutes(services: ApiServices): Route[] {
  const { reader, pages } = services;
  return [
    route({
      method: 'get',
      path: '/v1/merchants',
      summaryZh: '商户列表',
      summaryEn: 'Merchants, by number',
      tag: 'merchants',
      permission: 'merchants:read',
      changes: false,
      query: z.strictObject({ ...pageQuery }),
      answer: pageOf(merchantView),
      handle: ({ caller, query }) =>
        pages.page('merchants', caller, query, (_, from, limit) => {
          const all = [...reader.registry.list('merchant')]
            .filter(({ key, value }) => inScope(caller, value.institution) && key > (from ?? ''))
            .slice(0, limit + 1);
          const items = all.slice(0, limit).map(({ value, version }) => viewOf(value, version));
          return { items, next: all.length > limit ? items.at(-1)!.id : null };
        }),
    }),
    route({
      method: 'get',
      path: '/v1/merchants/{merchantId}',
      summaryZh: '商户',
      summaryEn: 'One merchant',
      tag: 'merchants',
      permission: 'merchants:read',
      changes: false,
      params,
      answer: merchantView,
      handle({ caller, params: { merchantId: id } }) {
        const { value, version } = merchantOf(id, caller, services);
        return viewOf(value, version);
      },
    }),
    route({
      method: 'put',
      path: '/v1/merchants/{merchantId}',
      summaryZh: '新增或修改商户',
      summaryEn: 'Make or change a merchant',
      tag: 'merchants',
      permission: 'merchants:manage',
      changes: true,
      params,
      body: wanted,
      answer: merchantView,
      handle: ({ caller, params: { merchantId: id }, body, idempotencyKey }) =>
        putMerchant(id, body, caller, idempotencyKey, services),
    }),
  ];
}

/** The merchant, if the caller may see it. */
export function merchantOf(id: string, caller: Caller, { reader }: ApiServices) {
  const item = reader.registry.get('merchant', id);
  if (item === null || !inScope(caller, item.value.institution)) {
    throw notFound(`There is no merchant ${id}.`);
  }
  return item;
}

async function putMerchant(
  id: string,
  body: z.output<typeof wanted>,
  caller: Caller,
  idempotencyKey: string,
  { reader, ledger }: ApiServices,
) {
  const old = reader.registry.get('merchant', id);
  const institution = old?.value.institution ?? body.institution ?? caller.institution;
  if (!inScope(caller, institution)) throw notFound(`There is no merchant ${id}.`);
  if (reader.registry.get('institution', institution) === null) {
    throw badRequest('no_institution', `There is no institution ${institution}.`);
  }
  const { nameZh, nameEn, category, status } = body;
  const value: Merchant = {
    id,
    institution,
    nameZh,
    nameEn,
    category,
    status,
    accountId: old?.value.accountId ?? accountId('merchant', institution, id),
    feeRateMicros: body.fee.rateMicros,
    feeCapFen: body.fee.capFen,
    refundReturnsFee: body.fee.refundReturnsFee,
  };
  const by = { who: caller.id, why: 'merchant managed', expectedVersion: old?.version ?? 0 };
  const { position } = await submitOrRefuse(ledger, {
    id: idOf('api', 'merchant', caller.id, idempotencyKey),
    institution,
    ...(old === null ? { accounts: [accountInput('merchant', institution, id)] } : {}),
    registry: [registryChange('merchant', id, value, by)],
  });
  return viewOf(value, position);
}

function viewOf(merchant: Merchant, version: number) {
  const { id, institution, nameZh, nameEn, category, status } = merchant;
  const { feeRateMicros: rateMicros, feeCapFen: capFen, refundReturnsFee } = merchant;
  const terms = { rateMicros, capFen, refundReturnsFee };
  return { id, institution, nameZh, nameEn, category, status, fee: terms, version };
}
