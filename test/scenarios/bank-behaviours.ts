/** What the simulated bank does to the messages of each card, one after the other. */
import type { Message } from '../../protocols/iso8583/message.ts';
import type { Behaviour } from '../../simulators/host/behaviour.ts';

export class CardBehaviour {
  requests: Behaviour[] = [];
  /** For one reversal after the other; then they are approved. */
  reversals: Behaviour[] = [];
  /** Messages of the card that have come. */
  seen = 0;
}

export class BankBehaviours {
  readonly #cards = new Map<string, CardBehaviour>();

  of(card: string): CardBehaviour {
    let behaviour = this.#cards.get(card);
    if (behaviour === undefined) {
      behaviour = new CardBehaviour();
      this.#cards.set(card, behaviour);
    }
    return behaviour;
  }

  readonly behave = (request: Message): Behaviour => {
    const card = this.of(request.get(2) ?? '');
    card.seen++;
    return card.requests.shift() ?? 'approve';
  };

  readonly behaveToReversal = (request: Message): Behaviour => {
    const card = this.of(request.get(2) ?? '');
    card.seen++;
    return card.reversals.shift() ?? 'approve';
  };
}
