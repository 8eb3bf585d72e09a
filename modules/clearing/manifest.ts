/**
 * The manifest of a day: every file with its hash, and one signature of the HSM over all of them.
 * What was signed stands in the journal, so the manifest can be written again byte for byte, too.
 */
import type { Hsm, StoredKey } from '../../hsm/types.ts';
import { idOf } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import { type ClearingOutput, sha256Of } from './files/contents.ts';
import { factEntry, type PostingParts, payloadOf } from './postings.ts';

export const CLEARING_KEY = 'clearing-seal';

export interface ManifestFile {
  name: string;
  sha256: string;
  records: number;
  totalFen: number;
}

/** What is signed, in this order of the fields. */
export interface ManifestStatement {
  format: 'posp-clearing-manifest-1';
  institution: string;
  /** YYYYMMDD. */
  date: string;
  /** Counted from 1: a day whose files came out otherwise later has a next version. */
  version: number;
  /** Up to this journal position the files tell, and the chain's hash there. */
  position: number;
  chainHash: string;
  files: ManifestFile[];
}

export interface Manifest extends ManifestStatement {
  keyName: string;
  /** Of an SM2 key: 04, x and y in hex. */
  publicKey: string;
  /** SM2 with SM3 over the statement's JSON; hex. */
  signature: string;
}

export interface ManifestParts extends PostingParts {
  hsm: Hsm;
}

/** The bytes that the signature is over. */
export function statementOf(manifest: ManifestStatement): Buffer {
  const { format, institution, date, version, position, chainHash, files } = manifest;
  const listed = files.map(({ name, sha256, records, totalFen }) => ({
    name,
    sha256,
    records,
    totalFen,
  }));
  const statement = { format, institution, date, version, position, chainHash, files: listed };
  return Buffer.from(JSON.stringify(statement));
}

/**
 * The manifest of these files: the newest one when it is about the same bytes, otherwise a new
 * version, signed and recorded.
 */
export async function release(
  outputs: readonly ClearingOutput[],
  place: { position: number; chainHash: string },
  parts: ManifestParts,
): Promise<Manifest> {
  const files = outputs.map(({ name, bytes, records, totalFen }) => ({
    name,
    sha256: sha256Of(bytes),
    records,
    totalFen,
  }));
  const newest = (await versionsOf(parts)).at(-1);
  if (newest !== undefined && JSON.stringify(newest.files) === JSON.stringify(files)) return newest;
  const { institution, date, ledger, hsm } = parts;
  const version = (newest?.version ?? 0) + 1;
  const statement: ManifestStatement = {
    format: 'posp-clearing-manifest-1',
    institution,
    date,
    version,
    ...place,
    files,
  };
  const key = await sealKey(parts);
  const signature = await hsm.sign(key, statementOf(statement));
  const manifest: Manifest = {
    ...statement,
    keyName: CLEARING_KEY,
    publicKey: key.publicKey ?? '',
    signature: Buffer.from(signature).toString('hex'),
  };
  const { status } = await ledger.submit(
    factEntry(versionId(parts, version), parts, 'released', manifest),
  );
  if (status === 'applied') return manifest;
  const other = await payloadOf<Manifest>(versionId(parts, version), parts);
  if (other === null) throw new Error(`the release of ${date} was refused: ${status}`);
  return other;
}

/** Every version of the day that was released, oldest first. */
export async function versionsOf(parts: PostingParts): Promise<Manifest[]> {
  const versions: Manifest[] = [];
  for (;;) {
    const next = await payloadOf<Manifest>(versionId(parts, versions.length + 1), parts);
    if (next === null) return versions;
    versions.push(next);
  }
}

function versionId({ institution, date }: PostingParts, version: number) {
  return idOf('clearing-released', institution, date, String(version));
}

/** The key that signs; the first clearing of a deployment makes it. */
async function sealKey({ hsm, ledger, reader }: ManifestParts): Promise<StoredKey> {
  const known = storedKey(reader);
  if (known !== null) return known;
  const made = await hsm.generateKey({ algorithm: 'sm2', purpose: 'sign' });
  const { algorithm, purpose, version, cryptogram, checkValue, publicKey = '' } = made;
  const check = Buffer.from(checkValue, 'hex');
  const item = { algorithm, purpose, version, cryptogram, checkValue: check, publicKey };
  const by = { who: 'posp', why: 'first clearing', expectedVersion: 0 };
  await ledger.submit({
    id: idOf('clearing', 'seal key'),
    institution: '',
    registry: [registryChange('key', CLEARING_KEY, { name: CLEARING_KEY, ...item }, by)],
  });
  return storedKey(reader)!;
}

function storedKey({ registry }: Reader): StoredKey | null {
  const item = registry.get('key', CLEARING_KEY);
  if (item === null) return null;
  const { algorithm, purpose, version, cryptogram, checkValue, publicKey } = item.value;
  return {
    algorithm: algorithm as StoredKey['algorithm'],
    purpose: purpose as StoredKey['purpose'],
    version,
    cryptogram,
    checkValue: Buffer.from(checkValue).toString('hex').toUpperCase(),
    publicKey,
  };
}
