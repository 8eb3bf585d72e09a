/**
 * Pages of long lists. The token of the next page carries the whole question and where to go on, and
 * is signed, so that it can neither be changed nor be used by somebody else.
 */
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Secrets } from './access/secrets.ts';
import { badRequest } from './problem.ts';
import type { Caller } from './route.ts';

const SIGNATURE_BYTES = 16;

/** What a listing call takes beside its own question. */
export const pageQuery = {
  pageToken: z.string().max(4_096).optional(),
  pageSize: z.coerce.number().int().min(1).max(500).optional(),
};

export const PAGE_SIZE = 50;

export interface Page<Item> {
  items: Item[];
  /** Where the next page starts; null behind the last one. */
  next: string | null;
}

export class PageTokens {
  readonly #secrets: Secrets;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /**
   * Answers one page. `query` is the question, or a pageToken alone; `read` gets the question and
   * where to start (null: at the beginning).
   */
  async page<Query extends { pageToken?: string | undefined; pageSize?: number | undefined }, Item>(
    listing: string,
    caller: Caller,
    query: Query,
    read: (query: Query, from: string | null, limit: number) => Page<Item> | Promise<Page<Item>>,
  ): Promise<{ items: Item[]; nextPageToken: string | null }> {
    const purpose = `page ${listing} ${caller.id}`;
    const { question, from } =
      query.pageToken === undefined
        ? { question: query, from: null }
        : this.#open<Query>(purpose, query.pageToken, query);
    const { items, next } = await read(question, from, question.pageSize ?? PAGE_SIZE);
    const nextPageToken = next === null ? null : this.#seal(purpose, { question, from: next });
    return { items, nextPageToken };
  }

  #seal(purpose: string, content: unknown): string {
    const body = Buffer.from(JSON.stringify(content)).toString('base64url');
    return `${body}.${this.#sign(purpose, body).toString('base64url')}`;
  }

  #open<Query extends object>(purpose: string, token: string, query: Query) {
    const [body = '', signature = ''] = token.split('.');
    const given = Buffer.from(signature, 'base64url');
    const right = this.#sign(purpose, body);
    if (given.length !== right.length || !timingSafeEqual(given, right)) {
      throw badRequest('bad_page_token', 'The pageToken is not one that this list gave to you.');
    }
    const others = Object.keys(query).filter((name) => name !== 'pageToken');
    if (others.length > 0) {
      throw badRequest('bad_page_token', 'A pageToken stands alone: it carries the question.');
    }
    return JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as {
      question: Query;
      from: string;
    };
  }

  #sign(purpose: string, body: string): Buffer {
    return this.#secrets.fingerprint(purpose, body).subarray(0, SIGNATURE_BYTES);
  }
}

/** The answer of a listing call. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextPageToken: z.string().nullable() });
}
