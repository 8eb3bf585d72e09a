/**
 * What posp uses of pkcs11js, the binding to Cryptoki modules, said in its own words: the package is
 * optional, because it needs a C++ compiler, and without it everything still compiles and the
 * software provider works.
 */
import { HsmError } from '../errors.ts';

/** A slot, session or object. */
export type Handle = Buffer;

export interface Mechanism {
  mechanism: number;
  parameter?: Buffer;
}

export interface Attribute {
  type: number;
  value?: number | boolean | string | Buffer;
}

export type Template = Attribute[];

export interface InitializationOptions {
  libraryParameters?: string;
  flags?: number;
}

export interface TokenInfo {
  label: string;
  manufacturerID: string;
  model: string;
  serialNumber: string;
  flags: number;
}

/** One loaded module. Results are written into `out`, and the part that was used is given back. */
export interface PKCS11 {
  load(path: string): void;
  close(): void;
  C_Initialize(options?: InitializationOptions): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent?: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): TokenInfo;
  C_GetMechanismList(slot: Handle): number[];
  C_InitToken(slot: Handle, pin?: string, label?: string): string;
  C_InitPIN(session: Handle, pin?: string): void;
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_CloseAllSessions(slot: Handle): void;
  C_Login(session: Handle, userType: number, pin?: string): void;
  C_Logout(session: Handle): void;
  C_CreateObject(session: Handle, template: Template): Handle;
  C_CopyObject(session: Handle, object: Handle, template: Template): Handle;
  C_DestroyObject(session: Handle, object: Handle): void;
  C_FindObjectsInit(session: Handle, template: Template): void;
  C_FindObjects(session: Handle, most: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: Template,
  ): { type: number; value: Buffer }[];
  C_SetAttributeValue(session: Handle, object: Handle, template: Template): void;
  C_GenerateKey(session: Handle, mechanism: Mechanism, template: Template): Handle;
  C_GenerateRandom(session: Handle, out: Buffer): Buffer;
  C_WrapKey(session: Handle, by: Mechanism, under: Handle, key: Handle, out: Buffer): Buffer;
  C_UnwrapKey(
    session: Handle,
    by: Mechanism,
    under: Handle,
    wrapped: Buffer,
    template: Template,
  ): Handle;
  C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Encrypt(session: Handle, data: Buffer, out: Buffer): Buffer;
  C_EncryptUpdate(session: Handle, data: Buffer, out: Buffer): Buffer;
  C_EncryptFinal(session: Handle, out: Buffer): Buffer;
  C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Decrypt(session: Handle, data: Buffer, out: Buffer): Buffer;
  C_DecryptUpdate(session: Handle, data: Buffer, out: Buffer): Buffer;
  C_DecryptFinal(session: Handle, out: Buffer): Buffer;
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Sign(session: Handle, data: Buffer, out: Buffer): Buffer;
}

/** A variable, so that the compiler does not look for the package. */
const PACKAGE: string = 'pkcs11js';

/** A new, empty module object. Throws HsmError `module_missing` when the package is not there. */
export async function newModule(): Promise<PKCS11> {
  try {
    const imported = (await import(PACKAGE)) as { default: { PKCS11: new () => PKCS11 } };
    return new imported.default.PKCS11();
  } catch {
    throw new HsmError(
      'module_missing',
      'the optional package pkcs11js is not installed or was not built (it needs a C++ compiler)',
    );
  }
}
