/**
 * Texts as codes: equal texts get equal codes, and all code units stand in one array. A hash table
 * over that array takes the place of a Map of strings: a register of a million persons has millions
 * of different texts, and as objects they would cost more than everything else.
 */

/** Units of text `code` are `units[offsets[code]] … units[offsets[code + 1] - 1]`. Code 0 is no text. */
export interface TextPool {
  units: Uint16Array;
  offsets: Uint32Array;
}

const UNITS_A_TEXT = 12;

export class TextPoolBuilder {
  private units: Uint16Array;
  private offsets: Uint32Array;
  private hashes: Int32Array;
  /** Code of the text whose hash leads here, 0 where there is none; open addressing. */
  private slots: Uint32Array;
  private texts = 0;

  constructor(expectedTexts: number) {
    this.units = new Uint16Array(expectedTexts * UNITS_A_TEXT);
    this.offsets = new Uint32Array(expectedTexts + 2);
    this.hashes = new Int32Array(expectedTexts + 2);
    this.slots = new Uint32Array(2 ** Math.ceil(Math.log2(expectedTexts * 4)));
  }

  get size(): number {
    return this.texts;
  }

  /** The code of a text; 0 for the empty one. */
  code(text: string): number {
    const { length } = text;
    if (length === 0) return 0;
    const hash = hashOf(text);
    let slot = hash & (this.slots.length - 1);
    for (;;) {
      const code = this.slots[slot]!;
      if (code === 0) return this.add(text, hash, slot);
      if (this.hashes[code] === hash && this.holds(code, text)) return code;
      slot = (slot + 1) & (this.slots.length - 1);
    }
  }

  /** `shared`: in memory that threads share; otherwise nothing is copied. */
  finish(shared: boolean): TextPool {
    if (!shared) return { units: this.units, offsets: this.offsets.subarray(0, this.texts + 2) };
    const length = this.offsets[this.texts + 1]!;
    const units = new Uint16Array(new SharedArrayBuffer(Math.max(2, length * 2)));
    units.set(this.units.subarray(0, length));
    const offsets = new Uint32Array(new SharedArrayBuffer((this.texts + 2) * 4));
    offsets.set(this.offsets.subarray(0, this.texts + 2));
    return { units, offsets };
  }

  private holds(code: number, text: string): boolean {
    const start = this.offsets[code]!;
    if (this.offsets[code + 1]! - start !== text.length) return false;
    for (let i = 0; i < text.length; i++) {
      if (this.units[start + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  private add(text: string, hash: number, slot: number): number {
    const code = ++this.texts;
    if (code + 1 >= this.offsets.length) {
      this.offsets = grown(this.offsets, new Uint32Array(this.offsets.length * 2));
      this.hashes = grown(this.hashes, new Int32Array(this.hashes.length * 2));
    }
    const start = this.offsets[code]!;
    while (start + text.length > this.units.length) {
      this.units = grown(this.units, new Uint16Array(this.units.length * 2));
    }
    for (let i = 0; i < text.length; i++) this.units[start + i] = text.charCodeAt(i);
    this.offsets[code + 1] = start + text.length;
    this.hashes[code] = hash;
    this.slots[slot] = code;
    if (code * 2 > this.slots.length) this.spread();
    return code;
  }

  private spread(): void {
    const slots = new Uint32Array(this.slots.length * 2);
    for (let code = 1; code <= this.texts; code++) {
      let slot = this.hashes[code]! & (slots.length - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = code;
    }
    this.slots = slots;
  }
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ (hash >>> 13);
}

function grown<Numbers extends Uint16Array | Uint32Array | Int32Array>(
  from: Numbers,
  to: Numbers,
): Numbers {
  to.set(from);
  return to;
}
