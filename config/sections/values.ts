/** Kinds of values that stand in several sections of the configuration. */
import { z } from 'zod';

export const port = z.int().min(0).max(65_535);
export const digits = (count: number) =>
  z.string().regex(new RegExp(`^\\d{${count}}$`), `${count} digits`);
export const hexKey = z
  .string()
  .regex(/^([0-9A-Fa-f]{32}|[0-9A-Fa-f]{48})$/, '32 or 48 hex digits');
export const cutOff = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected HH:mm, e.g. 23:00');
export const timeZone = z.string().refine(isTimeZone, 'an IANA time zone such as Asia/Shanghai');

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

export const secretSource = z.union([
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ environment: z.string().min(1) }),
]);

export const hexDigits = (count: number) =>
  z.string().regex(new RegExp(`^[0-9A-Fa-f]{${count}}$`), `${count} hex digits`);
export const address = z.strictObject({ address: z.string().min(1), port });
