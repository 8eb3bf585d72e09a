/**
 * The rolling checkpoint: with the commits, page after page of the tables in memory goes to disk, so
 * that a restart reads the pages and replays the journal from the oldest page on. The work per record
 * is constant; it depends neither on the number of accounts nor on the length of the journal.
 *
 * A page is some rows of a table behind a header of 24 bytes: the position it was copied at and a
 * checksum. Entry ids are only ever added, so their pages are written once, when they are full.
 */
import { createHash } from 'node:crypto';
import type { RowTable } from './row-table.ts';
import type { LedgerState } from './state.ts';
import type { CheckpointTable, StoredPage } from './storage.ts';

/** One page is visited for so many records: about as many as a page has rows. */
const RECORDS_PER_PAGE = 256;
const HEADER_BYTES = 24;
const CHECKSUM_BYTES = 16;
/** With LMDB's own header, a value of this size fills four pages of the file. */
const PAGE_BYTES = 4 * 4096 - 24;

const ROLLING = ['accounts', 'pendings', 'tallies'] as const;

/** Rows of a table that one page holds. */
export function rowsPerPage(table: RowTable): number {
  return Math.floor((PAGE_BYTES - HEADER_BYTES) / (table.rowWords * 4));
}

export function tableOf(state: LedgerState, table: CheckpointTable): RowTable {
  return state[table].rows;
}

export class Checkpointer {
  private readonly state: LedgerState;
  /** Per rolling table and page: the position at which it was visited last. */
  private readonly visited: number[][] = ROLLING.map(() => []);
  private tableIndex = 0;
  private page = 0;
  private idPagesWritten: number;
  private credit = 0;
  private oldestPage: number;

  /** replayFrom: the position up to which every page on disk is good. */
  constructor(state: LedgerState, replayFrom: number) {
    this.state = state;
    this.oldestPage = replayFrom;
    this.idPagesWritten = Math.floor(state.ids.rows.rowCount / rowsPerPage(state.ids.rows));
    for (const [index, table] of ROLLING.entries()) {
      const pages = this.pageCount(tableOf(state, table));
      this.visited[index] = new Array<number>(pages).fill(replayFrom);
    }
  }

  /**
   * Pages to write with a commit of so many records, and the position after which a restart has to
   * replay once they are written; null when it is not the turn of any page.
   */
  next(records: number): { pages: StoredPage[]; replayFrom: number } | null {
    const pages: StoredPage[] = [];
    this.credit += records;
    this.fullIdPages(pages);
    const count = Math.floor(this.credit / RECORDS_PER_PAGE);
    this.credit -= count * RECORDS_PER_PAGE;
    for (let i = 0; i < count; i++) this.visit(pages);
    return count + pages.length > 0 ? { pages, replayFrom: this.replayFrom() } : null;
  }

  /** Every page that has changed, in portions: for a stop in order. */
  *rest(portion = 2048): Iterable<{ pages: StoredPage[]; replayFrom: number }> {
    let pages: StoredPage[] = [];
    let total: number = ROLLING.length;
    for (const table of ROLLING) total += this.pageCount(tableOf(this.state, table));
    for (let i = 0; i < total; i++) {
      this.visit(pages);
      if (pages.length < portion) continue;
      yield { pages, replayFrom: this.replayFrom() };
      pages = [];
    }
    const { ids } = this.state;
    if (ids.rows.rowCount > this.idPagesWritten * rowsPerPage(ids.rows)) {
      pages.push(this.copy('ids', ids.rows, this.idPagesWritten));
    }
    yield { pages, replayFrom: this.state.position };
  }

  private replayFrom(): number {
    const { ids } = this.state;
    const firstUnwritten = this.idPagesWritten * rowsPerPage(ids.rows);
    const oldestId =
      firstUnwritten < ids.rows.rowCount ? ids.position(firstUnwritten) - 1 : this.state.position;
    return Math.min(this.oldestPage, oldestId);
  }

  private pageCount(table: RowTable): number {
    return Math.ceil(table.rowCount / rowsPerPage(table));
  }

  private fullIdPages(pages: StoredPage[]): void {
    const { rows } = this.state.ids;
    const perPage = rowsPerPage(rows);
    while ((this.idPagesWritten + 1) * perPage <= rows.rowCount) {
      pages.push(this.copy('ids', rows, this.idPagesWritten));
      this.idPagesWritten++;
    }
  }

  /** Visits the page at the cursor and moves on; it is written only when it has changed. */
  private visit(pages: StoredPage[]): void {
    const table = ROLLING[this.tableIndex]!;
    const rows = tableOf(this.state, table);
    if (this.page < this.pageCount(rows)) {
      this.sweep(table, rows);
      const visited = this.visited[this.tableIndex]!;
      if (this.changed(table, rows, visited[this.page] ?? -1)) {
        pages.push(this.copy(table, rows, this.page));
      }
      visited[this.page] = this.state.position;
      this.page++;
    }
    if (this.page >= this.pageCount(rows)) {
      this.page = 0;
      this.tableIndex = (this.tableIndex + 1) % ROLLING.length;
    }
    // A page that has never been visited is as old as the one before it at least.
    this.oldestPage = this.visited[this.tableIndex]![this.page] ?? this.oldestPage;
  }

  /** Drops the rows of the page whose time in memory is over. */
  private sweep(table: (typeof ROLLING)[number], rows: RowTable): void {
    if (table === 'accounts') return;
    const { institutions } = this.state;
    const keeper = this.state[table];
    const first = this.page * rowsPerPage(rows);
    const end = Math.min(first + rowsPerPage(rows), rows.rowCount);
    for (let row = first; row < end; row++) {
      if (!rows.inUse(row)) continue;
      const day = institutions.day(keeper.institution(row));
      // What a restart would replay must find the row that it names.
      if (keeper.position(row) > this.oldestPage) continue;
      if (keeper.isForgotten(row, day)) rows.remove(row);
    }
  }

  private changed(table: (typeof ROLLING)[number], rows: RowTable, since: number): boolean {
    const perPage = rowsPerPage(rows);
    const first = this.page * perPage;
    if (rows.takeRemovals(first, perPage)) return true;
    const keeper = this.state[table];
    const end = Math.min(first + perPage, rows.rowCount);
    for (let row = first; row < end; row++) if (keeper.position(row) > since) return true;
    return false;
  }

  private copy(table: CheckpointTable, rows: RowTable, page: number): StoredPage {
    const perPage = rowsPerPage(rows);
    const value = new Uint8Array(HEADER_BYTES + perPage * rows.rowWords * 4);
    new DataView(value.buffer).setFloat64(0, this.state.position, true);
    rows.copyRows(page * perPage, perPage, value.subarray(HEADER_BYTES));
    value.set(checksum(table, page, value), 8);
    return { table, page, value };
  }
}

/** Over the table's name, the page's number, its position and its rows. */
function checksum(table: string, page: number, value: Uint8Array): Uint8Array {
  const hash = createHash('sha256').update(`${table} ${page} `);
  hash.update(value.subarray(0, 8)).update(value.subarray(HEADER_BYTES));
  return hash.digest().subarray(0, CHECKSUM_BYTES);
}

/** Puts a page back into its table. False when it is not what was written. */
export function loadPage(state: LedgerState, { table, page, value }: StoredPage): boolean {
  const rows = tableOf(state, table);
  const perPage = rowsPerPage(rows);
  const rowBytes = rows.rowWords * 4;
  if (value.length !== HEADER_BYTES + perPage * rowBytes) return false;
  const expected = checksum(table, page, value);
  if (Buffer.compare(value.subarray(8, HEADER_BYTES), expected) !== 0) return false;
  const keeper = state[table];
  // A pending transfer or a tally may have left one row and come back in another; nothing else moves.
  const mayMove = table === 'pendings' || table === 'tallies';
  const newer = (kept: number, loaded: number) => keeper.position(loaded) > keeper.position(kept);
  const source = value.subarray(HEADER_BYTES);
  if (mayMove) rows.loadRowsOnce(page * perPage, source, newer);
  else rows.loadRows(page * perPage, source);
  return true;
}
