/** The answers to the requests of one group, kept until the group is on disk: per client, in order. */
import type { MessagePort } from 'node:worker_threads';
import type { LedgerError } from './errors.ts';
import type { FailureMessage } from './messages-between-threads.ts';
import { NumberList } from './outcome.ts';

interface PortAnswers {
  port: MessagePort;
  numbers: NumberList;
  requests: number;
}

export class GroupAnswers {
  private readonly ports: PortAnswers[] = [];
  private used = 0;

  /** Counts one more request of the port; its answer goes behind the numbers. */
  answer(port: MessagePort): NumberList {
    for (let i = 0; i < this.used; i++) {
      const answers = this.ports[i]!;
      if (answers.port !== port) continue;
      answers.requests++;
      return answers.numbers;
    }
    if (this.used === this.ports.length) {
      this.ports.push({ port, numbers: new NumberList(), requests: 0 });
    }
    const answers = this.ports[this.used++]!;
    answers.port = port;
    answers.requests = 1;
    answers.numbers.length = 0;
    return answers.numbers;
  }

  get isEmpty(): boolean {
    return this.used === 0;
  }

  post(): void {
    for (let i = 0; i < this.used; i++) {
      const { port, numbers } = this.ports[i]!;
      const message = numbers.values.slice(0, numbers.length);
      port.postMessage(message, [message.buffer]);
    }
    this.used = 0;
  }

  postFailure({ code, message }: LedgerError): void {
    for (let i = 0; i < this.used; i++) {
      const { port, requests } = this.ports[i]!;
      const failure: FailureMessage = { failed: { code, message }, requests };
      port.postMessage(failure);
    }
    this.used = 0;
  }
}
