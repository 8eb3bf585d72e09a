/** Questions to invoicing's view, from any thread. */
import { inflateRawSync } from 'node:zlib';
import { idToHex } from '../../ledger/id.ts';
import type { Id } from '../../ledger/types.ts';
import { managedKey } from './apply/change.ts';
import { packageKey, packageName } from './apply/keeping.ts';
import { chargeKey } from './apply/links.ts';
import { paperKey } from './apply/paper.ts';
import {
  type Bill,
  type BillKey,
  type BillName,
  type BillState,
  billKey,
  type PaperName,
} from './bill/bill.ts';
import type { Managed, ManagedRow, ManagedTable } from './managed/schemas.ts';
import type { Holding, Movements } from './stock/holding.ts';
import {
  type ArchivePackage,
  type Charge,
  type FiscalTask,
  type MoneyDay,
  type OutcomeRow,
  orderedKey,
  type PaymentRow,
  type PushTask,
  type Rows,
  type StockApplication,
  type TableName,
  type Tables,
} from './tables.ts';

export interface FoundBill {
  key: BillKey;
  bill: Bill;
  state: BillState;
}

/** Business dates YYYYMMDD, both included. */
export interface DateRange {
  from: string;
  to: string;
}

export class InvoicingQueries {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  bill(name: BillName): FoundBill | null {
    return this.billByKey(billKey(name));
  }

  billByKey(key: BillKey): FoundBill | null {
    const bill = this.#tables.table('bills').get(key);
    const state = this.#tables.table('bill-states').get(key);
    return bill === undefined || state === undefined ? null : { key, bill, state };
  }

  /** The exact bytes that were signed; null before the signature. */
  original(key: BillKey): Buffer | null {
    const deflated = this.#tables.table('originals').get(key);
    return deflated === undefined ? null : inflateRawSync(deflated);
  }

  /** Bills and red bills by the business date of their issue, in the order of code and number. */
  *billsOfDays(institution: string, { from, to }: DateRange): Iterable<FoundBill> {
    const range = { from: `${institution}|${from}`, to: `${institution}|${to}~` };
    for (const { key } of this.#tables.table('bills-by-day').range(range)) {
      yield this.billByKey(key.split('|')[2]!)!;
    }
  }

  /** Every bill of a busNo, oldest first. */
  billsOfBusiness(institution: string, busNo: string): FoundBill[] {
    const rows = this.#tables
      .table('bills-by-business')
      .range({ prefix: `${institution}|${busNo}|` });
    const bills = [...rows].map(({ value }) => this.billByKey(value)!);
    // A busNo may itself have the sign that ends it in the key.
    return bills.filter(({ bill }) => bill.busNo === busNo);
  }

  /** By visit card, identity number, or patient number. */
  billsOfPerson(institution: string, person: string): FoundBill[] {
    const prefix = `${institution}|${this.#tables.nameOf(person)}|`;
    const rows = this.#tables.table('bills-by-person').range({ prefix });
    return [...rows].map(({ key }) => this.billByKey(key.slice(prefix.length))!);
  }

  charge(institution: string, busNo: string): Charge | null {
    return this.#tables.table('charges').get(chargeKey(institution, busNo)) ?? null;
  }

  charges(institution: string): Iterable<{ value: Charge }> {
    return this.#tables.table('charges').range({ prefix: `${institution}|` });
  }

  /** Charges without the bill that they should have: their reason says why. */
  waitingCharges(institution: string, limit = 1_000): Charge[] {
    const rows = this.#tables.table('waiting').range({ prefix: `${institution}|`, limit });
    return [...rows].map(({ value }) => this.charge(institution, value)!);
  }

  payment(position: number): PaymentRow | null {
    return this.#tables.table('payments').get(orderedKey(position)) ?? null;
  }

  payments(): Iterable<{ value: PaymentRow }> {
    return this.#tables.table('payments').range();
  }

  /** Payments that no charge is known for, and why. */
  unbilledPayments(institution: string, limit = 1_000): { payment: PaymentRow; reason: string }[] {
    const rows = this.#tables.table('unbilled').range({ prefix: `${institution}|`, limit });
    return [...rows].map(({ key, value }) => {
      const position = key.slice(institution.length + 1);
      return { payment: this.#tables.table('payments').get(position)!, reason: value };
    });
  }

  /** What merchants' accounts were moved by customers, by `date|merchant`. */
  moneyDays(
    institution: string,
    { from, to }: DateRange,
  ): ({ date: string; merchant: string } & MoneyDay)[] {
    const range = { from: `${institution}|${from}`, to: `${institution}|${to}~` };
    return [...this.#tables.table('money-days').range(range)].map(({ key, value }) => {
      const [, date = '', merchant = ''] = key.split('|');
      return { date, merchant, ...value };
    });
  }

  outcome(id: Id): OutcomeRow | null {
    return this.#tables.table('outcomes').get(idToHex(id)) ?? null;
  }

  managed<Table extends ManagedTable>(
    institution: string,
    table: Table,
    key: string,
  ): ManagedRow<Managed[Table]> | null {
    const row = this.#tables.table('managed').get(managedKey(institution, table, key));
    return (row as ManagedRow<Managed[Table]> | undefined) ?? null;
  }

  managedList<Table extends ManagedTable>(
    institution: string,
    table: Table,
  ): ({ key: string } & ManagedRow<Managed[Table]>)[] {
    const prefix = managedKey(institution, table, '');
    return [...this.#tables.table('managed').range({ prefix })].map(({ key, value }) => ({
      key: key.slice(prefix.length),
      ...(value as ManagedRow<Managed[Table]>),
    }));
  }

  institutions(): { id: string; nameZh: string; timeZone: string; cutOff: string }[] {
    return [...this.#tables.table('institutions').range()].map(({ key, value }) => {
      return { id: key, ...value };
    });
  }

  merchantName(id: string): string {
    return this.#tables.table('merchants').get(id)?.nameZh ?? '';
  }

  holdings(institution: string): Holding[] {
    const rows = this.#tables.table('holdings').range({ prefix: `${institution}|` });
    return [...rows].map(({ value }) => value);
  }

  /** Movements of a holding by business date, in order. */
  holdingDays(holdingKey: string): { date: string; moved: Movements }[] {
    const prefix = `${holdingKey}|`;
    return [...this.#tables.table('holding-days').range({ prefix })]
      .map(({ key, value }) => ({ date: key.slice(prefix.length), moved: value }))
      .filter(({ date }) => /^\d{8}$/.test(date));
  }

  /** Ranges that ever came to this deployment, by `medium|billCode`. */
  knownNumbers() {
    return this.#tables.table('numbers-known').range();
  }

  stockEvents(institution: string, options: { reverse?: boolean } = {}) {
    return this.#tables.table('stock-events').range({ prefix: `${institution}|`, ...options });
  }

  /** Applications for numbers that the fiscal side was not asked for yet, oldest first. */
  openApplications(institution: string): StockApplication[] {
    const open = this.#tables.table('stock-applications-open').range({ prefix: `${institution}|` });
    return [...open].map(({ key }) => this.#tables.table('stock-applications').get(key)!);
  }

  /** Bills that have a number and no signature yet, in the order of their numbers being given. */
  unsignedKeys(limit: number): BillKey[] {
    return [...this.#tables.table('unsigned').range({ limit })].map(({ value }) => value);
  }

  fiscalTask(id: string): FiscalTask | null {
    return this.#tables.table('fiscal-tasks').get(id) ?? null;
  }

  /** Tasks that are due, oldest first. */
  dueFiscalTasks(nowUs: number, limit: number): FiscalTask[] {
    return this.#due('fiscal-open', 'fiscal-tasks', nowUs, limit) as FiscalTask[];
  }

  duePushTasks(nowUs: number, limit: number): PushTask[] {
    return this.#due('push-open', 'push-tasks', nowUs, limit) as PushTask[];
  }

  /** Tasks that are open or parked for a person, oldest first. */
  unfinishedFiscalTasks(institution: string, limit = 1_000): FiscalTask[] {
    const rows = this.#tables.table('fiscal-open').range({ prefix: `${institution}|`, limit });
    return [...rows].map(({ key }) => this.#tables.table('fiscal-tasks').get(key)!);
  }

  unfinishedPushTasks(institution: string, limit = 1_000): PushTask[] {
    const rows = this.#tables.table('push-open').range({ prefix: `${institution}|`, limit });
    return [...rows].map(({ key }) => this.#tables.table('push-tasks').get(key)!);
  }

  fiscalTasks(institution: string): Iterable<{ value: FiscalTask }> {
    return this.#tables.table('fiscal-tasks').range({ prefix: `${institution}|` });
  }

  pushTasks(institution: string): Iterable<{ value: PushTask }> {
    return this.#tables.table('push-tasks').range({ prefix: `${institution}|` });
  }

  paper(name: PaperName) {
    return this.#tables.table('papers').get(paperKey(name)) ?? null;
  }

  papers() {
    return this.#tables.table('papers').range();
  }

  /** 归档: the yearly package that holds the bill, null before its year is packed. */
  archiveOf({ institution, businessDate }: Bill): ArchivePackage | null {
    return this.archivePackage(institution, packageName(institution, businessDate.slice(0, 4)));
  }

  archivePackage(institution: string, file: string): ArchivePackage | null {
    return this.#tables.table('archive-packages').get(packageKey(institution, file)) ?? null;
  }

  /** Rows of a table that belong to an institution, the last ones first, for lists that need nothing else. */
  list<Name extends TableName>(name: Name, institution: string, limit = 1_000): Rows[Name][] {
    const range = { prefix: `${institution}|`, limit, reverse: true };
    const rows = this.#tables.table(name).range(range);
    return [...rows].map(({ value }) => value);
  }

  get<Name extends TableName>(name: Name, key: string): Rows[Name] | null {
    return this.#tables.table(name).get(key) ?? null;
  }

  #due(
    open: 'fiscal-open' | 'push-open',
    tasks: 'fiscal-tasks' | 'push-tasks',
    nowUs: number,
    limit: number,
  ): (FiscalTask | PushTask)[] {
    const due: (FiscalTask | PushTask)[] = [];
    for (const { key, value } of this.#tables.table(open).range()) {
      if (value > nowUs) continue;
      due.push(this.#tables.table(tasks).get(key)!);
      if (due.length === limit) break;
    }
    return due;
  }
}
