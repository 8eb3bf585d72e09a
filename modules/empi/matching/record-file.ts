/**
 * Reads files of persons: text with separators, a heading line, UTF-8 or GB 18030, quotes where they
 * are needed. Files of a million lines are read in pieces; nothing holds the whole text.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { TextDecoder } from 'node:util';
import { type ColumnPlan, planColumns } from './columns.ts';
import { normalisePerson, type PersonInput } from './normalise.ts';
import type { RecordTableBuilder } from './store.ts';

/** The file cannot be read as a file of persons; the message is one sentence for the user. */
export class RecordFileError extends Error {
  override readonly name = 'RecordFileError';
}

const PIECE_BYTES = 1 << 20;
/** A record beyond is a quote that somebody forgot to close. */
const LONGEST_LINE = 1 << 16;

export interface RecordFile {
  path: string;
  plan: ColumnPlan;
  recordIds: string[];
}

/** One record of a file; `fault` says why its line cannot be used. */
export interface FileRecord {
  /** Where it begins, from 1; the heading is line 1. */
  line: number;
  recordId: string;
  cells: string[];
  fault: string | null;
}

/** A file that is being read: its heading at once, its records one by one. */
export class RecordReader {
  readonly plan: ColumnPlan;
  /** Headings as they stand there. */
  readonly headings: string[];
  private readonly lines: LineReader;
  private readonly separator: string;

  /** Throws RecordFileError. */
  constructor(path: string, progress?: (readBytes: number, ofBytes: number) => void) {
    this.lines = new LineReader(path, progress);
    try {
      const heading = this.lines.next();
      if (heading === null) throw new RecordFileError(`${path} is empty`);
      if (heading.includes('\0')) throw new RecordFileError(`${path} is no text`);
      this.separator = separatorOf(heading);
      this.headings = splitCells(heading, this.separator).map((name) => name.trim());
      this.plan = planColumns(this.headings);
      checkPlan(path, this.plan);
    } catch (error) {
      this.lines.close();
      throw error;
    }
  }

  /** Empty lines are left out. Throws RecordFileError for a quote that never closes. */
  *records(): Iterable<FileRecord> {
    const known = new Set<string>();
    for (let line = this.lines.next(); line !== null; line = this.lines.next()) {
      if (line.trim() === '') continue;
      const cells = splitCells(line, this.separator);
      const recordId = cells[this.plan.recordIdColumn]?.trim() ?? '';
      const fault = faultOfLine(cells, this.headings.length, recordId, known);
      known.add(recordId);
      yield { line: this.lines.startedAt, recordId, cells, fault };
    }
  }

  close(): void {
    this.lines.close();
  }
}

/** Adds every record of a file to the table. Throws RecordFileError. */
export function readRecordFile(
  path: string,
  table: RecordTableBuilder,
  source: number,
  progress?: (readBytes: number, ofBytes: number) => void,
): RecordFile {
  const reader = new RecordReader(path, progress);
  try {
    const recordIds: string[] = [];
    for (const { line, recordId, cells, fault } of reader.records()) {
      if (fault !== null) throw new RecordFileError(`${path}, line ${line}: ${fault}`);
      recordIds.push(recordId);
      table.add(normalisePerson(personOf(cells, reader.plan)), source);
    }
    return { path, plan: reader.plan, recordIds };
  } finally {
    reader.close();
  }
}

/** What is wrong with a line; a record without a name of its own could not be told in the answer. */
function faultOfLine(
  cells: readonly string[],
  columns: number,
  recordId: string,
  known: ReadonlySet<string>,
): string | null {
  const isLonger = cells.length > columns && cells.slice(columns).some((cell) => cell !== '');
  if (cells.length < columns || isLonger) {
    return `${cells.length} cells, but the heading has ${columns}`;
  }
  if (recordId === '') return 'there is no rec_id';
  return known.has(recordId) ? `the rec_id ${recordId} was there before` : null;
}

export function personOf(cells: readonly string[], plan: ColumnPlan): PersonInput {
  const person: PersonInput = {};
  for (const { column, item } of plan.items) {
    const cell = cells[column];
    if (cell !== undefined) person[item] = cell;
  }
  return person;
}

function checkPlan(path: string, plan: ColumnPlan): void {
  if (plan.recordIdColumn < 0) throw new RecordFileError(`${path} has no column rec_id`);
  if (plan.items.length === 0) {
    throw new RecordFileError(`${path} has no column that tells persons apart, such as name`);
  }
}

function separatorOf(heading: string): string {
  const counted = [',', '\t', ';', '|'].map((separator) => ({
    separator,
    count: heading.split(separator).length,
  }));
  return counted.sort((a, b) => b.count - a.count)[0]!.separator;
}

/** Cells of a line. A cell in quotes may hold separators, and quotes that are doubled. */
export function splitCells(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator);
  const cells: string[] = [];
  let at = 0;
  while (at <= line.length) {
    let start = at;
    while (line[start] === ' ') start++;
    if (line[start] !== '"') {
      const end = line.indexOf(separator, at);
      cells.push(line.slice(at, end < 0 ? undefined : end));
      at = end < 0 ? line.length + 1 : end + 1;
      continue;
    }
    let end = start + 1;
    while (end < line.length && (line[end] !== '"' || line[end + 1] === '"')) {
      end += line[end] === '"' ? 2 : 1;
    }
    cells.push(line.slice(start + 1, end).replaceAll('""', '"'));
    const next = line.indexOf(separator, end);
    at = next < 0 ? line.length + 1 : next + 1;
  }
  return cells;
}

class LineReader {
  lineNumber = 0;
  /** Where the last line began: lines within quotes are joined. */
  startedAt = 0;
  private readonly path: string;
  private readonly file: number;
  private readonly size: number;
  private readonly piece = Buffer.allocUnsafe(PIECE_BYTES);
  private readonly decoder: TextDecoder;
  private readonly lineEnd: '\r' | '\n';
  private readonly progress: ((readBytes: number, ofBytes: number) => void) | undefined;
  private text = '';
  private at = 0;
  private read = 0;

  constructor(path: string, progress?: (readBytes: number, ofBytes: number) => void) {
    try {
      this.file = openSync(path, 'r');
      this.size = fstatSync(this.file).size;
      const bytes = readSync(this.file, this.piece, 0, PIECE_BYTES, 0);
      const first = this.piece.subarray(0, bytes);
      this.decoder = new TextDecoder(encodingOf(first));
      // Spreadsheets of an old kind end lines with a carriage return alone.
      this.lineEnd = first.includes(0x0d) && !first.includes(0x0a) ? '\r' : '\n';
    } catch (error) {
      throw new RecordFileError(`cannot read ${path}: ${(error as Error).message}`);
    }
    this.path = path;
    this.progress = progress;
  }

  /** The next line without its end; lines within quotes are joined. Null at the end of the file. */
  next(): string | null {
    let line = this.rawLine();
    this.startedAt = this.lineNumber;
    while (line !== null && hasOpenQuote(line)) {
      const more = this.rawLine();
      if (more === null || line.length > LONGEST_LINE) {
        const place = `${this.path}, line ${this.startedAt}`;
        throw new RecordFileError(`${place}: a quote is opened and never closed`);
      }
      line += `\n${more}`;
    }
    return line;
  }

  close(): void {
    closeSync(this.file);
  }

  private rawLine(): string | null {
    for (;;) {
      const end = this.text.indexOf(this.lineEnd, this.at);
      if (end >= 0) {
        const line = this.text.slice(this.at, this.text[end - 1] === '\r' ? end - 1 : end);
        this.at = end + 1;
        this.lineNumber++;
        return line;
      }
      if (!this.readMore()) break;
    }
    if (this.at >= this.text.length) return null;
    const rest = this.text.slice(this.at);
    this.at = this.text.length;
    this.lineNumber++;
    return rest.endsWith('\r') ? rest.slice(0, -1) : rest;
  }

  private readMore(): boolean {
    const bytes = readSync(this.file, this.piece, 0, PIECE_BYTES, this.read);
    if (bytes === 0) return false;
    this.read += bytes;
    const more = this.decoder.decode(this.piece.subarray(0, bytes), { stream: true });
    this.text = this.text.slice(this.at) + more;
    this.at = 0;
    this.progress?.(this.read, this.size);
    return true;
  }
}

/** Only a quote at the start of a cell opens anything: an inch mark does not. */
function hasOpenQuote(line: string): boolean {
  if (!/(?:^|[,;\t|])\s*"/.test(line)) return false;
  let quotes = 0;
  for (let at = line.indexOf('"'); at >= 0; at = line.indexOf('"', at + 1)) quotes++;
  return quotes % 2 === 1;
}

/** UTF-8 when the first piece is that (its last character may be cut), GB 18030 otherwise. */
function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return 'utf-8';
  } catch {
    return 'gb18030';
  }
}
