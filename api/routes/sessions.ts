/** `/v1/sessions`: operators sign in and out and change their passwords. */
import { z } from 'zod';
import { idOf } from '../../ledger/id.ts';
import { SESSION_COOKIE, tokenOf } from '../access/authenticate.ts';
import { hashPassword, isPassword, TooManyPasswords } from '../access/passwords.ts';
import { type OperatorRecord, readRecord, recordChange, recordName } from '../access/records.ts';
import { ApiProblem, badRequest, forbidden } from '../problem.ts';
import { type Route, route, WithHeaders } from '../route.ts';
import type { ApiServices } from '../services.ts';

const password = z.string().min(1).max(256);
/** Length is what counts: NIST SP 800-63B asks for no mixture of characters. */
const newPassword = z.string().min(12).max(256);

export function sessionRoutes(services: ApiServices): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/sessions',
      summaryZh: '操作员登录',
      summaryEn: 'An operator signs in',
      tag: 'access',
      permission: null,
      changes: false,
      body: z.strictObject({ operator: recordName, password }),
      answer: z.object({
        token: z.string(),
        operator: z.string(),
        institution: z.string(),
        mustChangePassword: z.boolean(),
      }),
      async handle({ body, request }) {
        const operator = await signIn(
          body.operator,
          body.password,
          request.remoteAddress,
          services,
        );
        const token = services.sessions.start(operator.id);
        const { id, institution, mustChangePassword } = operator;
        const answer = { token, operator: id, institution, mustChangePassword };
        return new WithHeaders(answer, { 'Set-Cookie': cookie(token) });
      },
    }),
    route({
      method: 'delete',
      path: '/v1/sessions/current',
      summaryZh: '退出登录',
      summaryEn: 'End this session',
      tag: 'access',
      permission: null,
      changes: true,
      answer: z.object({ ended: z.literal(true) }),
      handle({ request }) {
        services.sessions.end(tokenOf(request) ?? '');
        return new WithHeaders({ ended: true as const }, { 'Set-Cookie': cookie('') });
      },
    }),
    route({
      method: 'put',
      path: '/v1/sessions/current/password',
      summaryZh: '修改自己的密码',
      summaryEn: 'Change the own password; all sessions of the operator end',
      tag: 'access',
      permission: null,
      changes: true,
      body: z.strictObject({ currentPassword: password, newPassword }),
      answer: z.object({ changed: z.literal(true) }),
      handle: ({ caller, body, idempotencyKey }) =>
        changePassword(caller.id, body, idempotencyKey, services),
    }),
  ];
}

/** The operator, when the password is right. A locked one is refused before the password is looked at. */
async function signIn(
  id: string,
  given: string,
  remoteAddress: string,
  { reader, sessions, log }: ApiServices,
): Promise<OperatorRecord> {
  const lockedSeconds = sessions.lockedSeconds(id);
  if (lockedSeconds > 0) {
    throw new ApiProblem(429, 'locked', 'Too many wrong passwords: wait.', {
      headers: { 'Retry-After': String(lockedSeconds) },
    });
  }
  const operator = readRecord(reader.registry, 'operator', id)?.value ?? null;
  const isRight = await checked(() => isPassword(given, operator?.password ?? null));
  if (operator === null || !isRight || operator.status !== 'active') {
    const locked = sessions.failed(id);
    log.warn({ operator: id, remoteAddress, locked }, 'sign-in refused');
    throw new ApiProblem(401, 'wrong_password', 'The operator or the password is wrong.');
  }
  sessions.succeeded(id);
  log.info({ operator: id, remoteAddress }, 'operator signed in');
  return operator;
}

async function changePassword(
  callerId: string,
  { currentPassword, newPassword: wanted }: { currentPassword: string; newPassword: string },
  idempotencyKey: string,
  { reader, ledger, sessions }: ApiServices,
): Promise<{ changed: true }> {
  const id = callerId.startsWith('operator:') ? callerId.slice('operator:'.length) : '';
  const stored = id === '' ? null : readRecord(reader.registry, 'operator', id);
  if (stored === null) throw forbidden('Only an operator has a password.');
  const isRight = await checked(() => isPassword(currentPassword, stored.value.password));
  if (!isRight) throw forbidden('The current password is wrong.');
  if (currentPassword === wanted) {
    throw badRequest('same_password', 'The new password has to be another one.');
  }
  const password = await checked(() => hashPassword(wanted));
  const value = { ...stored.value, password, mustChangePassword: false };
  const by = { who: callerId, why: 'password changed', expectedVersion: stored.version };
  await ledger.submit({
    id: idOf('api', 'password', callerId, idempotencyKey),
    institution: stored.value.institution,
    registry: [recordChange('operator', value, by)],
  });
  sessions.endAll(id);
  return { changed: true };
}

async function checked<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TooManyPasswords)) throw error;
    throw new ApiProblem(503, 'busy', 'Too many sign-ins at once: try again.', {
      headers: { 'Retry-After': '1' },
    });
  }
}

/** Not readable by scripts, and not sent along from other sites. */
function cookie(token: string): string {
  const age = token === '' ? '; Max-Age=0' : '';
  return `${SESSION_COOKIE}=${token}; Path=/; HttpOnly; SameSite=Strict${age}`;
}
