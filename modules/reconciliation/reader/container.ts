/**
 * What a bill comes in: a ZIP (Alipay, UnionPay), GZIP (WeChat on request) or the plain file. Packed
 * files are unpacked into a temporary folder piece by piece, because lines are read again by place.
 */
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Gunzip, Unzip, UnzipInflate } from 'fflate';
import iconv from 'iconv-lite';
import { BillRefused } from '../record.ts';

const CHUNK_BYTES = 1 << 18;
/** Nothing that one machine should reconcile at once is larger. */
const MOST_BYTES = 16 * 2 ** 30;
/** A packed file that grows to so many times its size is a bomb; small ones may be full of blanks. */
const MOST_GROWTH = 200;
const HARMLESS_BYTES = 64 * 2 ** 20;
const MOST_ENTRIES = 64;

export interface OpenedBill {
  /** Where the plain bytes are. */
  path: string;
  /** For people: `bill.zip/…_业务明细.csv`. */
  name: string;
  /** Further files of the same archive, by name. */
  others: { path: string; name: string }[];
  /** Removes what was unpacked. */
  close(): void;
}

/** Opens a bill; of an archive the file that `isMain` says. Throws BillRefused. */
export function openBill(path: string, isMain: (name: string) => boolean): OpenedBill {
  const name = basename(path);
  const head = Buffer.alloc(4);
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw new BillRefused(name, 0, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    const length = readHead(descriptor, head, name);
    if (length === 4 && head.readUInt32LE() === 0x04034b50) return unzip(descriptor, name, isMain);
    if (length >= 2 && head.readUInt16LE() === 0x8b1f) return gunzip(descriptor, name);
    return { path, name, others: [], close() {} };
  } finally {
    closeSync(descriptor);
  }
}

function readHead(descriptor: number, head: Buffer, name: string): number {
  try {
    return readSync(descriptor, head, 0, head.length, 0);
  } catch (error) {
    throw new BillRefused(name, 0, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

class Unpacked {
  readonly folder = mkdtempSync(join(tmpdir(), 'posp-bill-'));
  readonly files: { path: string; name: string }[] = [];
  private readonly archive: string;
  private readonly mostBytes: number;
  private bytes = 0;

  constructor(descriptor: number, archive: string) {
    this.archive = archive;
    const grown = fstatSync(descriptor).size * MOST_GROWTH;
    this.mostBytes = Math.min(Math.max(grown, HARMLESS_BYTES), MOST_BYTES);
  }

  /** A new file; what is written to it stops being written at the limit. */
  add(name: string): (chunk: Uint8Array, final: boolean) => void {
    if (this.files.length === MOST_ENTRIES) this.refuse(`has more than ${MOST_ENTRIES} files`);
    const path = join(this.folder, String(this.files.length));
    this.files.push({ path, name: `${this.archive}/${name}` });
    const descriptor = openSync(path, 'w', 0o600);
    return (chunk, final) => {
      this.bytes += chunk.length;
      if (this.bytes > this.mostBytes) this.refuse('unpacks to far more than a bill holds');
      for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at);
      if (final) closeSync(descriptor);
    };
  }

  refuse(reason: string): never {
    throw new BillRefused(this.archive, 0, reason);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function unzip(descriptor: number, archive: string, isMain: (name: string) => boolean): OpenedBill {
  const unpacked = new Unpacked(descriptor, archive);
  try {
    let complete = 0;
    const unzipper = new Unzip((file) => {
      if (file.name.endsWith('/')) return;
      const write = unpacked.add(basename(entryName(file.name)));
      file.ondata = (error, chunk, final) => {
        if (error instanceof BillRefused) throw error;
        if (error) unpacked.refuse('is a broken ZIP');
        write(chunk, final);
        if (final) complete++;
      };
      file.start();
    });
    unzipper.register(UnzipInflate);
    pump(descriptor, unpacked, (chunk, final) => unzipper.push(chunk, final));
    if (complete !== unpacked.files.length || complete === 0) unpacked.refuse('is a broken ZIP');
    const main = unpacked.files.find(({ name }) => isMain(basename(name)));
    if (main === undefined) return unpacked.refuse('holds no bill');
    const others = unpacked.files.filter((file) => file !== main);
    return { ...main, others, close: () => unpacked.remove() };
  } catch (error) {
    unpacked.remove();
    throw error;
  }
}

function gunzip(descriptor: number, archive: string): OpenedBill {
  const unpacked = new Unpacked(descriptor, archive);
  try {
    const write = unpacked.add(archive.replace(/\.gz$/i, ''));
    const gunzipper = new Gunzip((chunk, final) => write(chunk, final));
    pump(descriptor, unpacked, (chunk, final) => gunzipper.push(chunk, final));
    return { ...unpacked.files[0]!, others: [], close: () => unpacked.remove() };
  } catch (error) {
    unpacked.remove();
    throw error;
  }
}

/** Hands over the file in chunks, the last one empty; what the unpacker throws is a broken archive. */
function pump(
  descriptor: number,
  unpacked: Unpacked,
  push: (chunk: Uint8Array, final: boolean) => void,
): void {
  const buffer = Buffer.alloc(CHUNK_BYTES);
  try {
    for (let position = 0; ; ) {
      const read = readSync(descriptor, buffer, 0, buffer.length, position);
      position += read;
      push(Uint8Array.prototype.slice.call(buffer, 0, read), read === 0);
      if (read === 0) return;
    }
  } catch (error) {
    if (error instanceof BillRefused) throw error;
    unpacked.refuse('is a broken archive');
  }
}

/** Names without the UTF-8 flag arrive as latin1 and are GBK in Chinese archives. */
function entryName(name: string): string {
  if (!/[\x80-\xff]/.test(name) || /[^\0-\xff]/.test(name)) return name;
  return iconv.decode(Buffer.from(name, 'latin1'), 'gbk');
}
