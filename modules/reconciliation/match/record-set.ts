/**
 * Records of one side that wait for a round of matching. They stay in memory while they fit into the
 * budget that both sides share; beyond it they lie in files on disk, split by the key of the round, so
 * that memory does not grow with the bills.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Block, KEY_WORDS, type RecordView } from './records.ts';

/** Power of two. */
const PARTITIONS = 64;
const BUFFER_BYTES = 1 << 16;

/** Which key of a record the round compares; -1 when it takes no part. */
export type KeyPick = (words: Int32Array, at: number) => number;

/** What the sets of a run share: how much may stay in memory, and where the rest goes. */
export class Workspace {
  readonly budgetBytes: number;
  usedBytes = 0;
  private folder: string | null = null;
  private files = 0;

  constructor(budgetBytes: number) {
    this.budgetBytes = budgetBytes;
  }

  path(): string {
    this.folder ??= mkdtempSync(join(tmpdir(), 'posp-reconcile-'));
    return join(this.folder, String(this.files++));
  }

  /** Whether anything had to go to disk. */
  get spilled(): boolean {
    return this.folder !== null;
  }

  close(): void {
    if (this.folder !== null) rmSync(this.folder, { recursive: true, force: true });
  }
}

export class RecordSet {
  readonly view: RecordView;
  private readonly pick: KeyPick;
  private readonly workspace: Workspace;
  private blocks: Block[] = [];
  private open: { words: Int32Array; at: number } | null = null;
  private partitions: PartitionFile[] | null = null;
  count = 0;

  constructor(view: RecordView, pick: KeyPick, workspace: Workspace) {
    this.view = view;
    this.pick = pick;
    this.workspace = workspace;
  }

  get onDisk(): boolean {
    return this.partitions !== null;
  }

  /** Takes a whole block; it belongs to the set from now on. */
  addBlock(block: Block): void {
    this.count += block.count;
    if (this.partitions !== null) {
      this.scatter(block);
      return;
    }
    this.blocks.push(block);
    this.workspace.usedBytes += block.words.byteLength;
    if (this.workspace.usedBytes > this.workspace.budgetBytes) this.spill();
  }

  /** Takes one record, copied. */
  add(words: Int32Array, at: number): void {
    const { stride } = this.view;
    this.open ??= { words: new Int32Array(stride * 4096), at: 0 };
    const { open } = this;
    for (let word = 0; word < stride; word++) open.words[open.at + word] = words[at + word]!;
    open.at += stride;
    if (open.at === open.words.length) this.closeOpen();
  }

  /** Ends adding single records. */
  closeOpen(): void {
    if (this.open === null) return;
    const { words, at } = this.open;
    this.open = null;
    if (at > 0) this.addBlock({ words: words.slice(0, at), count: at / this.view.stride });
  }

  /** Moves everything to disk. */
  spill(): void {
    if (this.partitions !== null) return;
    this.partitions = Array.from(
      { length: PARTITIONS + 1 },
      () => new PartitionFile(this.workspace.path()),
    );
    const blocks = this.blocks;
    this.blocks = [];
    for (const block of blocks) {
      this.workspace.usedBytes -= block.words.byteLength;
      this.scatter(block);
    }
  }

  /** How many parts `part` knows. The last of several holds the records without a key. */
  get parts(): number {
    return this.partitions === null ? 1 : PARTITIONS + 1;
  }

  /** Records of a part as one array, taken out of the set. */
  take(part: number): Int32Array {
    this.closeOpen();
    if (this.partitions !== null) return this.partitions[part]!.take();
    const { stride } = this.view;
    const words = new Int32Array(this.count * stride);
    let at = 0;
    const blocks = this.blocks.reverse();
    this.blocks = [];
    for (let block = blocks.pop(); block !== undefined; block = blocks.pop()) {
      words.set(block.words.subarray(0, block.count * stride), at);
      at += block.count * stride;
      this.workspace.usedBytes -= block.words.byteLength;
    }
    return words;
  }

  /** Lets `change` look at all records and change what is behind their keys. */
  update(change: (words: Int32Array) => void): void {
    this.closeOpen();
    for (const { words, count } of this.blocks) change(words.subarray(0, count * this.view.stride));
    for (const partition of this.partitions ?? []) {
      const words = partition.take();
      change(words);
      partition.put(words, 0, words.length);
    }
  }

  private scatter({ words, count }: Block): void {
    const { stride } = this.view;
    for (let at = 0; at < count * stride; at += stride) {
      const key = this.pick(words, at);
      const part = key < 0 ? PARTITIONS : words[at + key * KEY_WORDS]! & (PARTITIONS - 1);
      this.partitions![part]!.put(words, at, stride);
    }
  }
}

/** A file that is written at its end and read once. */
class PartitionFile {
  private readonly path: string;
  private buffer: Int32Array | null = null;
  private filled = 0;
  private bytes = 0;
  private descriptor = -1;

  constructor(path: string) {
    this.path = path;
  }

  put(words: Int32Array, at: number, length: number): void {
    if (length > BUFFER_BYTES / 4) {
      this.flush();
      this.write(words.subarray(at, at + length));
      return;
    }
    this.buffer ??= new Int32Array(BUFFER_BYTES / 4);
    if (this.filled + length > this.buffer.length) this.flush();
    for (let word = 0; word < length; word++) this.buffer[this.filled + word] = words[at + word]!;
    this.filled += length;
  }

  take(): Int32Array {
    this.flush();
    this.buffer = null;
    const words = new Int32Array(this.bytes / 4);
    if (this.descriptor < 0) return words;
    closeSync(this.descriptor);
    const reading = openSync(this.path, 'r');
    const target = Buffer.from(words.buffer);
    for (let at = 0; at < target.length; ) {
      at += readSync(reading, target, at, Math.min(target.length - at, 1 << 26), at);
    }
    closeSync(reading);
    rmSync(this.path);
    this.descriptor = -1;
    this.bytes = 0;
    return words;
  }

  private flush(): void {
    if (this.filled === 0 || this.buffer === null) return;
    this.write(this.buffer.subarray(0, this.filled));
    this.filled = 0;
  }

  private write(words: Int32Array): void {
    if (this.descriptor < 0) this.descriptor = openSync(this.path, 'w', 0o600);
    const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.descriptor, bytes, at);
    this.bytes += bytes.length;
  }
}
