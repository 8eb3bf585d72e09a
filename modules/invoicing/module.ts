/** Medical e-invoicing (医疗收费电子票据) as a follower of the journal. */
import type { Module } from '../frame/module.ts';
import { Actor } from './act/act.ts';
import { applyRecord } from './apply/apply.ts';
import { MODULE_NAME } from './facts.ts';
import { InvoicingQueries } from './queries.ts';
import { typedTables, writableTables } from './tables.ts';

/** A module of its own for each thread that runs it: it remembers what it has sent. */
export function createInvoicing(): Module<InvoicingQueries> {
  const actor = new Actor();
  return {
    name: MODULE_NAME,
    version: 3,
    apply: (record, tables) => applyRecord(record, writableTables(tables)),
    queries: (tables) => new InvoicingQueries(typedTables(tables)),
    act: (context) => actor.act(context),
  };
}

export const invoicing: Module<InvoicingQueries> = createInvoicing();
