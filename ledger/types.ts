/**
 * The shapes of the ledger: what goes in (an Entry), what comes back (an EntryResult), what stays
 * (a JournalRecord). Amounts are integer fen, times are integer microseconds of UTC, identifiers are
 * 16 bytes. `ledger/journal.proto` is the same model on disk.
 */
import type { RegistryKind, RegistryValues } from './registry-kinds.ts';

/** 16 bytes. Made with `idOf` from what makes a thing unique, or given from outside. */
export type Id = Uint8Array;

/** Flags of an account; add them up. */
export const AccountFlag = {
  /** A debit is refused when it would lift debits, pending ones counted, above posted credits. */
  debitsMustNotExceedCredits: 1,
  /** The mirror image; an account has at most one of the two. */
  creditsMustNotExceedDebits: 2,
  /** Every balance is kept by position: `Reader.balancesAt` answers without reading the journal. */
  history: 4,
  /** No new debit. A transfer that is pending already may still be posted or voided. */
  debitsFrozen: 8,
  /** No new credit, with the same exception. */
  creditsFrozen: 16,
  /** Nothing more but voiding what is pending. Set and lifted by closing transfers only. */
  closed: 32,
} as const;

/** Flags of a transfer; add them up. */
export const TransferFlag = {
  /** Only in requests of single transfers (`splitRequest`): joined with the next one. */
  linked: 1,
  /** Reserves the amount until it is posted, voided, or its timeout passes. */
  pending: 2,
  /** Resolves the transfer named by pendingId, wholly or in part; the rest is released. */
  postPending: 4,
  /** Releases the transfer named by pendingId. */
  voidPending: 8,
  /** Moves at most amountFen, and no more than the debit account's limit allows. */
  balancingDebit: 16,
  /** Moves at most amountFen, and no more than the credit account's limit allows. */
  balancingCredit: 32,
  /** Closes the debit account; only with pending. Voiding or expiry opens it again. */
  closingDebit: 64,
  /** Closes the credit account, likewise. */
  closingCredit: 128,
} as const;

/** An account to open. Accounts are never removed. */
export interface AccountInput {
  id: Id;
  /** The currency's number: 156 is yuan. Transfers never join accounts of two ledgers. */
  ledger: number;
  /** Place in the chart of accounts, 1 … 65535. */
  code: number;
  flags?: number;
}

export interface TransferInput {
  /** The entry's id for the first transfer, `transferId(entry.id, index)` for the others when left out. */
  id?: Id;
  /** Left out (or equal) when the transfer resolves a pending one. */
  debitAccount?: Id;
  creditAccount?: Id;
  /** Left out when posting or voiding: the whole pending amount. */
  amountFen?: number;
  /** Left out when posting or voiding. */
  ledger?: number;
  /** Why money moved, 1 … 65535, the caller's numbering. Left out when posting or voiding. */
  code?: number;
  flags?: number;
  pendingId?: Id;
  /** Only with pending: after so many seconds the ledger records its expiry. 0 or left out: never. */
  timeoutSeconds?: number;
}

/**
 * A running sum under a subject, moved together with the transfers of the entry. A tally that has
 * never been moved, or was forgotten, or is at zero, is 0/0.
 */
export interface TallyMove {
  subject: Id;
  /** May be negative: what was counted is taken back. */
  amountFen: number;
  count: number;
  /** The entry is refused (`tally_exceeded`) when the new sum would be above. */
  limitFen?: number;
  limitCount?: number;
  /** Sets the tally to zero before the move. */
  reset?: boolean;
  /**
   * How long it is kept: until the institution's business day closes, until it is reset, or (default)
   * 400 days after its last move.
   */
  until?: TallyRetention;
}

export type TallyRetention = 'day' | 'batch' | 'long';

/** A change of one item of the registry; `body` null removes it. */
export interface RegistryChange {
  kind: string;
  key: string;
  body: Uint8Array | null;
  /** The version (position of the last change, 0: must not exist) that the change was made from. */
  expectedVersion?: number;
  why: string;
  who: string;
}

/** Stops or allows debits and credits of an account: a card reported lost, a court's order. */
export interface AccountFreeze {
  account: Id;
  debitsFrozen: boolean;
  creditsFrozen: boolean;
}

/**
 * One business transaction: everything in it happens or nothing does. Its id is its idempotency key:
 * a second entry with a known id never does anything.
 */
export interface Entry {
  id: Id;
  /** Whose business it is; must be in the registry. Empty: the deployment's own. */
  institution: string;
  accounts?: AccountInput[];
  freezes?: AccountFreeze[];
  transfers?: TransferInput[];
  tallies?: TallyMove[];
  registry?: RegistryChange[];
  /** Ids of entries that must never be applied from now on: reversed before they arrived. */
  blocks?: Id[];
  fact?: Fact;
  /** SHA-256 of the wire message that caused the entry. */
  wireHash?: Uint8Array;
  /** Written by the ledger alone: the pending transfer whose time ran out. */
  expired?: Id;
}

/** What happened, for the views that follow the journal. Exactly one field is set. */
export interface Fact {
  transaction?: TransactionFact;
  batchSettled?: BatchSettled;
  businessDayClosed?: BusinessDayClosed;
  settlementPosted?: SettlementPosted;
  sealMade?: SealMade;
  module?: ModuleFact;
}

export interface TransactionFact {
  kind: string;
  merchantId?: string;
  terminalId?: string;
  batchNumber?: string;
  traceNumber?: string;
  /** In full: whoever shows it masks it (`maskPan`). */
  cardNumber?: string;
  amountFen?: number;
  /** ISO 4217 number, `156`. */
  currency?: string;
  responseCode?: string;
  /** Which rule decided the response code. */
  rule?: string;
  /** Position of the record that this one refers to: what was voided, refunded, completed. */
  originalPosition?: number;
  entryMode?: string;
  processingCode?: string;
  messageType?: string;
  listener?: string;
  note?: string;
  extra?: Record<string, string>;
}

export interface BatchSettled {
  merchantId?: string;
  terminalId?: string;
  batchNumber?: string;
  ourDebitCount?: number;
  ourDebitFen?: number;
  ourCreditCount?: number;
  ourCreditFen?: number;
  theirDebitCount?: number;
  theirDebitFen?: number;
  theirCreditCount?: number;
  theirCreditFen?: number;
  result?: string;
}

/** Ends the business day `date` (YYYYMMDD) of the entry's institution; records after it carry `nextDate`. */
export interface BusinessDayClosed {
  date: string;
  nextDate: string;
}

export interface SettlementPosted {
  date?: string;
  merchantId?: string;
  grossFen?: number;
  refundFen?: number;
  feeFen?: number;
  netFen?: number;
  count?: number;
  fileName?: string;
  fileSha256?: Uint8Array;
}

/** A seal was made: see `ledger/seal.ts`. */
export interface SealMade {
  position?: number;
  chainHash?: Uint8Array;
  /** SHA-256 of the sealed statement. */
  statementSha256?: Uint8Array;
  keyName?: string;
  signature?: Uint8Array;
}

/** What a module decided; the payload is the module's own. */
export interface ModuleFact {
  module: string;
  kind: string;
  key?: string;
  payload?: Uint8Array;
}

/**
 * Every answer, in the order of precedence: of several reasons to refuse, the first one of this list
 * that holds at the first item that fails is the answer. The index is the number on disk.
 */
export const ENTRY_STATUSES = [
  'applied',
  // The id is known: nothing was recorded and nothing moved.
  'exists',
  'exists_with_different_transfer_count',
  'exists_with_different_flags',
  'exists_with_different_pending_id',
  'exists_with_different_timeout',
  'exists_with_different_debit_account',
  'exists_with_different_credit_account',
  'exists_with_different_amount',
  'exists_with_different_ledger',
  'exists_with_different_code',
  'exists_with_different_transfer_id',
  'id_already_failed',
  'blocked',
  // The entry as a whole.
  'institution_not_found',
  'blocked_id_exists',
  // Accounts to open.
  'account_exists_with_different_flags',
  'account_exists_with_different_ledger',
  'account_exists_with_different_code',
  'account_exists',
  'account_flags_are_mutually_exclusive',
  'account_flags_reserved',
  'account_id_must_not_be_zero',
  'account_ledger_must_not_be_zero',
  'account_code_must_not_be_zero',
  // Accounts to freeze.
  'account_not_found',
  // Transfers.
  'transfer_id_exists',
  'flags_are_mutually_exclusive',
  'accounts_must_be_different',
  'pending_id_must_be_zero',
  'pending_id_must_not_be_zero',
  'pending_id_must_be_different',
  'timeout_reserved_for_pending_transfer',
  'closing_transfer_must_be_pending',
  'amount_must_be_given',
  'ledger_must_not_be_zero',
  'code_must_not_be_zero',
  'debit_account_not_found',
  'credit_account_not_found',
  'accounts_must_have_the_same_ledger',
  'transfer_must_have_the_same_ledger_as_accounts',
  'pending_transfer_not_found',
  'pending_transfer_has_different_debit_account',
  'pending_transfer_has_different_credit_account',
  'pending_transfer_has_different_ledger',
  'pending_transfer_has_different_code',
  'exceeds_pending_transfer_amount',
  'pending_transfer_has_different_amount',
  'pending_transfer_already_posted',
  'pending_transfer_already_voided',
  'pending_transfer_expired',
  'debit_account_already_closed',
  'credit_account_already_closed',
  'debit_account_frozen',
  'credit_account_frozen',
  'overflows_debits_pending',
  'overflows_credits_pending',
  'overflows_debits_posted',
  'overflows_credits_posted',
  'overflows_debits',
  'overflows_credits',
  'overflows_timeout',
  'exceeds_credits',
  'exceeds_debits',
  // Tallies, registry, and facts that the ledger itself obeys.
  'tally_exceeded',
  'registry_conflict',
  'business_day_mismatch',
] as const;

export type EntryStatus = (typeof ENTRY_STATUSES)[number];

export interface Balances {
  debitsPendingFen: number;
  debitsPostedFen: number;
  creditsPendingFen: number;
  creditsPostedFen: number;
}

export interface Account extends Balances {
  id: Id;
  ledger: number;
  code: number;
  flags: number;
}

/** What a transfer did: the amount it moved and both accounts' balances after it. */
export interface TransferOutcome {
  amountFen: number;
  debit: Balances;
  credit: Balances;
}

export interface TallyValue {
  amountFen: number;
  count: number;
}

/**
 * The answer to one entry. `applied` moved money; `exists` says that the same entry was applied
 * before; everything else moved nothing.
 */
export interface EntryResult {
  status: EntryStatus;
  /** Of the record that holds the id. 0 for a dry run and for a lost race, which leave none. */
  position: number;
  /** Which transfer, tally, registry change, account or block refused; counted from 0. */
  failedIndex?: number;
  /** When the id was known already: how the record that holds it ended. */
  recorded?: EntryStatus;
  /** When the record was made, strictly increasing with position. */
  timestampUs: number;
  /** YYYYMMDD of the institution at that position; empty for the deployment's own entries. */
  businessDate: string;
  /** One for each transfer of an applied entry, also when it is asked for again. */
  outcomes: TransferOutcome[];
  /** The value of each tally after its move, likewise. */
  tallies: TallyValue[];
}

/** An entry as the journal keeps it. */
export interface JournalRecord extends Omit<EntryResult, 'recorded'> {
  entry: Entry;
}

export interface RegistryItem<Value> {
  /** Position of the record of its last change. */
  version: number;
  value: Value;
}

/** The registry as one thread sees it, with a small cache. */
export interface RegistryReader {
  /** The item now: a change is seen by every call that starts after the change's submit resolved. */
  get<Kind extends RegistryKind>(
    kind: Kind,
    key: string,
  ): RegistryItem<RegistryValues[Kind]> | null;
  /** All items of a kind in the order of their keys. */
  list<Kind extends RegistryKind>(
    kind: Kind,
  ): Iterable<{ key: string } & RegistryItem<RegistryValues[Kind]>>;
}

export interface LedgerHead {
  /** Of the last record; 0 in an empty ledger. The first record has position 1. */
  position: number;
  /** 32 bytes: the chain's hash after the group of that record. */
  chainHash: Uint8Array;
  timestampUs: number;
  /** Current business date (YYYYMMDD) of each institution. */
  businessDates: Record<string, string>;
}

/** What opening the data folder did. */
export interface RecoveryReport {
  /** Position of the last record found. */
  position: number;
  /** From where the journal was replayed over the checkpoint. */
  replayedFrom: number;
  replayedRecords: number;
  accounts: number;
  /** Sentences: what was repaired, and how. Empty when nothing was. */
  repairs: string[];
  durationMs: number;
}
