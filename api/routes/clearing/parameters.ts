/** Terms of merchants and the calendar: settings of the registry. */
import { z } from 'zod';
import { idOf } from '../../../ledger/id.ts';
import { registryChange } from '../../../ledger/registry.ts';
import {
  calendar,
  calendarKey,
  merchantTerms,
  readCalendar,
  readTerms,
  termsKey,
} from '../../../modules/clearing/terms.ts';
import { badRequest } from '../../problem.ts';
import { type Caller, type Route, route } from '../../route.ts';
import { merchantId } from '../../schemas.ts';
import type { ApiServices } from '../../services.ts';
import { submitOrRefuse } from '../../submit.ts';
import { merchantOf } from '../merchants.ts';
import { institutionOf } from '../transactions.ts';

const common = { tag: 'clearing' } as const;

export function parameterRoutes(services: ApiServices): Route[] {
  return [...termsRoutes(services), ...calendarRoutes(services)];
}

function termsRoutes(services: ApiServices): Route[] {
  const { reader } = services;
  const params = z.strictObject({ merchantId });
  return [
    route({
      ...common,
      method: 'get',
      path: '/v1/clearing/terms/{merchantId}',
      summaryZh: '商户清算参数',
      summaryEn: 'What a merchant pays and when it is paid',
      permission: 'clearing:read',
      changes: false,
      params,
      answer: merchantTerms,
      handle: ({ caller, params: { merchantId: id } }) =>
        readTerms(merchantOf(id, caller, services).value, reader.registry),
    }),
    route({
      ...common,
      method: 'put',
      path: '/v1/clearing/terms/{merchantId}',
      summaryZh: '修改商户清算参数；已清算的日期不变',
      summaryEn: 'Change them for days that are not cleared yet',
      permission: 'clearing:manage',
      changes: true,
      params,
      body: merchantTerms,
      answer: merchantTerms,
      async handle({ caller, params: { merchantId: id }, body, idempotencyKey }) {
        const { institution } = merchantOf(id, caller, services).value;
        await putSetting(
          termsKey(institution, id),
          institution,
          body,
          caller,
          idempotencyKey,
          services,
        );
        return body;
      },
    }),
  ];
}

function calendarRoutes(services: ApiServices): Route[] {
  const { reader } = services;
  return [
    route({
      ...common,
      method: 'get',
      path: '/v1/clearing/calendar',
      summaryZh: '清算日历',
      summaryEn: 'Days off and made-up working days',
      permission: 'clearing:read',
      changes: false,
      answer: calendar,
      handle: ({ caller }) => readCalendar(institutionOf(undefined, caller), reader.registry),
    }),
    route({
      ...common,
      method: 'put',
      path: '/v1/clearing/calendar',
      summaryZh: '修改清算日历',
      summaryEn: 'Change the calendar',
      permission: 'clearing:manage',
      changes: true,
      body: calendar,
      answer: calendar,
      async handle({ caller, body, idempotencyKey }) {
        const institution = institutionOf(undefined, caller);
        await putSetting(
          calendarKey(institution),
          institution,
          body,
          caller,
          idempotencyKey,
          services,
        );
        return body;
      },
    }),
  ];
}

async function putSetting(
  key: string,
  institution: string,
  value: unknown,
  caller: Caller,
  idempotencyKey: string,
  { reader, ledger }: ApiServices,
): Promise<void> {
  if (institution === '') throw badRequest('no_institution', 'Say which institution.');
  const expectedVersion = reader.registry.get('setting', key)?.version ?? 0;
  const by = { who: caller.id, why: 'clearing parameters changed', expectedVersion };
  await submitOrRefuse(ledger, {
    id: idOf('api', 'clearing', caller.id, idempotencyKey),
    institution,
    registry: [registryChange('setting', key, { value: JSON.stringify(value) }, by)],
  });
}
