/**
 * The ledger a second time: plain objects, Maps by hex text, every rule spelled out where it applies.
 * It shares no code with the ledger but the types, and is meant to be read against ENTRY_STATUSES.
 */
import type {
  AccountInput,
  Balances,
  Entry,
  EntryStatus,
  Id,
  TallyValue,
  TransferInput,
  TransferOutcome,
} from '../../ledger/types.ts';

export interface ModelAnswer {
  status: EntryStatus;
  failedIndex: number;
  /** 0 for a dry run. */
  position: number;
  recorded: EntryStatus | null;
  businessDate: string;
  outcomes: TransferOutcome[];
  tallies: TallyValue[];
}

interface ModelAccount {
  ledger: number;
  code: number;
  debitLimit: boolean;
  creditLimit: boolean;
  history: boolean;
  debitsFrozen: boolean;
  creditsFrozen: boolean;
  closed: boolean;
  balances: Balances;
}

interface ModelPending {
  debit: string;
  credit: string;
  amountFen: number;
  code: number;
  closesDebit: boolean;
  closesCredit: boolean;
  expiresUs: number;
  /** Whose entry made it. */
  institution: string;
  state: 'open' | 'posted' | 'voided' | 'expired';
  /** Set when resolved: by whose entry, and how many days that institution had closed. */
  resolvedBy: string;
  resolvedDay: number;
}

interface ModelTally extends TallyValue {
  institution: string;
  day: number;
  until: 'day' | 'batch' | 'long';
}

/** What an entry has changed so far, over what the model holds. */
interface Draft {
  accounts: Map<string, ModelAccount>;
  pendings: Map<string, ModelPending>;
  tallies: Map<string, ModelTally | null>;
  registry: Map<string, number>;
  dates: Map<string, string[]>;
  transferIds: Set<string>;
  outcomes: TransferOutcome[];
  tallyValues: TallyValue[];
}

/** Thrown inside of the model to leave an entry at its first refusal. */
class Refusal {
  readonly status: EntryStatus;
  readonly index: number;

  constructor(status: EntryStatus, index = -1) {
    this.status = status;
    this.index = index;
  }
}

const MAX = 9007199254740991;
const hex = (id: Id) => Buffer.from(id).toString('hex');
const bit = (flags: number | undefined, value: number) =>
  Math.floor((flags ?? 0) / value) % 2 === 1;

export class Model {
  readonly accounts = new Map<string, ModelAccount>();
  readonly pendings = new Map<string, ModelPending>();
  readonly tallies = new Map<string, ModelTally>();
  readonly registry = new Map<string, number>();
  /** Business dates of each institution so far. */
  readonly dates = new Map<string, string[]>();
  readonly ids = new Map<
    string,
    { position: number; status: EntryStatus; answer: ModelAnswer; entry: Entry }
  >();
  position = 0;

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
      this.release(draft, pending, 0);
      this.adopt(draft);
      pending.state = 'expired';
      pending.resolvedBy = pending.institution;
      pending.resolvedDay = this.day(pending.resolvedBy);
      this.position++;
    }
    return due.length;
  }

  private draft(): Draft {
    return {
      accounts: new Map(),
      pendings: new Map(),
      tallies: new Map(),
      registry: new Map(),
      dates: new Map(),
      transferIds: new Set(),
      outcomes: [],
      tallyValues: [],
    };
  }

  /** The account as the draft has it; null when it is not open. */
  private account(draft: Draft, id: string): ModelAccount | null {
    const drafted = draft.accounts.get(id);
    if (drafted !== undefined) return drafted;
    const account = this.accounts.get(id);
    if (account === undefined) return null;
    const copy = { ...account, balances: { ...account.balances } };
    draft.accounts.set(id, copy);
    return copy;
  }

  private adopt(draft: Draft): void {
    for (const [id, account] of draft.accounts) this.accounts.set(id, account);
    for (const [id, pending] of draft.pendings) {
      this.pendings.set(id, pending);
    }
    for (const [id, tally] of draft.tallies) {
      if (tally === null || (tally.amountFen === 0 && tally.count === 0)) this.tallies.delete(id);
      else this.tallies.set(id, tally);
    }
    for (const [name, version] of draft.registry) this.registry.set(name, version);
    for (const [name, dates] of draft.dates) this.dates.set(name, dates);
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
    for (const [index, transfer] of (entry.transfers ?? []).entries()) {
      this.transfer(draft, entry, transfer, index, timestampUs);
    }
    this.moveTallies(draft, entry);
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

  private transfer(
    draft: Draft,
    entry: Entry,
    transfer: TransferInput,
    index: number,
    timestampUs: number,
  ): void {
    const refuse = (status: EntryStatus): never => {
      throw new Refusal(status, index);
    };
    const own = transfer.id !== undefined && (index > 0 || hex(transfer.id) !== hex(entry.id));
    const id = own ? hex(transfer.id!) : derivedId(entry.id, index);
    const taken = this.ids.has(id) || draft.transferIds.has(id) || id === hex(entry.id);
    if (own && taken) refuse('transfer_id_exists');
    const sameId = draft.pendings.get(id) ?? this.pendings.get(id);
    if (bit(transfer.flags, 2) && sameId && !this.isForgotten(sameId)) refuse('transfer_id_exists');
    const [pending, post, void_] = [2, 4, 8].map((value) => bit(transfer.flags, value));
    const balancing = { debit: bit(transfer.flags, 16), credit: bit(transfer.flags, 32) };
    const closing = { debit: bit(transfer.flags, 64), credit: bit(transfer.flags, 128) };
    const others =
      pending || balancing.debit || balancing.credit || closing.debit || closing.credit;
    if ((post && void_) || ((post || void_) && others)) refuse('flags_are_mutually_exclusive');
    if (post || void_) {
      this.resolve(draft, entry, transfer, id, post ?? false, timestampUs, refuse);
    } else {
      this.move(
        draft,
        entry,
        transfer,
        id,
        pending ?? false,
        balancing,
        closing,
        timestampUs,
        refuse,
      );
    }
    if (own) draft.transferIds.add(id);
  }

  private move(
    draft: Draft,
    entry: Entry,
    transfer: TransferInput,
    id: string,
    pending: boolean,
    balancing: { debit: boolean; credit: boolean },
    closing: { debit: boolean; credit: boolean },
    timestampUs: number,
    refuse: (status: EntryStatus) => never,
  ): void {
    const debitId = transfer.debitAccount ? hex(transfer.debitAccount) : null;
    const creditId = transfer.creditAccount ? hex(transfer.creditAccount) : null;
    const timeout = transfer.timeoutSeconds ?? 0;
    if (debitId !== null && debitId === creditId) refuse('accounts_must_be_different');
    if (transfer.pendingId !== undefined) refuse('pending_id_must_be_zero');
    if (!pending && timeout !== 0) refuse('timeout_reserved_for_pending_transfer');
    if (!pending && (closing.debit || closing.credit)) refuse('closing_transfer_must_be_pending');
    const open = balancing.debit || balancing.credit;
    if (transfer.amountFen === undefined && !open) refuse('amount_must_be_given');
    if (!transfer.ledger) refuse('ledger_must_not_be_zero');
    if (!transfer.code) refuse('code_must_not_be_zero');
    const debit = this.account(draft, debitId ?? '') ?? refuse('debit_account_not_found');
    const credit = this.account(draft, creditId ?? '') ?? refuse('credit_account_not_found');
    if (debit.ledger !== credit.ledger) refuse('accounts_must_have_the_same_ledger');
    if (debit.ledger !== transfer.ledger) refuse('transfer_must_have_the_same_ledger_as_accounts');
    if (debit.closed) refuse('debit_account_already_closed');
    if (credit.closed) refuse('credit_account_already_closed');
    if (debit.debitsFrozen) refuse('debit_account_frozen');
    if (credit.creditsFrozen) refuse('credit_account_frozen');
    const d = debit.balances;
    const c = credit.balances;
    let amount = transfer.amountFen ?? MAX;
    if (balancing.debit) {
      const room = d.creditsPostedFen - d.debitsPostedFen - d.debitsPendingFen;
      amount = Math.max(0, Math.min(amount, room));
    }
    if (balancing.credit) {
      const room = c.debitsPostedFen - c.creditsPostedFen - c.creditsPendingFen;
      amount = Math.max(0, Math.min(amount, room));
    }
    const big = BigInt(amount);
    const over = (...parts: number[]) =>
      parts.reduce((sum, part) => sum + BigInt(part), big) > BigInt(MAX);
    if (pending && over(d.debitsPendingFen)) refuse('overflows_debits_pending');
    if (pending && over(c.creditsPendingFen)) refuse('overflows_credits_pending');
    if (over(d.debitsPostedFen)) refuse('overflows_debits_posted');
    if (over(c.creditsPostedFen)) refuse('overflows_credits_posted');
    if (over(d.debitsPostedFen, d.debitsPendingFen)) refuse('overflows_debits');
    if (over(c.creditsPostedFen, c.creditsPendingFen)) refuse('overflows_credits');
    if (timestampUs + timeout * 1e6 > MAX) refuse('overflows_timeout');
    if (debit.debitLimit && over(d.debitsPostedFen, d.debitsPendingFen, MAX, -d.creditsPostedFen)) {
      refuse('exceeds_credits');
    }
    if (
      credit.creditLimit &&
      over(c.creditsPostedFen, c.creditsPendingFen, MAX, -c.debitsPostedFen)
    ) {
      refuse('exceeds_debits');
    }
    if (pending) {
      d.debitsPendingFen += amount;
      c.creditsPendingFen += amount;
      if (closing.debit) debit.closed = true;
      if (closing.credit) credit.closed = true;
      draft.pendings.set(id, {
        debit: debitId!,
        credit: creditId!,
        amountFen: amount,
        code: transfer.code!,
        closesDebit: closing.debit,
        closesCredit: closing.credit,
        expiresUs: timeout === 0 ? 0 : timestampUs + timeout * 1e6,
        institution: entry.institution,
        state: 'open',
        resolvedBy: '',
        resolvedDay: 0,
      });
    } else {
      d.debitsPostedFen += amount;
      c.creditsPostedFen += amount;
    }
    draft.outcomes.push({ amountFen: amount, debit: { ...d }, credit: { ...c } });
  }

  private resolve(
    draft: Draft,
    entry: Entry,
    transfer: TransferInput,
    id: string,
    post: boolean,
    timestampUs: number,
    refuse: (status: EntryStatus) => never,
  ): void {
    if (transfer.pendingId === undefined) refuse('pending_id_must_not_be_zero');
    const pendingId = hex(transfer.pendingId!);
    if (pendingId === id) refuse('pending_id_must_be_different');
    if (transfer.timeoutSeconds) refuse('timeout_reserved_for_pending_transfer');
    const found = draft.pendings.get(pendingId) ?? this.pendings.get(pendingId);
    if (found === undefined || this.isForgotten(found)) refuse('pending_transfer_not_found');
    const pending = { ...found! };
    const debit = this.account(draft, pending.debit)!;
    const credit = this.account(draft, pending.credit)!;
    if (transfer.debitAccount && hex(transfer.debitAccount) !== pending.debit) {
      refuse('pending_transfer_has_different_debit_account');
    }
    if (transfer.creditAccount && hex(transfer.creditAccount) !== pending.credit) {
      refuse('pending_transfer_has_different_credit_account');
    }
    if (transfer.ledger && transfer.ledger !== debit.ledger) {
      refuse('pending_transfer_has_different_ledger');
    }
    if (transfer.code && transfer.code !== pending.code) {
      refuse('pending_transfer_has_different_code');
    }
    const amount = transfer.amountFen ?? pending.amountFen;
    if (amount > pending.amountFen) refuse('exceeds_pending_transfer_amount');
    if (!post && amount !== pending.amountFen) refuse('pending_transfer_has_different_amount');
    if (pending.state === 'posted') refuse('pending_transfer_already_posted');
    if (pending.state === 'voided') refuse('pending_transfer_already_voided');
    if (pending.state === 'expired') refuse('pending_transfer_expired');
    if (pending.expiresUs !== 0 && pending.expiresUs <= timestampUs) {
      refuse('pending_transfer_expired');
    }
    if (post && debit.closed && !pending.closesDebit) refuse('debit_account_already_closed');
    if (post && credit.closed && !pending.closesCredit) refuse('credit_account_already_closed');
    this.release(draft, pending, post ? amount : 0);
    if (post) {
      if (pending.closesDebit) debit.closed = true;
      if (pending.closesCredit) credit.closed = true;
    }
    pending.state = post ? 'posted' : 'voided';
    pending.resolvedBy = entry.institution;
    pending.resolvedDay = this.day(entry.institution);
    draft.pendings.set(pendingId, pending);
    draft.outcomes.push({
      amountFen: amount,
      debit: { ...debit.balances },
      credit: { ...credit.balances },
    });
  }

  /** Takes the reservation back, moves what is posted, opens again what was closed with it. */
  private release(draft: Draft, pending: ModelPending, postedFen: number): void {
    const debit = this.account(draft, pending.debit)!;
    const credit = this.account(draft, pending.credit)!;
    debit.balances.debitsPendingFen -= pending.amountFen;
    credit.balances.creditsPendingFen -= pending.amountFen;
    debit.balances.debitsPostedFen += postedFen;
    credit.balances.creditsPostedFen += postedFen;
    if (pending.closesDebit) debit.closed = false;
    if (pending.closesCredit) credit.closed = false;
  }

  /** Resolved transfers are known in the day of their resolution and in the one after it. */
  private isForgotten({ state, resolvedBy, resolvedDay }: ModelPending): boolean {
    return state !== 'open' && this.day(resolvedBy) > resolvedDay + 1;
  }

  /** Business days that the institution has closed. */
  private day(institution: string): number {
    return (this.dates.get(institution)?.length ?? 1) - 1;
  }

  private moveTallies(draft: Draft, entry: Entry): void {
    for (const [index, move] of (entry.tallies ?? []).entries()) {
      const id = hex(move.subject);
      const before = draft.tallies.get(id) ?? this.tallies.get(id);
      const zero = before === undefined || move.reset || this.isTallyOver(before);
      const amountFen = (zero ? 0 : before.amountFen) + move.amountFen;
      const count = (zero ? 0 : before.count) + move.count;
      const tooMuch = amountFen > (move.limitFen ?? MAX) || count > (move.limitCount ?? MAX);
      if (tooMuch || amountFen < 0 || count < 0) throw new Refusal('tally_exceeded', index);
      const until = move.until ?? 'long';
      const day = this.day(entry.institution);
      draft.tallies.set(id, { amountFen, count, until, day, institution: entry.institution });
      draft.tallyValues.push({ amountFen, count });
    }
  }

  private isTallyOver({ until, institution, day }: ModelTally): boolean {
    const closed = this.day(institution) - day;
    return (until === 'day' && closed > 0) || (until === 'long' && closed > 400);
  }

  tally(subject: string): TallyValue {
    const tally = this.tallies.get(subject);
    if (tally === undefined || this.isTallyOver(tally)) return { amountFen: 0, count: 0 };
    return { amountFen: tally.amountFen, count: tally.count };
  }
}

/** The opening date in an encoded Institution: field 6, read here by hand. */
function openingDate(body: Uint8Array): string {
  for (let at = 0; at < body.length; at += 2 + body[at + 1]!) {
    if (body[at] === 0x32) return Buffer.from(body.subarray(at + 2, at + 10)).toString();
  }
  return '';
}

/** The id of a transfer that was given none: the four words of the entry's, each mixed with the index. */
function derivedId(entryId: Id, index: number): string {
  const words = Buffer.from(entryId);
  const factors = [0x9e3779b1n, 0x85ebca6bn, 0xc2b2ae35n, 0x27d4eb2fn];
  for (const [i, factor] of factors.entries()) {
    const mixed = BigInt(words.readUInt32LE(i * 4)) ^ ((BigInt(index) * factor) & 0xffffffffn);
    words.writeUInt32LE(Number(mixed), i * 4);
  }
  return hex(words);
}
