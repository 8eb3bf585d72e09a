/** Answers of a simulated bank on their way out: whole or in half, at once, late, or after the next one. */
import type { Socket } from 'node:net';
import { joinEnvelope } from '../../protocols/framing/envelope.ts';
import type { Framing } from '../../protocols/framing/framing.ts';
import type { Later } from './later.ts';

const NO_BYTES = new Uint8Array(0);
/** An answer waits so long for a second one to leave before it. */
const PAIR_WAIT_MS = 40;

export class AnswerWriter {
  readonly #framing: Framing;
  readonly #lateMs: number;
  readonly #later: Later;
  readonly #late = new Set<() => void>();
  #waitingAnswer: (() => void) | null = null;

  constructor(framing: Framing, lateMs: number, later: Later) {
    this.#framing = framing;
    this.#lateMs = lateMs;
    this.#later = later;
  }

  /** Late answers leave at once. */
  answerLate(): void {
    for (const send of [...this.#late]) send();
  }

  write(socket: Socket, body: Uint8Array): void {
    if (!socket.destroyed) socket.write(joinEnvelope(this.#framing, NO_BYTES, NO_BYTES, body));
  }

  /** Half of the frame, then the end of the connection. */
  writeHalf(socket: Socket, body: Uint8Array): void {
    const frame = joinEnvelope(this.#framing, NO_BYTES, NO_BYTES, body);
    socket.write(frame.subarray(0, frame.length >> 1), () => socket.destroy());
  }

  writeLate(socket: Socket, body: Uint8Array): void {
    const send = () => {
      if (this.#late.delete(send)) this.write(socket, body);
    };
    this.#late.add(send);
    this.#later.after(this.#lateMs, send);
  }

  /** The first of a pair waits for the second, and leaves after it. */
  writePaired(socket: Socket, body: Uint8Array): void {
    const held = this.#waitingAnswer;
    if (held !== null) {
      this.#waitingAnswer = null;
      this.write(socket, body);
      held();
      return;
    }
    const send = () => this.write(socket, body);
    this.#waitingAnswer = send;
    this.#later.after(PAIR_WAIT_MS, () => {
      if (this.#waitingAnswer !== send) return;
      this.#waitingAnswer = null;
      send();
    });
  }
}
