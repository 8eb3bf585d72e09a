/** `/v1/invoices/…`: medical e-invoices. One file for each side: HIS, management, reports, archive, patients, old software. */
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { archiveRoutes } from './invoicing/archive.ts';
import { billRoutes } from './invoicing/bills.ts';
import { compatibilityRoutes } from './invoicing/compatibility.ts';
import { managementRoutes } from './invoicing/management.ts';
import { patientRoutes } from './invoicing/patients.ts';
import { reportRoutes } from './invoicing/reports.ts';

export function invoicingRoutes(services: ApiServices): Route[] {
  return [
    ...billRoutes(services),
    ...managementRoutes(services),
    ...reportRoutes(services),
    ...archiveRoutes(services),
    ...compatibilityRoutes(services),
    ...patientRoutes(services),
  ];
}
