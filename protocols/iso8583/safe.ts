import { safeTlvText } from '../emv/explain.ts';
import { parseTlv } from '../emv/tlv.ts';
import { ProtocolError } from '../error.ts';
import { hide, maskDigitRuns, maskPan, maskTrack } from '../mask.ts';
import type { DecodedMessage } from './decoded-message.ts';
import type { Safe } from './dialect.ts';

/** A present field's value as a log may show it. Never throws: a bad value is hidden. */
export function safeText(message: DecodedMessage, field: number): string {
  const { safe: rule, prefixBytes } = message.plan.at[field]!;
  const length = message.wire(field)!.length - prefixBytes;
  try {
    if (rule === 'hidden') return hide(length);
    if (rule === 'tlv') return safeTlvText(parseTlv(message.bytes(field)!));
    return maskText(rule, message.get(field)!);
  } catch (error) {
    if (error instanceof ProtocolError) return hide(length);
    throw error;
  }
}

/** A text masked by a rule. */
export function maskText(rule: Safe, text: string): string {
  switch (rule) {
    case 'shown':
      return text;
    case 'pan':
      return maskPan(text);
    case 'track':
      return maskTrack(text);
    case 'digit-runs':
      return maskDigitRuns(text);
    default:
      return hide(text.length, 'characters');
  }
}
