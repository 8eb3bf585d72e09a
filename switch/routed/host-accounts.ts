/** The account of what a host owes an institution: opened before the first transaction needs it. */
import { accountInput, CHART_OF_ACCOUNTS, hostAccountId } from '../../ledger/chart-of-accounts.ts';
import { idOf } from '../../ledger/id.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { LedgerAndReader } from './asked.ts';

/** What this thread knows to be open. */
const open = new Set<string>();

export async function openHostAccount(
  institution: string,
  host: string,
  { ledger }: LedgerAndReader,
): Promise<void> {
  const name = `${institution}/${host}`;
  if (open.has(name)) return;
  const [account] = await ledger.accounts([hostAccountId(institution, host)]);
  if (account === null || account === undefined) {
    const { code, zh, en } = CHART_OF_ACCOUNTS.find((row) => row.name === 'host')!;
    const by = { who: 'posp', why: `first transaction at host ${host}` };
    const { status } = await ledger.submit({
      id: idOf('host-account', institution, host),
      institution,
      accounts: [accountInput('host', institution, host)],
      registry: [registryChange('account', String(code), { code, name: `${zh} ${en}` }, by)],
    });
    if (status !== 'applied' && !status.startsWith('exists')) {
      throw new Error(`the account of host ${host} cannot be opened: ${status}`);
    }
  }
  open.add(name);
}
