/** Signing: every bill that has a number gets the unit's signature over its exact bytes. */
import { deflateRawSync } from 'node:zlib';
import type { StoredKey } from '../../../hsm/types.ts';
import type { ActContext } from '../../frame/module.ts';
import { billXml } from '../bill/xml.ts';
import { factEntry } from '../facts.ts';
import { unitKey, unitKeyName } from '../keys.ts';
import type { FoundBill, InvoicingQueries } from '../queries.ts';

/** Bills that are signed before the journal is waited for. */
const BATCH_BILLS = 64;

export class Signer {
  readonly #keys = new Map<string, StoredKey>();
  /** Signed by this process, not yet seen in the view. */
  readonly #signed = new Set<string>();

  /** Signs a batch of what waits; how many there were. */
  async signWaiting(context: ActContext<InvoicingQueries>): Promise<number> {
    const waiting = context.queries.unsigned(BATCH_BILLS * 4);
    const listed = new Set(waiting.map(({ key }) => key));
    for (const key of this.#signed) if (!listed.has(key)) this.#signed.delete(key);
    const batch = waiting.filter(({ key }) => !this.#signed.has(key)).slice(0, BATCH_BILLS);
    const signed = await Promise.all(batch.map((found) => this.#sign(found, context)));
    return signed.filter(Boolean).length;
  }

  async #sign(found: FoundBill, context: ActContext<InvoicingQueries>): Promise<boolean> {
    const { bill, key } = found;
    const signingKey = await this.#keyOf(bill.institution, context);
    if (signingKey === null) return false;
    const original = billXml(bill);
    const signature = await context.hsm.sign(signingKey, original);
    const { billCode, billNumber } = bill;
    this.#signed.add(key);
    const payload = {
      billCode,
      billNumber,
      original: deflateRawSync(original).toString('base64'),
      signature: {
        value: Buffer.from(signature).toString('base64'),
        algorithm: 'SM2-SM3' as const,
        format: 'raw' as const,
        keyName: unitKeyName(bill.institution),
        publicKey: signingKey.publicKey ?? '',
        signedAtUs: context.now() * 1_000,
      },
    };
    const entry = factEntry('signed', bill.institution, key, payload);
    const { status } = await context.ledger.submit(entry);
    if (status !== 'applied' && status !== 'exists') {
      throw new Error(`the signature of ${key} was refused: ${status}`);
    }
    return true;
  }

  async #keyOf(
    institution: string,
    context: ActContext<InvoicingQueries>,
  ): Promise<StoredKey | null> {
    const known = this.#keys.get(institution);
    if (known !== undefined) return known;
    const key = await unitKey(institution, context);
    if (key !== null) this.#keys.set(institution, key);
    return key;
  }
}
