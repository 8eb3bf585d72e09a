/**
 * The journal as text and back. One line a group (`{"group": …}`), then one line a record, and a last
 * line that says how far it goes (`{"end": …}`), so that a file that was cut off is told. Importing
 * judges every entry again under the same positions and times, and compares the hash of each group,
 * so that what comes out is the same journal or nothing.
 *
 * An export holds what the journal holds, card numbers in full among it: it is written for its owner
 * alone, like a backup.
 */

import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import { decodeRecord } from './decode.ts';
import { entryBytes } from './encode.ts';
import { LedgerError } from './errors.ts';
import { LmdbStorage } from './lmdb-storage.ts';
import { entryFromJson, recordToJson } from './record-json.ts';
import { checkedGroup, recover } from './recovery.ts';
import { WriterCore } from './writer-core.ts';
import { takeFolder } from './writer-lock.ts';

export interface TransferReport {
  positions: number;
  /** Hex, of the last group. */
  chainHash: string;
}

interface GroupLine {
  firstPosition: number;
  count: number;
  timestampUs: number;
  hash: string;
}

/** Writes the journal to a file that must not exist yet. Throws LedgerError. */
export async function exportJournal(
  dataDir: string,
  file: string,
  encryptionKey?: Uint8Array,
): Promise<TransferReport> {
  const storage = new LmdbStorage({ dataDir, encryptionKey, readOnly: true });
  try {
    const out = createWriteStream(file, { flags: 'wx', mode: 0o600 });
    const report = { positions: 0, chainHash: '' };
    let previous = null;
    for (const { firstPosition, value } of storage.groups(1)) {
      const group = checkedGroup(firstPosition, value, previous);
      const { count, timestampUs } = group;
      const hash = Buffer.from(group.hash).toString('hex');
      const line: GroupLine = { firstPosition, count, timestampUs, hash };
      let text = `${JSON.stringify({ group: line })}\n`;
      for (let position = firstPosition; position <= group.lastPosition; position++) {
        text += `${JSON.stringify(recordToJson(decodeRecord(group, position)))}\n`;
      }
      if (!out.write(text)) await once(out, 'drain');
      report.positions = group.lastPosition;
      report.chainHash = hash;
      previous = group;
    }
    out.end(`${JSON.stringify({ end: report })}\n`);
    await finished(out);
    return report;
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST'
      ? new LedgerError('not_empty', `${file} exists already`)
      : error;
  } finally {
    await storage.close();
  }
}

/** Makes a ledger in an empty folder out of an export. Throws LedgerError and leaves the folder as it was. */
export async function importJournal(
  file: string,
  dataDir: string,
  encryptionKey?: Uint8Array,
): Promise<TransferReport> {
  const isNew = !existsSync(join(dataDir, 'data.mdb'));
  const storage = new LmdbStorage({ dataDir, encryptionKey });
  let isDone = false;
  try {
    if (storage.lastGroup() !== null) {
      throw new LedgerError('not_empty', `there is a ledger with records in ${dataDir}`);
    }
    takeFolder(storage, dataDir);
    const core = new WriterCore(storage, recover(storage));
    await importLines(file, core);
    core.writeCheckpoint();
    storage.handBack();
    isDone = true;
    return reportOf(core);
  } finally {
    await storage.close();
    if (isNew && !isDone) {
      for (const name of ['data.mdb', 'lock.mdb']) rmSync(join(dataDir, name), { force: true });
    }
  }
}

function reportOf({ state: { position, chainHash } }: WriterCore): TransferReport {
  return { positions: position, chainHash: Buffer.from(chainHash).toString('hex') };
}

async function importLines(file: string, core: WriterCore): Promise<void> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
  let group: GroupLine | null = null;
  let number = 0;
  let hasEnded = false;
  for await (const line of lines) {
    number++;
    if (hasEnded) throw badLine(number, 'it stands behind the end');
    const json = parseLine(line, number);
    if (json['end'] !== undefined) {
      if (group !== null) throw badLine(number, 'the group before is not complete');
      if (!isDeepStrictEqual(json['end'], reportOf(core))) {
        throw badLine(number, 'the file should go on: it was cut off or shortened');
      }
      hasEnded = true;
    } else if (json['group'] !== undefined) {
      if (group !== null) throw badLine(number, 'the group before is not complete');
      group = groupOf(json['group'], core, number);
      core.begin(group.timestampUs, false);
    } else {
      if (group === null) throw badLine(number, 'a record stands outside of a group');
      const bytes = bytesOf(json, number);
      core.submit(bytes, 0, bytes.length, false);
      if (!core.recordedLast) throw badLine(number, 'the record is in the journal already');
      if (core.count < group.count) continue;
      commitGroup(core, group, number);
      group = null;
    }
  }
  if (group !== null) throw badLine(number, 'the file ends within a group');
  if (!hasEnded) throw badLine(number, 'the file ends without its last line: it was cut off');
}

function groupOf(json: unknown, core: WriterCore, line: number): GroupLine {
  const { firstPosition, count, timestampUs, hash } = (json ?? {}) as Partial<GroupLine>;
  const isWhole =
    firstPosition === core.state.position + 1 &&
    Number.isSafeInteger(count) &&
    count! > 0 &&
    Number.isSafeInteger(timestampUs) &&
    typeof hash === 'string';
  if (isWhole) return json as GroupLine;
  throw badLine(line, `it is no group that begins at position ${core.state.position + 1}`);
}

/** The bytes of a record's entry. Whatever is wrong with the text is told with its line. */
function bytesOf(json: Record<string, unknown>, line: number): Uint8Array {
  try {
    return entryBytes(entryFromJson(json));
  } catch (error) {
    throw badLine(line, `it is no record: ${(error as Error).message}`);
  }
}

/** Commits only what has the hash that the export says. */
function commitGroup(core: WriterCore, group: GroupLine, line: number): void {
  const same = Buffer.from(core.groupHash()).toString('hex') === group.hash;
  if (!same) throw badLine(line, `the records from ${group.firstPosition} on are not as exported`);
  core.commit();
}

function parseLine(line: string, number: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below, with the number of the line.
  }
  throw badLine(number, 'not a JSON object');
}

function badLine(number: number, reason: string): LedgerError {
  return new LedgerError('bad_input', `line ${number} of the export: ${reason}`);
}
