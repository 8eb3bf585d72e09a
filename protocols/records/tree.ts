import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';
import { ProtocolError } from '../error.ts';
import { readCell, writeCell } from './cell.ts';
import type { LineLayout, RecordFile, RecordLayout, RecordRow } from './layout.ts';

/** Objects of JSON and XML files. Paths of header and trailer columns begin at the root. */
type Tree = { [key: string]: unknown };

const ATTRIBUTE = '@';

/** Reads a JSON document or one JSON object a line. Throws ProtocolError `bad-record`. */
export function readJson(layout: RecordLayout, records: string, text: string): RecordFile {
  if (records === 'lines') {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    const details = lines.map((line, index) =>
      rowOf(layout.detail, parsed(line, index + 1), index + 1),
    );
    return { header: null, details, trailer: null };
  }
  return fileOf(layout, records, parsed(text, 1));
}

/** Reads an XML document. A DOCTYPE is refused: bills have none, and entities can be bombs. */
export function readXml(layout: RecordLayout, records: string, text: string): RecordFile {
  if (/<!DOCTYPE/i.test(text)) fail(1, 'a DOCTYPE is not allowed');
  const valid = XMLValidator.validate(text);
  if (valid !== true) fail(valid.err.line, 'is not well-formed XML');
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: ATTRIBUTE,
    parseTagValue: false,
    parseAttributeValue: false,
    ignoreDeclaration: true,
  });
  let root: unknown;
  try {
    root = parser.parse(text);
  } catch {
    // The validator lets some broken processing instructions pass that the parser refuses.
    fail(1, 'is not well-formed XML');
  }
  return fileOf(layout, records, asTree(root, 1));
}

function parsed(text: string, line: number): Tree {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Tree;
  } catch {
    // The parser's own text repeats the input, which must not reach a log.
  }
  return fail(line, 'is not a JSON object');
}

function fileOf(layout: RecordLayout, path: string, root: Tree): RecordFile {
  const found = at(root, path.split('.'));
  const items = found === undefined || found === '' ? [] : Array.isArray(found) ? found : [found];
  return {
    header: layout.header === undefined ? null : rowOf(layout.header, root, 0),
    details: items.map((item, index) => rowOf(layout.detail, asTree(item, index + 1), index + 1)),
    trailer: layout.trailer === undefined ? null : rowOf(layout.trailer, root, 0),
  };
}

function at(tree: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Tree)[key]
        : undefined,
    tree,
  );
}

function asTree(item: unknown, record: number): Tree {
  if (typeof item === 'object' && item !== null && !Array.isArray(item)) return item as Tree;
  return fail(record, 'is not an object');
}

function rowOf(line: LineLayout, tree: Tree, record: number): RecordRow {
  const row: Record<string, string | number | null> = {};
  for (const column of line.columns) {
    const value = at(tree, (column.title ?? column.id).split('.'));
    const scalar =
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    row[column.id] = readCell(column, scalar ? String(value) : '', record);
  }
  return row;
}

/** Writes a JSON document (numbers as numbers) or one object a line. */
export function writeJson(layout: RecordLayout, records: string, file: RecordFile): string {
  const rows = file.details.map((row, index) => treeOf(layout.detail, row, index + 1, true));
  if (records === 'lines') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  return `${JSON.stringify(rootOf(layout, records, file, rows, true))}\n`;
}

/** Writes an XML document with its declaration. */
export function writeXml(layout: RecordLayout, records: string, file: RecordFile): string {
  const rows = file.details.map((row, index) => treeOf(layout.detail, row, index + 1, false));
  const builder = new XMLBuilder({
    ignoreAttributes: false,
    attributeNamePrefix: ATTRIBUTE,
    format: true,
    suppressEmptyNode: false,
  });
  const encoding = layout.encoding === 'gbk' ? 'GBK' : 'UTF-8';
  const body = builder.build(rootOf(layout, records, file, rows, false)) as string;
  return `<?xml version="1.0" encoding="${encoding}"?>\n${body}`;
}

function rootOf(
  layout: RecordLayout,
  path: string,
  file: RecordFile,
  rows: readonly Tree[],
  numbers: boolean,
): Tree {
  const root: Tree = {};
  if (layout.header !== undefined) fill(root, layout.header, file.header ?? {}, 0, numbers);
  const keys = path.split('.');
  within(root, keys.slice(0, -1))[keys.at(-1)!] = rows;
  if (layout.trailer !== undefined) fill(root, layout.trailer, file.trailer ?? {}, 0, numbers);
  return root;
}

/** The object at the end of a path of keys, made where it is missing. */
function within(tree: Tree, keys: readonly string[]): Tree {
  let inner = tree;
  for (const key of keys) {
    inner[key] ??= {};
    inner = inner[key] as Tree;
  }
  return inner;
}

function treeOf(line: LineLayout, row: RecordRow, record: number, numbers: boolean): Tree {
  const tree: Tree = {};
  fill(tree, line, row, record, numbers);
  return tree;
}

function fill(
  tree: Tree,
  line: LineLayout,
  row: RecordRow,
  record: number,
  numbers: boolean,
): void {
  for (const column of line.columns) {
    const text = writeCell(column, row, record);
    if (text === '' && column.optional === true) continue;
    const keys = (column.title ?? column.id).split('.');
    const whole = column.type === 'digits' || column.type === 'fen';
    within(tree, keys.slice(0, -1))[keys.at(-1)!] = numbers && whole ? Number(text) : text;
  }
}

function fail(record: number, reason: string): never {
  throw new ProtocolError('bad-record', `record ${record}: ${reason}`, { line: record });
}
