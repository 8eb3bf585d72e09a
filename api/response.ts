/** Responses as values, before a server sends them. */
import { STATUS_CODES } from 'node:http';
import { ApiProblem } from './problem.ts';

export interface ApiResponse {
  status: number;
  contentType: string;
  body: string | Uint8Array;
  headers?: Readonly<Record<string, string>>;
}

/** `404 Not Found`. */
export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
}

/** A JSON document. */
export function json(value: unknown, status = 200): ApiResponse {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}

/** An error as RFC 9457 has it. */
export function problemOf({ status, code, message, errors, headers }: ApiProblem): ApiResponse {
  const title = STATUS_CODES[status] ?? 'Error';
  const more = errors.length > 0 ? { errors } : {};
  const body = { type: 'about:blank', title, status, code, detail: message, ...more };
  return {
    status,
    contentType: 'application/problem+json',
    body: JSON.stringify(body),
    headers,
  };
}

export function problemResponse(status: number, code: string, detail: string): ApiResponse {
  return problemOf(new ApiProblem(status, code, detail));
}
