/** Questions to the view. */
import type { TableSource } from '../frame/module.ts';
import type { DifferenceRow, DifferenceState } from './life/difference.ts';
import type { RequestFact } from './life/facts.ts';
import { type RunRow, TABLE } from './life/tables.ts';

export interface DifferenceQuestion {
  institution: string;
  state: DifferenceState;
  /** YYYYMMDD, both included. */
  from?: string;
  to?: string;
  /** Where to go on: `date/id` of the last one seen. */
  after?: string;
  limit?: number;
}

/** One event with what each flow says about it. */
export interface EventRow {
  orderId: string;
  legs: {
    flow: string;
    layer: string;
    date: string;
    code: string;
    state: DifferenceState;
    id: string;
  }[];
}

/** Money in question by age, next to what the suspense accounts must hold. */
export interface SuspenseTotals {
  longFen: number;
  shortFen: number;
  byDate: { date: string; longFen: number; shortFen: number; count: number }[];
}

export interface ReconciliationQueries {
  /** Runs of a date, every version, by flow. */
  runs(institution: string, date: string): RunRow[];
  run(runId: string): RunRow | null;
  difference(id: string): DifferenceRow | null;
  differences(question: DifferenceQuestion): Iterable<DifferenceRow>;
  event(institution: string, orderId: string): EventRow;
  suspense(institution: string): SuspenseTotals;
  requests(): { key: string; request: RequestFact }[];
  isServed(flow: string, slot: string): boolean;
}

export function reconciliationQueries(tables: TableSource): ReconciliationQueries {
  const runs = tables.table<RunRow>(TABLE.runs);
  const rows = tables.table<DifferenceRow>(TABLE.differences);
  const byState = tables.table<string>(TABLE.byState);
  const valuesOf = <Value>(range: Iterable<{ value: Value }>): Value[] =>
    [...range].map(({ value }) => value);

  function* differences(question: DifferenceQuestion): Iterable<DifferenceRow> {
    const { institution, state, from, to, after, limit } = question;
    const prefix = `${institution}/${state}/`;
    const start = after === undefined ? `${prefix}${from ?? ''}` : `${prefix}${after}\u0000`;
    const end = to === undefined ? `${prefix}\uffff` : `${prefix}${to}/\uffff`;
    const range = { from: start, to: end, ...(limit === undefined ? {} : { limit }) };
    for (const { value } of byState.range(range)) {
      const row = rows.get(value);
      if (row !== undefined) yield row;
    }
  }

  return {
    runs: (institution, date) => valuesOf(runs.range({ prefix: `${institution}/${date}/` })),
    run(runId) {
      const key = tables.table<string>(TABLE.runKeys).get(runId);
      return key === undefined ? null : (runs.get(key) ?? null);
    },
    difference: (id) => rows.get(id) ?? null,
    differences,
    event(institution, orderId) {
      const prefix = `${institution}/${orderId}/`;
      const legs = [...tables.table<number>(TABLE.byOrder).range({ prefix })].flatMap(({ key }) => {
        const row = rows.get(key.slice(prefix.length));
        if (row === undefined) return [];
        const { flow, layer, date, code, state, id } = row;
        return [{ flow, layer, date, code, state, id }];
      });
      return { orderId, legs };
    },
    suspense: (institution) => suspenseOf(openMoney(institution, differences)),
    requests: () =>
      [...tables.table<RequestFact>(TABLE.requests).range()].map(({ key, value }) => ({
        key,
        request: value,
      })),
    isServed: (flow, slot) =>
      tables.table<number>(TABLE.slots).get(`${flow}/${slot}`) !== undefined,
  };
}

/** Differences whose money is in suspense: posted, or posted and with another proposal open. */
function openMoney(
  institution: string,
  differences: (question: DifferenceQuestion) => Iterable<DifferenceRow>,
): DifferenceRow[] {
  return [
    ...differences({ institution, state: 'POSTED' }),
    ...[...differences({ institution, state: 'PROPOSED' })].filter(({ history }) =>
      history.some(({ state }) => state === 'POSTED'),
    ),
  ];
}

function suspenseOf(rows: readonly DifferenceRow[]): SuspenseTotals {
  const byDate = new Map<
    string,
    { date: string; longFen: number; shortFen: number; count: number }
  >();
  for (const { date, gapFen } of rows) {
    const day = byDate.get(date) ?? { date, longFen: 0, shortFen: 0, count: 0 };
    byDate.set(date, day);
    day.count++;
    if (gapFen > 0) day.longFen += gapFen;
    else day.shortFen -= gapFen;
  }
  const days = [...byDate.values()].sort((a, b) => (a.date < b.date ? -1 : 1));
  const total = (name: 'longFen' | 'shortFen'): number =>
    days.reduce((sum, day) => sum + day[name], 0);
  return { longFen: total('longFen'), shortFen: total('shortFen'), byDate: days };
}
