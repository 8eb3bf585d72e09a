/**
 * Tracks that a terminal has encrypted under its track key (field 53 digit 3 = 1, 磁道加密). They are
 * opened in the HSM and live in memory alone: the card's number is read from them, and a bank host gets
 * them as from any other terminal.
 */
import { inspect } from 'node:util';
import { HsmError } from '../../hsm/errors.ts';
import type { Message, SafeMessage } from '../../protocols/iso8583/message.ts';
import { keyOf } from '../keys.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Request } from '../transactions/row.ts';

const TRACK_FIELDS = [35, 36];
const TRACK_2 = /^\d{12,19}D\d{4}/;

/** The message with its tracks in the clear; the message itself when they are not encrypted. */
export async function withClearTracks(request: Request, { hsm }: Services): Promise<Message> {
  const { message, workingKeys } = request;
  if (message.get(53)?.[2] !== '1') return message;
  const tracks = new Map<number, string>();
  for (const field of TRACK_FIELDS) {
    const track = message.get(field);
    if (track === undefined) continue;
    tracks.set(field, await opened(field, track, keyOf(workingKeys, 'data'), hsm));
  }
  return tracks.size === 0 ? message : new ClearMessage(message, tracks);
}

async function opened(
  field: number,
  track: string,
  key: ReturnType<typeof keyOf>,
  hsm: Services['hsm'],
): Promise<string> {
  try {
    const clear = await hsm.decryptTrack(key, track);
    // With another key than the terminal's, what comes out is no track.
    if (field !== 35 || TRACK_2.test(clear)) return clear;
  } catch (error) {
    if (!(error instanceof HsmError) || error.code !== 'bad_input') throw error;
  }
  throw new Refusal('30', `field-${field}-unreadable`);
}

/** A received message but for some fields, which have another text. Masked as it always was. */
class ClearMessage implements Message {
  readonly mti: string;
  readonly #received: Message;
  readonly #tracks: ReadonlyMap<number, string>;

  constructor(received: Message, tracks: ReadonlyMap<number, string>) {
    this.mti = received.mti;
    this.#received = received;
    this.#tracks = tracks;
  }

  get body(): Uint8Array {
    return this.#received.body;
  }

  get trailing(): Uint8Array {
    return this.#received.trailing;
  }

  get bitmap(): string {
    return this.#received.bitmap;
  }

  has(field: number): boolean {
    return this.#received.has(field);
  }

  get(field: number): string | undefined {
    return this.#tracks.get(field) ?? this.#received.get(field);
  }

  values(): (string | undefined)[] {
    const values = this.#received.values();
    for (const [field, track] of this.#tracks) values[field] = track;
    return values;
  }

  number(field: number): number | undefined {
    return this.#received.number(field);
  }

  bytes(field: number): Uint8Array | undefined {
    return this.#received.bytes(field);
  }

  wire(field: number): Uint8Array | undefined {
    return this.#received.wire(field);
  }

  fields(): number[] {
    return this.#received.fields();
  }

  macInput(): Uint8Array {
    return this.#received.macInput();
  }

  check(): void {
    this.#received.check();
  }

  toJSON(): SafeMessage {
    return this.#received.toJSON();
  }

  [inspect.custom](): SafeMessage {
    return this.toJSON();
  }
}
