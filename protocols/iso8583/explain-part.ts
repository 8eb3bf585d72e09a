import { readHex } from '../coding/digits.ts';
import { readGbk } from '../coding/text.ts';
import { hide } from '../mask.ts';
import { yuanOf } from '../yuan.ts';
import type { Label, Part } from './dialect.ts';
import { maskText } from './safe.ts';

export interface ExplainedPart {
  readonly id: string;
  readonly name: Label;
  readonly value: string;
  readonly meaning: Label | null;
  readonly parts: readonly ExplainedPart[];
}

/** A part of a binary field, given as one character a byte. */
export function explainBinaryPart(part: Part, latin1: string): ExplainedPart {
  const bytes = Buffer.from(latin1, 'latin1');
  if (part.safe === 'hidden') return { ...explainPart(part, ''), value: hide(bytes.length) };
  if (part.as === 'gbk') return explainPart(part, readGbk(bytes, 0, bytes.length));
  return explainPart(part, part.as === 'ascii' ? latin1 : readHex(bytes, 0, bytes.length));
}

/** A part of a text field. */
export function explainPart(part: Part, text: string): ExplainedPart {
  const amount = part.length === 12 && /^\d{12}$/.test(text) && /amount/i.test(part.id);
  return {
    id: part.id,
    name: part.name,
    value: part.safe === 'pan' ? maskLeadingZeros(text) : maskText(part.safe ?? 'shown', text),
    meaning: amount ? { zh: `${yuanOf(text)} 元`, en: '' } : (part.values?.[text.trim()] ?? null),
    parts: [],
  };
}

/** A card number that is filled up with zeros on the left keeps its own first 6 and last 4. */
function maskLeadingZeros(text: string): string {
  const digits = text.replace(/^0+/, '');
  return text.slice(0, text.length - digits.length) + maskText('pan', digits);
}
