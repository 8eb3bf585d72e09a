/** `/v1/operators`, `/v1/clients`, `/v1/roles`: who may do what. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { idOf } from '../../ledger/id.ts';
import { hashPassword, randomPassword } from '../access/passwords.ts';
import { BUILT_IN_ROLES, roleOf } from '../access/permissions.ts';
import {
  clientRecord,
  listRecords,
  operatorRecord,
  type RecordKind,
  type RecordValues,
  readRecord,
  recordChange,
  recordName,
  roleRecord,
} from '../access/records.ts';
import { badRequest, conflict, forbidden, notFound } from '../problem.ts';
import { type Caller, inScope, type Route, route } from '../route.ts';
import type { ApiServices } from '../services.ts';

const operatorView = operatorRecord.omit({ password: true });
const clientView = clientRecord.omit({ encryptedKey: true });
const params = z.strictObject({ id: recordName });
const DEFAULT_RATE = 200;
const permission = 'access:manage';
const common = { tag: 'access', permission } as const;

export function accessRoutes(services: ApiServices): Route[] {
  return [
    ...operatorRoutes(services),
    ...clientRoutes(services),
    ...roleRoutes(services),
    ...renewals(services),
  ];
}

function operatorRoutes(services: ApiServices): Route[] {
  const { reader, sessions } = services;
  const wanted = z.strictObject({
    title: z.string().max(64),
    institution: z.string().max(16),
    roles: z.array(recordName).max(16),
    status: z.enum(['active', 'disabled']).default('active'),
  });
  return [
    route({
      ...common,
      method: 'get',
      path: '/v1/operators',
      summaryZh: '操作员列表',
      summaryEn: 'All operators',
      changes: false,
      answer: z.object({ operators: z.array(operatorView) }),
      handle: ({ caller }) => ({ operators: visible('operator', caller, services) }),
    }),
    route({
      ...common,
      method: 'put',
      path: '/v1/operators/{id}',
      summaryZh: '新增或修改操作员；新增时给出一次性初始密码',
      summaryEn: 'Make or change an operator; a new one gets a first password, shown once',
      changes: true,
      secretAnswer: true,
      params,
      body: wanted,
      answer: z.object({ operator: operatorView, firstPassword: z.string().nullable() }),
      async handle({ params: { id }, body, caller, idempotencyKey }) {
        const old = readRecord(reader.registry, 'operator', id);
        checkManaged(caller, body, old?.value, services);
        const firstPassword = old === null ? randomPassword() : null;
        const password = old?.value.password ?? (await hashPassword(firstPassword!));
        const mustChangePassword = old?.value.mustChangePassword ?? true;
        const value = { id, ...body, mustChangePassword, password };
        await store('operator', value, old?.version ?? 0, caller, idempotencyKey, services);
        if (body.status === 'disabled') sessions.endAll(id);
        return { operator: value, firstPassword };
      },
    }),
  ];
}

function clientRoutes(services: ApiServices): Route[] {
  const { reader, secrets } = services;
  const wanted = z.strictObject({
    title: z.string().max(64),
    institution: z.string().max(16),
    roles: z.array(recordName).max(16),
    status: z.enum(['active', 'disabled']).default('active'),
    ratePerSecond: z.int().min(1).max(10_000).default(DEFAULT_RATE),
  });
  return [
    route({
      ...common,
      method: 'get',
      path: '/v1/clients',
      summaryZh: '接入系统列表',
      summaryEn: 'All clients',
      changes: false,
      answer: z.object({ clients: z.array(clientView) }),
      handle: ({ caller }) => ({ clients: visible('client', caller, services) }),
    }),
    route({
      ...common,
      method: 'put',
      path: '/v1/clients/{id}',
      summaryZh: '新增或修改接入系统；新增时给出一次性密钥',
      summaryEn: 'Make or change a client; a new one gets its key, shown once',
      changes: true,
      secretAnswer: true,
      params,
      body: wanted,
      answer: z.object({ client: clientView, key: z.string().nullable() }),
      async handle({ params: { id }, body, caller, idempotencyKey }) {
        const old = readRecord(reader.registry, 'client', id);
        checkManaged(caller, body, old?.value, services);
        const key = old === null ? newKey() : null;
        const encryptedKey = old?.value.encryptedKey ?? (await secrets.encrypt(Buffer.from(key!)));
        const value = { id, ...body, encryptedKey };
        await store('client', value, old?.version ?? 0, caller, idempotencyKey, services);
        return { client: value, key };
      },
    }),
  ];
}

/** New secrets for those who lost theirs: shown once. */
function renewals(services: ApiServices): Route[] {
  const { reader, secrets, sessions } = services;
  return [
    route({
      ...common,
      method: 'post',
      path: '/v1/operators/{id}/password-reset',
      summaryZh: '重置操作员密码',
      summaryEn: 'Give an operator a new first password, shown once',
      changes: true,
      secretAnswer: true,
      params,
      answer: z.object({ firstPassword: z.string() }),
      async handle({ params: { id }, caller, idempotencyKey }) {
        const old = readRecord(reader.registry, 'operator', id);
        if (old === null) throw notFound(`There is no operator ${id}.`);
        checkManaged(caller, old.value, old.value, services);
        const firstPassword = randomPassword();
        const password = await hashPassword(firstPassword);
        const value = { ...old.value, password, mustChangePassword: true };
        await store('operator', value, old.version, caller, idempotencyKey, services);
        sessions.endAll(id);
        return { firstPassword };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/v1/clients/{id}/key-renewal',
      summaryZh: '更换接入系统密钥',
      summaryEn: 'Give a client a new key, shown once; the old one ends',
      changes: true,
      secretAnswer: true,
      params,
      answer: z.object({ key: z.string() }),
      async handle({ params: { id }, caller, idempotencyKey }) {
        const old = readRecord(reader.registry, 'client', id);
        if (old === null) throw notFound(`There is no client ${id}.`);
        checkManaged(caller, old.value, old.value, services);
        const key = newKey();
        const value = { ...old.value, encryptedKey: await secrets.encrypt(Buffer.from(key)) };
        await store('client', value, old.version, caller, idempotencyKey, services);
        return { key };
      },
    }),
  ];
}

function roleRoutes(services: ApiServices): Route[] {
  const { reader } = services;
  return [
    route({
      ...common,
      method: 'get',
      path: '/v1/roles',
      summaryZh: '角色与权限',
      summaryEn: 'All roles with their permissions',
      changes: false,
      answer: z.object({ roles: z.array(roleRecord) }),
      handle() {
        const own = listRecords(reader.registry, 'role').map(({ value }) => value);
        const builtIn = BUILT_IN_ROLES.filter(({ id }) => !own.some((role) => role.id === id));
        return { roles: [...builtIn, ...own] };
      },
    }),
    route({
      ...common,
      method: 'put',
      path: '/v1/roles/{id}',
      summaryZh: '新增或修改角色',
      summaryEn: 'Make or change a role',
      changes: true,
      params,
      body: roleRecord.omit({ id: true }),
      answer: roleRecord,
      async handle({ params: { id }, body, caller, idempotencyKey }) {
        if (caller.institution !== '' && !isOnlyInstitution(caller.institution, services)) {
          throw forbidden('Roles belong to the whole deployment.');
        }
        const old = readRecord(reader.registry, 'role', id);
        const value = { id, ...body };
        await store('role', value, old?.version ?? 0, caller, idempotencyKey, services);
        return value;
      },
    }),
  ];
}

function visible<Kind extends 'operator' | 'client'>(
  kind: Kind,
  caller: Caller,
  { reader }: ApiServices,
): RecordValues[Kind][] {
  return listRecords(reader.registry, kind)
    .map(({ value }) => value)
    .filter(({ institution }) => inScope(caller, institution));
}

/** Nobody manages beyond the own institution, and roles have to exist. */
function checkManaged(
  caller: Caller,
  wanted: { institution: string; roles: readonly string[] },
  old: { institution: string } | undefined,
  { reader }: ApiServices,
): void {
  const isInside =
    inScope(caller, wanted.institution) && inScope(caller, old?.institution ?? wanted.institution);
  if (!isInside) throw forbidden('This belongs to another institution.');
  const { institution, roles } = wanted;
  if (institution !== '' && reader.registry.get('institution', institution) === null) {
    throw badRequest('no_institution', `There is no institution ${institution}.`);
  }
  for (const role of roles) {
    if (roleOf(role, reader.registry) === null) {
      throw badRequest('no_role', `There is no role ${role}.`);
    }
  }
}

async function store<Kind extends RecordKind>(
  kind: Kind,
  value: RecordValues[Kind],
  expectedVersion: number,
  caller: Caller,
  idempotencyKey: string,
  { ledger }: ApiServices,
): Promise<void> {
  const by = { who: caller.id, why: `${kind} managed`, expectedVersion };
  const { status } = await ledger.submit({
    id: idOf('api', kind, caller.id, idempotencyKey),
    institution: caller.institution,
    registry: [recordChange(kind, value, by)],
  });
  if (status === 'registry_conflict') {
    throw conflict('changed_meanwhile', 'Somebody else changed this at the same time: look again.');
  }
}

function isOnlyInstitution(id: string, { reader }: ApiServices): boolean {
  const all = [...reader.registry.list('institution')];
  return all.length === 1 && all[0]!.key === id;
}

function newKey(): string {
  return randomBytes(32).toString('base64url');
}
