/**
 * What a transaction of the terminal dialect is: one row of data and one small function.
 *
 * A row says how its request is recognised, what the request must carry, and which fields its answer
 * has. Its function either plans what the ledger shall record (money, state) or, for what leaves no
 * trace in the books, answers at once.
 */
import type { Card, Merchant, Terminal } from '../../ledger/registry-kinds.ts';
import type {
  AccountInput,
  EntryStatus,
  Fact,
  Id,
  JournalRecord,
  RegistryChange,
  RegistryItem,
  TallyMove,
  TransferInput,
} from '../../ledger/types.ts';
import type { FieldValues, Message } from '../../protocols/iso8583/message.ts';
import type { Sm4PinCarrier } from '../checks/sm4-pin.ts';
import type { WorkingKeySet } from '../keys.ts';
import type { Route } from '../routing/router.ts';
import type { Services } from '../services.ts';
import type { Field60 } from './field60.ts';
import type { Original } from './original.ts';

/** The terminal that a request came from, as the registry has it. */
export type TerminalItem = RegistryItem<Terminal>;

/** A request whose sender is known and, where the row asks for it, proven by its MAC. */
export interface Request {
  /** As it was received; once its MAC is right, with tracks in the clear. */
  message: Message;
  readonly row: TransactionRow;
  readonly field60: Field60;
  readonly terminalId: string;
  readonly merchantId: string;
  terminal: TerminalItem;
  readonly merchant: Merchant;
  readonly traceNumber: string;
  /** Field 4, or 0 when the request has none. */
  readonly amountFen: number;
  /** The idempotency key of the entry that this request causes. */
  readonly entryId: Id;
  readonly listener: string;
  /** The address that the request came from. */
  readonly remoteAddress: string;
  readonly sm4PinCarrier: Sm4PinCarrier;
  /** The terminal's keys that the request's MAC was right with; none for a request without a MAC. */
  workingKeys: WorkingKeySet;
  /** Where the request goes when the card is not ours; null when it stays here. */
  route: Route | null;
  /** The card that the function found; the fact of the journal record names it. */
  card?: RegistryItem<Card>;
  /** What the record shall say whatever becomes of the request: the code that was shown. */
  noted?: Record<string, string>;
  /** What checks found to change besides, once the request is accepted: wrong PINs are forgotten. */
  changes: RegistryChange[] | undefined;
}

/** What the ledger shall do, all or nothing, when the request is accepted. */
export interface Plan {
  accounts?: AccountInput[];
  transfers?: TransferInput[];
  tallies?: TallyMove[];
  registry?: RegistryChange[];
  blocks?: Id[];
  /** The position of the record that is voided, refunded or reversed. */
  originalPosition?: number;
  /** Left out: a TransactionFact made from the request. */
  fact?: Fact;
  /** Left out: 00. A code of class A otherwise: accepted with reservations. */
  responseCode?: string;
  /** The rule that decided, when an accepted request did nothing: `original-not-found`. */
  rule?: string;
  /** What else the TransactionFact shall say: what an answer is made from, or a view needs. */
  extra?: Record<string, string>;
}

/** What the terminal is told. */
export interface Outcome {
  responseCode: string;
  rule: string;
  /** Of the journal record; 0 when the request left none. */
  position: number;
  timestampUs: number;
  businessDate: string;
  /** Fields of this answer alone, e.g. 54 or 62. */
  set?: FieldValues;
}

interface RowBase {
  /** One name from wire to report. */
  kind: string;
  nameZh: string;
  nameEn: string;
  /** What the request must look like; what is left out may be anything. */
  match: {
    messageType: string;
    processingCode?: string;
    /** The first two digits of field 22: how the card, or the code, was read. */
    entry?: string;
    /** Field 25. */
    conditionCode?: string;
    /** Field 60.1. */
    transactionType?: string;
    /** Field 60.3. */
    networkCodes?: readonly string[];
  };
  answerType: string;
  /** The request carries a MAC that must be right, and the answer gets one. */
  mac: boolean;
  /** Whether the terminal must have signed in. */
  signedIn: boolean;
  /** Whether field 60.2 must be the terminal's open batch. */
  openBatch: boolean;
  /** Fields without which the request cannot be understood (answered with 30). */
  required: readonly number[];
  /**
   * What happens with a card of another issuer; left out: it is refused. `reversible`: without an
   * answer in time it is given up, and undone at the host. `repeatable`: it is asked again until it is
   * answered. `advised`: it is done here at once, and the host is told. `inquiry`: nothing moves.
   */
  host?: 'reversible' | 'repeatable' | 'advised' | 'inquiry';
  /** Request fields that come back in the answer: always, and only when approved. */
  keep: readonly number[];
  keepApproved?: readonly number[];
  /** It spends a card holder's money: limits count it unless they say otherwise. */
  spends?: true;
  /** It ends what was begun, and is let through when controls stop what is new. */
  finishes?: true;
}

/** A transaction that leaves a journal record, accepted or declined. */
export interface RecordedRow extends RowBase {
  plan: (request: Request, services: Services) => Promise<Plan>;
  /** What the ledger's refusals mean here, beyond the common ones. */
  refusals?: Partial<Record<EntryStatus, { responseCode: string; rule: string }>>;
  /** What a reversal of such a record does; left out where the dialect knows none. */
  undo?: (original: Original, request: Request, services: Services) => Promise<Plan>;
  /** Fields of the answer that are read from the record, so that a repeat gets the same. */
  answerFields?: (record: JournalRecord, request: Request) => FieldValues;
}

/** A transaction that is answered at once: it changes nothing, or no repeat of it is ever the same. */
export interface UnrecordedRow extends RowBase {
  perform: (request: Request, services: Services) => Promise<FieldValues>;
}

export type TransactionRow = RecordedRow | UnrecordedRow;

export function isRecorded(row: TransactionRow): row is RecordedRow {
  return 'plan' in row;
}
