/**
 * The archive of a year: a folder apart from the working store. Its bills lie in volumes (ZIP), its
 * own index says which bill is in which volume, and a list of hashes over all of them is signed by the
 * unit's key. The list's hash goes into the journal, so that thirty years later a changed byte is
 * found, and every bill read, without the working store.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Hsm } from '../../../hsm/types.ts';
import type { Reader } from '../../../ledger/reader.ts';
import type { Bill } from '../bill/bill.ts';
import type { Desk } from '../requests.ts';
import type { ArchivePackage } from '../tables.ts';

export interface ArchiveParts {
  desk: Desk;
  hsm: Hsm;
  reader: Reader;
  /** Where the packages of all institutions are. */
  archiveDir: string;
}

export const INDEX_FILE = 'index.csv';
export const HASHES_FILE = 'hashes.txt';
/** The signature over the list of hashes, with the public key that it is checked with. */
export const SIGNATURE_FILE = 'signature.json';

/** A bill in a package: a line of its index. */
export interface IndexRow {
  billCode: string;
  billNumber: string;
  kind: string;
  billType: string;
  businessDate: string;
  issueDate: string;
  totalFen: string;
  volume: string;
  /** SM3 over the signed original, hex. */
  sm3: string;
}

const COLUMNS = [
  'billCode',
  'billNumber',
  'kind',
  'billType',
  'businessDate',
  'issueDate',
  'totalFen',
  'volume',
  'sm3',
] as const satisfies readonly (keyof IndexRow)[];

export const INDEX_HEAD = COLUMNS.join(',');

/** No column holds a comma: codes, dates and figures only. */
export function indexLine(row: IndexRow): string {
  return COLUMNS.map((name) => row[name]).join(',');
}

export function readIndexLine(line: string): IndexRow {
  const values = line.split(',');
  return Object.fromEntries(COLUMNS.map((name, at) => [name, values[at] ?? ''])) as Record<
    (typeof COLUMNS)[number],
    string
  >;
}

export function packageFolder(
  { archiveDir }: Pick<ArchiveParts, 'archiveDir'>,
  { institution, year }: Pick<ArchivePackage, 'institution' | 'year'>,
): string {
  return join(archiveDir, institution, year);
}

/** Where a bill's files are in its volume. */
export function billFolder({
  billCode,
  billNumber,
}: Pick<Bill, 'billCode' | 'billNumber'>): string {
  return `bills/${billCode}/${billNumber}`;
}

export function volumeName(number: number): string {
  return `volume-${String(number).padStart(5, '0')}.zip`;
}

export function sm3(bytes: Uint8Array): string {
  return createHash('sm3').update(bytes).digest('hex');
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** SM3 over a file of any size, hex. */
export async function fileSm3(path: string): Promise<string> {
  const hash = createHash('sm3');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
