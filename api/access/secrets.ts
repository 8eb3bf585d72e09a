/**
 * The API's secrets: clients' keys, and one of its own that signs page tokens and fingerprints
 * requests. In the journal they lie encrypted under a key of the HSM.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Hsm, KeyPurpose, StoredKey } from '../../hsm/types.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import { toKeyItem, toStoredKey } from '../../switch/keys.ts';

const KEY_NAME = 'api-secrets';
const SECRET_NAME = 'api/secret';
const SECRET_BYTES = 32;

export interface SecretsParts {
  hsm: Hsm;
  ledger: LedgerClient;
  reader: Reader;
}

export class Secrets {
  readonly #hsm: Hsm;
  readonly #key: StoredKey;
  readonly #own: Uint8Array;

  private constructor(hsm: Hsm, key: StoredKey, own: Uint8Array) {
    this.#hsm = hsm;
    this.#key = key;
    this.#own = own;
  }

  /** Opens the secrets; the first time makes them. */
  static async open({ hsm, ledger, reader }: SecretsParts): Promise<Secrets> {
    if (reader.registry.get('setting', SECRET_NAME) === null) {
      const purpose: KeyPurpose = 'data';
      const made = await hsm.generateKey({ algorithm: 'aes', purpose, exportable: false });
      const encrypted = await hsm.encryptData(made, randomBytes(SECRET_BYTES));
      const value = Buffer.from(encrypted).toString('hex');
      const by = { who: 'posp', why: 'first start of the API', expectedVersion: 0 };
      await ledger.submit({
        id: idOf('api', 'secrets'),
        institution: '',
        registry: [
          registryChange('key', KEY_NAME, toKeyItem(KEY_NAME, made), by),
          registryChange('setting', SECRET_NAME, { value }, by),
        ],
      });
    }
    const key = toStoredKey(reader.registry.get('key', KEY_NAME)!.value);
    const stored = reader.registry.get('setting', SECRET_NAME)!.value.value;
    const own = await hsm.decryptData(key, Buffer.from(stored, 'hex'));
    return new Secrets(hsm, key, own);
  }

  async encrypt(clear: Uint8Array): Promise<string> {
    return Buffer.from(await this.#hsm.encryptData(this.#key, clear)).toString('hex');
  }

  async decrypt(encrypted: string): Promise<Uint8Array> {
    return this.#hsm.decryptData(this.#key, Buffer.from(encrypted, 'hex'));
  }

  /** A keyed hash, 32 bytes: nobody without the secret can make it or guess what is in it. */
  fingerprint(purpose: string, data: string | Uint8Array): Buffer {
    const key = createHmac('sha256', this.#own).update(purpose).digest();
    return createHmac('sha256', key).update(data).digest();
  }
}
