/**
 * Telling patients: official account, SMS, mail. What is sent names the hospital, the amount and the
 * page of the bill; it goes to a channel gateway, one adaptor for all channels that take a short
 * message and an address.
 */
import type { ActContext } from '../../frame/module.ts';
import { yuanText } from '../bill/amount.ts';
import { totalFenOf } from '../bill/bill.ts';
import { pageLink } from '../face/link.ts';
import { factEntry } from '../facts.ts';
import type { InvoicingQueries } from '../queries.ts';
import type { InvoicingSettings } from '../settings.ts';
import type { PushTask } from '../tables.ts';

/** Channels that bills are sent by, the preferred one first. */
export const PUSH_CHANNELS = ['official-account', 'sms', 'mail', 'card-pack'] as const;

const ROUND_TASKS = 200;
const AT_ONCE = 8;
const BACK_OFF_MS_MAX = 3_600_000;

export class PushOutbox {
  readonly #settings: InvoicingSettings['push'];
  readonly #recorded = new Map<string, number>();

  constructor(settings: InvoicingSettings['push']) {
    this.#settings = settings;
  }

  async round(context: ActContext<InvoicingQueries>): Promise<void> {
    if (this.#settings.url === '') return;
    const due = context.queries
      .duePushTasks(context.now() * 1_000, ROUND_TASKS)
      .filter((task) => this.#recorded.get(task.id) !== task.attempts);
    let next = 0;
    const workers = Array.from({ length: AT_ONCE }, async () => {
      while (next < due.length && !context.signal.aborted) {
        await this.#push(due[next++]!, context);
      }
    });
    await Promise.all(workers);
    if (this.#recorded.size > 10_000) this.#recorded.clear();
  }

  async #push(task: PushTask, context: ActContext<InvoicingQueries>): Promise<void> {
    const problem = await this.#send(task, context);
    const waitMs = Math.min(this.#settings.retryMs * 2 ** task.attempts, BACK_OFF_MS_MAX);
    const nextUs = (context.now() + waitMs) * 1_000;
    const payload = { task: task.id, ok: problem === null, cause: problem ?? '', nextUs };
    this.#recorded.set(task.id, task.attempts);
    const key = `${task.id}|${task.attempts}`;
    await context.ledger.submit(factEntry('pushed', task.institution, key, payload));
  }

  /** What went wrong, or null. The task's id lets the gateway drop a repeat. */
  async #send(task: PushTask, { queries }: ActContext<InvoicingQueries>): Promise<string | null> {
    const { bill } = queries.billByKey(task.bill)!;
    const unit = queries.managed(task.institution, 'unit', 'unit')?.value;
    const message = {
      id: task.id,
      channel: task.channel,
      address: task.address,
      title: bill.name,
      text: `${bill.unit.name}：您的电子票据已开具，金额 ${yuanText(totalFenOf(bill))} 元。`,
      link: pageLink(unit?.pageAddress ?? '', bill),
    };
    try {
      const response = await fetch(this.#settings.url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'Idempotency-Key': encodeURIComponent(task.id),
        },
        body: JSON.stringify(message),
        signal: AbortSignal.timeout(this.#settings.timeoutMs),
      });
      await response.body?.cancel();
      return response.ok ? null : `HTTP ${response.status}`;
    } catch (error) {
      return String(error);
    }
  }
}
