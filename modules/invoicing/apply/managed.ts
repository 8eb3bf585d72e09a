/** Changes of managed data. */
import type { FactPayloads } from '../facts.ts';
import type { Managed } from '../managed/schemas.ts';
import type { OutcomeRow } from '../tables.ts';
import { type Change, done, managedKey, refused } from './change.ts';

export function applyManaged(change: Change, payload: FactPayloads['managed']): OutcomeRow {
  const { table, key, value } = payload;
  const rows = change.tables.table('managed');
  const name = managedKey(change.institution, table, key);
  const row = rows.get(name);
  if (value === null) {
    if (row === undefined) return refused('not-found', `${table} ${key} does not exist`);
    if (row.used) return refused('in-use', `${table} ${key} has data: disable it instead`);
    rows.remove(name);
    return done();
  }
  if (table === 'point') {
    const problem = pointProblem(change, value as Managed['point']);
    if (problem !== null) return problem;
  }
  rows.put(name, { value, revision: change.record.position, used: row?.used ?? false });
  return done();
}

/** The points form a tree: no point lies below itself. */
function pointProblem(change: Change, point: Managed['point']): OutcomeRow | null {
  let parent = point.parent;
  for (let depth = 0; parent !== ''; depth++) {
    if (parent === point.code || depth > 20) {
      return refused('point-below-itself', `${point.code} would lie below itself`);
    }
    const above = change.managed('point', parent);
    if (above === null) return refused('unknown-point', `the point above, ${parent}, is unknown`);
    parent = above.parent;
  }
  return null;
}
