/**
 * One entry against the state: the whole of it is done, or nothing but its id is taken. Pure: what
 * comes out depends on the state, the entry, its position and its time, on nothing else.
 */
import assert from 'node:assert/strict';
import { freezeAccount, openAccount, readAccount, readFreeze } from './account-rules.ts';
import { compareEntries } from './duplicates.ts';
import { EntryView, IdWords, TransferView } from './entry-view.ts';
import { mixIndex } from './id.ts';
import { dateNumber } from './institutions.ts';
import { decodeFact, decodeRegistryValue } from './messages.ts';
import type { Outcome } from './outcome.ts';
import { PENDING_EXPIRED, PENDING_OPEN } from './pending-transfers.ts';
import { readRegistryChange, type StoredRegistryChange } from './registry-change.ts';
import type { LedgerState } from './state.ts';
import { APPLIED, isRace, STATUS } from './status.ts';
import type { StoredBalances } from './storage.ts';
import { TallyRules } from './tally-rules.ts';
import { type TransferContext, TransferRules } from './transfers.ts';
import type { BusinessDayClosed } from './types.ts';
import { Undo } from './undo.ts';

/** What the state machine asks its surroundings: both answers are functions of the journal so far. */
export interface Surroundings {
  /** Version of a registry item, 0 when there is none. */
  registryVersion(kind: string, key: string): number;
  /** Puts the entry of the record at a position into the view. */
  readRecorded(position: number, into: EntryView): void;
}

export class StateMachine {
  readonly state: LedgerState;
  /** Registry changes of the entry that was applied last. */
  readonly registryChanges: StoredRegistryChange[] = [];
  /** Balances of accounts with the history flag after the entry that was applied last. */
  readonly history: StoredBalances[] = [];
  /** True when the entry that was applied last opened an institution or closed a day. */
  institutionsChanged = false;
  private readonly surroundings: Surroundings;
  private readonly undo: Undo;
  private readonly transferRules: TransferRules;
  private readonly tallyRules: TallyRules;
  private readonly recorded = new EntryView();
  private readonly transfer = new TransferView();
  private readonly transferId = new IdWords();
  private readonly partId = new IdWords();
  private readonly context: TransferContext = { position: 0, timestampUs: 0, institution: 0 };
  /** Explicit transfer ids of the entry at hand, to be taken when it is applied. */
  private readonly explicitIds: IdWords[] = [];

  constructor(state: LedgerState, surroundings: Surroundings) {
    this.state = state;
    this.surroundings = surroundings;
    const { accounts, pendings, tallies, ids, institutions } = state;
    this.undo = new Undo(accounts, pendings, tallies);
    this.transferRules = new TransferRules(accounts, pendings, ids, institutions, this.undo);
    this.tallyRules = new TallyRules(tallies, institutions, this.undo);
  }

  /**
   * Judges the entry as the record at `position` and books it. True when that record is to be made;
   * a known id makes none, nor does a lost race, nor a dry run, which leaves no trace at all.
   */
  apply(
    entry: EntryView,
    position: number,
    timestampUs: number,
    dryRun: boolean,
    outcome: Outcome,
  ): boolean {
    outcome.clear();
    empty(this.registryChanges);
    empty(this.history);
    this.institutionsChanged = false;
    if (this.isKnown(entry, outcome)) return false;
    const status = this.book(entry, position, timestampUs, dryRun, outcome);
    outcome.status = status;
    if (status !== APPLIED) {
      outcome.forgetNumbers();
      this.takeBack();
      outcome.businessDate = this.businessDate(entry);
    } else {
      outcome.businessDate = this.state.institutions.date(this.context.institution);
      if (dryRun) this.takeBack();
      else this.finish(entry, position);
    }
    if (dryRun || isRace(status)) return false;
    this.state.ids.add(entry.id, position, status);
    this.state.position = position;
    this.state.timestampUs = timestampUs;
    return true;
  }

  /** The pending transfer that is due next, to be recorded as an entry; null when none is due. */
  takeExpired(nowUs: number): { pendingId: Uint8Array; institution: string } | null {
    const { pendings, expiries, institutions } = this.state;
    const row = expiries.takeDue(nowUs);
    if (row < 0) return null;
    const institution = institutions.list[pendings.institution(row)]!.name;
    return { pendingId: pendings.id(row), institution };
  }

  private isKnown(entry: EntryView, outcome: Outcome): boolean {
    const { ids } = this.state;
    const row = ids.find(entry.id);
    if (row < 0) return false;
    const recordedStatus = ids.status(row);
    outcome.recordedPosition = ids.position(row);
    outcome.recordedStatus = recordedStatus;
    if (recordedStatus === STATUS.blocked) outcome.status = STATUS.blocked;
    else if (recordedStatus !== APPLIED) outcome.status = STATUS.id_already_failed;
    else {
      this.surroundings.readRecorded(outcome.recordedPosition, this.recorded);
      outcome.status = compareEntries(entry, this.recorded);
    }
    return true;
  }

  private businessDate(entry: EntryView): number {
    const { institutions } = this.state;
    const index = institutions.find(entry.bytes, entry.institutionStart, entry.institutionEnd);
    return index < 0 ? 0 : institutions.date(index);
  }

  /** Does everything that may be refused, in the order of ENTRY_STATUSES. */
  private book(
    entry: EntryView,
    position: number,
    timestampUs: number,
    dryRun: boolean,
    outcome: Outcome,
  ): number {
    this.undo.clear();
    empty(this.explicitIds);
    const { historyRows } = this.transferRules;
    if (historyRows.size > 0) historyRows.clear();
    const institution = this.institutionOf(entry);
    if (institution < 0) return STATUS.institution_not_found;
    this.context.position = position;
    this.context.timestampUs = timestampUs;
    this.context.institution = institution;
    if (entry.isPlain) return this.bookTransfers(entry, !dryRun, outcome);
    if (!entry.expired.isZero()) return this.expire(entry, outcome);
    if (entry.blocks.count > 0) {
      const status = this.checkBlocks(entry, outcome);
      if (status !== APPLIED) return status;
    }
    return (
      this.openAccounts(entry, outcome) ||
      this.freezeAccounts(entry, outcome) ||
      this.bookTransfers(entry, false, outcome) ||
      this.moveTallies(entry, outcome) ||
      this.checkRegistry(entry, outcome) ||
      this.checkFact(entry)
    );
  }

  /** Index of the entry's institution, which the entry itself may open; -1 when there is none. */
  private institutionOf(entry: EntryView): number {
    const { institutions } = this.state;
    const { bytes, institutionStart: start, institutionEnd: end } = entry;
    const index = institutions.find(bytes, start, end);
    if (index >= 0 || entry.registry.count === 0) return index;
    const name = Buffer.from(bytes.subarray(start, end)).toString('utf8');
    for (let i = 0; i < entry.registry.count; i++) {
      const change = readRegistryChange(bytes, entry.registry.start(i), entry.registry.end(i));
      if (change.kind !== 'institution' || change.key !== name || change.body === null) continue;
      institutions.open(name, openingDate(change.body));
      this.undo.add(() => institutions.removeLast());
      this.institutionsChanged = true;
      return institutions.indexOf(name);
    }
    return -1;
  }

  private expire(entry: EntryView, outcome: Outcome): number {
    const { pendings } = this.state;
    const row = pendings.find(entry.expired);
    assert(row >= 0 && pendings.state(row) === PENDING_OPEN, 'only an open transfer expires');
    assert(pendings.expiresUs(row) <= this.context.timestampUs, 'a transfer expires in its time');
    const amountFen = pendings.amountFen(row);
    this.transferRules.release(row, PENDING_EXPIRED, amountFen, this.context, outcome.outcomes);
    return APPLIED;
  }

  private checkBlocks(entry: EntryView, outcome: Outcome): number {
    const { ids } = this.state;
    for (let i = 0; i < entry.blocks.count; i++) {
      this.partId.read(entry.bytes, entry.blocks.start(i));
      const row = ids.find(this.partId);
      const applied = row >= 0 && ids.status(row) === APPLIED;
      if (!applied && !this.partId.equals(entry.id)) continue;
      outcome.failedIndex = i;
      return STATUS.blocked_id_exists;
    }
    return APPLIED;
  }

  private openAccounts(entry: EntryView, outcome: Outcome): number {
    for (let i = 0; i < entry.accounts.count; i++) {
      const part = readAccount(entry, i, this.partId);
      const { position } = this.context;
      const status = openAccount(this.state.accounts, this.partId, part, position, this.undo);
      if (status === APPLIED) continue;
      outcome.failedIndex = i;
      return status;
    }
    return APPLIED;
  }

  private freezeAccounts(entry: EntryView, outcome: Outcome): number {
    const { accounts } = this.state;
    for (let i = 0; i < entry.freezes.count; i++) {
      const frozen = readFreeze(entry, i, this.partId);
      const row = accounts.find(this.partId);
      if (row < 0) {
        outcome.failedIndex = i;
        return STATUS.account_not_found;
      }
      this.undo.touch(row);
      freezeAccount(accounts, row, frozen, this.context.position);
    }
    return APPLIED;
  }

  /** `final`: once the last transfer is booked, nothing can refuse the entry any more. */
  private bookTransfers(entry: EntryView, final: boolean, outcome: Outcome): number {
    const { transfer, transferId, context, transferRules } = this;
    const count = entry.transfers.count;
    for (let i = 0; i < count; i++) {
      if (final && i === count - 1) this.undo.keeping = false;
      transfer.read(entry.bytes, entry.transfers.start(i), entry.transfers.end(i));
      const given = !transfer.id.isZero();
      // The entry's own id is the first transfer's and nobody else's.
      const explicit = given && (i > 0 || !transfer.id.equals(entry.id));
      transferId.copy(given ? transfer.id : entry.id);
      if (!given) mixIndex(transferId, i);
      const status =
        explicit && (transferId.equals(entry.id) || this.isRepeated(transferId))
          ? STATUS.transfer_id_exists
          : transferRules.apply(transfer, transferId, explicit, context, outcome.outcomes);
      if (status !== APPLIED) {
        outcome.failedIndex = i;
        return status;
      }
      if (explicit) this.keepExplicitId(transferId);
    }
    return APPLIED;
  }

  /** Within one entry an explicit id stands once. */
  private isRepeated(id: IdWords): boolean {
    return this.explicitIds.some((other) => other.equals(id));
  }

  private keepExplicitId(id: IdWords): void {
    const kept = new IdWords();
    kept.copy(id);
    this.explicitIds.push(kept);
  }

  private moveTallies(entry: EntryView, outcome: Outcome): number {
    const { institution, position } = this.context;
    const failed = this.tallyRules.apply(entry, institution, position, outcome.tallies);
    if (failed < 0) return APPLIED;
    outcome.failedIndex = failed;
    return STATUS.tally_exceeded;
  }

  private checkRegistry(entry: EntryView, outcome: Outcome): number {
    const { bytes, registry } = entry;
    for (let i = 0; i < registry.count; i++) {
      const change = readRegistryChange(bytes, registry.start(i), registry.end(i));
      const expected = change.expectedVersion;
      if (expected >= 0 && expected !== this.registryVersion(change)) {
        outcome.failedIndex = i;
        return STATUS.registry_conflict;
      }
      this.registryChanges.push(change);
    }
    return APPLIED;
  }

  private registryVersion({ kind, key }: StoredRegistryChange): number {
    const same = this.registryChanges.findLast(
      (change) => change.kind === kind && change.key === key,
    );
    if (same === undefined) return this.surroundings.registryVersion(kind, key);
    return same.body === null ? 0 : this.context.position;
  }

  /** The closing of a business day must name the current one, and a later one after it. */
  private checkFact(entry: EntryView): number {
    const closed = closedDay(entry);
    if (closed === null) return APPLIED;
    const { institution } = this.context;
    const current = this.state.institutions.date(institution);
    const matches = dateNumber(closed.date) === current && dateNumber(closed.nextDate) > current;
    return matches && institution > 0 ? APPLIED : STATUS.business_day_mismatch;
  }

  private takeBack(): void {
    this.undo.rollBack();
    empty(this.registryChanges);
    this.institutionsChanged = false;
  }

  /** What is done only when the entry is applied. */
  private finish(entry: EntryView, position: number): void {
    const { ids, pendings, expiries } = this.state;
    for (const id of this.explicitIds) ids.add(id, position, APPLIED);
    const { historyRows } = this.transferRules;
    if (historyRows.size > 0) for (const row of historyRows) this.keepHistory(row, position);
    for (const row of this.undo.createdPendings) {
      if (pendings.state(row) === PENDING_OPEN) expiries.add(row);
    }
    if (!entry.isPlain) this.finishParts(entry, position);
  }

  private finishParts(entry: EntryView, position: number): void {
    const { ids, institutions } = this.state;
    for (let i = 0; i < entry.blocks.count; i++) {
      this.partId.read(entry.bytes, entry.blocks.start(i));
      if (ids.find(this.partId) < 0) ids.add(this.partId, position, STATUS.blocked);
    }
    this.tallyRules.finish();
    for (const { kind, key, body } of this.registryChanges) {
      if (kind !== 'institution' || body === null || institutions.indexOf(key) >= 0) continue;
      institutions.open(key, openingDate(body));
      this.institutionsChanged = true;
    }
    const closed = closedDay(entry);
    if (closed === null) return;
    institutions.closeDay(this.context.institution, dateNumber(closed.nextDate));
    this.institutionsChanged = true;
  }

  private keepHistory(row: number, position: number): void {
    const { accounts } = this.state;
    const from = accounts.balancesAt(row);
    const balances = accounts.numbersOf(row).slice(from, from + 4);
    this.history.push({ account: accounts.account(row).id, position, balances });
  }
}

/** Setting the length of an array costs more than looking at it. */
function empty(list: unknown[]): void {
  if (list.length > 0) list.length = 0;
}

function openingDate(body: Uint8Array): number {
  return dateNumber(decodeRegistryValue('institution', body).openingDate);
}

/** Tag of Fact.business_day_closed: the first byte of such a fact. */
const BUSINESS_DAY_CLOSED_TAG = 0x1a;

function closedDay(entry: EntryView): BusinessDayClosed | null {
  if (entry.factStart === entry.factEnd) return null;
  if (entry.bytes[entry.factStart] !== BUSINESS_DAY_CLOSED_TAG) return null;
  const fact = decodeFact(entry.bytes.subarray(entry.factStart, entry.factEnd));
  return { date: '', nextDate: '', ...fact.businessDayClosed };
}
