import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HsmError } from '../errors.ts';
import { readOrCreateSecret, readSecret } from '../secret.ts';
import type { Pkcs11Config } from '../types.ts';
import type { Handle, PKCS11, TokenInfo } from './binding.ts';
import { CKF, CKR, CKU } from './constants.ts';
import type { EmbeddedToken } from './embedded.ts';
import { cryptokiCode, translate } from './errors.ts';

/** The token that the configuration means, ready for sessions. */
export interface TokenPlace {
  slot: Handle;
  pin: string;
  label: string;
  manufacturer: string;
  model: string;
  serial: string;
}

const SESSION_FLAGS = CKF.SERIAL_SESSION | CKF.RW_SESSION;

/** Finds the token; `isNew` makes an embedded one, in the call that started the module. */
export function findToken(
  module: PKCS11,
  config: Pkcs11Config,
  embedded: EmbeddedToken | undefined,
  isNew: boolean,
): TokenPlace {
  const label = embedded?.label ?? config.tokenLabel;
  let slot = selectSlot(module, label, embedded ? undefined : config.slot);
  if (slot === undefined && embedded?.kind === 'softhsm' && isNew) {
    slot = createSoftHsmToken(module, embedded);
  }
  if (slot === undefined && embedded !== undefined) {
    throw new HsmError(
      'token_not_found',
      'this process runs the module with another folder; in a worker thread: open it in the main thread first',
    );
  }
  if (slot === undefined) {
    const wanted = label === undefined ? `in slot ${config.slot ?? 0}` : `labelled ${label}`;
    throw new HsmError('token_not_found', `the module has no token ${wanted}`);
  }
  const info = module.C_GetTokenInfo(slot);
  const pin = readPin(config, embedded);
  if (embedded !== undefined && isNew && (info.flags & CKF.USER_PIN_INITIALIZED) === 0) {
    setFirstPin(module, slot, embedded, pin);
  }
  return {
    slot,
    pin,
    label: text(info.label),
    manufacturer: text(info.manufacturerID),
    model: text(info.model),
    serial: text(info.serialNumber),
  };
}

export function openSession(module: PKCS11, token: TokenPlace): Handle {
  const session = module.C_OpenSession(token.slot, SESSION_FLAGS);
  try {
    module.C_Login(session, CKU.USER, token.pin);
  } catch (error) {
    if (cryptokiCode(error) !== CKR.USER_ALREADY_LOGGED_IN) {
      module.C_CloseSession(session);
      throw translate(error, 'login');
    }
  }
  return session;
}

function selectSlot(
  module: PKCS11,
  label: string | undefined,
  index: number | undefined,
): Handle | undefined {
  const slots = module.C_GetSlotList(true);
  if (index !== undefined) {
    const slot = slots[index];
    const labelFits = label === undefined || (slot && text(tokenInfo(module, slot)) === label);
    return labelFits ? slot : undefined;
  }
  if (label !== undefined) return slots.find((slot) => text(tokenInfo(module, slot)) === label);
  if (slots.length > 1) {
    throw new HsmError('token_not_found', 'the module has several tokens: name one by its label');
  }
  return slots[0];
}

function tokenInfo(module: PKCS11, slot: Handle): string {
  const info: TokenInfo = module.C_GetTokenInfo(slot);
  return info.label;
}

/** Cryptoki pads texts with spaces; some labels end at a zero byte, with anything behind it. */
function text(padded: string): string {
  return (padded.split('\0', 1)[0] ?? '').trimEnd();
}

function readPin(config: Pkcs11Config, embedded: EmbeddedToken | undefined): string {
  if (config.pinSource !== undefined) return readSecret(config.pinSource);
  if (embedded !== undefined) return readOrCreateSecret(join(embedded.folder, 'pin'));
  throw new HsmError(
    'login_failed',
    'the token needs a PIN: name a file or an environment variable',
  );
}

const SO_PIN_FILE = 'so-pin';

function createSoftHsmToken(module: PKCS11, { folder, label }: EmbeddedToken): Handle | undefined {
  const empty = module
    .C_GetSlotList(true)
    .find((slot) => (module.C_GetTokenInfo(slot).flags & CKF.TOKEN_INITIALIZED) === 0);
  if (empty === undefined) return undefined;
  const securityOfficerPin = randomBytes(12).toString('hex');
  writeFileSync(join(folder, SO_PIN_FILE), `${securityOfficerPin}\n`, { mode: 0o600 });
  module.C_InitToken(empty, securityOfficerPin, label);
  return selectSlot(module, label, undefined);
}

/** NSS gives an empty folder a security officer without PIN; SoftHSM got one when it was made. */
function setFirstPin(
  module: PKCS11,
  slot: Handle,
  { kind, folder }: EmbeddedToken,
  pin: string,
): void {
  const securityOfficerPin = kind === 'nss' ? '' : readSecret({ file: join(folder, SO_PIN_FILE) });
  const session = module.C_OpenSession(slot, SESSION_FLAGS);
  try {
    module.C_Login(session, CKU.SO, securityOfficerPin);
    module.C_InitPIN(session, pin);
    module.C_Logout(session);
  } catch (error) {
    throw translate(error, 'set the first PIN');
  } finally {
    module.C_CloseSession(session);
  }
}
