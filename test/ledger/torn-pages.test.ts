/**
 * A power failure while LMDB writes its file: any part of the commit's pages may have reached the
 * disk, its meta page has not. Images of the file before and after a commit are mixed page by page.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ByteWriter } from '../../ledger/bytes.ts';
import { encodeEntry } from '../../ledger/encode.ts';
import { LmdbStorage } from '../../ledger/lmdb-storage.ts';
import { recover } from '../../ledger/recovery.ts';
import { verify } from '../../ledger/verify.ts';
import { WriterCore } from '../../ledger/writer-core.ts';
import { Random, testSeed } from './random.ts';
import { RandomEntries } from './random-entries.ts';

const COMMITS = 12;
const MIXTURES = 4;
const PAGE_BYTES = 4096;
const META_PAGES = 2;

const seed = testSeed();
t.comment(`POSP_TEST_SEED=${seed}`);
const random = new Random(seed);
const folder = t.testdir();

/** Commits random groups; returns the file after each one and its head. */
async function makeImages(): Promise<{ image: Buffer; head: number }[]> {
  const dataDir = join(folder, 'live');
  const storage = new LmdbStorage({ dataDir });
  const core = new WriterCore(storage, recover(storage));
  const entries = new RandomEntries(random);
  const out = new ByteWriter();
  const images = [];
  for (let commit = 0; commit < COMMITS; commit++) {
    core.begin(Date.UTC(2026, 0, 1) * 1000);
    for (let left = 1 + random.below(300); left > 0; left--) {
      out.length = 0;
      encodeEntry(out, entries.next());
      core.submit(out.bytes, 0, out.length, false);
    }
    core.commit();
    const copy = join(folder, 'copy.mdb');
    copyFileSync(join(dataDir, 'data.mdb'), copy);
    images.push({ image: readFileSync(copy), head: core.state.position });
  }
  await storage.close();
  return images;
}

/** The old file with some of the new file's pages; never its meta pages. */
function mix(before: Buffer, after: Buffer, share: number): Buffer {
  const mixed = Buffer.alloc(after.length);
  before.copy(mixed);
  for (let at = META_PAGES * PAGE_BYTES; at < after.length; at += PAGE_BYTES) {
    if (random.chance(share)) after.copy(mixed, at, at, at + PAGE_BYTES);
  }
  return mixed;
}

async function headOf(name: string, image: Buffer): Promise<number> {
  const dataDir = join(folder, name);
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, 'data.mdb'), image);
  const { positions, problems } = await verify(dataDir);
  return problems.length === 0 ? positions : -1;
}

t.test('every mixture of pages is the ledger before the commit', async (t) => {
  const images = await makeImages();
  for (let i = 1; i < images.length; i++) {
    const before = images[i - 1]!;
    const after = images[i]!;
    for (let mixture = 0; mixture < MIXTURES; mixture++) {
      const torn = mix(before.image, after.image, (mixture + 1) / MIXTURES);
      t.equal(await headOf(`torn-${i}-${mixture}`, torn), before.head, `commit ${i}, ${mixture}`);
    }
    t.equal(await headOf(`whole-${i}`, after.image), after.head, `commit ${i}, whole`);
  }
});
