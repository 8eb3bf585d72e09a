/**
 * A call of the HTTP API as data: where it is, who may make it, what it takes and gives. The same
 * schemas validate, type the handler, and become the OpenAPI document.
 */
import { z } from 'zod';
import type { ApiRequest } from './server.ts';

/** An answer that is a file and no JSON: `answer: file` in the route, and `new FileAnswer(…)` from its handler. */
export class FileAnswer {
  readonly bytes: Uint8Array;
  /** `text/csv; charset=utf-8`, … */
  readonly contentType: string;
  /** What a browser stores it as; null to show it. */
  readonly fileName: string | null;

  constructor(bytes: Uint8Array, contentType: string, fileName: string | null = null) {
    this.bytes = bytes;
    this.contentType = contentType;
    this.fileName = fileName;
  }
}

/** An answer with headers beside it: a cookie. */
export class WithHeaders<Value> {
  readonly value: Value;
  readonly headers: Readonly<Record<string, string>>;

  constructor(value: Value, headers: Readonly<Record<string, string>>) {
    this.value = value;
    this.headers = headers;
  }
}

export const file = z.instanceof(FileAnswer);

/** A body that is a file and no JSON, of any content type: `body: upload` in the route. */
export const upload = z.instanceof(Uint8Array);

/** Who is calling, after the signature or the session was checked. */
export interface Caller {
  /** `client:his`, `operator:admin`. */
  id: string;
  /** Whose data the caller may see; empty: the whole deployment's. `inScope` asks. */
  institution: string;
  permissions: ReadonlySet<string>;
}

/** Whether something of that institution is for the caller to see. */
export function inScope({ institution }: Caller, owner: string): boolean {
  return institution === '' || institution === owner;
}

/** One checked call. */
export interface Call<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
  caller: Caller;
  /** From the header of that name; always there when the route changes something. */
  idempotencyKey: string;
  request: ApiRequest;
}

/** What a handler gives. */
export type Handled<Value> = Value | WithHeaders<Value>;

export interface Route<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** `/v1/persons/{personId}`. */
  path: string;
  summaryZh: string;
  summaryEn: string;
  /** Groups routes in the document: the module's name. */
  tag: string;
  /** What the caller must be allowed, e.g. `empi:read`; null for nobody in particular. */
  permission: string | null;
  /**
   * True for everything that changes something: an idempotency key is required, the call is audited,
   * and a repeat gets the same answer. After a crash in between the handler runs again: the ids of
   * its entries must be made of the caller and the idempotency key, or of what they decide about.
   */
  changes: boolean;
  /** The answer is shown once and kept nowhere: a new key. */
  secretAnswer?: boolean;
  params?: Params;
  query?: Query;
  body?: Body;
  /** Default 64 KiB; with `upload` 1 MiB. */
  bodyBytesMax?: number;
  answer: Answer;
  handle(
    call: Call<z.output<Params>, z.output<Query>, z.output<Body>>,
  ): Handled<z.input<Answer>> | Promise<Handled<z.input<Answer>>>;
}

/** Keeps the types of one literal: `route({ … })`. */
export function route<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(definition: Route<Params, Query, Body, Answer>): Route {
  return definition as unknown as Route;
}
