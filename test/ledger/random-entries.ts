/**
 * Random entries out of small pools, so that every rule of the ledger meets every other: known ids,
 * accounts that are not open, limits that bind, amounts near the end of the range.
 */
import { idOf, transferId } from '../../ledger/id.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Entry, Id, TallyMove, TransferInput } from '../../ledger/types.ts';
import type { Random } from './random.ts';

const ACCOUNTS = Array.from({ length: 14 }, (_, i) => idOf('account', String(i)));
/** So many of them take part in most transfers; the last ones are foreign or not open. */
const OPEN_ACCOUNTS = 9;
const SUBJECTS = Array.from({ length: 6 }, (_, i) => idOf('subject', String(i)));
const INSTITUTIONS = ['', 'h1', 'h1', 'h1', 'h1', 'h2', 'h2', 'h3'];
const REGISTRY_KEYS = ['a', 'b', 'c'];

/** Flags that make sense together; the later ones rarely come. */
const FLAGS = [
  ...[0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 8, 8, 16, 32, 48, 18],
  ...[0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 8, 8, 16, 32, 48, 34],
];
const CLOSING_FLAGS = [66, 130, 194];
const WRONG_FLAGS = [64, 128, 12, 6, 20, 68, 136];
/** The accounts of the first entry: flags, and all but the last two in yuan. */
const FIRST_FLAGS = [0, 0, 0, 1, 1, 2, 2, 4, 5, 0, 0];
const ACCOUNT_FLAGS = [0, 0, 0, 1, 1, 2, 4, 5, 3, 8, 16, 32];

export class RandomEntries {
  private readonly random: Random;
  private count = 0;
  /** Entries that were made lately: some come again, as they were or changed. */
  private readonly lately: Entry[] = [];
  /** Ids of transfers that may be pending. */
  private readonly pendingIds: Id[] = [];
  /** Ids that were blocked before their entry came. */
  private readonly comingIds: Id[] = [];
  private readonly dates = new Map<string, number>();

  constructor(random: Random) {
    this.random = random;
  }

  /** Two institutions and most of the accounts. */
  first(): Entry {
    const by = { who: 'test', why: 'first' };
    return {
      id: idOf('first'),
      institution: 'h1',
      accounts: FIRST_FLAGS.map((flags, i) => ({
        id: ACCOUNTS[i]!,
        ledger: i < FIRST_FLAGS.length - 2 ? 156 : 840,
        code: 1 + (i % 3),
        flags,
      })),
      registry: ['h1', 'h2'].map((id) =>
        registryChange('institution', id, { id, openingDate: '20260101' }, by),
      ),
    };
  }

  next(): Entry {
    const { random } = this;
    if (this.count === 0) {
      this.count++;
      return this.first();
    }
    if (this.lately.length > 0 && random.chance(0.08)) return this.again();
    const id = this.id();
    const entry: Entry = { id, institution: random.pick(INSTITUTIONS) };
    if (random.chance(0.85)) {
      entry.transfers = this.some(random.chance(0.85) ? 1 : 4, (i) => this.transfer(entry, i));
    }
    if (random.chance(0.02)) entry.accounts = this.some(3, () => this.account());
    if (random.chance(0.02)) entry.freezes = this.some(2, () => this.freeze());
    if (random.chance(0.2)) entry.tallies = this.some(2, () => this.tally());
    if (random.chance(0.06)) entry.registry = this.some(2, () => this.change(entry));
    if (random.chance(0.03)) entry.blocks = this.some(2, () => this.block());
    if (random.chance(0.01)) entry.fact = this.closing(entry.institution);
    this.lately.push(entry);
    if (this.lately.length > 200) this.lately.shift();
    return entry;
  }

  private some<Item>(most: number, make: (index: number) => Item): Item[] {
    const count = 1 + this.random.below(most);
    return Array.from({ length: count }, (_, index) => make(index));
  }

  private id(): Id {
    const coming = this.random.chance(0.02) ? this.comingIds.pop() : undefined;
    return coming ?? idOf('entry', String(this.count++));
  }

  /** A known entry, often with a small difference. */
  private again(): Entry {
    const { random } = this;
    const entry = random.pick(this.lately);
    const first = entry.transfers?.[0];
    if (first === undefined || random.chance(0.4)) return entry;
    const changed: TransferInput = { ...first };
    const change = random.below(10);
    if (change === 0) changed.flags = random.pick(FLAGS);
    else if (change === 1) changed.pendingId = random.pick(ACCOUNTS);
    else if (change === 2) changed.timeoutSeconds = 77;
    else if (change === 3) changed.debitAccount = random.pick(ACCOUNTS);
    else if (change === 4) changed.creditAccount = random.pick(ACCOUNTS);
    else if (change === 5) changed.amountFen = random.below(5);
    else if (change === 6) changed.code = 9;
    else if (change === 7) changed.ledger = 840;
    else if (change === 8) changed.id = random.pick(ACCOUNTS);
    else return { ...entry, transfers: [...entry.transfers!, first] };
    return { ...entry, transfers: [changed, ...entry.transfers!.slice(1)] };
  }

  private transfer(entry: Entry, index: number): TransferInput {
    const { random } = this;
    const flags = this.flags();
    const resolving = (flags & 12) !== 0;
    const transfer: TransferInput = resolving
      ? { flags, pendingId: this.pendingId() }
      : { flags, ...this.accounts(), amountFen: this.amount(), ledger: 156, code: 1 };
    if (resolving && random.chance(0.3)) transfer.amountFen = random.below(60);
    if (random.chance(0.1)) transfer.id = this.transferId(entry);
    const closing = (flags & 192) !== 0;
    if ((flags & 2) !== 0 && (closing || random.chance(0.3)))
      transfer.timeoutSeconds = 1 + random.below(3);
    if (random.chance(0.12)) this.spoil(transfer, entry);
    if ((flags & 2) !== 0) {
      this.pendingIds.push(transfer.id ?? transferId(entry.id, index));
      if (this.pendingIds.length > 30) this.pendingIds.shift();
    }
    return transfer;
  }

  private flags(): number {
    const { random } = this;
    if (random.chance(0.005)) return random.pick(CLOSING_FLAGS);
    return random.pick(random.chance(0.01) ? WRONG_FLAGS : FLAGS);
  }

  private accounts(): { debitAccount: Id; creditAccount: Id } {
    const { random } = this;
    const debit = random.below(OPEN_ACCOUNTS);
    const credit = (debit + 1 + random.below(OPEN_ACCOUNTS - 1)) % OPEN_ACCOUNTS;
    return { debitAccount: ACCOUNTS[debit]!, creditAccount: ACCOUNTS[credit]! };
  }

  /** Makes one field wrong, or at least unusual. */
  private spoil(transfer: TransferInput, entry: Entry): void {
    const { random } = this;
    const fault = random.below(10);
    if (fault === 0) transfer.debitAccount = random.pick(ACCOUNTS);
    else if (fault === 1) transfer.creditAccount = random.pick(ACCOUNTS);
    else if (fault === 2) transfer.pendingId = random.chance(0.5) ? this.pendingId() : entry.id;
    else if (fault === 3) transfer.timeoutSeconds = random.chance(0.5) ? 2 : 2 ** 31 - 1;
    else if (fault === 4) delete transfer.amountFen;
    else if (fault === 5) transfer.ledger = random.pick([0, 840]);
    else if (fault === 6) transfer.code = random.pick([0, 2]);
    else if (fault === 7) delete transfer.pendingId;
    else if (fault === 8) transfer.amountFen = Number.MAX_SAFE_INTEGER - random.below(1000);
    else delete transfer.debitAccount;
  }

  private transferId(entry: Entry): Id {
    const { random } = this;
    if (random.chance(0.2)) return entry.id;
    if (random.chance(0.1) && this.lately.length > 0) return random.pick(this.lately).id;
    return idOf('transfer', String(this.count++));
  }

  private pendingId(): Id {
    const { random } = this;
    return this.pendingIds.length > 0 && random.chance(0.97)
      ? random.pick(this.pendingIds)
      : random.pick(ACCOUNTS);
  }

  private amount(): number {
    const { random } = this;
    if (random.chance(0.002)) return 2 ** 52 + random.below(1000);
    return random.below(random.chance(0.5) ? 20 : 500);
  }

  private account() {
    const { random } = this;
    return {
      id: random.pick(ACCOUNTS),
      ledger: random.pick([156, 156, 156, 156, 840, 0]),
      code: random.pick([1, 2, 3, 3, 3, 0]),
      flags: random.pick(ACCOUNT_FLAGS),
    };
  }

  private freeze() {
    const { random } = this;
    return {
      account: random.pick(ACCOUNTS),
      debitsFrozen: random.chance(0.1),
      creditsFrozen: random.chance(0.1),
    };
  }

  private tally(): TallyMove {
    const { random } = this;
    const move: TallyMove = {
      subject: random.pick(SUBJECTS),
      amountFen: random.below(200) - 80,
      count: random.below(4) - 1,
    };
    if (random.chance(0.5)) move.limitFen = random.below(500);
    if (random.chance(0.3)) move.limitCount = random.below(8);
    if (random.chance(0.1)) move.reset = true;
    if (random.chance(0.7)) move.until = random.pick(['day', 'batch', 'long'] as const);
    return move;
  }

  private change(entry: Entry) {
    const { random } = this;
    const by = { who: 'test', why: 'random' };
    if (random.chance(0.5)) {
      const key = random.chance(0.5) && entry.institution !== '' ? entry.institution : 'h3';
      return registryChange('institution', key, { id: key, openingDate: '20260101' }, by);
    }
    const value = random.chance(0.2) ? null : { value: String(this.count) };
    const expectedVersion = random.chance(0.3) ? 0 : undefined;
    return registryChange('setting', random.pick(REGISTRY_KEYS), value, {
      ...by,
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
    });
  }

  private block(): Id {
    const { random } = this;
    if (random.chance(0.3) && this.lately.length > 0) return random.pick(this.lately).id;
    const id = idOf('coming', String(this.count++));
    this.comingIds.push(id);
    return id;
  }

  /** Mostly the date that is probably the current one. */
  private closing(institution: string) {
    const { random } = this;
    const day = this.dates.get(institution) ?? 0;
    const shift = random.chance(0.8) ? 0 : 1;
    if (shift === 0) this.dates.set(institution, day + 1);
    const date = dayText(day + shift);
    return { businessDayClosed: { date, nextDate: dayText(day + 1) } };
  }
}

/** YYYYMMDD so many days after 1 January 2026. */
function dayText(day: number): string {
  const date = new Date(Date.UTC(2026, 0, 1 + day));
  return date.toISOString().slice(0, 10).replaceAll('-', '');
}
