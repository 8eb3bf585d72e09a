/** One record being applied: the tables, the clock of the record, and small helpers all rules use. */
import { BusinessTime } from '../../../ledger/business-time.ts';
import type { JournalRecord } from '../../../ledger/types.ts';
import { type BillKey, type BillName, billKey } from '../bill/bill.ts';
import {
  MANAGED_TABLES,
  type Managed,
  type ManagedRow,
  type ManagedTable,
} from '../managed/schemas.ts';
import { type OutcomeRow, orderedKey, type WritableTables } from '../tables.ts';

/** What was asked for was done. */
export function done(bill: BillKey | null = null): OutcomeRow {
  return { status: 'done', code: '', message: '', bill };
}

/** What was asked for must not be done; nothing was changed. */
export function refused(code: string, message: string): OutcomeRow {
  return { status: 'refused', code, message, bill: null };
}

const clocks = new Map<string, BusinessTime>();

function clockOf(timeZone: string, cutOff: string): BusinessTime {
  const name = `${timeZone}|${cutOff}`;
  let clock = clocks.get(name);
  if (clock === undefined) {
    clock = new BusinessTime({ timeZone, cutOff });
    clocks.set(name, clock);
  }
  return clock;
}

export class Change {
  readonly tables: WritableTables;
  readonly record: JournalRecord;
  readonly institution: string;
  #counter = 0;

  constructor(tables: WritableTables, record: JournalRecord) {
    this.tables = tables;
    this.record = record;
    this.institution = record.entry.institution;
  }

  get nowUs(): number {
    return this.record.timestampUs;
  }

  /** A name that no other row of any record has, in the order of the journal. */
  nextId(): string {
    this.#counter++;
    return `${this.institution}|${orderedKey(this.record.position)}|${String(this.#counter).padStart(6, '0')}`;
  }

  /** `yyyyMMdd` and `HH:mm:ss` on the institution's wall. */
  wallClock(): { date: string; time: string } {
    const row = this.tables.table('institutions').get(this.institution);
    const clock = clockOf(row?.timeZone || 'Asia/Shanghai', row?.cutOff || '23:59');
    const text = clock.localDateTime(Math.floor(this.nowUs / 1_000));
    return { date: text.slice(0, 10).replaceAll('-', ''), time: text.slice(11) };
  }

  /** The same as one text, yyyyMMddHHmmssSSS. */
  businessTime(): string {
    const { date, time } = this.wallClock();
    return `${date}${time.replaceAll(':', '')}000`;
  }

  managed<Table extends ManagedTable>(table: Table, key: string): Managed[Table] | null {
    const row = this.tables.table('managed').get(managedKey(this.institution, table, key));
    return row === undefined ? null : (row.value as Managed[Table]);
  }

  /** From now on this value may only be disabled. */
  markUsed(table: ManagedTable, key: string): void {
    const managed = this.tables.table('managed');
    const name = managedKey(this.institution, table, key);
    const row: ManagedRow | undefined = managed.get(name);
    if (row !== undefined && !row.used) managed.put(name, { ...row, used: true });
  }

  bill(name: BillName) {
    const key = billKey(name);
    const bill = this.tables.table('bills').get(key);
    const state = this.tables.table('bill-states').get(key);
    if (bill === undefined || state === undefined || bill.institution !== this.institution) {
      return null;
    }
    return { key, bill, state };
  }
}

export function managedKey(institution: string, table: ManagedTable, key: string): string {
  return `${institution}|${table}|${key}`;
}

export function isManagedTable(name: string): name is ManagedTable {
  return (MANAGED_TABLES as string[]).includes(name);
}
