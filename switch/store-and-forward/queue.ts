/**
 * Obligations in memory: one line for each terminal of each host, in the order of the journal. Only
 * the first of a line is sent; the next one follows when it has ended or an operator has it. Lines of
 * several terminals may tell one story (a purchase at one, its refund at another): then the later
 * message waits for the earlier one, too.
 */
import type { Obligation } from './records.ts';

export interface Waiting {
  obligation: Obligation;
  attempts: number;
  /** On the monotonic clock; not before this is it sent. */
  dueMs: number;
  sending: boolean;
  lastProblem: string;
  /** An operator has it: it is neither sent nor in anybody's way. */
  withOperator: boolean;
}

/** A message to a host, and the transaction that it belongs to. */
export type InStory = Pick<Obligation, 'host' | 'root' | 'position'>;

export class ForwardQueue {
  readonly #lines = new Map<string, Waiting[]>();
  readonly #stories = new Map<string, Waiting[]>();
  readonly #byPosition = new Map<number, Waiting>();

  get size(): number {
    return this.#byPosition.size;
  }

  /** False when it is there already. */
  add(obligation: Obligation, withOperator = false): boolean {
    if (this.#byPosition.has(obligation.position)) return false;
    const state = { attempts: 0, dueMs: 0, sending: false, lastProblem: '', withOperator };
    const waiting: Waiting = { obligation, ...state };
    this.#byPosition.set(obligation.position, waiting);
    put(this.#lines, lineOf(obligation), waiting);
    put(this.#stories, storyOf(obligation), waiting);
    return true;
  }

  get(position: number): Waiting | undefined {
    return this.#byPosition.get(position);
  }

  remove(position: number): void {
    const waiting = this.#byPosition.get(position);
    if (waiting === undefined) return;
    this.#byPosition.delete(position);
    take(this.#lines, lineOf(waiting.obligation), waiting);
    take(this.#stories, storyOf(waiting.obligation), waiting);
  }

  /** Whether something earlier about the same transaction must be told to the host first. */
  isBehind(message: InStory): boolean {
    return this.#before(message).length > 0;
  }

  /** What the message is behind is sent without waiting for the end of its back-off. */
  hasten(message: InStory): void {
    for (const { obligation } of this.#before(message)) {
      for (const ahead of this.#lines.get(lineOf(obligation))!) {
        if (ahead.obligation.position <= obligation.position) ahead.dueMs = 0;
      }
    }
  }

  #before(message: InStory): Waiting[] {
    const story = this.#stories.get(storyOf(message)) ?? [];
    return story.filter(
      ({ obligation, withOperator }) => !withOperator && obligation.position < message.position,
    );
  }

  /** The first of each line, when its time has come. */
  *due(nowMs: number): Iterable<Waiting> {
    for (const line of [...this.#lines.values()]) {
      const first = line.find(({ withOperator }) => !withOperator);
      if (first === undefined || first.sending || first.dueMs > nowMs) continue;
      if (!this.isBehind(first.obligation)) yield first;
    }
  }

  /** In the order of the journal. */
  all(): Waiting[] {
    const waiting = [...this.#byPosition.values()];
    return waiting.sort((a, b) => a.obligation.position - b.obligation.position);
  }
}

function lineOf({ host, terminalId }: Obligation): string {
  return `${host}/${terminalId}`;
}

function storyOf({ host, root }: InStory): string {
  return `${host}/${root}`;
}

function put(lists: Map<string, Waiting[]>, name: string, waiting: Waiting): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [waiting]);
  else list.push(waiting);
}

function take(lists: Map<string, Waiting[]>, name: string, waiting: Waiting): void {
  const rest = lists.get(name)!.filter((one) => one !== waiting);
  if (rest.length === 0) lists.delete(name);
  else lists.set(name, rest);
}
