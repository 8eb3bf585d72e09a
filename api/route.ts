/**
 * A call of the HTTP API as data: where it is, who may make it, what it takes and gives. The same
 * schemas validate, type the handler, and become the OpenAPI document.
 */
import { z } from 'zod';

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

export const file = z.instanceof(FileAnswer);

/** A body that is a file and no JSON, of any content type: `body: upload` in the route. */
export const upload = z.instanceof(Uint8Array);

/** Who is calling, after the signature or the session was checked. */
export interface Caller {
  /** `client:his`, `operator:admin`. */
  id: string;
  institution: string;
  permissions: ReadonlySet<string>;
}

/** One checked call. */
export interface Call<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
  caller: Caller;
  /** From the header of that name; always there when the route changes something. */
  idempotencyKey: string;
}

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
  /** True for everything that changes something: an idempotency key is required, and the call is audited. */
  changes: boolean;
  params?: Params;
  query?: Query;
  body?: Body;
  /** Default 64 KiB; with `upload` 1 MiB. */
  bodyBytesMax?: number;
  answer: Answer;
  handle(
    call: Call<z.output<Params>, z.output<Query>, z.output<Body>>,
  ): Promise<z.input<Answer>> | z.input<Answer>;
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
