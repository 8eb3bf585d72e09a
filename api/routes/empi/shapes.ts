/** What goes in and out of the routes of the patient index. */
import { z } from 'zod';
import { FIELD_COUNT, LEVEL_COUNT } from '../../../modules/empi/matching/fields.ts';
import { OTHER_ITEMS } from '../../../modules/empi/search.ts';
import { EVENT_KINDS } from '../../../modules/empi/types.ts';

export const text = z.string().min(1).max(128);
export const code = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
const item = z.string().max(200);

const ITEMS = [
  'name',
  'surname',
  'givenName',
  'sex',
  'birthDate',
  'idType',
  'idNumber',
  'phone',
  'postcode',
  'streetNumber',
  'street',
  'locality',
  'suburb',
  'state',
  'address',
  ...OTHER_ITEMS,
] as const;

export const demographics = z.partialRecord(z.enum(ITEMS), item);

/** What somebody can be found by again. */
const NAMING = ['name', 'surname', 'givenName', 'idNumber'] as const;

export const mediumInput = z
  .object({
    domain: code,
    number: text,
    type: code,
    chip: z.string().max(64).default(''),
    issuer: z.string().max(64).default(''),
  })
  .strict();

export const personParams = z.object({ personId: text });

export const registration = z
  .object({ demographics, media: z.array(mediumInput).max(20) })
  .refine(
    ({ demographics: said, media }) => media.length > 0 || NAMING.some((item) => said[item]),
    'a person has a medium, a name or an identity number',
  );

const evidence = z.object({
  field: z.string(),
  level: z.string(),
  bits: z.number(),
  wordsZh: z.string(),
  wordsEn: z.string(),
});

export const match = z.object({
  personId: z.string(),
  probability: z.number(),
  verdict: z.enum(['auto', 'manual', 'none']),
  rule: z.string().nullable(),
  guards: z.array(z.string()),
  fields: z.array(evidence),
  householdBits: z.number(),
});

export const registered = z.object({
  personId: z.string(),
  decision: z.string(),
  matches: z.array(match),
  reviewIds: z.array(z.string()),
  warnings: z.array(z.string()),
});

export const outcome = z.object({
  status: z.string(),
  personId: z.string().optional(),
  mediumId: z.string().optional(),
  mergeId: z.string().optional(),
  reviewIds: z.array(z.string()).optional(),
});

export const medium = z.object({
  mediumId: z.string(),
  domain: z.string(),
  number: z.string(),
  type: z.string(),
  chip: z.string().optional(),
  issuer: z.string().optional(),
  status: z.string(),
  personId: z.string(),
  linkId: z.string(),
  link: z.object({
    source: z.string(),
    probability: z.number(),
    rule: z.string(),
    by: z.string(),
  }),
});

export const person = z.object({
  personId: z.string(),
  status: z.enum(['active', 'merged', 'cancelled']),
  mergedInto: z.string().nullable(),
  demographics: z.record(z.string(), z.string()),
  media: z.array(medium),
  version: z.int(),
  history: z.array(z.object({ position: z.int(), kind: z.string() })),
});

export const domain = z.object({
  code,
  nameZh: text,
  kind: z.enum(['card', 'region', 'platform']),
  system: z.string().min(1).max(200),
  source: z.string().max(64).default(''),
});

export const review = z.object({
  reviewId: z.string(),
  a: z.string(),
  b: z.string(),
  probability: z.number(),
  reasons: z.array(z.string()),
  status: z.string(),
  mergeId: z.string().optional(),
  decidedBy: z.string().optional(),
});

export const statistics = z.object({
  persons: z.object({ active: z.int(), merged: z.int(), cancelled: z.int() }),
  bySex: z.record(z.string(), z.int()),
  byBirthDecade: z.record(z.string(), z.int()),
  byNation: z.record(z.string(), z.int()),
  mediaByType: z.record(z.string(), z.int()),
  mediaByDomain: z.record(z.string(), z.int()),
  openReviews: z.int(),
  events: z.int(),
});

export const event = z.object({
  position: z.int(),
  timeUs: z.int(),
  kind: z.string(),
  personId: z.string(),
  otherPersonId: z.string().optional(),
  domain: z.string().optional(),
});

export const subscription = z.object({
  url: z.url({ protocol: /^https?$/ }),
  events: z.array(z.enum(EVENT_KINDS)).default([]),
  status: z.enum(['active', 'stopped']).default('active'),
});

export const subscriptionState = z.object({
  subscriptionId: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  status: z.string(),
  reached: z.int(),
});

const shares = z.array(z.number().min(0).max(1)).length(LEVEL_COUNT);

/** What `posp empi train --out` writes. */
const model = z
  .object({
    version: z.literal(1),
    fields: z
      .array(z.object({ match: shares, stranger: shares, household: shares }))
      .length(FIELD_COUNT),
    matchRate: z.number().gt(0).lt(1),
    householdRate: z.number().gt(0).lt(1),
  })
  .nullable();

export const settings = z.object({
  model,
  thresholds: z
    .object({ auto: z.number().gt(0).lt(1), manual: z.number().gt(0).lt(1) })
    .refine(({ auto, manual }) => manual <= auto, 'manual is not above auto'),
});
