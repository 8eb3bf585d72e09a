/**
 * A transaction that is not done, with what the terminal is told and which rule said so.
 *
 * It is thrown by the checks and caught in one place, so that a check reads as one line. It is an
 * answer, not a fault: no stack is collected.
 */
import type { RegistryChange } from '../ledger/types.ts';

export class Refusal {
  /** Field 39, a code of the dialect's table. */
  readonly responseCode: string;
  /** The rule that refused, e.g. `card-lost`: for the log, the journal and the metrics. */
  readonly rule: string;
  /** What is recorded with the refusal: a wrong PIN is counted. */
  readonly registry: RegistryChange[] | undefined;

  constructor(responseCode: string, rule: string, registry?: RegistryChange[]) {
    this.responseCode = responseCode;
    this.rule = rule;
    this.registry = registry;
  }
}

/** Throws the refusal when the condition does not hold. */
export function require(condition: unknown, responseCode: string, rule: string): asserts condition {
  if (!condition) throw new Refusal(responseCode, rule);
}
