/**
 * What invoicing puts into the journal: one kind of module fact for each thing that people, the HIS
 * or the fiscal side said, and for each thing that left the house (a signature, a report to the
 * fiscal side, a message). Numbers and red letters are not among them: those follow from the facts
 * and the payments, in the order of the journal, so that two who ask at once never get one number.
 */
import { createHash, randomBytes } from 'node:crypto';
import { idOf } from '../../ledger/id.ts';
import type { Entry, Id, ModuleFact } from '../../ledger/types.ts';
import type { BillName, BillSignature, PaperName } from './bill/bill.ts';
import type { BillContent, PaymentLink } from './bill/content.ts';
import type { ManagedTable } from './managed/schemas.ts';
import type { Medium } from './stock/holding.ts';

export const MODULE_NAME = 'invoicing';

/**
 * Edition of the rules that a charge or a red letter is judged by. It stands in the fact, so that an
 * older journal gives the numbers and the bytes that it gave; a fact without one is of edition 1.
 */
export const RULES_EDITION = 2;

export type IssueAt = 'payment' | 'check-in' | 'now';

interface NumberRange {
  medium: Medium;
  billCode: string;
  from: number;
  to: number;
}

export interface FactPayloads {
  /** A managed value was set, or removed (null). */
  managed: { table: ManagedTable; key: string; value: object | null; who: string };

  'numbers-received': NumberRange & { source: 'fiscal' | 'manual'; reference: string; who: string };
  /** From a holder to one directly below it; without a range the lowest `count`. */
  'numbers-distributed': Omit<NumberRange, 'from' | 'to'> & {
    fromHolder: string;
    toHolder: string;
    from?: number;
    count: number;
    who: string;
  };
  /** 在线申领: somebody wants more numbers of a code from the fiscal side. */
  'numbers-wanted': { billCode: string; count: number; who: string };
  /** The fiscal side has been asked; what it gives comes as `numbers-received`. */
  'numbers-asked': { application: string; who: string };
  'numbers-returned': NumberRange & { holder: string; who: string };
  'numbers-voided': NumberRange & { holder: string; reason: string; who: string };
  /** Every number of a year's codes that is left is void. */
  'year-closed': { year: string; who: string };

  /** The HIS registered a charge: it becomes a bill when its payment is settled. */
  charge: {
    content: BillContent;
    /** 32 hex digits that check codes are made of. */
    secret: string;
    issueAt: IssueAt;
    links: PaymentLink[];
    rules?: number;
    /** Whoever asks takes no for an answer: what cannot be a bill now is refused and leaves nothing. */
    orNothing?: boolean;
    /** Managed data that the content was made with: from now on only disabled. */
    uses?: { table: 'codeMapping' | 'itemGroup'; key: string }[];
    who: string;
  };
  'check-in': { busNo: string; who: string };
  /** Whatever waits gets another try. */
  'retry-waiting': { who: string };
  /** What is left of a charge after a refund. */
  remainder: { busNo: string; content: BillContent; who: string };
  'red-letter': BillName & {
    reason: string;
    operator: string;
    pointCode: string;
    /** The HIS's time of the red letter; without it the record's. */
    busDateTime?: string;
    rules?: number;
    who: string;
  };
  /** 预交金余额注销: the HIS has paid back what was left of a deposit that the journal knows no payment of. */
  'voucher-cancelled': BillName & { who: string };

  exchange: BillName & PaperName & { pointCode: string; operator: string; who: string };
  're-exchange': BillName & PaperName & { pointCode: string; operator: string; who: string };
  'paper-voided': PaperName & { pointCode: string; reason: string; who: string };
  booked: BillName & { date: string; amountFen: number; by: string; who: string };

  /** Base64 of the deflated original with the unit's signature over it. */
  signed: BillName & { original: string; signature: BillSignature };

  'fiscal-attempt': {
    task: string;
    outcome: 'refused' | 'unknown' | 'unreachable';
    cause: string;
    text: string;
    nextUs: number;
  };
  'fiscal-accepted': { task: string; signature: BillSignature | null; text: string };
  /** A number that the fiscal side gave for one bill. */
  'fiscal-number': {
    task: string;
    billCode: string;
    billNumber: string;
    checkCode: string;
    text: string;
  };
  'fiscal-retry': { task: string; who: string };

  pushed: { task: string; ok: boolean; cause: string; nextUs: number };
  /** Somebody asks for a bill to be sent. */
  notice: BillName & { channel: string; address: string; who: string };

  'archive-packed': {
    year: string;
    /** The package's name. */
    file: string;
    /** Over its list of hashes, which is what was signed. */
    sha256: string;
    sm3: string;
    bills: number;
    signature: string;
    keyName: string;
  };
  'destruction-listed': { id: string; packages: string[]; reason: string; who: string };
  'destruction-approved': { id: string; who: string };
  'destruction-done': { id: string; packages: { name: string; sha256: string }[]; who: string };

  'request-opened': { id: string; kind: string; subject: string; text: string; who: string };
  'request-moved': { id: string; state: string; text: string; assignee: string; who: string };
}

export type FactKind = keyof FactPayloads;

/** The entry of a fact. Its id is made of `key`: the same thing said twice is recorded once. */
export function factEntry<Kind extends FactKind>(
  kind: Kind,
  institution: string,
  key: string,
  payload: FactPayloads[Kind],
): Entry {
  const fact: ModuleFact = {
    module: MODULE_NAME,
    kind,
    key,
    payload: Buffer.from(JSON.stringify(payload), 'utf8'),
  };
  return { id: factId(kind, institution, key), institution, fact: { module: fact } };
}

export function factId(kind: FactKind, institution: string, key: string): Id {
  return idOf(MODULE_NAME, kind, institution, key);
}

export function readPayload<Kind extends FactKind>(fact: ModuleFact): FactPayloads[Kind] {
  return JSON.parse(Buffer.from(fact.payload ?? []).toString('utf8')) as FactPayloads[Kind];
}

/** The key of a charge's fact: a charge said again in the same words is the same fact. */
export function chargeFactKey(content: BillContent): string {
  return `${content.busNo}|${contentHash(content)}`;
}

export function contentHash(content: BillContent): string {
  return createHash('sm3').update(canonicalJson(content)).digest('hex');
}

/** JSON with the names of every object in order, so that two writings of one thing are equal. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** The random part of a charge: its bills' check codes come from it. */
export function newSecret(): string {
  return randomBytes(16).toString('hex');
}

/** 6 characters that only the bill's holder knows; a rebuild gives the same. */
export function checkCodeOf(secret: string, kind: 'normal' | 'red', generation: number): string {
  return createHash('sm3').update(`${secret}|${kind}|${generation}`).digest('hex').slice(0, 6);
}
