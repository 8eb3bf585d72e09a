/** Signing: every bill that has a number gets the unit's signature over its exact bytes. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import type { StoredKey } from '../../../hsm/types.ts';
import type { ActContext } from '../../frame/module.ts';
import { billXml } from '../bill/xml.ts';
import { missingCharacters } from '../face/font.ts';
import { factEntry } from '../facts.ts';
import { unitKey, unitKeyName } from '../keys.ts';
import type { FoundBill, InvoicingQueries } from '../queries.ts';

type Context = ActContext<InvoicingQueries>;

/** Bills that are signed at a time; then the thread's other work has its turn. */
const AT_ONCE = 32;
/** Signatures that the journal has not confirmed yet; more have to wait. */
const IN_FLIGHT_MAX = 512;

export class Signer {
  readonly #keys = new Map<string, StoredKey>();
  /** Signed by this process, not yet seen in the view. */
  readonly #signed = new Set<string>();
  /** On their way into the journal: nobody waits for them before the next are signed. */
  readonly #inFlight = new Set<Promise<void>>();
  #failure: unknown = null;

  /** Signs the first of what waits; how many there were. Throws when a signature was not recorded. */
  async signWaiting(context: Context): Promise<number> {
    if (this.#failure !== null) {
      const failure = this.#failure;
      this.#failure = null;
      throw failure;
    }
    // What was signed stands before everything that was not, so this many hold some that were not.
    const waiting = context.queries.unsignedKeys(this.#signed.size + AT_ONCE);
    const listed = new Set(waiting);
    for (const key of this.#signed) if (!listed.has(key)) this.#signed.delete(key);
    const batch = waiting.filter((key) => !this.#signed.has(key)).slice(0, AT_ONCE);
    const signed = await Promise.all(
      batch.map((key) => this.#sign(context.queries.billByKey(key)!, context)),
    );
    if (batch.length > 0) await nextTurn();
    while (this.#inFlight.size > IN_FLIGHT_MAX) await Promise.race(this.#inFlight);
    return signed.filter(Boolean).length;
  }

  async #sign(found: FoundBill, context: Context): Promise<boolean> {
    const { bill, key } = found;
    const signingKey = await this.#keyOf(bill.institution, context);
    if (signingKey === null) return false;
    const original = billXml(bill);
    if ((await missingCharacters(original.toString('utf8'))).length > 0) {
      context.log.warn({ bill: key }, 'characters-not-in-font: boxes on the PDF of this bill');
    }
    const signature = await context.hsm.sign(signingKey, original);
    this.#signed.add(key);
    const sent = this.#record(found, { original, signature, signingKey }, context)
      .catch((error) => {
        this.#signed.delete(key);
        this.#failure = error;
      })
      .finally(() => this.#inFlight.delete(sent));
    this.#inFlight.add(sent);
    return true;
  }

  async #record(
    { bill, key }: FoundBill,
    made: { original: Buffer; signature: Uint8Array; signingKey: StoredKey },
    context: Context,
  ): Promise<void> {
    const { billCode, billNumber, institution } = bill;
    const payload = {
      billCode,
      billNumber,
      original: deflateRawSync(made.original).toString('base64'),
      signature: {
        value: Buffer.from(made.signature).toString('base64'),
        algorithm: 'SM2-SM3' as const,
        format: 'raw' as const,
        keyName: unitKeyName(institution),
        publicKey: made.signingKey.publicKey ?? '',
        signedAtUs: context.now() * 1_000,
      },
    };
    const { status } = await context.ledger.submit(factEntry('signed', institution, key, payload));
    if (status !== 'applied' && status !== 'exists') {
      throw new Error(`the signature of ${key} was refused: ${status}`);
    }
  }

  async #keyOf(institution: string, context: Context): Promise<StoredKey | null> {
    const known = this.#keys.get(institution);
    if (known !== undefined) return known;
    const key = await unitKey(institution, context);
    if (key !== null) this.#keys.set(institution, key);
    return key;
  }
}
