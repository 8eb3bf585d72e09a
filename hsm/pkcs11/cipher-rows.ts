import type { KeyAlgorithm, VendorMechanisms } from '../types.ts';
import { CKK, CKM } from './constants.ts';

/** The mechanisms of one cipher in this token. */
export interface CipherRow {
  keyType: number;
  blockBytes: 8 | 16;
  keyGeneration: number;
  ecb: number;
  cbc: number;
  cmac: number | undefined;
}

/** The mechanisms that a token may have for each cipher; SM4's numbers are its maker's. */
export function cipherRows(
  vendor: VendorMechanisms | undefined,
): Partial<Record<KeyAlgorithm, CipherRow>> {
  return { '3des': desRow(), aes: aesRow(), ...sm4Row(vendor) };
}

function desRow(): CipherRow {
  return {
    keyType: CKK.DES3,
    blockBytes: 8,
    keyGeneration: CKM.DES3_KEY_GEN,
    ecb: CKM.DES3_ECB,
    cbc: CKM.DES3_CBC,
    cmac: CKM.DES3_CMAC,
  };
}

function aesRow(): CipherRow {
  return {
    keyType: CKK.AES,
    blockBytes: 16,
    keyGeneration: CKM.AES_KEY_GEN,
    ecb: CKM.AES_ECB,
    cbc: CKM.AES_CBC,
    cmac: CKM.AES_CMAC,
  };
}

function sm4Row(vendor: VendorMechanisms | undefined): { sm4?: CipherRow } {
  const { sm4KeyType, sm4KeyGen, sm4Ecb, sm4Cbc } = vendor ?? {};
  if (
    sm4KeyType === undefined ||
    sm4KeyGen === undefined ||
    sm4Ecb === undefined ||
    sm4Cbc === undefined
  ) {
    return {};
  }
  return {
    sm4: {
      keyType: sm4KeyType,
      blockBytes: 16,
      keyGeneration: sm4KeyGen,
      ecb: sm4Ecb,
      cbc: sm4Cbc,
      cmac: undefined,
    },
  };
}
