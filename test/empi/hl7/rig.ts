/** The HL7 v2 door over a journal and an index of its own, and senders on real sockets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import type { Test } from 'tap';
import { Hl7Message } from '../../../api/hl7/message.ts';
import { frame, serveMllp } from '../../../api/hl7/mllp.ts';
import { answerHl7 } from '../../../api/hl7/pix-pdq.ts';
import { LedgerClient } from '../../../ledger/client.ts';
import { type EmpiDoor, send } from '../../../modules/empi/commands.ts';
import { empi } from '../../../modules/empi/module.ts';
import { openModuleQueries } from '../../../modules/frame/queries.ts';
import { openModules } from '../../frame/open-modules.ts';

const OHIE = '2.16.840.1.113883.3.72.5.9';
/** Code, OID and source of the domains. */
const DOMAINS = [
  ['A', '1.2.3.1', ''],
  ['B', '1.2.3.2', ''],
  ['C', '1.2.3.3', 'hl7:LAB'],
  ['TEST', `${OHIE}.1`, 'hl7:TEST_HARNESS'],
  ['TEST_A', `${OHIE}.2`, 'hl7:TEST_HARNESS_A'],
  ['TEST_B', `${OHIE}.3`, 'hl7:TEST_HARNESS_B'],
  ['NID', `${OHIE}.9`, 'hl7:NID_AUTH'],
  ['SSN', `${OHIE}.8`, ''],
] as const;

export interface Hl7Rig {
  door: EmpiDoor;
  sender(encoding?: string): Sender;
  /** Sends each message and compares `summaryOf` its answer; gives the answers by what they are of. */
  table(t: Test, cases: readonly Case[]): Promise<Map<string, Hl7Message>>;
}

/** What it shows, the message, its answer. */
export type Case = readonly [what: string, text: string, answer: string];

export async function hl7Rig(t: Test): Promise<Hl7Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'posp-hl7-'));
  const list = new URL('../modules-list.js', import.meta.url).href;
  const open = await openModules(folder, { list });
  const view = openModuleQueries(empi, folder);
  const ledger = new LedgerClient(open.ledger.connect());
  const door: EmpiDoor = {
    ledger,
    queries: view.queries,
    reached: (position) => view.reached(position, 30_000),
  };
  for (const [code, oid, source] of DOMAINS) {
    const domain = { code, nameZh: code, kind: 'card', system: `urn:oid:${oid}`, source } as const;
    await send(door, `domain ${code}`, 'domain.set', domain);
  }
  const server = await serveMllp('127.0.0.1', 0, (bytes) =>
    answerHl7(bytes, door, Date.UTC(2026, 10, 22)),
  );
  t.teardown(async () => {
    await server.close();
    await view.close();
    ledger.close();
    await open.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const sender = (encoding = 'utf8') => new Sender(server.port, encoding);
  const table: Hl7Rig['table'] = async (t, cases) => {
    const line = sender();
    const answers = new Map<string, Hl7Message>();
    for (const [what, text, expected] of cases) {
      line.socket.write(utf8(text));
      const answer = (await line.answer())!;
      t.equal(summaryOf(answer), expected, what);
      answers.set(what, answer);
    }
    line.socket.destroy();
    return answers;
  };
  return { door, sender, table };
}

/** Codes of MSA and QAK, errors with their places, and the identifiers of each person. */
export function summaryOf(answer: Hl7Message): string {
  return [
    answer.get('MSA', 1),
    answer.get('QAK', 2),
    ...answer.each('ERR').map((error) => `${error.fields[3]}@${error.fields[2]}`),
    ...answer.each('PID').map((pid) =>
      pid
        .all(3)
        .map(([number]) => number)
        .join('+'),
    ),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

export class Sender {
  readonly socket: Socket;
  private readonly encoding: string;
  private held = Buffer.alloc(0);
  private readonly waiting: ((message: Hl7Message | null) => void)[] = [];

  constructor(port: number, encoding: string) {
    this.encoding = encoding;
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      for (const wake of this.waiting.splice(0)) wake(null);
    });
    this.socket.on('data', (chunk) => {
      this.held = Buffer.concat([this.held, chunk]);
      for (let end = this.held.indexOf(0x1c); end >= 0; end = this.held.indexOf(0x1c)) {
        const text = iconv.decode(this.held.subarray(1, end), this.encoding);
        this.waiting.shift()?.(new Hl7Message(text));
        this.held = this.held.subarray(end + 2);
      }
    });
  }

  /** Null when the other side has closed. */
  answer(): Promise<Hl7Message | null> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

export const utf8 = (text: string) => frame(Buffer.from(text, 'utf8'));

let id = 0;
/** From the sender HIS, unless another is named. */
export const message = (
  type: string,
  segments: readonly string[],
  { control = `m${++id}`, from = 'HIS' }: { control?: string; from?: string } = {},
) => [`MSH|^~\\&|${from}|H1|POSP|EMPI|20261122||${type}|${control}|P|2.5`, ...segments].join('\r');

export const a = (number: string) => `${number}^^^A&1.2.3.1&ISO`;
export const b = (number: string) => `${number}^^^B&1.2.3.2&ISO`;
export const wang = (cx: string) =>
  `PID|1||${cx}||王^芳||19491231|F|||河北省石家庄市长安区中山路1号||13800001234`;
export const pix = (tag: string, cx: string, targets = '') =>
  message('QBP^Q23', [`QPD|IHE PIX Query|${tag}|${cx}|${targets}`, 'RCP|I']);
export const pdq = (what: string, domains = '') =>
  message('QBP^Q22', [`QPD|IHE PDQ Query|t|${what}|||||${domains}`, 'RCP|I']);
