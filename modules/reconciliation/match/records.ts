/**
 * Lines as numbers: each record is a row of 32-bit words in a block, so that a million of them are a
 * few large arrays that threads can hand over. First the keys (three words each, zeros for none), then
 * what is compared, then where the line stands in its file, from which texts are read again when they
 * are needed.
 */

export const KEY_WORDS = 3;
const TAIL_WORDS = 8;

/** Places of the words behind the keys. */
const AMOUNT_LOW = 0;
const AMOUNT_HIGH = 1;
const FEE = 2;
const FLAGS = 3;
const OFFSET_LOW = 4;
const OFFSET_HIGH = 5;
const LENGTH = 6;
const LINE = 7;

const WORD = 0x1_0000_0000;
/** No fee is known. */
export const FEE_UNKNOWN = 0x7fffffff;

export const TYPE = { pay: 1, refund: 2 } as const;
/** `reversed` is a payment that a cancellation of the same file undid. */
export const STATUS = { success: 1, pending: 2, failed: 3, reversed: 4 } as const;
export const STATUS_NAMES = ['', 'success', 'pending', 'failed', 'reversed'] as const;

export function strideOf(keys: number): number {
  return keys * KEY_WORDS + TAIL_WORDS;
}

/** Records in one array; `at` numbers are places of the first word of a record. */
export interface Block {
  readonly words: Int32Array;
  readonly count: number;
}

/** Reads records of one number of keys. */
export class RecordView {
  readonly keys: number;
  readonly stride: number;
  private readonly tail: number;

  constructor(keys: number) {
    this.keys = keys;
    this.stride = strideOf(keys);
    this.tail = keys * KEY_WORDS;
  }

  amountFen(words: Int32Array, at: number): number {
    const tail = at + this.tail;
    return words[tail + AMOUNT_HIGH]! * WORD + (words[tail + AMOUNT_LOW]! >>> 0);
  }

  /** FEE_UNKNOWN when there is none. */
  feeFen(words: Int32Array, at: number): number {
    return words[at + this.tail + FEE]!;
  }

  type(words: Int32Array, at: number): number {
    return words[at + this.tail + FLAGS]! & 3;
  }

  status(words: Int32Array, at: number): number {
    return (words[at + this.tail + FLAGS]! >>> 2) & 7;
  }

  setStatus(words: Int32Array, at: number, status: number): void {
    const place = at + this.tail + FLAGS;
    words[place] = (words[place]! & ~0x1c) | (status << 2);
  }

  offset(words: Int32Array, at: number): number {
    const tail = at + this.tail;
    return words[tail + OFFSET_HIGH]! * WORD + (words[tail + OFFSET_LOW]! >>> 0);
  }

  length(words: Int32Array, at: number): number {
    return words[at + this.tail + LENGTH]!;
  }

  line(words: Int32Array, at: number): number {
    return words[at + this.tail + LINE]!;
  }

  hasKey(words: Int32Array, at: number, key: number): boolean {
    return key < this.keys && words[at + key * KEY_WORDS + 2] !== 0;
  }
}

const BLOCK_RECORDS = 1 << 15;

/** Fills blocks and gives each full one away. */
export class BlockWriter {
  readonly view: RecordView;
  private readonly give: (block: Block) => void;
  private words: Int32Array;
  private at = 0;

  constructor(keys: number, give: (block: Block) => void) {
    this.view = new RecordView(keys);
    this.give = give;
    this.words = new Int32Array(BLOCK_RECORDS * this.view.stride);
  }

  key(index: number, a: number, b: number, c: number): void {
    const place = this.at + index * KEY_WORDS;
    this.words[place] = a;
    this.words[place + 1] = b;
    this.words[place + 2] = c;
  }

  /** The rest of the record; it is then complete. */
  put(
    type: number,
    status: number,
    amountFen: number,
    feeFen: number,
    offset: number,
    length: number,
    line: number,
  ): void {
    const { words } = this;
    const tail = this.at + this.view.keys * KEY_WORDS;
    words[tail + AMOUNT_LOW] = amountFen | 0;
    words[tail + AMOUNT_HIGH] = Math.floor(amountFen / WORD);
    words[tail + FEE] = feeFen;
    words[tail + FLAGS] = type | (status << 2);
    words[tail + OFFSET_LOW] = offset | 0;
    words[tail + OFFSET_HIGH] = Math.floor(offset / WORD);
    words[tail + LENGTH] = length;
    words[tail + LINE] = line;
    this.at += this.view.stride;
    if (this.at === words.length) this.flush();
  }

  /** Gives away what is there. */
  flush(): void {
    if (this.at === 0) return;
    const count = this.at / this.view.stride;
    const full = this.at === this.words.length;
    this.give({ words: full ? this.words : this.words.slice(0, this.at), count });
    this.words = new Int32Array(BLOCK_RECORDS * this.view.stride);
    this.at = 0;
  }
}
