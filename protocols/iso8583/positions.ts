import { ProtocolError } from '../error.ts';
import type { Part, PositionLayout } from './dialect.ts';

/** A sub-field layout by position with a typed reader and writer. */
export interface Positions<Id extends string> extends PositionLayout {
  /** The parts that the text has; what was not sent is absent. */
  parse(text: string): { readonly [id in Id]?: string };
  /**
   * The parts one behind the other. Parts from the first missing one on are left out. Throws
   * ProtocolError `bad-value` when a part has another length or stands behind a missing one.
   */
  format(values: { readonly [id in Id]?: string | undefined }): string;
}

/** Makes a typed layout out of its parts. Used for text fields; lengths are characters. */
export function positions<const Parts extends readonly Part[]>(
  parts: Parts,
): Positions<Parts[number]['id']> {
  return {
    by: 'position',
    parts,
    parse: (text) =>
      Object.fromEntries(slices(parts, text).map(({ part, text: value }) => [part.id, value])) as {
        [id in Parts[number]['id']]?: string;
      },
    format: (values) => join(parts, values),
  };
}

/** A text cut into its parts, repeating parts again and again until the text ends. */
export function slices(
  parts: readonly Part[],
  text: string,
): { readonly part: Part; readonly text: string }[] {
  const found: { part: Part; text: string }[] = [];
  const again = parts.findIndex((part) => part.repeats === true);
  let position = 0;
  let index = 0;
  while (position < text.length) {
    if (index === parts.length) {
      if (again < 0) break;
      index = again;
    }
    const part = parts[index++]!;
    const end = part.length === 'rest' ? text.length : position + part.length;
    found.push({ part, text: text.slice(position, end) });
    position = end;
  }
  return found;
}

function join(
  parts: readonly Part[],
  values: Readonly<Record<string, string | undefined>>,
): string {
  let text = '';
  let missing: string | null = null;
  for (const part of parts) {
    const value = values[part.id];
    if (value === undefined) {
      missing ??= part.id;
      continue;
    }
    if (missing !== null) refuse(`${part.id} is given but ${missing} in front of it is not`);
    if (part.length !== 'rest' && value.length !== part.length) {
      refuse(`${part.id} has ${value.length} characters, not ${part.length}`);
    }
    text += value;
  }
  return text;
}

function refuse(reason: string): never {
  throw new ProtocolError('bad-value', `sub-field ${reason}`);
}
