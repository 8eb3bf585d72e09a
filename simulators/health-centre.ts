/**
 * An upper centre of health cards (市/省级卡管系统): hands out versioned changes of its black list and
 * takes the logs of card uses. What to try a hospital's exchange against.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Change {
  cardNumber: string;
  /** Null: taken off the list. */
  reason: string | null;
}

export class HealthCentre {
  readonly level: 'city' | 'province' | 'nation';
  /** Uses that arrived, by journal position: what came twice is there once. */
  readonly uses = new Map<number, Record<string, unknown>>();
  /** Answers 503 to everything. */
  isDown = false;
  /** Answers with changes from another version than the one that was asked for. */
  skipsVersions = 0;
  /** Sends every change that there was, not only the last one of a card. */
  isVerbose = false;
  private readonly changes: Change[] = [];
  private server: Server | null = null;

  constructor(level: 'city' | 'province' | 'nation') {
    this.level = level;
  }

  /** Resolves with the address to call. */
  async start(): Promise<string> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (part: string) => {
        body += part;
      });
      request.on('end', () => {
        const answer = this.isDown ? null : this.answer(request.url ?? '', body);
        response.writeHead(answer === null ? 503 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer));
      });
    });
    this.server = server;
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  add(cardNumber: string, reason: string): void {
    this.changes.push({ cardNumber, reason });
  }

  remove(cardNumber: string): void {
    this.changes.push({ cardNumber, reason: null });
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((done) => this.server?.close(done) ?? done(undefined));
  }

  private answer(url: string, body: string): unknown {
    const { pathname, searchParams } = new URL(url, 'http://centre');
    if (pathname === '/uses') {
      const { uses } = JSON.parse(body) as { uses: { position: number }[] };
      for (const use of uses) this.uses.set(use.position, { ...use });
      return {};
    }
    return this.delta(Number(searchParams.get('from') ?? 0) + this.skipsVersions);
  }

  /** What changed since a version; of several changes of one card the last one counts. */
  private delta(from: number) {
    const since = this.changes.slice(from);
    const last = new Map(since.map((change) => [change.cardNumber, change]));
    const sent = this.isVerbose ? since : [...last.values()];
    return {
      level: this.level,
      from,
      to: this.changes.length,
      added: sent.filter(({ reason }) => reason !== null),
      removed: sent.filter(({ reason }) => reason === null).map(({ cardNumber }) => cardNumber),
    };
  }
}
