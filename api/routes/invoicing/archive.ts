/** The archive: yearly packages, single bills out of them, and their destruction by list and approval. */
import { z } from 'zod';
import { destroyPackages } from '../../../modules/invoicing/archive/destroy.ts';
import { packYear } from '../../../modules/invoicing/archive/pack.ts';
import type { ArchiveParts } from '../../../modules/invoicing/archive/package.ts';
import {
  ARCHIVED_FILES,
  archivedFile,
  verifyPackage,
} from '../../../modules/invoicing/archive/read.ts';
import { type Caller, FileAnswer, file, type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { answered, deskOf, MANAGE, READ } from './desk.ts';

const TAG = { tag: 'invoicing' } as const;
const name = z.string().regex(/^[\w-]{1,60}$/);

const packageAnswer = z.object({
  name: z.string(),
  year: z.string(),
  bills: z.int(),
  /** Over the list of hashes, which the unit signed. */
  sha256: z.string(),
  sm3: z.string(),
  signature: z.string(),
  keyName: z.string(),
  packedUs: z.number(),
  keepUntil: z.string(),
  /** The destruction list that it went with; empty while it is there. */
  destroyed: z.string(),
});

const problems = z.array(z.string());
const KINDS = Object.keys(ARCHIVED_FILES) as [keyof typeof ARCHIVED_FILES];

export function archiveRoutes(services: ApiServices): Route[] {
  return [...packageRoutes(services), ...contentRoutes(services), destructionRoute(services)];
}

function partsOf(services: ApiServices, caller: Caller): ArchiveParts {
  const { hsm, reader, config } = services;
  return { desk: deskOf(services, caller), hsm, reader, archiveDir: config.invoicing.archiveDir };
}

function packageRoutes(services: ApiServices): Route[] {
  const path = '/v1/invoices/archive/packages';
  return [
    route({
      ...TAG,
      method: 'get',
      path,
      summaryZh: '电子票据档案：年度归档包',
      summaryEn: 'The yearly packages of the archive',
      permission: READ,
      changes: false,
      answer: z.object({ packages: z.array(packageAnswer) }),
      handle: ({ caller }) => {
        const { queries, institution } = deskOf(services, caller);
        const rows = queries.list('archive-packages', institution);
        return { packages: rows.map((row) => ({ ...row, name: row.file })) };
      },
    }),
    route({
      ...TAG,
      method: 'post',
      path,
      summaryZh: '归档已结束的年度',
      summaryEn: 'Pack a year that is over; a year that is packed stays as it is',
      permission: MANAGE,
      changes: true,
      body: z.strictObject({ year: z.string().regex(/^\d{4}$/, 'YYYY') }),
      answer: packageAnswer,
      handle: async ({ body, caller }) => {
        const packed = await answered(packYear(partsOf(services, caller), body.year));
        return { ...packed, name: packed.file };
      },
    }),
    route({
      ...TAG,
      method: 'get',
      path: `${path}/{name}/verification`,
      summaryZh: '四性检测：真实性、完整性、可用性、安全性',
      summaryEn: 'Check a package: authenticity, completeness, usability, safety',
      permission: READ,
      changes: false,
      params: z.object({ name }),
      answer: z.object({
        name: z.string(),
        holds: z.boolean(),
        authenticity: problems,
        completeness: problems,
        usability: problems,
        safety: problems,
      }),
      handle: ({ params, caller }) => {
        return answered(verifyPackage(partsOf(services, caller), params.name));
      },
    }),
  ];
}

function contentRoutes(services: ApiServices): Route[] {
  return [
    route({
      ...TAG,
      method: 'get',
      path: '/v1/invoices/archive/packages/{name}/bills/{billCode}/{billNumber}/{kind}',
      summaryZh: '调阅归档票据（签名原文、版式文件、元数据）',
      summaryEn: 'A bill out of the archive (xml, ofd, metadata), found by the package’s own index',
      permission: READ,
      changes: false,
      params: z.object({
        name,
        billCode: z.string().max(20),
        billNumber: z.string().max(20),
        kind: z.enum(KINDS),
      }),
      answer: file,
      handle: async ({ params: { name: wanted, kind, ...bill }, caller }) => {
        const bytes = await answered(archivedFile(partsOf(services, caller), wanted, bill, kind));
        const fileName = `${bill.billCode}-${bill.billNumber}.${kind}`;
        return new FileAnswer(bytes, ARCHIVED_FILES[kind].contentType, fileName);
      },
    }),
  ];
}

function destructionRoute(services: ApiServices): Route {
  return route({
    ...TAG,
    method: 'post',
    path: '/v1/invoices/archive/destructions/carry-out',
    summaryZh: '执行已批准的销毁清册',
    summaryEn: 'Destroy the packages of an approved list, on record',
    permission: MANAGE,
    changes: true,
    body: z.strictObject({ id: z.string().min(1).max(50) }),
    answer: z.object({
      id: z.string(),
      listedBy: z.string(),
      approvedBy: z.string(),
      doneUs: z.number(),
      hashes: z.array(z.object({ name: z.string(), sha256: z.string() })),
    }),
    handle: ({ body, caller }) => {
      return answered(destroyPackages(partsOf(services, caller), body.id));
    },
  });
}
