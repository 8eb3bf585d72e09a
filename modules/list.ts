/** The modules of posp, in the order in which they follow the journal. */
import { accounts } from './accounts/module.ts';
import { approvals } from './approvals/module.ts';
import { audit } from './audit/module.ts';
import { clearing } from './clearing/module.ts';
import { empi } from './empi/module.ts';
import type { Module } from './frame/module.ts';
import { healthCard } from './health-card/module.ts';
import { invoicing } from './invoicing/module.ts';
import { reconciliation } from './reconciliation/module.ts';
import { transactions } from './transactions/module.ts';

export const MODULES: readonly Module<unknown>[] = [
  accounts,
  transactions,
  approvals,
  audit,
  empi,
  healthCard,
  reconciliation,
  invoicing,
  clearing,
];
