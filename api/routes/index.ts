/** Every route of the API, in the order of the document. One file a module. */
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { modulesRoutes } from './modules.ts';

const ROUTES: readonly ((services: ApiServices) => Route[])[] = [modulesRoutes];

export function allRoutes(services: ApiServices): Route[] {
  return ROUTES.flatMap((routes) => routes(services));
}
