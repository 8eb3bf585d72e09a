/** Why the HSM did not do what it was asked. Texts never contain keys, PINs or tracks. */
export type HsmErrorCode =
  /** pkcs11js or the module's file is not installed. */
  | 'module_missing'
  /** Token, session or network is gone; the provider tries again by itself. */
  | 'unavailable'
  | 'login_failed'
  /** Also: the token that was there is gone. */
  | 'token_not_found'
  /** A token without master keys, or none yet: a ceremony or the first start makes them. */
  | 'no_masters'
  | 'wrong_purpose'
  | 'wrong_algorithm'
  /** The key was not wrapped by this HSM's master key, or a field beside it was changed. */
  | 'tampered'
  | 'not_exportable'
  | 'check_value_mismatch'
  /** This token cannot do it and there is no composed way. */
  | 'unsupported'
  | 'bad_input'
  /** A decrypted PIN block has not the form its format says. */
  | 'bad_pin_block'
  | 'queue_full'
  | 'timeout'
  | 'closed';

export class HsmError extends Error {
  override readonly name = 'HsmError';
  readonly code: HsmErrorCode;

  constructor(code: HsmErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
