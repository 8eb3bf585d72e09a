/** Managed data of a hospital: issuing points, issuers, groups of items, code tables, seals. */
import { z } from 'zod';
import { faultsOf } from '../../../config/faults.ts';
import { managedItem } from '../../../modules/invoicing/managed/sample.ts';
import {
  MANAGED_TABLES,
  type ManagedInput,
  type ManagedTable,
} from '../../../modules/invoicing/managed/schemas.ts';
import { badRequest } from '../../problem.ts';
import { type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { answered, deskOf, factKey, MANAGE, READ } from './desk.ts';
import { text } from './shapes.ts';

const TAG = { tag: 'invoicing' } as const;
const table = z.enum(MANAGED_TABLES as [ManagedTable]);

export function managedRoutes(services: ApiServices): Route[] {
  const path = '/v1/invoices/managed/{table}';
  const row = z.object({
    key: z.string(),
    value: z.unknown(),
    revision: z.int(),
    used: z.boolean(),
  });
  return [
    route({
      ...TAG,
      method: 'get',
      path,
      summaryZh: '开票点、开票员、项目分组、编码对照、业务类别、印章等',
      summaryEn: 'A table of managed data',
      permission: READ,
      changes: false,
      params: z.object({ table }),
      answer: z.object({ rows: z.array(row) }),
      handle: ({ params, caller }) => {
        const desk = deskOf(services, caller);
        return { rows: desk.queries.managedList(desk.institution, params.table) };
      },
    }),
    route({
      ...TAG,
      method: 'put',
      path,
      summaryZh: '新增或修改',
      summaryEn: 'Set a managed value; its key is in it',
      permission: MANAGE,
      changes: true,
      params: z.object({ table }),
      bodyBytesMax: 1 << 19,
      body: z.record(z.string(), z.unknown()),
      answer: z.object({ key: z.string() }),
      handle: async (call) => {
        const item = itemOf(call.params.table, call.body);
        await answered(deskOf(services, call.caller).ask('managed', item, factKey(call)));
        return { key: item.key };
      },
    }),
    route({
      ...TAG,
      method: 'delete',
      path: `${path}/{key}`,
      summaryZh: '删除（已有业务数据的只能停用）',
      summaryEn: 'Remove a managed value; one that has data can only be disabled',
      permission: MANAGE,
      changes: true,
      params: z.object({ table, key: text(100) }),
      answer: z.object({}),
      handle: async (call) => {
        const payload = { ...call.params, value: null };
        await answered(deskOf(services, call.caller).ask('managed', payload, factKey(call)));
        return {};
      },
    }),
  ];
}

function itemOf(name: ManagedTable, body: Record<string, unknown>) {
  try {
    return managedItem(name, body as ManagedInput[typeof name]);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    throw badRequest('invalid', faultsOf(error));
  }
}
