/** Differences in their tables: found, moved from state to state, brought together with their other halves. */
import type { WritableTableSource } from '../../frame/module.ts';
import {
  type DifferenceRow,
  type DifferenceState,
  halfKeys,
  isOpen,
  isOtherHalf,
} from './difference.ts';
import { TABLE } from './tables.ts';

export class DifferenceRows {
  private readonly tables: WritableTableSource;
  /** Of the record that changes them. */
  private readonly position: number;

  constructor(tables: WritableTableSource, position: number) {
    this.tables = tables;
    this.position = position;
  }

  get(id: string): DifferenceRow | undefined {
    return this.tables.table<DifferenceRow>(TABLE.differences).get(id);
  }

  /** Puts a new difference in place; its other half, if it waits already, clears both. */
  create(item: Omit<DifferenceRow, 'id'>, id: string): void {
    const { position } = this;
    const row: DifferenceRow = {
      ...item,
      id,
      history: [{ position, state: item.state, why: 'found' }],
    };
    this.put(row, null);
    this.tables.table<number>(TABLE.byRun).put(`${row.flow}/${row.date}/${id}`, position);
    this.tables
      .table<number>(TABLE.byOrder)
      .put(`${row.institution}/${row.orderId}/${id}`, position);
    if (row.state !== 'BUFFERED') return;
    const other = this.otherHalf(row);
    if (other === null) {
      const halves = this.tables.table<string>(TABLE.halves);
      for (const key of halfKeys(row)) halves.put(`${halfPrefix(row, key)}${id}`, id);
      return;
    }
    this.move(other, 'AUTO_CLEARED', `the other side has it on ${row.date}`);
    this.move(row, 'AUTO_CLEARED', `our other side has it on ${other.date}`);
  }

  private otherHalf(row: DifferenceRow): DifferenceRow | null {
    const halves = this.tables.table<string>(TABLE.halves);
    for (const key of halfKeys(row)) {
      for (const { value } of halves.range({ prefix: halfPrefix(row, key) })) {
        const other = this.get(value);
        if (other !== undefined && isOpen(other) && isOtherHalf(row, other)) return other;
      }
    }
    return null;
  }

  move(
    row: DifferenceRow,
    state: DifferenceState,
    why: string,
    before: DifferenceState = row.state,
  ): void {
    const { position } = this;
    const history = [...row.history, { position, state, why }];
    this.put({ ...row, state, history }, before);
    if (state === 'BUFFERED') return;
    const halves = this.tables.table<string>(TABLE.halves);
    // A confirmed one may still find its other half; a finished one may not.
    if (state === 'CONFIRMED') return;
    for (const key of halfKeys(row)) halves.remove(`${halfPrefix(row, key)}${row.id}`);
  }

  private put(row: DifferenceRow, before: DifferenceState | null): void {
    const states = this.tables.table<string>(TABLE.byState);
    if (before !== null) states.remove(stateKey(row, before));
    states.put(stateKey(row, row.state), row.id);
    this.tables.table<DifferenceRow>(TABLE.differences).put(row.id, row);
  }
}

function stateKey({ institution, date, id }: DifferenceRow, state: DifferenceState): string {
  return `${institution}/${state}/${date}/${id}`;
}

function halfPrefix({ institution, source }: DifferenceRow, key: string): string {
  return `${institution}/${source}/${key}/`;
}
