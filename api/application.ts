/** The API put together: routes, callers, changes, logs and metrics. */

import { type Answered, Dispatcher, type PlainHandler } from './dispatcher.ts';
import type { ApiMetrics } from './metrics.ts';
import { ApiProblem } from './problem.ts';
import { allRoutes } from './routes/index.ts';
import type { ApiApplication } from './server.ts';
import type { ApiServices } from './services.ts';

/** The application to serve; plain paths are answered beside the routes. */
export function createApi(
  services: ApiServices,
  metrics: ApiMetrics,
  plain: ReadonlyMap<string, PlainHandler>,
): ApiApplication {
  const { log } = services;
  return new Dispatcher({
    plain,
    routes: allRoutes(services),
    authenticate: async () => {
      throw new ApiProblem(401, 'not_signed', 'This call has to be signed.');
    },
    changing: ({ run }) => run(),
    onAnswer: (answered: Answered) => {
      metrics.answered(answered);
      if (answered.code !== undefined) log.info(answered, 'api call refused');
      else log.debug(answered, 'api call');
    },
    onFault: (error, fault) => log.error({ err: error, ...fault }, 'api call failed'),
  });
}
