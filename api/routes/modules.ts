/** `/v1/modules`: how far each module is, and whether it runs. */
import { z } from 'zod';
import { type Route, route } from '../route.ts';
import type { ApiServices } from '../services.ts';

const status = z.object({
  name: z.string(),
  version: z.int(),
  position: z.int(),
  lagRecords: z.int(),
  lagSeconds: z.number(),
  failures: z.int(),
  failure: z
    .object({
      while: z.enum(['applying', 'acting', 'storing']),
      position: z.int(),
      message: z.string(),
    })
    .nullable(),
});

export function modulesRoutes({ modules, reader }: ApiServices): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/modules',
      summaryZh: '各模块跟随日志的进度与状态',
      summaryEn: 'How far each module is in the journal, and whether it runs',
      tag: 'system',
      permission: 'system:read',
      changes: false,
      answer: z.object({
        headPosition: z.int(),
        problem: z.string().nullable(),
        modules: z.array(status),
      }),
      handle() {
        const headPosition = reader.head().position;
        return {
          headPosition,
          problem: modules.problem,
          modules: modules.lags(headPosition, Date.now()),
        };
      },
    }),
  ];
}
