/**
 * What invoicing does about its view: signs at once; reports, sends and synchronises beside it. A
 * slow fiscal side never holds up a signature.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ActContext } from '../../frame/module.ts';
import type { InvoicingQueries } from '../queries.ts';
import { frontOf, type InvoicingSettings, NO_SETTINGS } from '../settings.ts';
import { FiscalOutbox } from './fiscal.ts';
import { PushOutbox } from './push.ts';
import { Signer } from './sign.ts';
import { Upkeep } from './upkeep.ts';

/** How often new bills are looked for while something slow goes on. */
const LOOK_MS = 10;

export class Actor {
  readonly #signer = new Signer();
  #parts: { outbox: FiscalOutbox | null; push: PushOutbox; upkeep: Upkeep } | null = null;

  async act(context: ActContext<InvoicingQueries>): Promise<void> {
    let slow = true;
    let failure: unknown = null;
    const work = this.#slowRound(context)
      .catch((error) => {
        failure = error;
      })
      .finally(() => {
        slow = false;
      });
    do {
      const signed = await this.#signer.signWaiting(context);
      if (signed === 0 && slow) await sleep(LOOK_MS);
    } while (slow && !context.signal.aborted);
    await work;
    if (failure !== null) throw failure;
  }

  async #slowRound(context: ActContext<InvoicingQueries>): Promise<void> {
    const { outbox, push, upkeep } = this.#partsFor(context);
    await upkeep.round(context);
    await Promise.all([outbox?.round(context), push.round(context)]);
  }

  #partsFor({ config }: ActContext<InvoicingQueries>) {
    if (this.#parts === null) {
      const settings = (config as InvoicingSettings | undefined) ?? NO_SETTINGS;
      const front = frontOf(settings);
      this.#parts = {
        outbox: front === null ? null : new FiscalOutbox(front),
        push: new PushOutbox(settings.push),
        upkeep: new Upkeep(front, settings),
      };
    }
    return this.#parts;
  }
}
