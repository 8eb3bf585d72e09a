/**
 * Encryption at rest, value by value: AES-256-GCM bound to the database and the key that the value
 * stands under, so that values can be neither read nor exchanged without the key. Positions stay
 * readable (they are counted numbers); registry keys, which may be card numbers, become names.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NAME_BYTES = 16;
export const ENCRYPTION_KEY_BYTES = 32;

export class ValueCipher {
  private readonly valueKey: Buffer;
  private readonly nameKey: Buffer;
  private readonly checkKey: Buffer;
  /** The nonces of one session share their first eight bytes; a counter makes the rest. */
  private session = randomBytes(8);
  private counter = 0;

  constructor(key: Uint8Array) {
    const derive = (purpose: string) => createHmac('sha256', key).update(purpose).digest();
    this.valueKey = derive('posp ledger values');
    this.nameKey = derive('posp ledger names');
    this.checkKey = derive('posp ledger check');
  }

  /** Says whether a key is the right one, and nothing about the key. */
  get check(): Buffer {
    return this.checkKey;
  }

  isCheck(stored: Uint8Array): boolean {
    return stored.length === this.checkKey.length && timingSafeEqual(stored, this.checkKey);
  }

  encrypt(database: string, key: Uint8Array, value: Uint8Array): Buffer {
    const nonce = this.nextNonce();
    const cipher = createCipheriv('aes-256-gcm', this.valueKey, nonce);
    cipher.setAAD(context(database, key));
    const encrypted = cipher.update(value);
    cipher.final();
    return Buffer.concat([nonce, encrypted, cipher.getAuthTag()]);
  }

  /** Throws when the value is not what was written under this key. */
  decrypt(database: string, key: Uint8Array, stored: Uint8Array): Buffer {
    const end = stored.length - TAG_BYTES;
    const nonce = stored.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.valueKey, nonce);
    decipher.setAAD(context(database, key));
    decipher.setAuthTag(stored.subarray(end));
    const value = decipher.update(stored.subarray(NONCE_BYTES, end));
    decipher.final();
    return value;
  }

  /** What stands for a text where the text itself would be readable. */
  nameOf(text: string): Buffer {
    return createHmac('sha256', this.nameKey).update(text).digest().subarray(0, NAME_BYTES);
  }

  private nextNonce(): Buffer {
    if (this.counter === 2 ** 32) {
      this.session = randomBytes(8);
      this.counter = 0;
    }
    const nonce = Buffer.alloc(NONCE_BYTES);
    this.session.copy(nonce);
    nonce.writeUInt32BE(this.counter++, 8);
    return nonce;
  }
}

function context(database: string, key: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${database}\0`), key]);
}
