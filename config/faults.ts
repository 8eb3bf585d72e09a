import type { z } from 'zod';

/** What is wrong with a value, on one line: each fault with the place where it stands. */
export function faultsOf({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}
