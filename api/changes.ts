/**
 * Calls that change something. Each leaves a record of who asked what and what was answered, under
 * an id made of the caller and the Idempotency-Key: a repeat finds it there and gets the same answer,
 * also after a restart. A crash before that record makes the repeat run the handler again; the
 * entries it submits have ids made of the same key, so they do nothing a second time.
 */

import type { LedgerClient } from '../ledger/client.ts';
import { idOf, idToHex } from '../ledger/id.ts';
import type { Reader } from '../ledger/reader.ts';
import type { Secrets } from './access/secrets.ts';
import type { ChangingCall } from './dispatcher.ts';
import { ApiProblem, conflict } from './problem.ts';
import { FileAnswer } from './route.ts';

/** What the journal keeps of a call: the payload of a fact of module `api`, kind `call`. */
export interface CallRecord {
  caller: string;
  institution: string;
  /** `post /v1/cards` */
  route: string;
  path: string;
  /** Hex: a keyed hash of path, query and body. Tells a repeat from another call, and nothing else. */
  fingerprint: string;
  /** Left out when it is secret, a file, or too long. */
  answer?: unknown;
}

const ANSWER_BYTES_MAX = 64 << 10;

export class Changes {
  readonly #ledger: LedgerClient;
  readonly #reader: Reader;
  readonly #secrets: Secrets;
  /** Calls under way by id. */
  readonly #running = new Map<string, { fingerprint: string; answer: Promise<unknown> }>();

  constructor(parts: { ledger: LedgerClient; reader: Reader; secrets: Secrets }) {
    this.#ledger = parts.ledger;
    this.#reader = parts.reader;
    this.#secrets = parts.secrets;
  }

  /** Runs the call, or gives the answer of the one that it repeats. */
  async once(call: ChangingCall): Promise<unknown> {
    const { request, caller, idempotencyKey } = call;
    const { method, path, query, body } = request;
    const asked = Buffer.concat([Buffer.from(`${method} ${path}?${query}\n`), body]);
    const fingerprint = this.#secrets.fingerprint('call', asked).toString('hex');
    const id = idOf('api-call', caller.id, idempotencyKey);
    const name = idToHex(id);
    const running = this.#running.get(name);
    if (running !== undefined) {
      requireSame(running.fingerprint, fingerprint);
      return running.answer;
    }
    const answer = this.#answered(id, fingerprint, call);
    this.#running.set(name, { fingerprint, answer });
    try {
      return await answer;
    } finally {
      this.#running.delete(name);
    }
  }

  async #answered(id: Uint8Array, fingerprint: string, call: ChangingCall): Promise<unknown> {
    const [known] = await this.#ledger.entries([id]);
    if (known != null) {
      const record = this.#recordAt(known.position);
      requireSame(record.fingerprint, fingerprint);
      if ('answer' in record) return record.answer;
      if (call.route.secretAnswer) {
        throw conflict('answer_not_kept', 'This was done; its answer was shown once.');
      }
      return call.run();
    }
    const answer = await call.run();
    await this.#record(id, fingerprint, call, answer);
    return answer;
  }

  async #record(id: Uint8Array, fingerprint: string, call: ChangingCall, answer: unknown) {
    const { route, caller, request } = call;
    const record: CallRecord = {
      caller: caller.id,
      institution: caller.institution,
      route: `${route.method} ${route.path}`,
      path: request.path,
      fingerprint,
    };
    const isKept = route.secretAnswer !== true && !(answer instanceof FileAnswer);
    const isShort = isKept && JSON.stringify(answer).length <= ANSWER_BYTES_MAX;
    const payload = Buffer.from(JSON.stringify(isShort ? { ...record, answer } : record));
    const fact = { module: 'api', kind: 'call', key: idToHex(id), payload };
    const { status } = await this.#ledger.submit({
      id,
      institution: caller.institution,
      fact: { module: fact },
    });
    if (status !== 'applied' && status !== 'exists') {
      throw new Error(`the record of a call was refused: ${status}`);
    }
  }

  #recordAt(position: number): CallRecord {
    const payload = this.#reader.record(position)?.entry.fact?.module?.payload;
    if (payload === undefined) throw new Error(`position ${position} is not the record of a call`);
    return JSON.parse(Buffer.from(payload).toString('utf8')) as CallRecord;
  }
}

function requireSame(known: string, asked: string): void {
  if (known === asked) return;
  const detail = 'This Idempotency-Key was used for another call.';
  throw new ApiProblem(422, 'idempotency_key_reused', detail);
}
