/** Archive packages and their destruction; requests of departments (业务受理). */
import type { FactPayloads } from '../facts.ts';
import type { OutcomeRow } from '../tables.ts';
import { type Change, done, refused } from './change.ts';

/** The package of a year: its bills are those whose business dates are in it. */
export function packageName(institution: string, year: string): string {
  return `${institution}-${year}`;
}

export function packageKey(institution: string, file: string): string {
  return `${institution}|${file}`;
}

export function applyArchivePacked(
  change: Change,
  payload: FactPayloads['archive-packed'],
): OutcomeRow {
  const { year, file, sha256, sm3, bills, signature, keyName } = payload;
  const { institution, nowUs } = change;
  if (year >= change.wallClock().date.slice(0, 4)) {
    return refused('year-not-over', `${year} is not over`);
  }
  const years = change.managed('unit', 'unit')?.retentionYears ?? 30;
  const name = packageKey(institution, file);
  if (change.tables.table('archive-packages').get(name) !== undefined) {
    return refused('exists', `the package ${file} exists already`);
  }
  // The years of keeping start when the year that was packed has ended.
  const keepUntil = `${Number(year) + years}1231`;
  const times = { packedUs: nowUs, keepUntil, destroyed: '' };
  const hashes = { sha256, sm3, signature, keyName };
  change.tables
    .table('archive-packages')
    .put(name, { name, institution, year, file, bills, ...hashes, ...times });
  return done();
}

/** 销毁清册: a list, then an approval by somebody else, then the deed with a record. */
export function applyDestructionListed(
  change: Change,
  payload: FactPayloads['destruction-listed'],
): OutcomeRow {
  const { id, packages, reason, who } = payload;
  const { date } = change.wallClock();
  for (const file of packages) {
    const found = change.tables.table('archive-packages').get(packageKey(change.institution, file));
    if (found === undefined) return refused('not-found', `there is no package ${file}`);
    if (found.destroyed !== '') return refused('destroyed', `${file} was destroyed already`);
    if (date <= found.keepUntil) {
      return refused('must-be-kept', `${file} must be kept until ${found.keepUntil}`);
    }
  }
  const { institution } = change;
  const row = { id, institution, packages, reason, listedBy: who, approvedBy: '', doneUs: 0 };
  change.tables.table('destructions').put(`${institution}|${id}`, { ...row, hashes: [] });
  return done();
}

export function applyDestructionApproved(
  change: Change,
  { id, who }: FactPayloads['destruction-approved'],
): OutcomeRow {
  const table = change.tables.table('destructions');
  const key = `${change.institution}|${id}`;
  const row = table.get(key);
  if (row === undefined) return refused('not-found', `there is no destruction list ${id}`);
  if (row.approvedBy !== '') return refused('approved', 'the list is approved already');
  if (row.listedBy === who) {
    return refused('same-person', 'who made the list cannot approve it');
  }
  table.put(key, { ...row, approvedBy: who });
  return done();
}

export function applyDestructionDone(
  change: Change,
  { id, packages }: FactPayloads['destruction-done'],
): OutcomeRow {
  const table = change.tables.table('destructions');
  const key = `${change.institution}|${id}`;
  const row = table.get(key);
  if (row === undefined) return refused('not-found', `there is no destruction list ${id}`);
  if (row.approvedBy === '') return refused('not-approved', 'the list is not approved');
  if (row.doneUs > 0) return done();
  const archive = change.tables.table('archive-packages');
  for (const file of row.packages) {
    const name = packageKey(change.institution, file);
    const found = archive.get(name)!;
    archive.put(name, { ...found, destroyed: id });
  }
  table.put(key, { ...row, doneUs: change.nowUs, hashes: packages });
  return done();
}

/** Which state a request may go to from which. */
export const REQUEST_STEPS: Record<string, readonly string[]> = {
  submitted: ['accepted', 'rejected'],
  accepted: ['in-work', 'rejected'],
  'in-work': ['resolved', 'in-work'],
  resolved: ['closed', 'in-work'],
  rejected: [],
  closed: [],
};

export function applyRequestOpened(
  change: Change,
  payload: FactPayloads['request-opened'],
): OutcomeRow {
  const { id, kind, subject, text, who } = payload;
  const table = change.tables.table('requests');
  const key = `${change.institution}|${id}`;
  if (table.get(key) !== undefined) return refused('exists', `request ${id} exists already`);
  const first = { atUs: change.nowUs, state: 'submitted', text, who };
  const { institution } = change;
  const row = { id, institution, kind, subject, state: 'submitted', assignee: '', openedBy: who };
  table.put(key, { ...row, steps: [first] });
  return done();
}

export function applyRequestMoved(
  change: Change,
  payload: FactPayloads['request-moved'],
): OutcomeRow {
  const { id, state, text, assignee, who } = payload;
  const table = change.tables.table('requests');
  const key = `${change.institution}|${id}`;
  const row = table.get(key);
  if (row === undefined) return refused('not-found', `there is no request ${id}`);
  if (!REQUEST_STEPS[row.state]?.includes(state)) {
    return refused('wrong-step', `a request that is ${row.state} does not become ${state}`);
  }
  const steps = [...row.steps, { atUs: change.nowUs, state, text, who }];
  table.put(key, { ...row, state, assignee: assignee || row.assignee, steps });
  return done();
}
