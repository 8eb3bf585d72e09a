/** What signed data says of a certificate (X.509): its name and number, and the SM2 key in it. */
import { asBuffer } from '../bytes.ts';
import { HsmError } from '../errors.ts';
import { children, contextTag, type DerValue, expect, oidText, readWhole, TAG } from './der.ts';
import { OID } from './oids.ts';

export interface Sm2Certificate {
  whole: Buffer;
  /** Issuer's name and serial number as they stand in the certificate. */
  issuer: Buffer;
  serialNumber: Buffer;
  /** 04, x and y, upper-case hex. */
  publicKey: string;
}

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/;

/** A certificate from PEM or DER. Throws `bad_input` for one without an SM2 key. */
export function readCertificate(file: Uint8Array): Sm2Certificate {
  const [, base64] = PEM.exec(asBuffer(file).toString('latin1')) ?? [];
  const bytes = base64 === undefined ? file : Buffer.from(base64, 'base64');
  return certificateOf(readWhole(bytes));
}

export function certificateOf(certificate: DerValue): Sm2Certificate {
  const [toBeSigned] = children(expect(certificate, TAG.sequence, 'a certificate'));
  const parts = children(expect(toBeSigned, TAG.sequence, 'a certificate'));
  if (parts[0]?.tag === contextTag(0)) parts.shift();
  const [serialNumber, , issuer, , , keyInfo] = parts;
  return {
    whole: certificate.whole,
    issuer: expect(issuer, TAG.sequence, 'the name of the issuer').whole,
    serialNumber: expect(serialNumber, TAG.integer, 'the serial number').whole,
    publicKey: sm2PublicKeyOf(expect(keyInfo, TAG.sequence, 'the public key')),
  };
}

function sm2PublicKeyOf(keyInfo: DerValue): string {
  const [algorithm, key] = children(keyInfo);
  const [kind, curve] = children(expect(algorithm, TAG.sequence, 'the algorithm of the key'));
  const point = expect(key, TAG.bitString, 'the public key').content.subarray(1);
  const isSm2 = oidText(kind) === OID.ecPublicKey && curve && oidText(curve) === OID.sm2Curve;
  if (!isSm2 || point.length !== 65 || point[0] !== 4) {
    throw new HsmError('bad_input', 'the certificate does not hold an SM2 public key');
  }
  return point.toString('hex').toUpperCase();
}
