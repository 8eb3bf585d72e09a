import { ProtocolError } from '../error.ts';

/** A command to a card: ISO 7816-4 header, data, and the length that is expected back. */
export interface CommandApdu {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data: Uint8Array;
  /** Null when no Le is sent. */
  readonly le: number | null;
}

/** A card's answer: data and status word. */
export interface ResponseApdu {
  readonly data: Uint8Array;
  /** Upper-case hex, `9000` when all is well. */
  readonly status: string;
}

/** Parses a short command APDU. Throws ProtocolError `bad-apdu`. */
export function parseCommand(bytes: Uint8Array): CommandApdu {
  if (bytes.length < 4) fail(`a command has at least 4 bytes, not ${bytes.length}`);
  const [cla, ins, p1, p2] = bytes as unknown as [number, number, number, number];
  const head = { cla, ins, p1, p2 };
  const none = new Uint8Array(0);
  if (bytes.length === 4) return { ...head, data: none, le: null };
  const first = bytes[4]!;
  if (bytes.length === 5) return { ...head, data: none, le: first === 0 ? 256 : first };
  const end = 5 + first;
  if (first === 0 || (bytes.length !== end && bytes.length !== end + 1)) {
    fail(`Lc says ${first}, ${bytes.length - 5} bytes follow`);
  }
  const last = bytes[end];
  const le = last === undefined ? null : last === 0 ? 256 : last;
  return { ...head, data: bytes.subarray(5, end), le };
}

/** Builds a short command APDU. Throws ProtocolError `bad-apdu`. */
export function encodeCommand(command: CommandApdu): Buffer {
  const { cla, ins, p1, p2, data, le } = command;
  if (data.length > 255) fail('short commands carry at most 255 bytes');
  if (le !== null && (le < 1 || le > 256)) fail('Le is 1 to 256');
  return Buffer.concat([
    Uint8Array.of(cla, ins, p1, p2),
    data.length === 0 ? new Uint8Array(0) : Uint8Array.of(data.length),
    data,
    le === null ? new Uint8Array(0) : Uint8Array.of(le & 0xff),
  ]);
}

/** Parses an answer. Throws ProtocolError `bad-apdu`. */
export function parseResponse(bytes: Uint8Array): ResponseApdu {
  if (bytes.length < 2) fail('an answer ends in a status word of 2 bytes');
  const end = bytes.length - 2;
  const status = Buffer.from(bytes.subarray(end)).toString('hex').toUpperCase();
  return { data: bytes.subarray(0, end), status };
}

export function encodeResponse({ data, status }: ResponseApdu): Buffer {
  if (!/^[0-9A-Fa-f]{4}$/.test(status)) fail('a status word is 4 hex digits');
  return Buffer.concat([data, Buffer.from(status, 'hex')]);
}

function fail(reason: string): never {
  throw new ProtocolError('bad-apdu', reason);
}
