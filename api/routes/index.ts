/** Every route of the API, in the order of the document. One file a module. */
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { accessRoutes } from './access.ts';
import { approvalRoutes } from './approvals.ts';
import { cardRoutes } from './cards.ts';
import { channelRoutes } from './channels.ts';
import { clearingRoutes } from './clearing.ts';
import { empiRoutes } from './empi.ts';
import { healthCardRoutes } from './health-card.ts';
import { invoicingRoutes } from './invoicing.ts';
import { ledgerRoutes } from './ledger.ts';
import { merchantRoutes } from './merchants.ts';
import { modulesRoutes } from './modules.ts';
import { reconciliationRoutes } from './reconciliation.ts';
import { sessionRoutes } from './sessions.ts';
import { terminalRoutes } from './terminals.ts';
import { transactionRoutes } from './transactions.ts';

const ROUTES: readonly ((services: ApiServices) => Route[])[] = [
  sessionRoutes,
  accessRoutes,
  merchantRoutes,
  terminalRoutes,
  channelRoutes,
  cardRoutes,
  transactionRoutes,
  approvalRoutes,
  clearingRoutes,
  ledgerRoutes,
  reconciliationRoutes,
  modulesRoutes,
  invoicingRoutes,
  empiRoutes,
  healthCardRoutes,
];

export function allRoutes(services: ApiServices): Route[] {
  return ROUTES.flatMap((routes) => routes(services));
}
