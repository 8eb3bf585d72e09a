/** XML of the ISO 20022 messages: elements in the order in which they are written down. */
import { XMLBuilder } from 'fast-xml-parser';

const builder = new XMLBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  format: true,
  suppressEmptyNode: true,
});

/** A document of one message; the content is what stands in `Document`. */
export function iso20022(message: string, content: object): Buffer {
  const namespace = `urn:iso:std:iso:20022:tech:xsd:${message}`;
  const text = builder.build({
    '?xml': { '@version': '1.0', '@encoding': 'UTF-8' },
    Document: { '@xmlns': namespace, ...content },
  }) as string;
  return Buffer.from(text, 'utf8');
}

/** Text without what the standard's character set does not have: control characters and more. */
export function textOf(text: string, lengthMax: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
  const clean = text.replace(/[\u0000-\u001f\u007f\ufffe\uffff]/g, ' ').trim();
  return [...clean].slice(0, lengthMax).join('');
}
