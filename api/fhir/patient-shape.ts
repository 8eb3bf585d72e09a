/** What of a Patient is read, and how it has to look; elements that are not named here are left alone. */
import { z } from 'zod';
import { isCalendarDate } from '../../modules/empi/matching/id-number.ts';
import { FhirProblem } from './problem.ts';

/** No longer than what the index can look for. */
const text = z.string().max(200).optional();
const texts = z.array(z.string().max(200)).max(20).optional();

const DATE = /^\d{4}(?:-\d\d(?:-\d\d)?)?$/;
const DATE_TIME = /^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?)?)?$/;

const NO_DATE = 'is not a date of FHIR';

/** A day that there was; of a month or a year, its first day. */
const isDay = (date: string) => isCalendarDate(`${date}-01-01`.slice(0, 10).replaceAll('-', ''));

const dateTime = z.string().regex(DATE_TIME, NO_DATE).refine(isDay, NO_DATE).optional();
const period = z.object({ start: dateTime, end: dateTime }).optional();

/** One of some codes; as a text, for that is how the index keeps it. */
const oneOf = (codes: string) =>
  z
    .string()
    .refine((code) => codes.split(' ').includes(code), `is none of ${codes}`)
    .optional();

const identifier = z.object({ system: text, value: z.string().max(128).optional() });

const reference = z.object({ reference: text, identifier: identifier.optional() });

const name = z.object({
  use: oneOf('usual official temp nickname anonymous old maiden'),
  text,
  family: text,
  given: texts,
  prefix: texts,
  suffix: texts,
  period,
});

const telecom = z.object({
  system: oneOf('phone fax email pager url sms other'),
  value: text,
  use: oneOf('home work temp old mobile'),
  rank: z.int().min(1).optional(),
  period,
});

const address = z.object({
  use: oneOf('home work temp old billing'),
  type: oneOf('postal physical both'),
  text,
  line: texts,
  city: text,
  district: text,
  state: text,
  postalCode: text,
  country: text,
  period,
});

const coding = z.object({ system: text, code: text, display: text });

const patient = z.object({
  resourceType: z.literal('Patient'),
  id: text,
  active: z.boolean().optional(),
  identifier: z.array(identifier).max(100).optional(),
  name: z.array(name).max(20).optional(),
  gender: z.enum(['male', 'female', 'other', 'unknown']).optional(),
  birthDate: z.string().regex(DATE, NO_DATE).refine(isDay, NO_DATE).optional(),
  deceasedBoolean: z.boolean().optional(),
  deceasedDateTime: dateTime,
  telecom: z.array(telecom).max(20).optional(),
  address: z.array(address).max(20).optional(),
  maritalStatus: z.object({ text, coding: z.array(coding).max(10).optional() }).optional(),
  link: z
    .array(
      z.object({
        other: reference,
        type: z.enum(['replaced-by', 'replaces', 'refer', 'seealso']),
      }),
    )
    .max(100)
    .optional(),
  extension: z
    .array(z.object({ url: z.string(), valueString: text }))
    .max(100)
    .optional(),
  meta: z.object({ versionId: text }).optional(),
});

export type Patient = z.output<typeof patient>;
export type Reference = z.output<typeof reference>;
export type Identifier = z.output<typeof identifier>;

/** Throws FhirProblem 400 when it is no Patient. */
export function readPatient(resource: unknown): Patient {
  const { resourceType } = (resource ?? {}) as { resourceType?: unknown };
  if (resourceType !== 'Patient') {
    throw new FhirProblem(400, 'invalid', 'the resource has to be a Patient');
  }
  return readAs(patient, resource, 'Patient');
}

/** A Reference; throws FhirProblem 400 when it is none. */
export function readReference(value: unknown, place: string): Reference {
  return readAs(reference, value ?? {}, place);
}

function readAs<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: string,
): z.output<Schema> {
  const result = schema.safeParse(withoutEmpties(value));
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const at = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`));
  throw new FhirProblem(400, 'invalid', `${place}${at.join('')}: ${message}`);
}

/** FHIR has no empty values: senders that write them mean that there is nothing. */
function withoutEmpties(value: unknown): unknown {
  if (value === null || value === '') return undefined;
  if (Array.isArray(value)) {
    const items = value.map(withoutEmpties).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (typeof value !== 'object') return value;
  const items = Object.entries(value)
    .map(([name, item]) => [name, withoutEmpties(item)] as const)
    .filter(([, item]) => item !== undefined);
  return items.length === 0 ? undefined : Object.fromEntries(items);
}
