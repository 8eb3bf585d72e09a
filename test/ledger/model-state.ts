/** What the model knows, as plain Maps by hex text, and what one entry has changed of it so far. */
import type {
  Balances,
  Entry,
  EntryStatus,
  Id,
  TallyValue,
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

export interface ModelAccount {
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

export interface ModelPending {
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

export interface ModelTally extends TallyValue {
  institution: string;
  day: number;
  until: 'day' | 'batch' | 'long';
}

/** What an entry has changed so far, over what the model holds. */
export interface Draft {
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
export class Refusal {
  readonly status: EntryStatus;
  readonly index: number;

  constructor(status: EntryStatus, index = -1) {
    this.status = status;
    this.index = index;
  }
}

export const MAX = 9007199254740991;
export const hex = (id: Id) => Buffer.from(id).toString('hex');
export const bit = (flags: number | undefined, value: number) =>
  Math.floor((flags ?? 0) / value) % 2 === 1;

export class ModelState {
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

  draft(): Draft {
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
  account(draft: Draft, id: string): ModelAccount | null {
    const drafted = draft.accounts.get(id);
    if (drafted !== undefined) return drafted;
    const account = this.accounts.get(id);
    if (account === undefined) return null;
    const copy = { ...account, balances: { ...account.balances } };
    draft.accounts.set(id, copy);
    return copy;
  }

  adopt(draft: Draft): void {
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

  /** Resolved transfers are known in the day of their resolution and in the one after it. */
  isForgotten({ state, resolvedBy, resolvedDay }: ModelPending): boolean {
    return state !== 'open' && this.day(resolvedBy) > resolvedDay + 1;
  }

  /** Business days that the institution has closed. */
  day(institution: string): number {
    return (this.dates.get(institution)?.length ?? 1) - 1;
  }
}
