/** Packing a year that is over into the archive. */
import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { packageName } from '../apply/keeping.ts';
import { totalFenOf } from '../bill/bill.ts';
import { billOfd } from '../face/ofd.ts';
import { storedKey, unitKeyName } from '../keys.ts';
import type { FoundBill, InvoicingQueries } from '../queries.ts';
import { type Desk, InvoicingRefused } from '../requests.ts';
import type { ArchivePackage } from '../tables.ts';
import { archiveMetadata } from './metadata.ts';
import {
  type ArchiveParts,
  billFolder,
  fileSm3,
  HASHES_FILE,
  INDEX_FILE,
  INDEX_HEAD,
  indexLine,
  packageFolder,
  SIGNATURE_FILE,
  sha256,
  sm3,
  volumeName,
} from './package.ts';
import { VolumeWriter } from './volume.ts';

/** A volume is opened as a whole to read one bill of it: some tens of megabytes. */
const VOLUME_BILLS = 2_000;
/** Bills between which other work of the thread gets its turn. */
const TURN_BILLS = 20;

/** The package of a year; a year that is packed already is not packed again. Throws InvoicingRefused. */
export async function packYear(parts: ArchiveParts, year: string): Promise<ArchivePackage> {
  const { desk, hsm, reader } = parts;
  const { queries, institution } = desk;
  const name = packageName(institution, year);
  const packed = queries.archivePackage(institution, name);
  if (packed !== null) return packed;
  refuseOpenYear(desk, year);
  const key = reader.registry.get('key', unitKeyName(institution));
  if (key === null) throw new InvoicingRefused('nothing-signed', 'the unit has signed nothing yet');
  const folder = packageFolder(parts, { institution, year });
  const working = `${folder}.part`;
  rmSync(working, { recursive: true, force: true });
  mkdirSync(working, { recursive: true, mode: 0o700 });
  const { bills, volumes } = await writeVolumes(desk, year, working);
  if (bills === 0) throw new InvoicingRefused('nothing-to-pack', `there are no bills of ${year}`);
  const hashes = await hashList(working, [INDEX_FILE, ...volumes]);
  write(join(working, HASHES_FILE), hashes);
  const stored = storedKey(key.value);
  const signature = Buffer.from(await hsm.sign(stored, hashes)).toString('base64');
  const keyName = unitKeyName(institution);
  const signed = { keyName, algorithm: 'SM2-SM3', publicKey: stored.publicKey ?? '', signature };
  write(join(working, SIGNATURE_FILE), Buffer.from(`${JSON.stringify(signed, null, 2)}\n`));
  rmSync(folder, { recursive: true, force: true });
  renameSync(working, folder);
  const recorded = { sha256: sha256(hashes), sm3: sm3(hashes), bills, signature, keyName };
  await desk.ask('archive-packed', { year, file: name, ...recorded }, name);
  return queries.archivePackage(institution, name)!;
}

/** Bills may still come to a year that is not over, and a package is never opened again. */
function refuseOpenYear({ queries, institution }: Desk, year: string): void {
  const row = queries.institutions().find(({ id }) => id === institution);
  const timeZone = row?.timeZone || 'Asia/Shanghai';
  const today = new Date().toLocaleDateString('en-CA', { timeZone });
  if (year >= today.slice(0, 4)) {
    throw new InvoicingRefused('year-not-over', `${year} is not over`);
  }
}

async function writeVolumes(
  { queries, institution }: Desk,
  year: string,
  folder: string,
): Promise<{ bills: number; volumes: string[] }> {
  const index = openSync(join(folder, INDEX_FILE), 'wx', 0o600);
  writeSync(index, `${INDEX_HEAD}\n`);
  const volumes: string[] = [];
  let volume: VolumeWriter | null = null;
  let bills = 0;
  for (const found of queries.billsOfDays(institution, daysOf(year))) {
    if (bills % VOLUME_BILLS === 0) {
      volume?.close();
      volumes.push(volumeName(volumes.length + 1));
      volume = new VolumeWriter(join(folder, volumes.at(-1)!));
    }
    const original = originalOf(queries, found);
    for (const [name, bytes] of filesOf(found, original)) volume!.add(name, bytes);
    writeSync(index, `${rowOf(found, original, volumes.at(-1)!)}\n`);
    bills++;
    if (bills % TURN_BILLS === 0) await nextTurn();
  }
  volume?.close();
  closeSync(index);
  return { bills, volumes };
}

function daysOf(year: string): { from: string; to: string } {
  return { from: `${year}0000`, to: `${year}9999` };
}

function originalOf(queries: InvoicingQueries, { key }: FoundBill): Buffer {
  const original = queries.original(key);
  if (original === null) throw new InvoicingRefused('not-signed-yet', `${key} is not signed`);
  return original;
}

function filesOf(found: FoundBill, original: Buffer): [name: string, bytes: Uint8Array][] {
  const { bill, state } = found;
  const folder = billFolder(bill);
  const signatures = { unit: state.unitSignature, supervisor: state.supervisorSignature };
  const signature = state.unitSignature?.value ?? '';
  return [
    [`${folder}/original.xml`, original],
    [
      `${folder}/metadata.xml`,
      archiveMetadata(found, [{ type: 'xml', description: '签名原文', bytes: original }]),
    ],
    [`${folder}/signatures.json`, Buffer.from(JSON.stringify(signatures))],
    [`${folder}/bill.ofd`, billOfd(bill, { original, signature })],
  ];
}

function rowOf({ bill }: FoundBill, original: Buffer, volume: string): string {
  const { billCode, billNumber, kind, billType, businessDate, issueDate } = bill;
  const names = { billCode, billNumber, kind, billType, businessDate, issueDate };
  return indexLine({ ...names, totalFen: String(totalFenOf(bill)), volume, sm3: sm3(original) });
}

async function hashList(folder: string, files: readonly string[]): Promise<Buffer> {
  const lines: string[] = [];
  for (const name of files) lines.push(`${await fileSm3(join(folder, name))}  ${name}\n`);
  return Buffer.from(lines.join(''));
}

function write(path: string, bytes: Uint8Array): void {
  writeFileSync(path, bytes, { mode: 0o600, flush: true });
}
