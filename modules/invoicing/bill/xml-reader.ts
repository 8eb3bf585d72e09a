/**
 * Reads XML that somebody else wrote. Nothing in it may make us work: no document type (so no
 * entities, internal or external), a bound on bytes, depth and elements, checked before a parser
 * sees it.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** What was wrong with a document from outside. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
  readonly code: 'too-long' | 'not-xml' | 'document-type' | 'too-deep' | 'too-many-elements';

  constructor(code: XmlError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export interface XmlLimits {
  bytesMax: number;
  depthMax: number;
  elementsMax: number;
}

const LIMITS: XmlLimits = { bytesMax: 2_000_000, depthMax: 20, elementsMax: 50_000 };

/** An element that was read: its text, or its children by name (a list where a name comes again). */
export type XmlNode = string | { [name: string]: XmlNode | XmlNode[] };

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: true,
  processEntities: true,
});

/** The document as a tree. Throws XmlError. */
export function readXml(text: string, limits: XmlLimits = LIMITS): Record<string, XmlNode> {
  if (text.length > limits.bytesMax) {
    throw new XmlError('too-long', `the document is longer than ${limits.bytesMax} bytes`);
  }
  if (/<!(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)/i.test(text)) {
    throw new XmlError(
      'document-type',
      'the document brings a document type: entities are refused',
    );
  }
  checkShape(text, limits);
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw new XmlError('not-xml', `line ${valid.err.line}: ${valid.err.msg}`);
  const tree: unknown = parser.parse(text);
  if (typeof tree !== 'object' || tree === null) throw new XmlError('not-xml', 'no element');
  return tree as Record<string, XmlNode>;
}

/** Counts tags as they come, so that a tower of elements is refused in one pass. */
function checkShape(text: string, { depthMax, elementsMax }: XmlLimits): void {
  let depth = 0;
  let elements = 0;
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
    const next = text[at + 1];
    if (next === '/') {
      depth--;
    } else if (next !== '?' && next !== '!') {
      elements++;
      const end = text.indexOf('>', at);
      if (text[end - 1] !== '/') depth++;
      if (depth > depthMax) throw new XmlError('too-deep', `deeper than ${depthMax} elements`);
      if (elements > elementsMax) {
        throw new XmlError('too-many-elements', `more than ${elementsMax} elements`);
      }
    }
  }
}

/** The text of the element at a path, '' when there is none. */
export function xmlText(tree: XmlNode | XmlNode[] | undefined, ...path: string[]): string {
  let node: XmlNode | XmlNode[] | undefined = tree;
  for (const name of path) {
    if (Array.isArray(node)) node = node[0];
    if (node === undefined || typeof node === 'string') return '';
    node = Object.hasOwn(node, name) ? node[name] : undefined;
  }
  if (Array.isArray(node)) node = node[0];
  return typeof node === 'string' ? node : '';
}

/** The elements of a name under a path, as a list however many there are. */
export function xmlList(tree: XmlNode | XmlNode[] | undefined, ...path: string[]): XmlNode[] {
  let node: XmlNode | XmlNode[] | undefined = tree;
  for (const name of path) {
    if (Array.isArray(node)) node = node[0];
    if (node === undefined || typeof node === 'string') return [];
    node = Object.hasOwn(node, name) ? node[name] : undefined;
  }
  if (node === undefined || node === '') return [];
  return Array.isArray(node) ? node : [node];
}
