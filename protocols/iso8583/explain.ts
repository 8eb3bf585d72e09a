import type { Label } from './dialect.ts';

/** An explained message: what a table for people needs, values masked already. */
export interface Explanation {
  readonly mti: string;
  readonly title: Label;
  /** The row of the dialect's transaction table, null when none fits. */
  readonly transaction: { readonly id: string; readonly name: Label } | null;
  readonly bitmap: string;
  readonly fields: readonly ExplainedField[];
}

export interface ExplainedField {
  readonly field: number;
  readonly name: Label;
  /** Wire bytes in upper-case hex with the length prefix, masked where the value is. */
  readonly raw: string;
  /** The value as text, masked. */
  readonly value: string;
  /** What the value means, null when there is nothing to say beyond the value. */
  readonly meaning: Label | null;
  readonly parts: readonly ExplainedPart[];
}

export interface ExplainedPart {
  readonly id: string;
  readonly name: Label;
  readonly value: string;
  readonly meaning: Label | null;
  readonly parts: readonly ExplainedPart[];
}
