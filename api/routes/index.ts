/** Every route of the API, in the order of the document. One file a module. */
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { accessRoutes } from './access.ts';
import { modulesRoutes } from './modules.ts';
import { sessionRoutes } from './sessions.ts';

const ROUTES: readonly ((services: ApiServices) => Route[])[] = [
  sessionRoutes,
  accessRoutes,
  modulesRoutes,
];

export function allRoutes(services: ApiServices): Route[] {
  return ROUTES.flatMap((routes) => routes(services));
}
