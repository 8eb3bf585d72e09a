/** The API put together: routes, callers, changes, logs and metrics. */
import { Access } from './access/authenticate.ts';
import { provisionApi } from './access/first-start.ts';
import { Secrets } from './access/secrets.ts';
import { Sessions } from './access/sessions.ts';
import { Changes } from './changes.ts';
import {
  type Answered,
  Dispatcher,
  type DispatcherParts,
  type PlainHandler,
} from './dispatcher.ts';
import { docsPages } from './docs-page.ts';
import { handleFhir } from './fhir/application.ts';
import { fhirProblemOf, problemResource } from './fhir/problem.ts';
import { FHIR_PREFIX } from './fhir/request.ts';
import type { ApiMetrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { PageTokens } from './page-token.ts';
import type { Route } from './route.ts';
import { empiDoor } from './routes/empi/door.ts';
import { allRoutes } from './routes/index.ts';
import type { ApiApplication } from './server.ts';
import type { ApiServices, SystemServices } from './services.ts';

export const API_VERSION = '1';

export interface Api {
  application: ApiApplication;
  /** The first password of `admin` when it was just made: to be shown once. */
  adminPassword: string | null;
}

/** The application to serve; plain paths are answered beside the routes. */
export async function createApi(
  system: SystemServices,
  metrics: ApiMetrics,
  plain: ReadonlyMap<string, PlainHandler>,
): Promise<Api> {
  const { log, reader, ledger, config } = system;
  const secrets = await Secrets.open(system);
  const { firstStart } = config;
  const adminPassword = await provisionApi({ secrets, ledger, reader, firstStart });
  const sessions = new Sessions();
  const services: ApiServices = { ...system, secrets, sessions, pages: new PageTokens(secrets) };
  const routes = allRoutes(services);
  const permissions = permissionsIn(routes);
  const access = new Access({ reader, secrets, sessions, permissions, now: Date.now });
  const changes = new Changes({ ledger, reader, secrets });
  const onFault: DispatcherParts['onFault'] = (error, fault) =>
    log.error({ err: error, ...fault }, 'api call failed');
  const application = new Dispatcher({
    plain: new Map([...plain, ...docsPages(openApiDocument(routes, API_VERSION))]),
    mounts: [
      {
        prefix: FHIR_PREFIX,
        refusal: (problem) => problemResource(fhirProblemOf(problem)),
        handle: (request) =>
          handleFhir(request, {
            door: empiDoor(services),
            authenticate: (one) => access.callerOf(one),
            changing: (call) => changes.once(call),
            onFault,
          }),
      },
    ],
    routes,
    authenticate: (request) => access.callerOf(request),
    changing: (call) => changes.once(call),
    onAnswer: (answered: Answered) => {
      metrics.answered(answered);
      if (answered.code !== undefined) log.info(answered, 'api call refused');
      else log.debug(answered, 'api call');
    },
    onFault,
  });
  return { application, adminPassword };
}

/** Every permission that some route needs. */
export function permissionsIn(routes: readonly Route[]): string[] {
  const all = routes.map(({ permission }) => permission).filter((one) => one !== null);
  return [...new Set(all)].sort();
}
