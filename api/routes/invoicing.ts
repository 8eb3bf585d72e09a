/**
 * `/v1/invoices/…`: medical e-invoices. One file a side: charges, bills and paper of the HIS; commands,
 * managed data and lists of the hospital; reports; archive; old software; patients.
 */
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { archiveRoutes } from './invoicing/archive.ts';
import { billRoutes } from './invoicing/bills.ts';
import { chargeRoutes } from './invoicing/charges.ts';
import { commandRoutes } from './invoicing/commands.ts';
import { compatibilityRoutes } from './invoicing/compatibility.ts';
import { listRoutes } from './invoicing/lists.ts';
import { managedRoutes } from './invoicing/managed.ts';
import { paperRoutes } from './invoicing/papers.ts';
import { patientRoutes } from './invoicing/patients.ts';
import { reportRoutes } from './invoicing/reports.ts';

export function invoicingRoutes(services: ApiServices): Route[] {
  return [
    ...chargeRoutes(services),
    ...billRoutes(services),
    ...paperRoutes(services),
    ...commandRoutes(services),
    ...managedRoutes(services),
    ...listRoutes(services),
    ...reportRoutes(services),
    ...archiveRoutes(services),
    ...compatibilityRoutes(services),
    ...patientRoutes(services),
  ];
}
