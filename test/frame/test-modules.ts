/** Modules for the frame's tests: what the modules thread loads in place of posp's own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { idOf, idToHex } from '../../ledger/id.ts';
import type { Module, TableSource } from '../../modules/frame/module.ts';

interface Payment {
  amountFen: number;
  id: Uint8Array;
}

export interface CountQueries {
  count(): number;
  sumFen(): number;
  positions(limit?: number): number[];
  echoes(): number;
}

/** Counts every record, sums the payments, and keeps one row for each: a record applied twice shows. */
export const counting: Module<CountQueries> = {
  name: 'counting',
  version: 1,
  apply({ position, entry, outcomes, status }, tables) {
    const totals = tables.table<{ records: number; sumFen: number; echoes: number }>('totals');
    const was = totals.get('all') ?? { records: 0, sumFen: 0, echoes: 0 };
    const amountFen = outcomes[0]?.amountFen ?? 0;
    const isEcho = entry.fact?.module?.kind === 'echo' && status === 'applied';
    totals.put('all', {
      records: was.records + 1,
      sumFen: was.sumFen + amountFen,
      echoes: was.echoes + (isEcho ? 1 : 0),
    });
    const key = String(position).padStart(12, '0');
    tables.table<Payment>('payments').put(key, { amountFen, id: entry.id });
    tables.table<number>('by-name').put(tables.nameOf(idToHex(entry.id)), position);
  },
  queries(tables: TableSource): CountQueries {
    const totals = () =>
      tables.table<{ records: number; sumFen: number; echoes: number }>('totals').get('all');
    return {
      count: () => totals()?.records ?? 0,
      sumFen: () => totals()?.sumFen ?? 0,
      echoes: () => totals()?.echoes ?? 0,
      positions: (limit = 10) =>
        [...tables.table<Payment>('payments').range({ reverse: true, limit })].map(({ key }) =>
          Number(key),
        ),
    };
  },
  async act({ queries, ledger, now }) {
    if (now() === 0) return;
    for (let hundred = 1; hundred <= Math.floor(queries.count() / 100); hundred++) {
      await ledger.submit({
        id: idOf('echo', String(hundred)),
        institution: '',
        fact: { module: { module: 'counting', kind: 'echo', key: String(hundred) } },
      });
    }
  },
};

/** Throws at record 50 as long as the folder of the ledger has a file `stumble` beside it. */
export const stumbling: Module<{ position(): number }> = {
  name: 'stumbling',
  version: 1,
  apply({ position }, tables) {
    const stone = join(process.env['POSP_TEST_STONE'] ?? '/nowhere', 'stumble');
    if (position === 50 && existsSync(stone)) throw new Error('there is a stone at 50');
    tables.table<number>('last').put('position', position);
  },
  queries: (tables) => ({
    position: () => tables.table<number>('last').get('position') ?? 0,
  }),
};

export const MODULES: readonly Module<unknown>[] = [counting, stumbling];
