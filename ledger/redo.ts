/**
 * Replaying a record over a checkpoint. Nothing is judged again: the record says how it ended and
 * which balances came out, so that doing it twice, or over a page that has it already, is harmless.
 */
import assert from 'node:assert/strict';
import { freezeAccount, readAccount, readFreeze } from './account-rules.ts';
import { IdWords, TallyView, TransferView } from './entry-view.ts';
import type { RecordView } from './group.ts';
import { mixIndex } from './id.ts';
import { OUTCOME_NUMBERS, TALLY_NUMBERS } from './outcome.ts';
import { PENDING_EXPIRED, PENDING_POSTED, PENDING_VOIDED } from './pending-transfers.ts';
import type { LedgerState } from './state.ts';
import { APPLIED, STATUS } from './status.ts';
import { expiryUs, setClosed } from './transfers.ts';
import { TransferFlag } from './types.ts';

const RESOLVING = TransferFlag.postPending | TransferFlag.voidPending;

export class Redo {
  private readonly state: LedgerState;
  private readonly transfer = new TransferView();
  private readonly tally = new TallyView();
  private readonly id = new IdWords();

  constructor(state: LedgerState) {
    this.state = state;
  }

  record(record: RecordView): void {
    const { state } = this;
    const { entry, position, status } = record;
    state.ids.put(entry.id, position, status);
    state.position = position;
    state.timestampUs = record.timestampUs;
    if (status !== APPLIED) return;
    this.accounts(record);
    if (!entry.expired.isZero()) {
      this.id.copy(entry.expired);
      this.resolve(record, 0, PENDING_EXPIRED);
    }
    this.transfers(record);
    this.tallies(record);
    for (let i = 0; i < entry.blocks.count; i++) {
      this.id.read(entry.bytes, entry.blocks.start(i));
      const row = state.ids.find(this.id);
      if (row < 0) state.ids.add(this.id, position, STATUS.blocked);
    }
  }

  private accounts({ entry, position }: RecordView): void {
    const { accounts } = this.state;
    for (let i = 0; i < entry.accounts.count; i++) {
      const part = readAccount(entry, i, this.id);
      if (accounts.find(this.id) >= 0) continue;
      accounts.open(this.id, part.ledger, part.code, part.flags, position);
    }
    for (let i = 0; i < entry.freezes.count; i++) {
      const frozen = readFreeze(entry, i, this.id);
      freezeAccount(accounts, this.accountRow(this.id), frozen, position);
    }
  }

  private transfers(record: RecordView): void {
    const { entry, position } = record;
    const { transfer, id } = this;
    for (let i = 0; i < entry.transfers.count; i++) {
      transfer.read(entry.bytes, entry.transfers.start(i), entry.transfers.end(i));
      const given = !transfer.id.isZero();
      id.copy(given ? transfer.id : entry.id);
      if (!given) mixIndex(id, i);
      if (given && (i > 0 || !id.equals(entry.id))) this.state.ids.put(id, position, APPLIED);
      if ((transfer.flags & RESOLVING) !== 0) {
        id.copy(transfer.pending);
        const posted = (transfer.flags & TransferFlag.postPending) !== 0;
        this.resolve(record, i, posted ? PENDING_POSTED : PENDING_VOIDED);
        continue;
      }
      const debitRow = this.accountRow(transfer.debit);
      const creditRow = this.accountRow(transfer.credit);
      this.balances(record, i, debitRow, creditRow);
      if ((transfer.flags & TransferFlag.pending) === 0) continue;
      this.reserve(record, i, debitRow, creditRow);
    }
  }

  private reserve(record: RecordView, index: number, debitRow: number, creditRow: number): void {
    const { accounts, pendings } = this.state;
    const { transfer, id } = this;
    const { position } = record;
    const known = pendings.find(id);
    if (known >= 0) pendings.rows.remove(known);
    pendings.create(
      id,
      debitRow,
      creditRow,
      (transfer.code << 8) | transfer.flags,
      record.outcomes.values[index * OUTCOME_NUMBERS]!,
      expiryUs(transfer, record),
      this.institution(record),
      position,
    );
    setClosed(accounts, transfer.flags, debitRow, creditRow, true, position);
  }

  /** Ends the pending transfer whose id is `this.id`; transfer `index` of the record's outcomes did it. */
  private resolve(record: RecordView, index: number, state: number): void {
    const { accounts, pendings } = this.state;
    const { position } = record;
    const row = pendings.find(this.id);
    assert(row >= 0, `record ${position} resolves a transfer that is not there`);
    const debitRow = pendings.debitRow(row);
    const creditRow = pendings.creditRow(row);
    this.balances(record, index, debitRow, creditRow);
    const institution = this.institution(record);
    const day = this.state.institutions.dayOfDate(institution, record.businessDate);
    pendings.resolve(row, state, institution, day, position);
    if (state === PENDING_POSTED) return;
    setClosed(accounts, pendings.flags(row), debitRow, creditRow, false, position);
  }

  private balances(record: RecordView, index: number, debitRow: number, creditRow: number): void {
    const { accounts } = this.state;
    const { values } = record.outcomes;
    const at = index * OUTCOME_NUMBERS;
    accounts.setBalances(debitRow, values, at + 1, record.position);
    accounts.setBalances(creditRow, values, at + 5, record.position);
  }

  private tallies(record: RecordView): void {
    const { tallies, institutions } = this.state;
    const { entry, position } = record;
    const institution = this.institution(record);
    const day = institutions.dayOfDate(institution, record.businessDate);
    for (let i = 0; i < entry.tallies.count; i++) {
      this.tally.read(entry.bytes, entry.tallies.start(i), entry.tallies.end(i));
      const { subject, until } = this.tally;
      const amountFen = record.tallies.values[i * TALLY_NUMBERS]!;
      const count = record.tallies.values[i * TALLY_NUMBERS + 1]!;
      const known = tallies.find(subject);
      const row = known >= 0 ? known : tallies.create(subject);
      tallies.set(row, amountFen, count, institution, day, until, position);
      if (tallies.isZero(row)) tallies.rows.remove(row);
    }
  }

  private accountRow(id: IdWords): number {
    const row = this.state.accounts.find(id);
    assert(row >= 0, 'a record names an account that is open');
    return row;
  }

  private institution({ entry }: RecordView): number {
    const { bytes, institutionStart, institutionEnd } = entry;
    return this.state.institutions.find(bytes, institutionStart, institutionEnd);
  }
}
