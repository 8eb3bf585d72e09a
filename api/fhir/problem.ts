/** Errors of the FHIR interface: an OperationOutcome with the HTTP status that the profiles ask for. */
import type { ApiProblem } from '../problem.ts';
import type { ApiResponse } from '../response.ts';

/** Codes of the value set issue-type that are used here. */
export type IssueCode =
  | 'invalid'
  | 'required'
  | 'not-found'
  | 'code-invalid'
  | 'not-supported'
  | 'forbidden'
  | 'login'
  | 'throttled'
  | 'too-long'
  | 'duplicate'
  | 'conflict'
  | 'business-rule'
  | 'transient'
  | 'incomplete'
  | 'exception'
  | 'informational';

export type Severity = 'error' | 'warning' | 'information';

export class FhirProblem extends Error {
  override readonly name = 'FhirProblem';
  readonly status: number;
  readonly code: IssueCode;
  readonly severity: Severity;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: IssueCode,
    diagnostics: string,
    more: { severity?: Severity; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(diagnostics);
    this.status = status;
    this.code = code;
    this.severity = more.severity ?? 'error';
    this.headers = more.headers ?? {};
  }
}

export function operationOutcome(severity: Severity, code: IssueCode, diagnostics: string) {
  return { resourceType: 'OperationOutcome', issue: [{ severity, code, diagnostics }] };
}

export function fhirJson(
  resource: object,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): ApiResponse {
  const contentType = 'application/fhir+json; charset=utf-8';
  return { status, contentType, body: JSON.stringify(resource), headers };
}

export function problemResource(problem: FhirProblem): ApiResponse {
  const { status, severity, code, message, headers } = problem;
  return fhirJson(operationOutcome(severity, code, message), status, headers);
}

const CODES: Readonly<Record<number, IssueCode>> = {
  401: 'login',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  413: 'too-long',
  422: 'duplicate',
  429: 'throttled',
  500: 'exception',
  503: 'transient',
};

/** What the rest of the API refuses, in FHIR's words. */
export function fhirProblemOf({ status, message, headers }: ApiProblem): FhirProblem {
  return new FhirProblem(status, CODES[status] ?? 'invalid', message, { headers });
}
