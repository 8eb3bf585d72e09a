/**
 * The shapes of the configuration that the lower rooms (protocols, hsm, ledger) may know.
 * The schema in `schema.ts` produces them; those rooms never read a file or an environment variable.
 */

/** Where a secret is found. Secrets are references in the configuration, never values. */
export type SecretSource = { file: string } | { environment: string };

/** How a business day ends: the clock of the institution, and the hour at which the next day begins. */
export interface BusinessClock {
  /** IANA name, e.g. `Asia/Shanghai`. */
  timeZone: string;
  /** `HH:mm` in that zone: from then on a transaction belongs to the next business date. */
  cutOff: string;
}
