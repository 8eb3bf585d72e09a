/**
 * HL7 version 2 in its usual form with vertical bars: segments by carriage return, fields, repetitions,
 * components, subcomponents by the characters that MSH names. Only what patient messages need.
 */

/** The bytes are no HL7 v2 message. */
export class Hl7Error extends Error {
  override readonly name = 'Hl7Error';
}

interface Separators {
  field: string;
  component: string;
  repetition: string;
  escapeSign: string;
  subcomponent: string;
}

/** `""` in a field: what is known of it shall be deleted. An empty field says nothing. */
export const DELETED = '""';

export class Segment {
  /** As they came; the name is field 0. */
  readonly fields: readonly string[];
  private readonly separators: Separators;

  constructor(fields: readonly string[], separators: Separators) {
    this.fields = fields;
    this.separators = separators;
  }

  /** First repetition, a component (from 1), without escapes; empty where there is none. */
  get(field: number, component = 1): string {
    return this.all(field)[0]?.[component - 1] ?? '';
  }

  /** Repetitions of a field, each as its components; subcomponents stay together, with `&` between. */
  all(field: number): string[][] {
    return this.parts(field).map((components) => components.map((parts) => parts.join('&')));
  }

  /** Of each component the first part: of a family name and of a street, what they are without the rest. */
  firsts(field: number): string[][] {
    return this.parts(field).map((components) => components.map(([first = '']) => first));
  }

  private parts(field: number): string[][][] {
    const value = this.fields[field] ?? '';
    if (value === '') return [];
    const [name] = this.fields;
    if (name === 'MSH' && field <= 2) return [[[value]]];
    const { repetition, component, subcomponent } = this.separators;
    return value
      .split(repetition)
      .map((one) =>
        one
          .split(component)
          .map((parts) => parts.split(subcomponent).map((text) => this.unescape(text))),
      );
  }

  private unescape(text: string): string {
    const { escapeSign, field, component, repetition, subcomponent } = this.separators;
    if (!text.includes(escapeSign)) return text;
    const letters: Record<string, string> = {
      F: field,
      S: component,
      R: repetition,
      T: subcomponent,
      E: escapeSign,
    };
    const parts = text.split(escapeSign);
    return parts.map((part, at) => (at % 2 === 1 ? (letters[part] ?? '') : part)).join('');
  }
}

export class Hl7Message {
  readonly segments: readonly Segment[];
  /** The character set that it came in, as MSH-18 names it. */
  readonly charset: string;

  /** Throws Hl7Error. */
  constructor(text: string, charset = 'UNICODE UTF-8') {
    this.charset = charset;
    const lines = text.split(/\r\n|\r|\n/).filter((line) => line !== '');
    const head = lines[0] ?? '';
    if (!/^MSH.{5}/.test(head)) throw new Hl7Error('a message starts with MSH and its separators');
    const [field, component, repetition, escapeSign, subcomponent] = head.slice(
      3,
      8,
    ) as unknown as [string, string, string, string, string];
    const separators = { field, component, repetition, escapeSign, subcomponent };
    this.segments = lines.map((line) => {
      const fields = line.split(field);
      // MSH-1 is the separator itself, so everything behind it is one field further.
      const placed = fields[0] === 'MSH' ? ['MSH', field, ...fields.slice(1)] : fields;
      return new Segment(placed, separators);
    });
  }

  segment(name: string): Segment | undefined {
    return this.each(name)[0];
  }

  /** All segments of a name, in their order. */
  each(name: string): Segment[] {
    return this.segments.filter(({ fields }) => fields[0] === name);
  }

  get(name: string, field: number, component = 1): string {
    return this.segment(name)?.get(field, component) ?? '';
  }

  all(name: string, field: number): string[][] {
    return this.segment(name)?.all(field) ?? [];
  }
}

/** Text that stands in a field without being taken for separators. */
export function escaped(text: string): string {
  const letters: Record<string, string> = { '|': 'F', '^': 'S', '~': 'R', '&': 'T', '\\': 'E' };
  return text.replace(/[|^~&\\]/g, (one) => `\\${letters[one]}\\`).replace(/[\r\n]+/g, ' ');
}

/** Segments as text: fields are texts that were escaped already. */
export function writeMessage(segments: readonly (readonly string[])[]): string {
  return segments.map((fields) => `${fields.join('|').replace(/\|+$/, '')}\r`).join('');
}
