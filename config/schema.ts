/**
 * The configuration of a deployment, as one schema: what a person may write, what it means, and
 * what stands where nothing is written. What an operator changes at run time (merchants, terminals,
 * cards, limits) is not here but in the journal; `firstStart` only says what an empty journal is
 * given once.
 */
import { z } from 'zod';
import { firstStart } from './sections/first-start.ts';
import { host, route } from './sections/hosts.ts';
import { hsm } from './sections/hsm.ts';
import { listener } from './sections/listener.ts';
import { invoicing, reconciliationFlow, sftpDrop } from './sections/modules.ts';
import { port } from './sections/values.ts';

export const configSchema = z
  .strictObject({
    /** True refuses every published test value. */
    production: z.boolean().default(false),
    dataDir: z.string().default('./data'),
    clearingDir: z.string().default('./data/clearing'),
    ledger: z
      .strictObject({
        /** Encrypts a new ledger on disk, under a key of the HSM. */
        encrypted: z.boolean().default(false),
      })
      .prefault({}),
    log: z
      .strictObject({
        level: z
          .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
          .default('info'),
      })
      .prefault({}),
    /** Switch worker threads; 0 takes one for each processor but one, at least one. */
    switchWorkers: z.int().min(0).max(64).default(0),
    listeners: z.array(listener).min(1),
    hosts: z
      .array(host)
      .default([])
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
        message: 'two hosts have the same name',
      }),
    routes: z.array(route).default([]),
    http: z.strictObject({ address: z.string().default('127.0.0.1'), port }),
    /** HL7 v2 over MLLP: PIX and PDQ of the patient index. Left out: not served. */
    hl7: z.strictObject({ address: z.string().default('127.0.0.1'), port }).optional(),
    hsm: hsm.default({ provider: 'auto' }),
    clearing: z
      .strictObject({
        /** Clears a business day as soon as its cut-off has closed it. */
        atCutOff: z.boolean().default(true),
        /** Where released files are put for those who pick them up; both may be given. */
        drop: z
          .strictObject({ folder: z.string().min(1).optional(), sftp: sftpDrop.optional() })
          .optional(),
      })
      .prefault({}),
    reconciliation: z.strictObject({ flows: z.array(reconciliationFlow).default([]) }).prefault({}),
    invoicing: invoicing.prefault({}),
    'health-card': z
      .strictObject({
        /** Printed codes are taken with the holder's password only; otherwise from cards that have one. */
        staticCodesNeedPassword: z.boolean().default(false),
        /** The upper centre: black lists come from it, card uses go to it. */
        centre: z
          .strictObject({
            url: z.url(),
            level: z.enum(['city', 'province', 'nation']),
            everySeconds: z.number().min(1).default(60),
          })
          .optional(),
      })
      .prefault({}),
    firstStart: firstStart.optional(),
  })
  .superRefine(({ hosts, routes }, context) => {
    const names = new Set(hosts.map(({ name }) => name));
    for (const [index, { host: named }] of routes.entries()) {
      if (named === undefined || names.has(named)) continue;
      const path = ['routes', index, 'host'];
      context.addIssue({ code: 'custom', path, message: `there is no host ${named}` });
    }
  });

export type Config = z.output<typeof configSchema>;
export type HostConfig = Config['hosts'][number];
export type ListenerConfig = Config['listeners'][number];
export type HsmSettings = Config['hsm'];
export type FirstStart = NonNullable<Config['firstStart']>;
