/** Object identifiers of GM/T 0006 and GM/T 0010, and of PKCS #7 (RFC 2315) for the other profile. */
export const OID = {
  sm3: '1.2.156.10197.1.401',
  sm2Curve: '1.2.156.10197.1.301',
  /** SM2 as a signature algorithm. */
  sm2Sign: '1.2.156.10197.1.301.1',
  sm2SignWithSm3: '1.2.156.10197.1.501',
  ecPublicKey: '1.2.840.10045.2.1',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
} as const;

export type SignedDataProfile = 'gmt0010' | 'pkcs7';

interface ProfileOids {
  data: string;
  signedData: string;
  /** What SignerInfo calls the signature. */
  signature: string;
}

/** `gmt0010` is what Chinese systems read; general tools know the identifiers of `pkcs7` only. */
export const PROFILES: Record<SignedDataProfile, ProfileOids> = {
  gmt0010: {
    data: '1.2.156.10197.6.1.4.2.1',
    signedData: '1.2.156.10197.6.1.4.2.2',
    signature: OID.sm2Sign,
  },
  pkcs7: {
    data: '1.2.840.113549.1.7.1',
    signedData: '1.2.840.113549.1.7.2',
    signature: OID.sm2SignWithSm3,
  },
};

/** What signers call an SM2 signature with SM3. */
export const SIGNATURE_OIDS: ReadonlySet<string> = new Set([
  OID.sm2Sign,
  OID.sm2SignWithSm3,
  OID.sm2Curve,
]);
