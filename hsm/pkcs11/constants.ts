/**
 * The numbers of PKCS #11 that this provider uses. They stand here because pkcs11js is optional:
 * the rest of the product must load without it.
 */
// biome-ignore format: a table of numbers, as the standard prints it.
export const CKF = {
  RW_SESSION: 0x2, SERIAL_SESSION: 0x4, OS_LOCKING_OK: 0x2,
  USER_PIN_INITIALIZED: 0x8, TOKEN_INITIALIZED: 0x400,
} as const;

// biome-ignore format: a table of numbers, as the standard prints it.
export const CKA = {
  CLASS: 0x0, TOKEN: 0x1, PRIVATE: 0x2, LABEL: 0x3, VALUE: 0x11, KEY_TYPE: 0x100,
  SENSITIVE: 0x103, ENCRYPT: 0x104, DECRYPT: 0x105, WRAP: 0x106, UNWRAP: 0x107, SIGN: 0x108,
  VERIFY: 0x10a, VALUE_LEN: 0x161, EXTRACTABLE: 0x162,
} as const;

export const CKO_SECRET_KEY = 4;
export const CKU = { SO: 0, USER: 1 } as const;
export const CKK = { DES3: 0x15, AES: 0x1f } as const;

// biome-ignore format: a table of numbers, as the standard prints it.
export const CKM = {
  DES3_KEY_GEN: 0x131, DES3_ECB: 0x132, DES3_CBC: 0x133, DES3_CMAC: 0x138,
  AES_KEY_GEN: 0x1080, AES_ECB: 0x1081, AES_CBC: 0x1082, AES_CBC_PAD: 0x1085, AES_CMAC: 0x108a,
  AES_KEY_WRAP: 0x2109,
} as const;

// biome-ignore format: a table of numbers, as the standard prints it.
export const CKR = {
  SLOT_ID_INVALID: 0x3, GENERAL_ERROR: 0x5, DEVICE_ERROR: 0x30, DEVICE_MEMORY: 0x31,
  DEVICE_REMOVED: 0x32, KEY_HANDLE_INVALID: 0x60, OBJECT_HANDLE_INVALID: 0x82, PIN_INCORRECT: 0xa0,
  PIN_LOCKED: 0xa4, SESSION_CLOSED: 0xb0, SESSION_COUNT: 0xb1, SESSION_HANDLE_INVALID: 0xb3,
  TOKEN_NOT_PRESENT: 0xe0, USER_ALREADY_LOGGED_IN: 0x100, USER_NOT_LOGGED_IN: 0x101,
  CRYPTOKI_NOT_INITIALIZED: 0x190, CRYPTOKI_ALREADY_INITIALIZED: 0x191,
} as const;
