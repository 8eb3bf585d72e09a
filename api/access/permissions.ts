/** From roles to what a caller may do. */
import type { RegistryReader } from '../../ledger/types.ts';
import { type RoleRecord, readRecord } from './records.ts';

/**
 * The roles that every deployment starts with. A setting of the same name takes the place of one.
 * Whoever may propose may hold `…:approve` too: approving one's own proposal is refused in any case.
 */
export const BUILT_IN_ROLES: readonly RoleRecord[] = [
  { id: 'administrator', title: '系统管理员 Administrator', permissions: ['*:*'] },
  { id: 'integration', title: '业务系统 Other software', permissions: ['*:read', '*:write'] },
  {
    id: 'finance',
    title: '财务 Finance',
    permissions: [
      '*:read',
      'clearing:*',
      'reconciliation:*',
      'invoicing:*',
      'money:propose',
      'money:approve',
    ],
  },
  {
    id: 'cashier',
    title: '收费员 Cashier',
    permissions: ['*:read', 'cards:write', 'invoicing:write', 'money:propose'],
  },
  { id: 'auditor', title: '审计 Auditor', permissions: ['*:read', 'audit:view'] },
];

/** The permissions that roles give, out of those that exist. */
export function permissionsOf(
  roles: readonly string[],
  known: readonly string[],
  registry: RegistryReader,
): ReadonlySet<string> {
  const patterns = roles.flatMap((id) => roleOf(id, registry)?.permissions ?? []);
  return new Set(known.filter((permission) => patterns.some((one) => fits(one, permission))));
}

export function roleOf(id: string, registry: RegistryReader): RoleRecord | null {
  const stored = readRecord(registry, 'role', id);
  return stored?.value ?? BUILT_IN_ROLES.find((role) => role.id === id) ?? null;
}

function fits(pattern: string, permission: string): boolean {
  const [subject, verb] = pattern.split(':');
  const [wantedSubject, wantedVerb] = permission.split(':');
  return (subject === '*' || subject === wantedSubject) && (verb === '*' || verb === wantedVerb);
}
