/**
 * 96 bits of a key, from its bytes. Keys are compared by them alone: with a million lines on each
 * side the chance that any two different keys meet is about 10^-16. Three lanes of 32 bits take four
 * bytes a step, each with its own constants, and are stirred together at the end.
 */

/** Payments and refunds never meet, even when an order and a refund have the same number. */
export const PAY_DOMAIN = 1;
export const REFUND_DOMAIN = 2;

export class KeyHash {
  a = 0;
  b = 0;
  c = 0;
  private length = 0;
  private word = 0;

  start(domain: number): void {
    this.a = Math.imul(domain, 0x9e3779b1);
    this.b = Math.imul(domain, 0x85ebca6b) ^ 0x27d4eb2f;
    this.c = Math.imul(domain, 0xc2b2ae35) ^ 0x165667b1;
    this.length = 0;
    this.word = 0;
  }

  /** Adds bytes; a key may come in several pieces. */
  add(bytes: Uint8Array, start: number, end: number): void {
    let { length, word } = this;
    let position = start;
    while (position < end && (length & 3) !== 0) {
      word |= bytes[position++]! << ((length & 3) << 3);
      length++;
      if ((length & 3) === 0) {
        this.step(word);
        word = 0;
      }
    }
    for (; position + 4 <= end; position += 4, length += 4) {
      this.step(
        bytes[position]! |
          (bytes[position + 1]! << 8) |
          (bytes[position + 2]! << 16) |
          (bytes[position + 3]! << 24),
      );
    }
    while (position < end) {
      word |= bytes[position++]! << ((length & 3) << 3);
      length++;
    }
    this.length = length;
    this.word = word;
  }

  /** Finishes; false when no byte was added: there is no key, and a, b, c are 0. */
  finish(): boolean {
    if (this.length === 0) {
      this.a = this.b = this.c = 0;
      return false;
    }
    if ((this.length & 3) !== 0) this.step(this.word);
    this.a = stir(this.a ^ this.length);
    this.b = stir(this.b ^ this.a);
    // A key of three zeros would read as none.
    this.c = stir(this.c ^ this.b) | 1;
    return true;
  }

  private step(word: number): void {
    const one = Math.imul(word, 0xcc9e2d51);
    const a = this.a ^ Math.imul((one << 15) | (one >>> 17), 0x1b873593);
    this.a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;
    const two = Math.imul(word, 0x239b961b);
    const b = this.b ^ Math.imul((two << 16) | (two >>> 16), 0xab0e9789);
    this.b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x561ccd1b) | 0;
    const three = Math.imul(word, 0x38b34ae5);
    const c = this.c ^ Math.imul((three << 18) | (three >>> 14), 0xa1e38b93);
    this.c = (Math.imul((c << 19) | (c >>> 13), 5) + 0x0bcaa747) | 0;
  }
}

function stir(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
