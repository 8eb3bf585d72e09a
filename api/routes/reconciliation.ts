/**
 * `/v1/reconciliation`: runs, differences and their lives. Adjustments are proposed and decided with
 * all other money operations at `/v1/proposals`, operation `reconciliation-adjustment`.
 */
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { differenceRoutes } from './reconciliation/differences.ts';
import { runRoutes } from './reconciliation/runs.ts';

export function reconciliationRoutes(services: ApiServices): Route[] {
  return [...runRoutes(services), ...differenceRoutes(services)];
}
