import { equalInConstantTime, requireThat } from './bytes.ts';
import { HsmError } from './errors.ts';

/**
 * AES key wrap (RFC 3394) over a block operation, for keys whose bytes the process has to touch
 * while the wrapping key stays in a token. Gives the same bytes as CKM_AES_KEY_WRAP.
 */
const INITIAL = Buffer.alloc(8, 0xa6);

export function aesKeyWrap(encryptBlock: (block: Buffer) => Buffer, key: Buffer): Buffer {
  requireThat(
    key.length >= 16 && key.length % 8 === 0,
    'a key to wrap has two or more half blocks',
  );
  const count = key.length / 8;
  const wrapped = Buffer.concat([INITIAL, key]);
  for (let step = 1; step <= 6 * count; step++) {
    const at = 8 + ((step - 1) % count) * 8;
    const block = encryptBlock(
      Buffer.concat([wrapped.subarray(0, 8), wrapped.subarray(at, at + 8)]),
    );
    block.copy(wrapped, at, 8, 16);
    block.copy(wrapped, 0, 0, 8);
    xorCounter(wrapped, step);
  }
  return wrapped;
}

/** Throws `tampered` when the wrapped key was changed or made under another key. */
export function aesKeyUnwrap(decryptBlock: (block: Buffer) => Buffer, wrapped: Buffer): Buffer {
  requireThat(wrapped.length >= 24 && wrapped.length % 8 === 0, 'a wrapped key has half blocks');
  const count = wrapped.length / 8 - 1;
  const key = Buffer.from(wrapped);
  for (let step = 6 * count; step >= 1; step--) {
    const at = 8 + ((step - 1) % count) * 8;
    xorCounter(key, step);
    const block = decryptBlock(Buffer.concat([key.subarray(0, 8), key.subarray(at, at + 8)]));
    block.copy(key, at, 8, 16);
    block.copy(key, 0, 0, 8);
    block.fill(0);
  }
  if (!equalInConstantTime(key.subarray(0, 8), INITIAL)) {
    key.fill(0);
    throw new HsmError('tampered', 'the wrapped key does not open under this master key');
  }
  return key.subarray(8);
}

function xorCounter(register: Buffer, step: number): void {
  register.writeUInt32BE((register.readUInt32BE(4) ^ step) >>> 0, 4);
}
