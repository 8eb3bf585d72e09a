/** Encoded messages are cut from slabs of this size; each is used up before the next one begins. */
const SLAB_BYTES = 65_536;

/**
 * Where messages are written. Cutting from one large piece of memory saves an allocation for each
 * message, and lets the writer find out the length by writing.
 */
export class Slab {
  private bytes = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Where the next message begins. */
  used = 0;

  /** The memory, with room for at least `bytes` behind `used`. */
  reserve(bytes: number): Buffer {
    if (this.used + bytes > this.bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
      this.used = 0;
    }
    return this.bytes;
  }

  /** Takes what was written from `used` to `end` as one message. */
  take(end: number): Buffer {
    const message = this.bytes.subarray(this.used, end);
    this.used = end;
    return message;
  }
}
