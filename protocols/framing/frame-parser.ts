import { ProtocolError } from '../error.ts';
import type { Framing } from './framing.ts';
import { lengthAt, prefixBytesOf, writeLength } from './length-prefix.ts';

/**
 * Cuts a byte stream into frames. Every byte is looked at once; memory never exceeds one frame of
 * the framing's largest size. However the stream is cut into chunks, the frames are the same.
 *
 * A frame is a view of the chunk it arrived in when it arrived whole, otherwise a buffer of its own.
 * After an error the parser is spent: the caller closes the connection.
 */
export class FrameParser {
  /** Empty frames that were dropped: some carriers send them to keep a connection open. */
  keepAlives = 0;
  private readonly framing: Framing;
  private readonly prefixBytes: number;
  private readonly prefix = new Uint8Array(4);
  private prefixFilled = 0;
  private frame: Uint8Array | null = null;
  private frameFilled = 0;
  private error: ProtocolError | null = null;

  constructor(framing: Framing) {
    this.framing = framing;
    this.prefixBytes = prefixBytesOf(framing);
  }

  /** Bytes of an unfinished frame that wait for the rest. */
  get pendingBytes(): number {
    return this.frame === null ? this.prefixFilled : this.prefixBytes + this.frameFilled;
  }

  /** The bytes of an unfinished frame, prefix included: another parser goes on from them. */
  pending(): Uint8Array {
    if (this.frame === null) return this.prefix.slice(0, this.prefixFilled);
    const bytes = Buffer.alloc(this.prefixBytes + this.frameFilled);
    writeLength(this.framing, bytes, this.frame.length);
    bytes.set(this.frame.subarray(0, this.frameFilled), this.prefixBytes);
    return bytes;
  }

  /**
   * Takes the next bytes and calls `onFrame` for every frame that they complete, without its length
   * prefix. Throws ProtocolError `bad-length` for a length that is not one or is out of bounds.
   */
  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    if (this.error !== null) throw this.error;
    let position = 0;
    while (position < chunk.length) {
      if (this.frame !== null) {
        position = this.fill(this.frame, chunk, position, onFrame);
        continue;
      }
      let length: number;
      if (this.prefixFilled === 0 && chunk.length - position >= this.prefixBytes) {
        length = this.readLength(chunk, position);
        position += this.prefixBytes;
      } else {
        this.prefix[this.prefixFilled++] = chunk[position++]!;
        if (this.prefixFilled < this.prefixBytes) continue;
        this.prefixFilled = 0;
        length = this.readLength(this.prefix, 0);
      }
      if (length === 0) {
        this.keepAlives++;
      } else if (chunk.length - position >= length) {
        const frame = chunk.subarray(position, position + length);
        position += length;
        onFrame(frame);
      } else {
        this.frame = new Uint8Array(length);
        this.frameFilled = 0;
      }
    }
  }

  private fill(
    frame: Uint8Array,
    chunk: Uint8Array,
    start: number,
    onFrame: (frame: Uint8Array) => void,
  ): number {
    const taken = Math.min(frame.length - this.frameFilled, chunk.length - start);
    frame.set(chunk.subarray(start, start + taken), this.frameFilled);
    this.frameFilled += taken;
    if (this.frameFilled === frame.length) {
      this.frame = null;
      this.frameFilled = 0;
      onFrame(frame);
    }
    return start + taken;
  }

  private readLength(bytes: Uint8Array, start: number): number {
    const length = lengthAt(this.framing, bytes, start);
    const { minBytes, maxBytes } = this.framing;
    if (length === 0 || (length >= minBytes && length <= maxBytes)) return length;
    const said = length < 0 ? 'is not a number' : `says ${length}`;
    this.error = new ProtocolError(
      'bad-length',
      `the length prefix ${said}, frames here have ${minBytes} to ${maxBytes} bytes`,
      { needed: Math.max(length, 0) },
    );
    throw this.error;
  }
}
