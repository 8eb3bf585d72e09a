/** The vendor's envelope over HTTP, for hospital software that knows nothing else. It brings its own signature. */
import { z } from 'zod';
import { hisApplications } from '../../../modules/invoicing/his/applications.ts';
import { answerEnvelope } from '../../../modules/invoicing/his/compatibility.ts';
import { invoicing } from '../../../modules/invoicing/module.ts';
import { Desk } from '../../../modules/invoicing/requests.ts';
import { type Route, route } from '../../route.ts';
import { type ApiServices, freshView } from '../../services.ts';

export function compatibilityRoutes(services: ApiServices): Route[] {
  const { config, ledger, view, log } = services;
  const applications = hisApplications(config.invoicing.his.applications, config.production);
  const answer = z.object({ data: z.string(), noise: z.string(), sign: z.string() });
  return [
    route({
      method: 'post',
      path: '/medical-web/api/medical/{method}',
      summaryZh: '兼容接口：通用电子票据平台报文',
      summaryEn: 'Compatibility: the envelope and methods that hospital software knows',
      tag: 'invoicing',
      permission: null,
      changes: false,
      params: z.object({ method: z.string().max(60) }),
      bodyBytesMax: 8 << 20,
      body: z.record(z.string(), z.unknown()),
      answer,
      handle: ({ params, body }) =>
        answerEnvelope(params.method, body, {
          applications,
          deskOf: ({ institution, appId }) => {
            return new Desk({ ledger, view: view(invoicing), institution, who: `his:${appId}` });
          },
          caughtUp: () => freshView(invoicing, services),
          onFault: (error) => log.error({ err: error }, 'a call of hospital software failed'),
        }),
    }),
  ];
}
