/** Reading the archive: one bill out of it, or the check that all of it is as it was packed. */
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { unzipSync } from 'fflate';
import type { BillName, BillSignature } from '../bill/bill.ts';
import { readXml, XmlError, xmlText } from '../bill/xml-reader.ts';
import { InvoicingRefused } from '../requests.ts';
import type { ArchivePackage } from '../tables.ts';
import {
  type ArchiveParts,
  billFolder,
  fileSm3,
  HASHES_FILE,
  INDEX_FILE,
  INDEX_HEAD,
  type IndexRow,
  packageFolder,
  readIndexLine,
  SIGNATURE_FILE,
  sha256,
  sm3,
} from './package.ts';

/** What an archived bill can be read as. */
export const ARCHIVED_FILES = {
  xml: { file: 'original.xml', contentType: 'application/xml' },
  ofd: { file: 'bill.ofd', contentType: 'application/ofd' },
  metadata: { file: 'metadata.xml', contentType: 'application/xml' },
} as const;

export type ArchivedKind = keyof typeof ARCHIVED_FILES;

type Files = Record<string, Uint8Array>;

/** One file of an archived bill, by the package's own index. Throws InvoicingRefused. */
export async function archivedFile(
  parts: ArchiveParts,
  name: string,
  bill: BillName,
  kind: ArchivedKind,
): Promise<Buffer> {
  const folder = packageFolder(parts, readable(parts, name));
  const row = await findRow(folder, bill);
  if (row === null) throw new InvoicingRefused('unknown-bill', `${name} has no such bill`);
  const wanted = `${billFolder(bill)}/`;
  const bytes = new Uint8Array(readFileSync(join(folder, row.volume)));
  const files = unzipSync(bytes, { filter: (entry) => entry.name.startsWith(wanted) });
  const original = files[`${wanted}original.xml`];
  if (original === undefined || sm3(original) !== row.sm3) {
    throw new InvoicingRefused('archive-damaged', `the original of the bill in ${name} is changed`);
  }
  return Buffer.from(files[wanted + ARCHIVED_FILES[kind].file]!);
}

function readable({ desk }: ArchiveParts, name: string): ArchivePackage {
  const record = desk.queries.archivePackage(desk.institution, name);
  if (record === null) throw new InvoicingRefused('not-found', `there is no package ${name}`);
  if (record.destroyed !== '') {
    throw new InvoicingRefused('destroyed', `${name} was destroyed, list ${record.destroyed}`);
  }
  return record;
}

async function* indexRows(folder: string): AsyncIterable<IndexRow> {
  const lines = createInterface({ input: createReadStream(join(folder, INDEX_FILE)) });
  for await (const line of lines) if (line !== INDEX_HEAD && line !== '') yield readIndexLine(line);
}

async function findRow(folder: string, { billCode, billNumber }: BillName) {
  for await (const row of indexRows(folder)) {
    if (row.billCode === billCode && row.billNumber === billNumber) return row;
  }
  return null;
}

/** 四性: what does not hold of each property, as sentences; none when it holds. */
export interface PackageCheck {
  name: string;
  holds: boolean;
  authenticity: string[];
  completeness: string[];
  usability: string[];
  safety: string[];
}

/** Checks everything: hashes against the journal, the signature, each bill's own signature. Throws InvoicingRefused. */
export async function verifyPackage(parts: ArchiveParts, name: string): Promise<PackageCheck> {
  const record = readable(parts, name);
  const folder = packageFolder(parts, record);
  const check = { authenticity: [], completeness: [], usability: [], safety: [] };
  const problems: Omit<PackageCheck, 'name' | 'holds'> = check;
  if (!existsSync(folder)) problems.completeness.push(`${name} is missing`);
  else {
    problems.authenticity.push(...(await listProblems(parts, record, folder)));
    const damaged = await fileProblems(folder);
    problems.completeness.push(...damaged);
    problems.safety.push(...safetyProblems(folder));
    if (damaged.length === 0) await checkBills(parts, record, folder, problems);
  }
  const holds = Object.values(problems).every((list) => list.length === 0);
  return { name, holds, ...problems };
}

/** The list of hashes is the one that the journal recorded, signed by the unit. */
async function listProblems(
  { hsm, reader }: ArchiveParts,
  record: ArchivePackage,
  folder: string,
): Promise<string[]> {
  const path = join(folder, HASHES_FILE);
  if (!existsSync(path)) return [`${HASHES_FILE} is missing`];
  const hashes = readFileSync(path);
  if (sha256(hashes) !== record.sha256 || sm3(hashes) !== record.sm3) {
    return [`${HASHES_FILE} is not what was packed`];
  }
  const key = reader.registry.get('key', record.keyName);
  const value = Buffer.from(record.signature, 'base64');
  const signed = key !== null && (await hsm.verify(key.value.publicKey, hashes, value));
  return signed ? [] : ['the signature of the package does not hold'];
}

function listedFiles(folder: string): [hash: string, name: string][] {
  const path = join(folder, HASHES_FILE);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => [line.slice(0, 64), line.slice(66)]);
}

async function fileProblems(folder: string): Promise<string[]> {
  const problems: string[] = [];
  for (const [hash, name] of listedFiles(folder)) {
    if (!existsSync(join(folder, name))) problems.push(`${name} is missing`);
    else if ((await fileSm3(join(folder, name))) !== hash) problems.push(`${name} was changed`);
  }
  return problems;
}

/** Nothing lies there that was not packed, and nobody else may read it. */
function safetyProblems(folder: string): string[] {
  const listed = new Set(listedFiles(folder).map(([, name]) => name));
  for (const name of [HASHES_FILE, SIGNATURE_FILE]) listed.add(name);
  const strange = readdirSync(folder).filter((name) => !listed.has(name));
  const open = (statSync(folder).mode & 0o077) !== 0;
  return [
    ...strange.map((name) => `${name} was not packed`),
    ...(open ? ['others may read the folder'] : []),
  ];
}

async function checkBills(
  parts: ArchiveParts,
  record: ArchivePackage,
  folder: string,
  problems: Omit<PackageCheck, 'name' | 'holds'>,
): Promise<void> {
  let volume = '';
  let files: Files = {};
  let bills = 0;
  for await (const row of indexRows(folder)) {
    if (row.volume !== volume) {
      volume = row.volume;
      files = unzipSync(new Uint8Array(readFileSync(join(folder, volume))));
    }
    bills++;
    const at = billFolder(row);
    const original = files[`${at}/original.xml`];
    if (original === undefined || sm3(original) !== row.sm3) {
      problems.completeness.push(`${at}: the original is not the one of the index`);
      continue;
    }
    if (!(await isSigned(parts, original, files[`${at}/signatures.json`]))) {
      problems.authenticity.push(`${at}: the unit's signature does not hold`);
    }
    if (!isReadable(row, original, files)) problems.usability.push(`${at}: cannot be read`);
  }
  if (bills !== record.bills) {
    problems.completeness.push(`${bills} bills are there, ${record.bills} were packed`);
  }
}

async function isSigned(
  { hsm }: ArchiveParts,
  original: Uint8Array,
  signatures: Uint8Array | undefined,
): Promise<boolean> {
  const { unit } = JSON.parse(Buffer.from(signatures ?? []).toString() || '{}') as {
    unit?: BillSignature | null;
  };
  if (!unit) return false;
  return hsm.verify(unit.publicKey, original, Buffer.from(unit.value, 'base64'));
}

/** The longest charge list of a bill has more elements than anything from outside may have. */
const OWN_XML = { bytesMax: 20_000_000, depthMax: 20, elementsMax: 200_000 };

/** The original is XML of this bill, and the layout file opens. */
function isReadable(row: IndexRow, original: Uint8Array, files: Files): boolean {
  try {
    const main = ['EInvoice', 'EInvoiceData', 'Main'];
    const tree = readXml(Buffer.from(original).toString('utf8'), OWN_XML);
    const same = xmlText(tree, ...main, 'EInvoiceNumber') === row.billNumber;
    const ofd = files[`${billFolder(row)}/bill.ofd`];
    const isRoot = (entry: { name: string }) => entry.name === 'OFD.xml';
    return same && ofd !== undefined && 'OFD.xml' in unzipSync(ofd, { filter: isRoot });
  } catch (error) {
    if (error instanceof XmlError) return false;
    throw error;
  }
}
