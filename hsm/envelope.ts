import { asBuffer, equalInConstantTime } from './bytes.ts';
import { HsmError } from './errors.ts';
import type { KeySpec, StoredKey } from './types.ts';

/**
 * The cryptogram of a StoredKey:
 *
 *   format 1 · flags 1 · key length 1 · master number 1 · wrapped key … · tag 16
 *
 * The tag is a CMAC under the binding key of that master over the header, the wrapped key and every
 * field that stands beside the cryptogram, so none of them can be changed.
 */
export interface Envelope {
  exportable: boolean;
  /** Wrapped under the master for keys whose bytes this provider has to touch. */
  touchable: boolean;
  lengthBytes: number;
  masterNumber: number;
  wrapped: Buffer;
}

const FORMAT = 1;
const EXPORTABLE = 1;
const TOUCHABLE = 2;
const HEADER_BYTES = 4;
const TAG_BYTES = 16;

/** The CMAC under the binding key of one master. */
export type MasterCmac = (masterNumber: number, data: Buffer) => Buffer;

export interface SealInput {
  spec: Required<KeySpec>;
  checkValue: string;
  publicKey?: string;
  touchable: boolean;
  masterNumber: number;
  wrapped: Buffer;
}

export function sealEnvelope(input: SealInput, cmac: MasterCmac): StoredKey {
  const { spec, wrapped } = input;
  const flags = (spec.exportable ? EXPORTABLE : 0) | (input.touchable ? TOUCHABLE : 0);
  const header = Buffer.from([FORMAT, flags, spec.lengthBytes, input.masterNumber]);
  const sealed = Buffer.concat([header, wrapped]);
  const fields = {
    algorithm: spec.algorithm,
    purpose: spec.purpose,
    version: spec.version,
    checkValue: input.checkValue,
    ...(input.publicKey === undefined ? {} : { publicKey: input.publicKey }),
  };
  const tag = cmac(input.masterNumber, boundBytes(fields, sealed));
  return { ...fields, cryptogram: Buffer.concat([sealed, tag]) };
}

/** Throws `tampered` when the cryptogram or any field beside it is not what was sealed. */
export function openEnvelope(key: StoredKey, cmac: MasterCmac): Envelope {
  const cryptogram = asBuffer(key.cryptogram);
  if (cryptogram.length < HEADER_BYTES + 16 + TAG_BYTES || cryptogram[0] !== FORMAT) {
    throw new HsmError('tampered', 'the cryptogram has no known form');
  }
  const sealed = cryptogram.subarray(0, -TAG_BYTES);
  const tag = cmac(cryptogram[3]!, boundBytes(key, sealed));
  if (!equalInConstantTime(tag, cryptogram.subarray(-TAG_BYTES))) {
    throw new HsmError(
      'tampered',
      `a ${key.algorithm} ${key.purpose} key does not belong to this HSM's master key, or was changed`,
    );
  }
  const flags = cryptogram[1]!;
  return {
    exportable: (flags & EXPORTABLE) !== 0,
    touchable: (flags & TOUCHABLE) !== 0,
    lengthBytes: cryptogram[2]!,
    masterNumber: cryptogram[3]!,
    wrapped: Buffer.from(sealed.subarray(HEADER_BYTES)),
  };
}

/** The number of the master that a key is wrapped under, as its cryptogram says; checked when it is opened. */
export function masterNumberOf(key: { cryptogram: Uint8Array }): number {
  return key.cryptogram[3] ?? 0;
}

/** What is sealed again when an opened key moves to another master: everything but the wrapping. */
export function resealed(
  key: StoredKey,
  envelope: Envelope,
  masterNumber: number,
  wrapped: Buffer,
): SealInput {
  const { algorithm, purpose, version, checkValue, publicKey } = key;
  const { lengthBytes, exportable, touchable } = envelope;
  const spec = { algorithm, purpose, version, lengthBytes, exportable };
  const input = { spec, checkValue, touchable, masterNumber, wrapped };
  return publicKey === undefined ? input : { ...input, publicKey };
}

function boundBytes(
  key: Pick<StoredKey, 'algorithm' | 'purpose' | 'version' | 'checkValue' | 'publicKey'>,
  sealed: Buffer,
): Buffer {
  const label = JSON.stringify([
    'posp key',
    key.algorithm,
    key.purpose,
    key.version,
    key.checkValue,
    key.publicKey ?? null,
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(label));
  return Buffer.concat([length, Buffer.from(label), sealed]);
}
