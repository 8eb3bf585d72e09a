/**
 * The outbox to the fiscal side. Each task is tried until it is accepted, refused, or given to a
 * person. After an attempt without an answer the fiscal side is asked for its bills of that day
 * before anything is sent again, so that nothing is reported twice.
 */
import type { ActContext } from '../../frame/module.ts';
import { type BillSignature, totalFenOf } from '../bill/bill.ts';
import { type FactKind, type FactPayloads, factEntry } from '../facts.ts';
import {
  type Accepted,
  type FiscalBill,
  type FiscalFront,
  FrontError,
  type SentBill,
} from '../fiscal/front.ts';
import type { FoundBill, InvoicingQueries } from '../queries.ts';
import type { FiscalTask } from '../tables.ts';

type Context = ActContext<InvoicingQueries>;

const ROUND_TASKS = 200;
const AT_ONCE = 8;
const BACK_OFF_MS = 1_000;
const BACK_OFF_MS_MAX = 600_000;
/** What is kept of an answer's text. */
const TEXT_CHARACTERS_MAX = 4_000;

export class FiscalOutbox {
  readonly #front: FiscalFront;
  /** Attempts that this process has recorded and the view may not show yet. */
  readonly #recorded = new Map<string, number>();
  #downUntilMs = 0;
  #downCount = 0;

  constructor(front: FiscalFront) {
    this.#front = front;
  }

  /** Works off what is due now. */
  async round(context: Context): Promise<void> {
    if (context.now() < this.#downUntilMs) return;
    const due = context.queries
      .dueFiscalTasks(context.now() * 1_000, ROUND_TASKS)
      .filter((task) => this.#recorded.get(task.id) !== task.attempts);
    const dates = new Map<string, Promise<Map<string, FiscalBill>>>();
    let next = 0;
    const workers = Array.from({ length: AT_ONCE }, async () => {
      while (next < due.length && !context.signal.aborted && !this.#isDown(context)) {
        await this.#attempt(due[next++]!, dates, context);
      }
    });
    await Promise.all(workers);
    if (this.#recorded.size > 10_000) this.#recorded.clear();
  }

  #isDown(context: Context): boolean {
    return context.now() < this.#downUntilMs;
  }

  async #attempt(
    task: FiscalTask,
    dates: Map<string, Promise<Map<string, FiscalBill>>>,
    context: Context,
  ): Promise<void> {
    if (this.#mustWait(task, context)) return;
    try {
      await this.#perform(task, dates, context);
      this.#downCount = 0;
    } catch (error) {
      if (!(error instanceof FrontError)) throw error;
      await this.#failed(task, error, context);
    }
  }

  /** The red bill of a bill that the fiscal side does not know yet would be refused. */
  #mustWait(task: FiscalTask, { queries }: Context): boolean {
    if (task.bill === null || task.kind === 'issue') return false;
    const found = queries.billByKey(task.bill)!;
    const first = found.bill.original === null ? found : queries.bill(found.bill.original)!;
    return first.state.fiscal !== 'accepted';
  }

  async #perform(
    task: FiscalTask,
    dates: Map<string, Promise<Map<string, FiscalBill>>>,
    context: Context,
  ): Promise<void> {
    if (task.kind === 'take-number') return this.#takeNumber(task, context);
    const found = context.queries.billByKey(task.bill!)!;
    if (task.kind === 'print-paper' || task.kind === 'cancel-print') {
      const accepted = await this.#front.reportPaper(task.kind, found.bill, task.paper!);
      return this.#accepted(task, accepted, context);
    }
    const original = context.queries.original(found.key)!;
    const sent: SentBill = {
      bill: found.bill,
      original,
      signature: found.state.unitSignature!,
    };
    const known = task.unknown ? await this.#knownThere(found, dates, context) : null;
    const accepted = known ?? (await this.#front.report(sent));
    const signature = await this.#checkedSignature(accepted, sent, context);
    return this.#accepted(task, { ...accepted, signature }, context);
  }

  /** What the fiscal side has of this bill already; null when it has nothing. */
  async #knownThere(
    { bill, key }: FoundBill,
    dates: Map<string, Promise<Map<string, FiscalBill>>>,
    context: Context,
  ): Promise<Accepted | null> {
    const unitCode = unitCodeOf(bill.institution, context);
    const day = `${unitCode}|${bill.businessDate}`;
    let bills = dates.get(day);
    if (bills === undefined) {
      bills = this.#billsOfDate(unitCode, bill.businessDate);
      dates.set(day, bills);
    }
    const there = (await bills).get(key);
    if (there === undefined) return null;
    if (there.totalFen !== totalFenOf(bill) || there.busNo !== bill.busNo) {
      throw new FrontError('refused', 'the fiscal side has another bill under this number');
    }
    return { signature: there.signature, text: `found among the bills of ${bill.businessDate}` };
  }

  async #billsOfDate(unitCode: string, date: string): Promise<Map<string, FiscalBill>> {
    const rows = await this.#front.billsOfDate(unitCode, date);
    return new Map(rows.map((row) => [`${row.billCode}-${row.billNumber}`, row]));
  }

  /** The supervising signature with its public key. A wrong one is as good as no answer. */
  async #checkedSignature(
    { signature, text }: Accepted,
    { bill, original }: SentBill,
    { queries, hsm }: Context,
  ): Promise<BillSignature | null> {
    const certificates = queries.managedList(bill.institution, 'certificate');
    if (signature === null) {
      if (certificates.length === 0) return null;
      throw new FrontError('unknown', 'supervisor-signature-missing', text);
    }
    const certificate = certificates.find(({ key }) => key === signature.keyName)?.value;
    if (certificate === undefined || certificate.revoked) {
      throw new FrontError('unknown', `supervisor-certificate-unknown ${signature.keyName}`, text);
    }
    const inTime = certificate.validFrom <= bill.issueDate && bill.issueDate <= certificate.validTo;
    const value = Buffer.from(signature.value, 'base64');
    const holds = inTime && (await hsm.verify(certificate.publicKey, original, value));
    if (!holds) throw new FrontError('unknown', 'supervisor-signature-wrong', text);
    return { ...signature, publicKey: certificate.publicKey };
  }

  async #takeNumber(task: FiscalTask, context: Context): Promise<void> {
    const { busNo, kind, billCode } = task.number!;
    const charge = context.queries.charge(task.institution, busNo);
    const content = charge?.contents.at(-1);
    const { text, ...number } = await this.#front.takeNumber({
      requestId: task.id,
      unitCode: unitCodeOf(task.institution, context),
      billCode,
      busNo,
      payerName: content?.payer.name ?? '',
      totalFen: content?.totalFen ?? 0,
      kind,
    });
    const payload = { task: task.id, ...number, text: text.slice(0, TEXT_CHARACTERS_MAX) };
    await this.#record('fiscal-number', task, payload, context);
  }

  async #accepted(task: FiscalTask, { signature, text }: Accepted, context: Context) {
    const payload = { task: task.id, signature, text: text.slice(0, TEXT_CHARACTERS_MAX) };
    await this.#record('fiscal-accepted', task, payload, context);
  }

  async #failed(task: FiscalTask, error: FrontError, context: Context): Promise<void> {
    const { outcome, message, text } = error;
    if (outcome === 'unreachable') {
      this.#downCount++;
      this.#downUntilMs = context.now() + backOffMs(this.#downCount);
      context.log.warn({ outcome, cause: message }, 'the fiscal side cannot be reached');
      return;
    }
    context.log.warn(
      { task: task.id, outcome, cause: message },
      'a report to the fiscal side failed',
    );
    const nextUs = (context.now() + backOffMs(task.attempts)) * 1_000;
    const kept = text.slice(0, TEXT_CHARACTERS_MAX);
    const payload = { task: task.id, outcome, cause: message, text: kept, nextUs };
    await this.#record('fiscal-attempt', task, payload, context);
  }

  async #record<Kind extends FactKind>(
    kind: Kind,
    task: FiscalTask,
    payload: FactPayloads[Kind],
    { ledger }: Context,
  ): Promise<void> {
    this.#recorded.set(task.id, task.attempts);
    const key = `${task.id}|${task.attempts}`;
    await ledger.submit(factEntry(kind, task.institution, key, payload));
  }
}

function backOffMs(attempts: number): number {
  return Math.min(BACK_OFF_MS * 2 ** Math.min(attempts, 20), BACK_OFF_MS_MAX);
}

export function unitCodeOf(institution: string, { queries }: Context): string {
  return queries.managed(institution, 'unit', 'unit')?.value.code ?? '';
}
