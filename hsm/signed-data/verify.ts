/** Reading SignedData and checking its signatures. Whether a certificate is to be trusted is not checked here. */
import { createHash } from 'node:crypto';
import { equalInConstantTime } from '../bytes.ts';
import { HsmError } from '../errors.ts';
import { sm2Verify } from '../operations/sm2.ts';
import { certificateOf, type Sm2Certificate } from './certificate.ts';
import {
  children,
  contextTag,
  type DerValue,
  der,
  expect,
  oidText,
  readWhole,
  TAG,
  timeOf,
  unsignedBytes,
} from './der.ts';
import { OID, PROFILES, SIGNATURE_OIDS, type SignedDataProfile } from './oids.ts';
import { keyIdentifier } from './sign.ts';

export interface VerifyOptions {
  /** The content of detached signed data. */
  content?: Uint8Array;
  /** Who must have signed: 04, x and y. Left out: whoever the enclosed certificates name. */
  publicKey?: string;
  userId?: string;
}

export interface VerifiedSigner {
  valid: boolean;
  /** Why it is not valid. */
  problem?: string;
  publicKey?: string;
  /** DER of the enclosed certificate. */
  certificate?: Buffer;
  signingTime?: Date;
}

export interface VerifiedData {
  /** There is a signer, and every signature is right. */
  valid: boolean;
  profile: SignedDataProfile;
  /** Undefined for detached signed data whose content was not given. */
  content: Buffer | undefined;
  signers: VerifiedSigner[];
}

/** Throws `bad_input` for bytes that are no signed data; a wrong signature is an answer. */
export function verifySignedData(bytes: Uint8Array, options: VerifyOptions = {}): VerifiedData {
  const parsed = parse(bytes);
  const content = contentOf(parsed, options.content);
  const signers = parsed.signers.map((signer) => verifySigner(signer, parsed, content, options));
  const valid = signers.length > 0 && signers.every((signer) => signer.valid);
  return { valid, profile: parsed.profile, content, signers };
}

interface Parsed {
  profile: SignedDataProfile;
  content: Buffer | undefined;
  certificates: Sm2Certificate[];
  signers: DerValue[];
}

function parse(bytes: Uint8Array): Parsed {
  const [type, wrapped] = children(expect(readWhole(bytes), TAG.sequence, 'a ContentInfo'));
  const profile = profileOf(oidText(type));
  const [signed] = children(expect(wrapped, contextTag(0), 'SignedData'));
  const [version, digests, inner, ...others] = children(expect(signed, TAG.sequence, 'SignedData'));
  expect(version, TAG.integer, 'a version');
  expect(digests, TAG.set, 'the digest algorithms');
  const signers = expect(others.at(-1), TAG.set, 'the signers');
  const certificates = others.find(({ tag }) => tag === contextTag(0));
  return {
    profile,
    content: innerContent(expect(inner, TAG.sequence, 'the content')),
    certificates: certificates === undefined ? [] : children(certificates).map(certificateOf),
    signers: children(signers),
  };
}

function profileOf(type: string): SignedDataProfile {
  const names = Object.keys(PROFILES) as SignedDataProfile[];
  const profile = names.find((name) => PROFILES[name].signedData === type);
  if (profile === undefined) {
    throw new HsmError('bad_input', `${type} is not the identifier of signed data`);
  }
  return profile;
}

function innerContent(inner: DerValue): Buffer | undefined {
  const [, wrapped] = children(inner);
  if (wrapped === undefined) return undefined;
  const [content] = children(expect(wrapped, contextTag(0), 'the content'));
  return expect(content, TAG.octetString, 'the content').content;
}

function contentOf({ content }: Parsed, given: Uint8Array | undefined): Buffer | undefined {
  if (content === undefined || given === undefined) return content ?? toBuffer(given);
  if (Buffer.compare(content, given) === 0) return content;
  throw new HsmError('bad_input', 'the signed data holds another content than the one given');
}

function toBuffer(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes);
}

function verifySigner(
  info: DerValue,
  { certificates }: Parsed,
  content: Buffer | undefined,
  options: VerifyOptions,
): VerifiedSigner {
  const [version, signer, digest, ...rest] = children(expect(info, TAG.sequence, 'a signer'));
  expect(version, TAG.integer, 'a version');
  const attributes = rest[0]?.tag === contextTag(0) ? rest.shift() : undefined;
  const [algorithm, signature] = rest;
  const certificate = certificates.find((candidate) => isNamed(signer, candidate));
  const publicKey = options.publicKey?.toUpperCase() ?? certificate?.publicKey;
  const seen: Omit<VerifiedSigner, 'valid'> = {
    ...(publicKey === undefined ? {} : { publicKey }),
    ...(certificate === undefined ? {} : { certificate: certificate.whole }),
    ...signingTimeOf(attributes),
  };
  const problem =
    problemOfAlgorithms(digest, algorithm) ??
    problemOfKey(signer, certificate, publicKey) ??
    problemOfContent(content, attributes);
  if (problem !== undefined) return { valid: false, problem, ...seen };
  const signedBytes = attributes === undefined ? content! : der(TAG.set, attributes.content);
  const value = signatureBytes(expect(signature, TAG.octetString, 'a signature').content);
  const valid = sm2Verify(publicKey!, signedBytes, value, options.userId);
  return valid ? { valid, ...seen } : { valid, problem: 'the signature is wrong', ...seen };
}

function isNamed(signer: DerValue | undefined, certificate: Sm2Certificate): boolean {
  if (signer?.tag === contextTag(0, false)) {
    return keyIdentifier(certificate.publicKey).equals(signer.content);
  }
  const named = Buffer.concat([certificate.issuer, certificate.serialNumber]);
  return expect(signer, TAG.sequence, 'the name of a signer').content.equals(named);
}

function problemOfAlgorithms(
  digest: DerValue | undefined,
  algorithm: DerValue | undefined,
): string | undefined {
  const [digestOid] = children(expect(digest, TAG.sequence, 'a digest algorithm'));
  const [signatureOid] = children(expect(algorithm, TAG.sequence, 'a signature algorithm'));
  if (oidText(digestOid) !== OID.sm3) return `the digest is ${oidText(digestOid)}, not SM3`;
  if (SIGNATURE_OIDS.has(oidText(signatureOid))) return undefined;
  return `the signature is ${oidText(signatureOid)}, not SM2`;
}

function problemOfKey(
  signer: DerValue | undefined,
  certificate: Sm2Certificate | undefined,
  publicKey: string | undefined,
): string | undefined {
  if (publicKey === undefined) return 'no certificate of the signer is enclosed: give its key';
  const isOther = certificate !== undefined && certificate.publicKey !== publicKey;
  if (isOther) return 'somebody else signed: the certificate is of another key';
  if (signer?.tag !== contextTag(0, false)) return undefined;
  return keyIdentifier(publicKey).equals(signer.content)
    ? undefined
    : 'somebody else signed: the key identifier is of another key';
}

function problemOfContent(
  content: Buffer | undefined,
  attributes: DerValue | undefined,
): string | undefined {
  if (content === undefined) return 'the content is not enclosed: give it';
  if (attributes === undefined) return undefined;
  const digest = attributeOf(attributes, OID.messageDigest);
  const actual = createHash('sm3').update(content).digest();
  if (digest?.tag === TAG.octetString && equalInConstantTime(digest.content, actual)) {
    return undefined;
  }
  return 'the content is another one than was signed';
}

function signingTimeOf(attributes: DerValue | undefined): { signingTime?: Date } {
  const signingTime = attributes && timeOf(attributeOf(attributes, OID.signingTime));
  return signingTime === undefined ? {} : { signingTime };
}

function attributeOf(attributes: DerValue, type: string): DerValue | undefined {
  for (const attribute of children(attributes)) {
    const [name, values] = children(attribute);
    if (oidText(name) === type) return children(expect(values, TAG.set, 'an attribute'))[0];
  }
  return undefined;
}

/** r and s, 64 bytes, from their SEQUENCE: the form in which OpenSSL and certificates have them. */
export function signatureBytes(value: Buffer): Buffer {
  const [r, s] = children(expect(readWhole(value), TAG.sequence, 'r and s'));
  return Buffer.concat([unsignedBytes(r, 32), unsignedBytes(s, 32)]);
}
