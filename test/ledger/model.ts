/**
 * The ledger a second time: plain objects, Maps by hex text, every rule spelled out where it applies.
 * It shares no code with the ledger but the types, and is meant to be read against ENTRY_STATUSES.
 */
import type { AccountInput, Entry, EntryStatus, Id } from '../../ledger/types.ts';
import { bit, type Draft, hex, type ModelAnswer, ModelState, Refusal } from './model-state.ts';
import { moveTallies } from './model-tallies.ts';
import { bookTransfer, release } from './model-transfers.ts';

export type { ModelAnswer } from './model-state.ts';

export class Model extends ModelState {
  submit(entry: Entry, timestampUs: number, dryRun: boolean): ModelAnswer {
    const known = this.ids.get(hex(entry.id));
    if (known !== undefined) return this.known(entry, known);
    const draft = this.draft();
    let status: EntryStatus = 'applied';
    let failedIndex = -1;
    try {
      this.apply(draft, entry, timestampUs);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      status = refusal.status;
      failedIndex = refusal.index;
    }
    const applied = status === 'applied';
    const unrecorded = dryRun || ['blocked_id_exists', 'registry_conflict'].includes(status);
    const drafted = applied ? draft.dates.get(entry.institution) : undefined;
    const dates = drafted ?? this.dates.get(entry.institution);
    const closes = applied && entry.fact?.businessDayClosed !== undefined;
    const answer: ModelAnswer = {
      status,
      failedIndex,
      position: unrecorded ? 0 : this.position + 1,
      recorded: null,
      businessDate: dates?.at(closes ? -2 : -1) ?? '',
      outcomes: applied ? draft.outcomes : [],
      tallies: applied ? draft.tallyValues : [],
    };
    if (dryRun) {
      // What a dry run says of a day that the entry itself would open is not defined.
      answer.businessDate = this.dates.get(entry.institution)?.at(-1) ?? answer.businessDate;
      return answer;
    }
    if (unrecorded) return answer;
    this.position++;
    const record = { position: this.position, status, answer, entry };
    this.ids.set(hex(entry.id), record);
    if (!applied) return answer;
    this.adopt(draft);
    for (const id of draft.transferIds) this.ids.set(id, record);
    for (const id of entry.blocks ?? []) {
      if (!this.ids.has(hex(id))) this.ids.set(hex(id), { ...record, status: 'blocked' });
    }
    return answer;
  }

  /** Lets every open transfer expire whose time has come; each one is a record. */
  expire(nowUs: number): number {
    const due = [...this.pendings].filter(
      ([, { state, expiresUs }]) => state === 'open' && expiresUs !== 0 && expiresUs <= nowUs,
    );
    for (const [, pending] of due) {
      const draft = this.draft();
      release(this, draft, pending, 0);
      this.adopt(draft);
      pending.state = 'expired';
      pending.resolvedBy = pending.institution;
      pending.resolvedDay = this.day(pending.resolvedBy);
      this.position++;
    }
    return due.length;
  }

  private known(
    entry: Entry,
    known: { position: number; status: EntryStatus; answer: ModelAnswer; entry: Entry },
  ): ModelAnswer {
    const { position, status: recorded, answer } = known;
    const same = { ...answer, position, recorded };
    if (recorded === 'blocked') return { ...same, status: 'blocked' };
    if (recorded !== 'applied') return { ...same, status: 'id_already_failed' };
    return { ...same, status: this.difference(entry, known.entry) };
  }

  private difference(now: Entry, before: Entry): EntryStatus {
    const a = now.transfers ?? [];
    const b = before.transfers ?? [];
    if (a.length !== b.length) return 'exists_with_different_transfer_count';
    const id = (value: Id | undefined) => (value === undefined ? '' : hex(value));
    for (let i = 0; i < a.length; i++) {
      const [x, y] = [a[i]!, b[i]!];
      if ((x.flags ?? 0) !== (y.flags ?? 0)) return 'exists_with_different_flags';
      if (id(x.pendingId) !== id(y.pendingId)) return 'exists_with_different_pending_id';
      if ((x.timeoutSeconds ?? 0) !== (y.timeoutSeconds ?? 0))
        return 'exists_with_different_timeout';
      if (id(x.debitAccount) !== id(y.debitAccount)) return 'exists_with_different_debit_account';
      if (id(x.creditAccount) !== id(y.creditAccount))
        return 'exists_with_different_credit_account';
      if (x.amountFen !== y.amountFen) return 'exists_with_different_amount';
      if ((x.ledger ?? 0) !== (y.ledger ?? 0)) return 'exists_with_different_ledger';
      if ((x.code ?? 0) !== (y.code ?? 0)) return 'exists_with_different_code';
      if (id(x.id) !== id(y.id)) return 'exists_with_different_transfer_id';
    }
    return 'exists';
  }

  private apply(draft: Draft, entry: Entry, timestampUs: number): void {
    const opened = (entry.registry ?? []).find(
      ({ kind, key, body }) => kind === 'institution' && key === entry.institution && body !== null,
    );
    if (entry.institution !== '' && !this.dates.has(entry.institution)) {
      if (opened === undefined) throw new Refusal('institution_not_found');
      draft.dates.set(entry.institution, [openingDate(opened.body!)]);
    }
    for (const [index, id] of (entry.blocks ?? []).entries()) {
      const applied = this.ids.get(hex(id))?.status === 'applied';
      if (applied || hex(id) === hex(entry.id)) throw new Refusal('blocked_id_exists', index);
    }
    for (const [index, account] of (entry.accounts ?? []).entries()) {
      this.openAccount(draft, account, index);
    }
    for (const [index, freeze] of (entry.freezes ?? []).entries()) {
      const account = this.account(draft, hex(freeze.account));
      if (account === null) throw new Refusal('account_not_found', index);
      account.debitsFrozen = freeze.debitsFrozen;
      account.creditsFrozen = freeze.creditsFrozen;
    }
    for (const [index, input] of (entry.transfers ?? []).entries()) {
      bookTransfer(this, draft, entry, input, index, timestampUs);
    }
    moveTallies(this, draft, entry);
    for (const [index, change] of (entry.registry ?? []).entries()) {
      const name = `${change.kind}/${change.key}`;
      const version = draft.registry.get(name) ?? this.registry.get(name) ?? 0;
      const expected = change.expectedVersion ?? version;
      if (expected !== version) throw new Refusal('registry_conflict', index);
      draft.registry.set(name, change.body === null ? 0 : this.position + 1);
      const isNew = change.kind === 'institution' && change.body !== null;
      if (isNew && !draft.dates.has(change.key) && !this.dates.has(change.key)) {
        draft.dates.set(change.key, [openingDate(change.body!)]);
      }
    }
    const closed = entry.fact?.businessDayClosed;
    if (closed === undefined) return;
    const dates = draft.dates.get(entry.institution) ?? this.dates.get(entry.institution);
    if (dates === undefined || dates.at(-1) !== closed.date || closed.nextDate <= closed.date) {
      throw new Refusal('business_day_mismatch');
    }
    draft.dates.set(entry.institution, [...dates, closed.nextDate]);
  }

  private openAccount(draft: Draft, input: AccountInput, index: number): void {
    const refuse = (status: EntryStatus) => {
      throw new Refusal(status, index);
    };
    const wanted = {
      debitLimit: bit(input.flags, 1),
      creditLimit: bit(input.flags, 2),
      history: bit(input.flags, 4),
    };
    const existing = this.account(draft, hex(input.id));
    if (existing !== null) {
      const sameFlags =
        existing.debitLimit === wanted.debitLimit &&
        existing.creditLimit === wanted.creditLimit &&
        existing.history === wanted.history;
      if (!sameFlags) refuse('account_exists_with_different_flags');
      if (existing.ledger !== input.ledger) refuse('account_exists_with_different_ledger');
      if (existing.code !== input.code) refuse('account_exists_with_different_code');
      refuse('account_exists');
    }
    if (wanted.debitLimit && wanted.creditLimit) refuse('account_flags_are_mutually_exclusive');
    if ((input.flags ?? 0) > 31) refuse('account_flags_reserved');
    if (input.ledger === 0) refuse('account_ledger_must_not_be_zero');
    if (input.code === 0) refuse('account_code_must_not_be_zero');
    draft.accounts.set(hex(input.id), {
      ...wanted,
      ledger: input.ledger,
      code: input.code,
      debitsFrozen: bit(input.flags, 8),
      creditsFrozen: bit(input.flags, 16),
      closed: false,
      balances: {
        debitsPendingFen: 0,
        debitsPostedFen: 0,
        creditsPendingFen: 0,
        creditsPostedFen: 0,
      },
    });
  }
}

/** The opening date in an encoded Institution: field 6, read here by hand. */
function openingDate(body: Uint8Array): string {
  for (let at = 0; at < body.length; at += 2 + body[at + 1]!) {
    if (body[at] === 0x32) return Buffer.from(body.subarray(at + 2, at + 10)).toString();
  }
  return '';
}
