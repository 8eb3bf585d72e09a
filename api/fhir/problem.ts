/** Errors of the FHIR interface: an OperationOutcome with the HTTP status that the profiles ask for. */
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
  | 'conflict'
  | 'business-rule'
  | 'transient'
  | 'exception'
  | 'informational';

export class FhirProblem extends Error {
  override readonly name = 'FhirProblem';
  readonly status: number;
  readonly code: IssueCode;

  constructor(status: number, code: IssueCode, diagnostics: string) {
    super(diagnostics);
    this.status = status;
    this.code = code;
  }
}

export function operationOutcome(
  severity: 'error' | 'information',
  code: IssueCode,
  diagnostics: string,
) {
  return { resourceType: 'OperationOutcome', issue: [{ severity, code, diagnostics }] };
}

export function fhirJson(
  resource: object,
  status = 200,
  headers: Record<string, string> = {},
): ApiResponse {
  const contentType = 'application/fhir+json; charset=utf-8';
  return { status, contentType, body: JSON.stringify(resource), headers };
}

export function problemResource({ status, code, message }: FhirProblem): ApiResponse {
  return fhirJson(operationOutcome('error', code, message), status);
}
