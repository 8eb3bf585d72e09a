/** Checking files of a day against their manifest, with nothing but the folder at hand. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { sm2Verify } from '../../hsm/operations/sm2.ts';
import { ClearingFileError } from './file.ts';
import { sha256Of } from './files/contents.ts';
import { type Manifest, statementOf } from './manifest.ts';

const hex = z.string().regex(/^[0-9a-fA-F]*$/);
const manifestShape = z.strictObject({
  format: z.literal('posp-clearing-manifest-1'),
  institution: z.string(),
  date: z.string(),
  version: z.int(),
  position: z.int(),
  chainHash: hex,
  files: z.array(
    z.strictObject({ name: z.string(), sha256: hex, records: z.int(), totalFen: z.int() }),
  ),
  keyName: z.string(),
  publicKey: z.string().regex(/^04[0-9a-fA-F]{128}$/),
  signature: hex,
});

export interface VerifiedFile {
  name: string;
  records: number;
  totalFen: number;
  sha256: string;
}

/**
 * Checks a manifest and every file that it names, or one file by the manifest beside it. Throws
 * ClearingFileError: the sentence says what does not hold.
 */
export function verifyByManifest(path: string): { manifest: Manifest; files: VerifiedFile[] } {
  const name = basename(path);
  const folder = dirname(path);
  const isManifest = /^manifest-\d{8}\.json$/.test(name);
  const manifest = isManifest ? readManifest(path) : manifestOf(name, folder);
  const wanted = manifest.files.filter((file) => isManifest || file.name === name);
  for (const { name: named, sha256 } of wanted) {
    const place = join(folder, named);
    if (!existsSync(place)) throw new ClearingFileError(`${named} is missing`);
    if (sha256Of(readFileSync(place)) !== sha256) {
      throw new ClearingFileError(`${named} is not what the manifest's hash says: it was changed`);
    }
  }
  return { manifest, files: wanted };
}

/** Reads a manifest and checks its signature. */
export function readManifest(path: string): Manifest {
  const result = manifestShape.safeParse(jsonOf(path));
  if (!result.success) throw new ClearingFileError(`${basename(path)} is not a clearing manifest`);
  const manifest = result.data;
  const signature = Buffer.from(manifest.signature, 'hex');
  if (!sm2Verify(manifest.publicKey, statementOf(manifest), signature)) {
    throw new ClearingFileError(`the signature of ${basename(path)} does not hold`);
  }
  return manifest;
}

function manifestOf(name: string, folder: string): Manifest {
  const candidates = readdirSync(folder).filter((one) => /^manifest-\d{8}\.json$/.test(one));
  for (const candidate of candidates) {
    const manifest = readManifest(join(folder, candidate));
    if (manifest.files.some((file) => file.name === name)) return manifest;
  }
  throw new ClearingFileError('no manifest beside the file names it');
}

function jsonOf(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
