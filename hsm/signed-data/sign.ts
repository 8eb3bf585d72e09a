/**
 * SignedData with SM2 and SM3: GM/T 0010, which is PKCS #7 (RFC 2315) with its own identifiers. The
 * signer is named by issuer and serial number of a certificate. Without one it is named by the hash
 * of its public key, which GM/T 0010 does not have and the later CMS (RFC 5652, version 3) does.
 */
import { createHash } from 'node:crypto';
import { HsmError } from '../errors.ts';
import type { Awaitable } from '../types.ts';
import type { Sm2Certificate } from './certificate.ts';
import {
  contextTag,
  der,
  NULL,
  octetString,
  oid,
  sequence,
  setOf,
  TAG,
  time,
  unsigned,
} from './der.ts';
import { OID, PROFILES, type SignedDataProfile } from './oids.ts';

/** Who signs: `hsm.sign` behind a stored key, or a calculator. */
export interface Signer {
  /** 04, x and y, hexadecimal. */
  publicKey: string;
  /** r and s, 64 bytes, over SM3 with the signer's id. */
  sign: (bytes: Buffer) => Awaitable<Uint8Array>;
}

export interface SignedDataOptions {
  certificate?: Sm2Certificate;
  /** The content is left out: the receiver has it. */
  detached?: boolean;
  /** Signs attributes (content type, digest, time) in place of the bare content. */
  signingTime?: Date;
  profile?: SignedDataProfile;
}

/** The DER of a ContentInfo. Throws `bad_input` when the certificate is not the signer's. */
export async function makeSignedData(
  content: Uint8Array,
  signer: Signer,
  options: SignedDataOptions = {},
): Promise<Buffer> {
  const { certificate, detached, profile = 'gmt0010' } = options;
  if (certificate !== undefined && certificate.publicKey !== signer.publicKey.toUpperCase()) {
    throw new HsmError('bad_input', 'the certificate is of another key');
  }
  const { data, signedData } = PROFILES[profile];
  const version = certificate === undefined ? 3 : 1;
  const body = detached ? [] : [der(contextTag(0), octetString(content))];
  const inner = sequence(oid(data), ...body);
  const certificates = certificate === undefined ? [] : [der(contextTag(0), certificate.whole)];
  const signed = sequence(
    unsigned(Buffer.from([version])),
    der(TAG.set, sm3Identifier()),
    inner,
    ...certificates,
    der(TAG.set, await signerInfo(content, signer, options, profile)),
  );
  return sequence(oid(signedData), der(contextTag(0), signed));
}

async function signerInfo(
  content: Uint8Array,
  signer: Signer,
  { certificate, signingTime }: SignedDataOptions,
  profile: SignedDataProfile,
): Promise<Buffer> {
  const attributes =
    signingTime === undefined ? undefined : attributesOf(content, signingTime, profile);
  const signedBytes =
    attributes === undefined ? Buffer.from(content) : setOf(TAG.set, ...attributes);
  const signature = Buffer.from(await signer.sign(signedBytes));
  return sequence(
    unsigned(Buffer.from([certificate === undefined ? 3 : 1])),
    certificate === undefined
      ? der(contextTag(0, false), keyIdentifier(signer.publicKey))
      : sequence(certificate.issuer, certificate.serialNumber),
    sm3Identifier(),
    ...(attributes === undefined ? [] : [setOf(contextTag(0), ...attributes)]),
    sequence(oid(PROFILES[profile].signature), NULL),
    octetString(sequence(unsigned(signature.subarray(0, 32)), unsigned(signature.subarray(32)))),
  );
}

function attributesOf(content: Uint8Array, at: Date, profile: SignedDataProfile): Buffer[] {
  const digest = createHash('sm3').update(content).digest();
  return [
    attribute(OID.contentType, oid(PROFILES[profile].data)),
    attribute(OID.messageDigest, octetString(digest)),
    attribute(OID.signingTime, time(at)),
  ];
}

function attribute(type: string, value: Buffer): Buffer {
  return sequence(oid(type), der(TAG.set, value));
}

function sm3Identifier(): Buffer {
  return sequence(oid(OID.sm3), NULL);
}

/** The first of the two ways of RFC 5280: SHA-1 of the point, a name and not a protection. */
export function keyIdentifier(publicKey: string): Buffer {
  return createHash('sha1').update(Buffer.from(publicKey, 'hex')).digest();
}
