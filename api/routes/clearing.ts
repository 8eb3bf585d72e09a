/** `/v1/clearing`: parameters, days, files, pay-outs. */
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { dayRoutes } from './clearing/days.ts';
import { parameterRoutes } from './clearing/parameters.ts';
import { suspenseRoute } from './clearing/suspense.ts';

export function clearingRoutes(services: ApiServices): Route[] {
  return [...parameterRoutes(services), ...dayRoutes(services), suspenseRoute(services)];
}
