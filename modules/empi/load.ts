/**
 * Loading a register from a file. Every line is registered as a call would register it: joined by
 * identifier, by rule or by degree of match, or new. The facts have keys made of the file's content and
 * the line, so a load that was cut off, however hard, goes on where it stopped and does nothing twice.
 *
 * Lines are decided in stretches on the view as it stands. Two lines of one stretch that could be one
 * person are not decided together: the later one waits for the next round, when the first is in the view.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { decide, type EmpiDoor, IndexBehind, put, RACES, TRIES } from './commands.ts';
import type { LoadedLine } from './facts.ts';
import { FIELD } from './matching/fields.ts';
import { cleanText, normalisePerson, readDate } from './matching/normalise.ts';
import { ownKeys } from './matching/online-keys.ts';
import { personOf, RecordFileError, RecordReader } from './matching/record-file.ts';
import type { Demographics, MediumInput, RefusedLine } from './types.ts';

export interface LoadRequest {
  path: string;
  /** Domain of the file's own record numbers (`rec_id`). */
  domain: string;
  /** Further columns with identifiers: heading, and the domain that they belong to. */
  identifiers: { column: string; domain: string }[];
  by: string;
}

export interface LoadSummary {
  /** Hash of the file's content and of what its columns mean: the load is known by it. */
  file: string;
  lines: number;
  /** Up to this line an earlier run had done everything; 0: none. */
  resumedBehind: number;
  created: number;
  joined: number;
  /** Pairs that people have to look at. */
  reviews: number;
  refused: RefusedLine[];
}

export interface LoadEvents {
  /** Called when it is known where the load begins. */
  started?: (resumedBehind: number, ofLines: number) => void;
  progress?: (lines: number, ofLines: number) => void;
}

/** Lines that are decided together. The facts' keys depend on it. */
const STRETCH_LINES = 1_000;
const LINES_A_FACT = 100;
/** Decisions without giving way to other work of this thread. */
const DECISIONS_AT_ONCE = 10;

interface Row {
  line: number;
  demographics: Demographics;
  media: MediumInput[];
  /** Whoever shares one of them could be the same person. */
  keys: string[];
}

/** Loads a file, or goes on with it. Throws RecordFileError for a file that cannot be used at all. */
export async function loadRegister(
  door: EmpiDoor,
  request: LoadRequest,
  events: LoadEvents = {},
): Promise<LoadSummary> {
  const { hash: file, lines: ofLines } = await fingerprint(request);
  const reader = new RecordReader(request.path);
  try {
    const columns = identifierColumns(door, request, reader);
    const resumedBehind = door.queries.loaded(file).behind;
    events.started?.(resumedBehind, ofLines);
    const refused: RefusedLine[] = [];
    let stretch: Row[] = [];
    let lines = 0;
    for (const { line, recordId, cells, fault } of reader.records()) {
      lines++;
      const demographics = personOf(cells, reader.plan);
      const reason = fault ?? faultOfPerson(demographics);
      if (reason !== null) refused.push({ line, recordId, reason });
      else if (line > resumedBehind) {
        stretch.push(rowOf(line, demographics, mediaOf(cells, columns)));
      }
      if (stretch.length < STRETCH_LINES) continue;
      await loadStretch(door, file, stretch, request.by);
      stretch = [];
      events.progress?.(line, ofLines);
    }
    await loadStretch(door, file, stretch, request.by);
    events.progress?.(ofLines, ofLines);
    refused.push(...door.queries.loadRefusals(file));
    refused.sort((a, b) => a.line - b.line);
    const { created, joined, reviews } = door.queries.loaded(file);
    return { file, lines, resumedBehind, created, joined, reviews, refused };
  } finally {
    reader.close();
  }
}

/** The load's name, and how many lines there are about. */
async function fingerprint({ path, domain, identifiers }: LoadRequest) {
  const hash = createHash('sha256').update(JSON.stringify([domain, identifiers]));
  let lines = 1;
  try {
    for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(piece);
      for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) lines++;
    }
  } catch (error) {
    throw new RecordFileError(`cannot read ${path}: ${(error as Error).message}`);
  }
  return { hash: hash.digest('hex').slice(0, 32), lines };
}

interface IdentifierColumn {
  column: number;
  domain: string;
  type: string;
}

function identifierColumns(
  { queries }: EmpiDoor,
  { domain, identifiers, path }: LoadRequest,
  { headings, plan: { recordIdColumn } }: RecordReader,
): IdentifierColumn[] {
  const typeOf = (code: string): string => {
    const known = queries.domain(code);
    if (known !== undefined) return known.kind === 'card' ? 'card' : 'record';
    const codes = queries.domains().map((one) => one.code);
    throw new RecordFileError(
      `there is no domain ${code}; there are: ${codes.join(', ') || 'none yet'}`,
    );
  };
  const named = identifiers.map(({ column: heading, domain: code }) => {
    const column = headings.indexOf(heading);
    if (column < 0) throw new RecordFileError(`${path} has no column ${heading}`);
    return { column, domain: code, type: typeOf(code) };
  });
  return [{ column: recordIdColumn, domain, type: typeOf(domain) }, ...named];
}

/** Nobody could find again who has no name and no number, and a date that nobody can read was lost. */
function faultOfPerson(demographics: Demographics): string | null {
  const { values } = normalisePerson(demographics);
  const isNameless = values[FIELD.surname] === '' && values[FIELD.givenName] === '';
  const isNewborn = cleanText(demographics.name) !== '';
  if (isNameless && !isNewborn && values[FIELD.idNumber] === '') {
    return 'neither a name nor an identity number';
  }
  return readDate(demographics.birthDate) === null ? 'the birth date is no date' : null;
}

function mediaOf(cells: readonly string[], columns: readonly IdentifierColumn[]): MediumInput[] {
  return columns.flatMap(({ column, domain, type }) => {
    const number = cells[column]?.trim() ?? '';
    return number === '' ? [] : [{ domain, number, type }];
  });
}

function rowOf(line: number, demographics: Demographics, media: MediumInput[]): Row {
  const numbers = media.map(({ domain, number }) => `${domain}:${number}`);
  const keys = [...ownKeys(normalisePerson(demographics)), ...numbers];
  return { line, demographics, media, keys };
}

/**
 * Everything of a stretch, round by round. Which line comes in which round follows from the lines
 * alone, so a second run makes the same facts and finds those that are there.
 */
async function loadStretch(door: EmpiDoor, file: string, stretch: Row[], by: string) {
  const [first] = stretch;
  if (first === undefined) return;
  let left = stretch;
  for (let round = 0; left.length > 0; round++) {
    const { now, later } = apart(left);
    await loadRound(door, { file, by, rows: now, name: `${first.line}:${round}` });
    left = later;
  }
  for (const row of stretch) await tryAgain(door, file, row, by);
  const behind = stretch.at(-1)!.line;
  const key = `load:${file}:behind:${behind}`;
  await arrived(door, await put(door, key, 'person.load', { file, registrations: [], behind }));
}

/** Lines of which no two could be one person, and the others. */
function apart(rows: Row[]): { now: Row[]; later: Row[] } {
  const seen = new Set<string>();
  const now: Row[] = [];
  const later: Row[] = [];
  for (const row of rows) {
    const isAlone = row.keys.every((key) => !seen.has(key));
    for (const key of row.keys) seen.add(key);
    (isAlone ? now : later).push(row);
  }
  return { now, later };
}

interface Round {
  file: string;
  by: string;
  rows: Row[];
  name: string;
}

async function loadRound(door: EmpiDoor, { file, by, rows, name }: Round): Promise<void> {
  const positions: Promise<number>[] = [];
  for (let from = 0; from < rows.length; from += LINES_A_FACT) {
    const key = `load:${file}:${name}:${from}`;
    if (door.queries.outcome(key) !== undefined) continue;
    const registrations: LoadedLine[] = [];
    for (const [at, row] of rows.slice(from, from + LINES_A_FACT).entries()) {
      if (at % DECISIONS_AT_ONCE === 0) await nextTurn();
      registrations.push(decided(door, row, by));
    }
    positions.push(put(door, key, 'person.load', { file, registrations, behind: 0 }));
  }
  await arrived(door, Math.max(0, ...(await Promise.all(positions))));
}

function decided({ queries }: EmpiDoor, { demographics, media, line }: Row, by: string) {
  return { ...decide(queries, { demographics, media, by }).registration, line };
}

/** A call registered the same number or person meanwhile: the line is looked at again. */
async function tryAgain(door: EmpiDoor, file: string, row: Row, by: string): Promise<void> {
  for (let again = 1; again < TRIES; again++) {
    const refusal = door.queries.loadRefusal(file, row.line);
    if (refusal === null || !RACES.has(refusal)) return;
    const key = `load:${file}:${row.line}:again:${again}`;
    if (door.queries.outcome(key) !== undefined) continue;
    const registrations = [decided(door, row, by)];
    await arrived(door, await put(door, key, 'person.load', { file, registrations, behind: 0 }));
  }
}

async function arrived(door: EmpiDoor, position: number): Promise<void> {
  if (!(await door.reached(position))) throw new IndexBehind('the patient index is behind');
}
