import { HsmError } from '../errors.ts';
import { CKR } from './constants.ts';

/** The CKR number of an error that came from pkcs11js, or undefined for any other error. */
export function cryptokiCode(error: unknown): number | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'number') {
    return error.code;
  }
  return undefined;
}

/** The session, the login or the handles are gone; a new session may bring them back. */
const LOST: ReadonlySet<number> = new Set([
  CKR.SLOT_ID_INVALID,
  CKR.DEVICE_ERROR,
  CKR.DEVICE_REMOVED,
  CKR.KEY_HANDLE_INVALID,
  CKR.OBJECT_HANDLE_INVALID,
  CKR.SESSION_CLOSED,
  CKR.SESSION_HANDLE_INVALID,
  CKR.TOKEN_NOT_PRESENT,
  CKR.USER_NOT_LOGGED_IN,
  CKR.CRYPTOKI_NOT_INITIALIZED,
]);

export function isLost(error: unknown): boolean {
  const code = cryptokiCode(error);
  return code !== undefined && LOST.has(code);
}

/** One typed error for whatever the module said; the call's arguments never get into its text. */
export function translate(error: unknown, doing: string): HsmError {
  if (error instanceof HsmError) return error;
  const code = cryptokiCode(error);
  if (code === undefined) return new HsmError('unavailable', `${doing}: the module failed`);
  if (code === CKR.PIN_INCORRECT || code === CKR.PIN_LOCKED) {
    return new HsmError('login_failed', `${doing}: the token does not accept the PIN`);
  }
  const name = error instanceof Error ? error.message : '';
  const reason = /^CKR_[A-Z_0-9]+$/.test(name) ? name : `CKR 0x${code.toString(16)}`;
  return new HsmError(isLost(error) ? 'unavailable' : 'unsupported', `${doing}: ${reason}`);
}
