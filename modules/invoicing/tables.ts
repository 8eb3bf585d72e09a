/** The tables of invoicing's view: what each row is, and under which key it lies. */
import type { Table, TableSource, WritableTable, WritableTableSource } from '../frame/module.ts';
import type { Bill, BillKey, BillState, Handling, PaperName } from './bill/bill.ts';
import type { BillContent, PaymentLink } from './bill/content.ts';
import type { IssueAt } from './facts.ts';
import type { ManagedRow } from './managed/schemas.ts';
import type { Holding, Medium, Movements } from './stock/holding.ts';
import type { Range } from './stock/ranges.ts';

export interface InstitutionRow {
  timeZone: string;
  cutOff: string;
  nameZh: string;
}

export interface MerchantRow {
  institution: string;
  account: string;
  nameZh: string;
}

/** A settled payment of a merchant that gets bills, and what is left of it after refunds. */
export interface PaymentRow {
  position: number;
  institution: string;
  merchantId: string;
  terminalId: string;
  batchNumber: string;
  traceNumber: string;
  businessNumber: string;
  businessDate: string;
  timestampUs: number;
  amountFen: number;
  netFen: number;
  /** The charge that it pays, '' while none is known. */
  busNo: string;
}

/** Money that went to or from a merchant, for the sums of a day. */
export interface MoneyDay {
  paidFen: number;
  paidBackFen: number;
  count: number;
}

/** How a bill is red-lettered: why, and by whom, where and when. */
export interface RedLetter {
  reason: string;
  operator: string;
  handled: Handling;
}

export interface Charge {
  institution: string;
  busNo: string;
  secret: string;
  issueAt: IssueAt;
  /** Edition of the rules that it is judged by. */
  rules: number;
  links: PaymentLink[];
  /** What was registered first, then what remained after refunds. */
  contents: BillContent[];
  /** Positions of the payments found. */
  payments: number[];
  checkedIn: boolean;
  /** Red-lettered on somebody's word: no bill follows by itself. */
  writtenOff: boolean;
  /** The red letter that was asked for, while its number has yet to come. */
  redLetter: RedLetter | null;
  liveBill: BillKey | null;
  liveContent: number;
  generation: number;
  /** Why there is no bill, or not the right one; '' when all is as it should be. */
  reason: string;
  registeredAt: number;
  registeredUs: number;
}

/** What became of a fact that asked for something. */
export interface OutcomeRow {
  status: 'done' | 'refused';
  code: string;
  message: string;
  bill: BillKey | null;
}

export type FiscalTaskKind = 'issue' | 'red' | 'print-paper' | 'cancel-print' | 'take-number';

/** Something that the fiscal side has to learn or give. */
export interface FiscalTask {
  id: string;
  institution: string;
  kind: FiscalTaskKind;
  bill: BillKey | null;
  /** Of take-number: for which charge, of which kind. */
  number: { busNo: string; kind: 'normal' | 'red'; generation: number; billCode: string } | null;
  paper: PaperName | null;
  businessDate: string;
  state: 'open' | 'done' | 'parked';
  attempts: number;
  /** An attempt ended without an answer: ask before sending again. */
  unknown: boolean;
  cause: string;
  /** What the other side said last. */
  text: string;
  createdUs: number;
  nextUs: number;
}

export interface PushTask {
  id: string;
  institution: string;
  bill: BillKey;
  channel: string;
  address: string;
  state: 'open' | 'done' | 'parked';
  attempts: number;
  cause: string;
  nextUs: number;
}

export interface PaperRow extends PaperName {
  institution: string;
  bill: BillKey;
  pointCode: string;
  operator: string;
  state: 'good' | 'void';
  reason: string;
  businessDate: string;
}

/** One line of the history of numbers: 领购, 分发, 退回, 作废. */
export interface StockEvent {
  institution: string;
  medium: Medium;
  billCode: string;
  holder: string;
  otherHolder: string;
  what: 'received' | 'distributed' | 'returned' | 'void';
  from: number;
  to: number;
  source: string;
  reason: string;
  who: string;
  businessDate: string;
  timestampUs: number;
}

/** 在线申领: numbers that the fiscal side is asked for. */
export interface StockApplication {
  id: string;
  institution: string;
  billCode: string;
  count: number;
  state: 'open' | 'asked';
  who: string;
  wantedUs: number;
  askedUs: number;
}

export interface ArchivePackage {
  name: string;
  institution: string;
  year: string;
  file: string;
  sha256: string;
  sm3: string;
  bills: number;
  signature: string;
  keyName: string;
  packedUs: number;
  /** YYYYMMDD: not before this day may it be destroyed. */
  keepUntil: string;
  destroyed: string;
}

export interface Destruction {
  id: string;
  institution: string;
  packages: string[];
  reason: string;
  listedBy: string;
  approvedBy: string;
  doneUs: number;
  hashes: { name: string; sha256: string }[];
}

/** 业务受理: a request of a department and its way. */
export interface AcceptanceRequest {
  id: string;
  institution: string;
  kind: string;
  subject: string;
  state: string;
  assignee: string;
  openedBy: string;
  steps: { atUs: number; state: string; text: string; who: string }[];
}

/** Which rows each table has. */
export interface Rows {
  institutions: InstitutionRow;
  merchants: MerchantRow;
  /** Account (hex) → merchant id. */
  'merchant-accounts': string;
  /** `institution|table|key` */
  managed: ManagedRow;
  /** Every range that ever came from the fiscal side: `medium|billCode`. */
  'numbers-known': Range[];
  holdings: Holding;
  /** `holding|YYYYMMDD`. */
  'holding-days': Movements;
  /** `institution|position|n` */
  'stock-events': StockEvent;
  /** `institution|position|n` */
  'stock-applications': StockApplication;
  /** Those that the fiscal side was not asked for yet: the same keys. */
  'stock-applications-open': string;
  payments: PaymentRow;
  /** Names of a payment → its position: `ref|…`, `trace|…`, `no|…`. */
  'payment-names': number;
  /** Pending transfer (hex) that will move a merchant's money → its record. */
  'pending-payments': { merchantId: string; position: number; isBack: boolean };
  /** `institution|date|merchant`. */
  'money-days': MoneyDay;
  charges: Charge;
  /** Names of payments that charges wait for → busNo. */
  'charge-links': string;
  /** Charges without the bill that they should have: `institution|registeredAt|busNo`. */
  waiting: string;
  /** Payments without a charge: `institution|position`. */
  unbilled: string;
  bills: Bill;
  'bill-states': BillState;
  /** Deflated bytes of the original. */
  originals: Uint8Array;
  /** `institution|YYYYMMDD|bill` → '' */
  'bills-by-day': string;
  'bills-by-number': string;
  /** `institution|person|bill`: by card, identity and patient number. */
  'bills-by-person': string;
  'bills-by-business': string;
  /** Bills in the order of their numbers being given, until they are signed. */
  unsigned: BillKey;
  /** `institution|busNo|kind|generation` */
  'given-numbers': { billCode: string; billNumber: string; checkCode: string };
  'fiscal-tasks': FiscalTask;
  /** Tasks that are not done: id → due time; a parked one is never due. */
  'fiscal-open': number;
  'push-tasks': PushTask;
  'push-open': number;
  papers: PaperRow;
  'archive-packages': ArchivePackage;
  destructions: Destruction;
  requests: AcceptanceRequest;
  outcomes: OutcomeRow;
}

export type TableName = keyof Rows;

export interface Tables {
  /** What stands in a key for a person's number. */
  nameOf(text: string): string;
  table<Name extends TableName>(name: Name): Table<Rows[Name]>;
}

export interface WritableTables extends Tables {
  table<Name extends TableName>(name: Name): WritableTable<Rows[Name]>;
}

/** The frame's tables with the types of this file. */
export function typedTables(source: TableSource): Tables {
  return source as Tables;
}

export function writableTables(source: WritableTableSource): WritableTables {
  return source as WritableTables;
}

/** Positions and counters as parts of keys, in order. */
export function orderedKey(value: number): string {
  return String(value).padStart(15, '0');
}
