/**
 * Obligations in memory: one line for each terminal of each host, in the order of the journal. Only
 * the first of a line is sent; the next one follows when it has ended or an operator has it.
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

export class ForwardQueue {
  readonly #lines = new Map<string, Waiting[]>();
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
    const name = lineOf(obligation);
    const line = this.#lines.get(name);
    if (line === undefined) this.#lines.set(name, [waiting]);
    else line.push(waiting);
    return true;
  }

  get(position: number): Waiting | undefined {
    return this.#byPosition.get(position);
  }

  remove(position: number): void {
    const waiting = this.#byPosition.get(position);
    if (waiting === undefined) return;
    this.#byPosition.delete(position);
    const name = lineOf(waiting.obligation);
    const rest = this.#lines.get(name)!.filter((one) => one !== waiting);
    if (rest.length === 0) this.#lines.delete(name);
    else this.#lines.set(name, rest);
  }

  /** The first of each line, when its time has come. */
  *due(nowMs: number): Iterable<Waiting> {
    for (const line of [...this.#lines.values()]) {
      const first = line.find(({ withOperator }) => !withOperator);
      if (first !== undefined && !first.sending && first.dueMs <= nowMs) yield first;
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
