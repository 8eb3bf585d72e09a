/** Writes one ZIP file by file: a year's bills never stand in memory at once. The same files give the same bytes. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { Zip, ZipDeflate } from 'fflate';

/** ZIP knows no time before 1980; this one is always the same. */
const ZIP_TIME = new Date('1980-01-01T00:00:00');

export class VolumeWriter {
  readonly #descriptor: number;
  readonly #zip: Zip;
  #failure: Error | null = null;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'wx', 0o600);
    this.#zip = new Zip((error, chunk) => {
      if (error !== null) this.#failure = error;
      else writeSync(this.#descriptor, chunk);
    });
  }

  add(name: string, bytes: Uint8Array): void {
    const entry = new ZipDeflate(name, { level: 6 });
    entry.mtime = ZIP_TIME;
    this.#zip.add(entry);
    entry.push(bytes, true);
    if (this.#failure !== null) throw this.#failure;
  }

  /** The file is on disk afterwards. */
  close(): void {
    this.#zip.end();
    fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
    if (this.#failure !== null) throw this.#failure;
  }
}
