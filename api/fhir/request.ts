/** What of an HTTP request the FHIR interface looks at: path, format, body, and where the server is. */
import type { ApiRequest } from '../server.ts';
import { FhirProblem } from './problem.ts';

export const FHIR_PREFIX = '/fhir';

export function pathOf({ path }: ApiRequest): string {
  try {
    return decodeURIComponent(path.slice(FHIR_PREFIX.length));
  } catch {
    throw new FhirProblem(400, 'invalid', 'the path is not percent-encoded UTF-8');
  }
}

/** The server as the caller names it, also behind a proxy that says so. */
export function baseOf({ headers }: ApiRequest): string {
  const host = headers.get('x-forwarded-host') ?? headers.get('host') ?? '';
  const scheme = headers.get('x-forwarded-proto') === 'https' ? 'https' : 'http';
  // What is no host name is not repeated.
  return /^[\w.:[\]-]{1,255}$/.test(host) ? `${scheme}://${host}${FHIR_PREFIX}` : FHIR_PREFIX;
}

const FORMATS = new Set(['json', 'application/fhir+json', 'application/json', 'text/json']);
const RANGES = new Set([...FORMATS, 'application/*', '*/*', '*']);

/** Answers are JSON. Throws FhirProblem 406 when the caller takes no JSON; `_format` goes before `Accept`. */
export function refuseFormat({ headers }: ApiRequest, parameters: URLSearchParams): void {
  const wanted = parameters.get('_format');
  // In a query the plus sign of a media type arrives as a space when it was not encoded.
  const isJson =
    wanted === null
      ? takesJson(headers.get('accept') || '*/*')
      : FORMATS.has(typeOf(wanted).replace(' ', '+'));
  if (isJson) return;
  throw new FhirProblem(406, 'not-supported', 'answers are in application/fhir+json only');
}

function takesJson(accept: string): boolean {
  return accept
    .split(',')
    .some((range) => RANGES.has(typeOf(range)) && !/;\s*q=0(?:\.0*)?\s*(?:;|$)/.test(range));
}

function typeOf(text: string): string {
  return text.split(';')[0]!.trim().toLowerCase();
}

/** Parameters of the query and of a form; a body that is no form is given as what it says. */
export function contentOf({ headers, query, body }: ApiRequest): {
  parameters: URLSearchParams;
  content: unknown;
} {
  const type = typeOf(headers.get('content-type') ?? '');
  const isForm = type === 'application/x-www-form-urlencoded';
  // A path without a question mark has no query at all.
  const form = isForm ? body.toString('utf8') : '';
  const parameters = new URLSearchParams([query, form].filter(Boolean).join('&'));
  const content = isForm || body.length === 0 ? undefined : jsonOf(body, type);
  return { parameters, content };
}

function jsonOf(body: Buffer, type: string): unknown {
  if (type !== 'application/fhir+json' && type !== 'application/json') {
    throw new FhirProblem(415, 'not-supported', 'the body has to be application/fhir+json');
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new FhirProblem(400, 'invalid', 'the body is not JSON in UTF-8');
  }
}
