/**
 * The archive of a year: one ZIP apart from the working store, with the signed original, the
 * metadata and the signatures of every bill, an index, and a list of hashes. The package is signed
 * by the unit's key, and its hashes go into the journal, so that thirty years later a changed byte
 * is found without the working store.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync, type Zippable, zipSync } from 'fflate';
import type { Hsm } from '../../../hsm/types.ts';
import type { Reader } from '../../../ledger/reader.ts';
import { totalFenOf } from '../bill/bill.ts';
import { storedKey, unitKeyName } from '../keys.ts';
import { type Desk, InvoicingRefused } from '../requests.ts';
import { archiveMetadata } from './metadata.ts';

const ZIP_TIME = new Date('1980-01-01T00:00:00');
const INDEX_HEAD = 'code,number,issueDate,totalFen,kind,sm3';

export interface ArchiveParts {
  desk: Desk;
  hsm: Hsm;
  reader: Reader;
  archiveDir: string;
}

export interface PackedYear {
  file: string;
  path: string;
  bills: number;
  sha256: string;
}

/** Packs a year that is over. The same year gives the same bytes. Throws InvoicingRefused. */
export async function packYear(parts: ArchiveParts, year: string): Promise<PackedYear> {
  const { desk, hsm, reader, archiveDir } = parts;
  const { queries, institution } = desk;
  const key = reader.registry.get('key', unitKeyName(institution));
  if (key === null) throw new InvoicingRefused('nothing-signed', 'the unit has signed nothing yet');
  const files: Record<string, Uint8Array> = {};
  const index = [INDEX_HEAD];
  let bills = 0;
  for (const found of queries.billsOfDays(institution, {
    from: `${year}0000`,
    to: `${year}9999`,
  })) {
    const original = queries.original(found.key);
    if (original === null)
      throw new InvoicingRefused('not-signed-yet', `${found.key} is not signed`);
    const { bill, state } = found;
    const folder = `bills/${bill.billCode}/${bill.billNumber}`;
    files[`${folder}/original.xml`] = original;
    files[`${folder}/metadata.xml`] = archiveMetadata(found, [
      { type: 'xml', description: 'signed original', bytes: original },
    ]);
    const signatures = { unit: state.unitSignature, supervisor: state.supervisorSignature };
    files[`${folder}/signatures.json`] = Buffer.from(JSON.stringify(signatures));
    const { billCode, billNumber, issueDate, kind } = bill;
    index.push([billCode, billNumber, issueDate, totalFenOf(bill), kind, sm3(original)].join(','));
    bills++;
  }
  if (bills === 0) throw new InvoicingRefused('nothing-to-pack', `there are no bills of ${year}`);
  files['index.csv'] = Buffer.from(`${index.join('\n')}\n`);
  files['hashes.txt'] = Buffer.from(hashesOf(files));
  const bytes = zipped(files);
  const file = `${institution}-${year}.zip`;
  const signature = Buffer.from(await hsm.sign(storedKey(key.value), bytes)).toString('base64');
  const hashes = { sha256: sha256(bytes), sm3: sm3(bytes) };
  write(join(archiveDir, institution), file, bytes);
  const keyName = unitKeyName(institution);
  await desk.ask('archive-packed', {
    year,
    file,
    ...hashes,
    bills,
    through: '',
    signature,
    keyName,
  });
  return { file, path: join(archiveDir, institution, file), bills, sha256: hashes.sha256 };
}

/** What does not hold of a package, as sentences; none when it is whole. */
export async function verifyPackage(
  { desk, hsm, reader, archiveDir }: ArchiveParts,
  file: string,
): Promise<string[]> {
  const record = desk.queries.archivePackage(desk.institution, file);
  if (record === null) throw new InvoicingRefused('not-found', `there is no package ${file}`);
  const path = join(archiveDir, desk.institution, file);
  if (!existsSync(path)) {
    return record.destroyed === '' ? [`${file} is missing`] : [`${file} was destroyed, on record`];
  }
  const bytes = readFileSync(path);
  if (sha256(bytes) !== record.sha256) return [`${file} is not the file that was packed`];
  const key = reader.registry.get('key', record.keyName);
  const value = Buffer.from(record.signature, 'base64');
  const signed = key !== null && (await hsm.verify(key.value.publicKey, bytes, value));
  const problems = signed ? [] : [`the signature of ${file} does not hold`];
  const files = unzipSync(new Uint8Array(bytes));
  const { 'hashes.txt': list, ...rest } = files;
  if (Buffer.from(list ?? []).toString() !== hashesOf(rest)) problems.push('a hash inside differs');
  return problems;
}

/** Destroys the packages of an approved list, and records what was destroyed. Throws InvoicingRefused. */
export async function destroyPackages(
  { desk, archiveDir }: Pick<ArchiveParts, 'desk' | 'archiveDir'>,
  id: string,
): Promise<{ name: string; sha256: string }[]> {
  const list = desk.queries.get('destructions', `${desk.institution}|${id}`);
  if (list === null) throw new InvoicingRefused('not-found', `there is no destruction list ${id}`);
  if (list.approvedBy === '')
    throw new InvoicingRefused('not-approved', 'the list is not approved');
  const packages = list.packages.map((name) => ({
    name,
    sha256: desk.queries.archivePackage(desk.institution, name)?.sha256 ?? '',
  }));
  for (const { name } of packages)
    rmSync(join(archiveDir, desk.institution, name), { force: true });
  await desk.ask('destruction-done', { id, packages }, id);
  return packages;
}

function zipped(files: Record<string, Uint8Array>): Buffer {
  const entries: Zippable = {};
  for (const name of Object.keys(files).sort()) {
    entries[name] = [files[name]!, { mtime: ZIP_TIME, level: 6 }];
  }
  return Buffer.from(zipSync(entries));
}

function hashesOf(files: Record<string, Uint8Array>): string {
  const lines = Object.keys(files)
    .sort()
    .map((name) => `${sm3(files[name]!)}  ${name}\n`);
  return lines.join('');
}

/** Beside its place first: a package is there as a whole or not at all. */
function write(folder: string, file: string, bytes: Buffer): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, file);
  writeFileSync(`${path}.part`, bytes, { flush: true });
  renameSync(`${path}.part`, path);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function sm3(bytes: Uint8Array): string {
  return createHash('sm3').update(bytes).digest('hex');
}
