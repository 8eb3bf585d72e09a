/** Which ids are taken, by the record at which position, and how that record ended. */
import type { IdWords } from './entry-view.ts';
import { RowTable } from './row-table.ts';

const ROW_WORDS = 6;
/** The one 64-bit number of a row joins both: 45 bits of position, then the status. */
const VALUE = 2;
const STATUS_SCALE = 2 ** 45;

export class EntryIdTable {
  readonly rows = new RowTable(ROW_WORDS);

  find(id: IdWords): number {
    return this.rows.find(id.w0, id.w1, id.w2, id.w3);
  }

  add(id: IdWords, position: number, status: number): void {
    const row = this.rows.insert(id.w0, id.w1, id.w2, id.w3);
    this.set(row, position, status);
  }

  /** Adds the id, or sets it to what the record says. */
  put(id: IdWords, position: number, status: number): void {
    const row = this.find(id);
    if (row < 0) this.add(id, position, status);
    else this.set(row, position, status);
  }

  position(row: number): number {
    return this.value(row) % STATUS_SCALE;
  }

  status(row: number): number {
    return Math.floor(this.value(row) / STATUS_SCALE);
  }

  private value(row: number): number {
    return this.rows.numbersOf(row)[this.rows.numberAt(row) + VALUE]!;
  }

  private set(row: number, position: number, status: number): void {
    this.rows.numbersOf(row)[this.rows.numberAt(row) + VALUE] = position + status * STATUS_SCALE;
  }
}
