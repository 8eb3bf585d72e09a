import { readLatin1 } from '../coding/text.ts';
import { parseTlv } from '../emv/tlv.ts';
import { ProtocolError } from '../error.ts';
import { hide } from '../mask.ts';
import type { BitmapLayout, Field, Label, Part, TagLayout } from './dialect.ts';
import { type ExplainedPart, explainBinaryPart } from './explain-part.ts';
import { maskText } from './safe.ts';

const UNKNOWN: Label = { zh: '未知标签', en: 'Unknown tag' };

/** A tag and its value, as text for text fields and as latin1 (one character a byte) for b. */
export interface TaggedValue {
  readonly tag: string;
  readonly value: string;
}

/**
 * Reads tag, length, value elements. Throws ProtocolError `bad-tlv` when an element does not end
 * inside the field.
 */
export function readTags(
  layout: TagLayout,
  field: Field,
  text: string,
  bytes: Uint8Array,
): TaggedValue[] {
  if (layout.coding === 'ber') {
    return parseTlv(bytes).map(({ tag, value }) => ({
      tag,
      value: readLatin1(value, 0, value.length),
    }));
  }
  const { tagLength, lengthLength } = layout.coding;
  const source = field.type === 'b' ? readLatin1(bytes, 0, bytes.length) : text;
  const found: TaggedValue[] = [];
  let position = 0;
  while (position < source.length) {
    const start = position + tagLength + lengthLength;
    const length = source.slice(position + tagLength, start);
    const end = start + Number(length);
    if (length.length !== lengthLength || !/^\d+$/.test(length) || end > source.length) {
      throw new ProtocolError('bad-tlv', `element at ${position} does not end inside the field`, {
        offset: position,
      });
    }
    found.push({
      tag: source.slice(position, position + tagLength),
      value: source.slice(start, end),
    });
    position = end;
  }
  return found;
}

/** Reads the parts whose bit is set in the bitmap at the front. Throws ProtocolError `truncated`. */
export function readBitmapParts(
  layout: BitmapLayout,
  bytes: Uint8Array,
): { readonly part: Part; readonly latin1: string }[] {
  const found: { part: Part; latin1: string }[] = [];
  let position = layout.bitmapBytes;
  for (let bit = 1; bit <= layout.bitmapBytes * 8; bit++) {
    const byte = bytes[(bit - 1) >> 3] ?? 0;
    if ((byte & (0x80 >> ((bit - 1) & 7))) === 0) continue;
    const part = layout.parts[bit];
    if (part === undefined) {
      throw new ProtocolError('unknown-field', `part ${bit} is not defined`, { offset: position });
    }
    const end = position + Number(part.length);
    if (end > bytes.length) {
      throw new ProtocolError('truncated', `part ${bit} ends behind the field`, {
        offset: position,
        needed: end - position,
        had: bytes.length - position,
      });
    }
    found.push({ part, latin1: readLatin1(bytes, position, end) });
    position = end;
  }
  return found;
}

export function explainTags(
  layout: TagLayout,
  field: Field,
  text: string,
  bytes: Uint8Array,
): ExplainedPart[] {
  return readTags(layout, field, text, bytes).map(({ tag, value }) => {
    const known = layout.tags[tag];
    const rule = known?.safe ?? 'hidden';
    return {
      id: tag,
      name: known?.name ?? UNKNOWN,
      value: rule === 'hidden' ? hide(value.length) : maskText(rule, value),
      meaning: null,
      parts: [],
    };
  });
}

export function explainBitmapParts(layout: BitmapLayout, bytes: Uint8Array): ExplainedPart[] {
  return readBitmapParts(layout, bytes).map(({ part, latin1 }) => explainBinaryPart(part, latin1));
}
