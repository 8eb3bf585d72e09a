/** One database of the environment, with its values encrypted when there is a cipher. */
import type { Database, RangeOptions, RootDatabase } from 'lmdb';
import type { ValueCipher } from './value-cipher.ts';

export class Table {
  private readonly name: string;
  private readonly database: Database<Buffer, Buffer>;
  private readonly cipher: ValueCipher | null;

  constructor(root: RootDatabase<Buffer, Buffer>, name: string, cipher: ValueCipher | null) {
    this.name = name;
    this.database = root.openDB(name, { encoding: 'binary', keyEncoding: 'binary' });
    this.cipher = cipher;
  }

  get(key: Buffer): Buffer | undefined {
    const value = this.database.get(key);
    return value === undefined ? undefined : this.opened(key, value);
  }

  put(key: Buffer, value: Uint8Array): void {
    this.database.putSync(key, this.sealed(key, value));
  }

  /** Puts a value behind all others; false when its key is not the highest. */
  append(key: Buffer, value: Uint8Array): boolean {
    const done: unknown = this.database.putSync(key, this.sealed(key, value), { append: true });
    return done === true;
  }

  remove(key: Buffer): void {
    this.database.removeSync(key);
  }

  clear(): void {
    this.database.clearSync();
  }

  *range(options: RangeOptions): Iterable<{ key: Buffer; value: Buffer }> {
    for (const { key, value } of this.database.getRange(options)) {
      yield { key, value: this.opened(key, value) };
    }
  }

  private sealed(key: Buffer, value: Uint8Array): Buffer {
    if (this.cipher !== null) return this.cipher.encrypt(this.name, key, value);
    if (Buffer.isBuffer(value)) return value;
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }

  /** A value that was tampered with reads as one that is empty: whoever reads it finds it damaged. */
  private opened(key: Buffer, value: Buffer): Buffer {
    if (this.cipher === null) return value;
    try {
      return this.cipher.decrypt(this.name, key, value);
    } catch {
      return Buffer.alloc(0);
    }
  }
}
