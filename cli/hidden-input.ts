import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { UsageError } from './command.ts';

/** Lines from a terminal that does not show them, or from a pipe for scripted ceremonies. */
export class HiddenInput {
  readonly #reader: Interface;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    this.#reader = createInterface({
      input: process.stdin,
      output: nowhere,
      terminal: process.stdin.isTTY === true,
    });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  async line(prompt: string): Promise<string> {
    process.stderr.write(prompt);
    const { value, done } = await this.#lines.next();
    process.stderr.write('\n');
    if (done) throw new UsageError('the input ended before all components were entered');
    return value;
  }

  close(): void {
    this.#reader.close();
  }
}
