/** Errors of the API as RFC 9457 has them: what a caller may know, and nothing else. */

/** One field that is wrong. */
export interface FieldProblem {
  /** Where: `body.amountFen`, `query.from`. */
  field: string;
  message: string;
}

/** Thrown by handlers and checks: becomes the answer. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  /** For programs: `not_found`, `signature_expired`. */
  readonly code: string;
  readonly errors: readonly FieldProblem[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    detail: string,
    more: { errors?: readonly FieldProblem[]; headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
  }
}

export const notFound = (detail = 'There is nothing at this path.') =>
  new ApiProblem(404, 'not_found', detail);

export const forbidden = (detail: string) => new ApiProblem(403, 'forbidden', detail);

export const conflict = (code: string, detail: string) => new ApiProblem(409, code, detail);

export const badRequest = (code: string, detail: string) => new ApiProblem(400, code, detail);
