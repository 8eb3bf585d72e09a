/** The section `invoicing` of the configuration, as config/schema.ts checks it. */

import type { SecretSource } from '../../config/types.ts';
import { readSecret } from '../../hsm/secret.ts';
import type { FiscalFront } from './fiscal/front.ts';
import { HttpGatewayFront } from './fiscal/http-gateway.ts';
import { SocketXmlFront } from './fiscal/socket-xml.ts';

export interface InvoicingSettings {
  fiscal:
    | { style: 'none' }
    | {
        style: 'gateway';
        url: string;
        regionCode: string;
        agencyCode: string;
        appId: string;
        appKey: SecretSource;
        timeoutMs: number;
      }
    | { style: 'socket'; host: string; port: number; unitCode: string; timeoutMs: number };
  /** `retryMs` is doubled with every attempt that failed. */
  push: { url: string; timeoutMs: number; retryMs: number };
  /** More numbers are asked for when fewer are left in the whole house; 0: never by itself. */
  applyBelow: number;
  applyCount: number;
  /** So long after the year's end what is left of its numbers is voided. */
  yearCloseDays: number;
}

export const NO_SETTINGS: InvoicingSettings = {
  fiscal: { style: 'none' },
  push: { url: '', timeoutMs: 5_000, retryMs: 5_000 },
  applyBelow: 0,
  applyCount: 10_000,
  yearCloseDays: 31,
};

/** The front that the settings name; null when the house reports to nobody. */
export function frontOf(settings: InvoicingSettings): FiscalFront | null {
  const { fiscal } = settings;
  if (fiscal.style === 'none') return null;
  if (fiscal.style === 'socket') return new SocketXmlFront(fiscal);
  return new HttpGatewayFront({ ...fiscal, appKey: readSecret(fiscal.appKey) });
}
