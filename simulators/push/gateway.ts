/** Where messages to patients end in a test: official account, SMS, mail, told apart by `channel`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PushedMessage {
  id: string;
  channel: string;
  address: string;
  title: string;
  text: string;
  link: string;
}

export interface PushGateway {
  readonly url: string;
  readonly messages: PushedMessage[];
  /** The next so many messages are answered with 503. */
  failNext(count: number): void;
  close(): Promise<void>;
}

export async function servePushGateway(): Promise<PushGateway> {
  const messages: PushedMessage[] = [];
  let failing = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (failing > 0) {
      failing--;
      response.writeHead(503).end();
      return;
    }
    messages.push(JSON.parse(Buffer.concat(chunks).toString('utf8')) as PushedMessage);
    response.writeHead(204).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    messages,
    failNext: (count) => {
      failing = count;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
