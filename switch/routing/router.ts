/**
 * Where a request goes. A card that the registry has is ours and never leaves; for any other the
 * rules decide. They stand in the configuration until an operator puts others into the registry.
 */
import type { Reader } from '../../ledger/reader.ts';
import type { Message } from '../../protocols/iso8583/message.ts';
import { Refusal } from '../refusal.ts';
import type { Institutions } from '../services.ts';
import type { Request } from '../transactions/row.ts';
import { findRoute, type RouteRule } from './rules.ts';

/** Registry name of the rules that operators made (JSON, a list of RouteRule). */
export const ROUTES_SETTING = 'routes';

/** Where a request goes instead of to our own accounts. */
export interface Route {
  host: string;
}

export class Router {
  readonly #configured: readonly RouteRule[];
  readonly #hosts: ReadonlySet<string>;
  readonly #reader: Reader;
  readonly #institutions: Institutions;
  #operators: { version: number; rules: readonly RouteRule[] } | null = null;

  constructor(
    configured: readonly RouteRule[],
    hosts: readonly string[],
    reader: Reader,
    institutions: Institutions,
  ) {
    this.#configured = configured;
    this.#hosts = new Set(hosts);
    this.#reader = reader;
    this.#institutions = institutions;
  }

  /** Null: it stays here. Throws a Refusal for what a rule refuses. */
  route(request: Request): Route | null {
    if (this.#hosts.size === 0 || request.row.host === undefined) return null;
    const cardNumber = cardNumberOf(request.message);
    if (cardNumber === undefined) return null;
    if (this.#reader.registry.get('card', cardNumber) !== null) return null;
    const before = this.#hostOfOriginal(request.message);
    if (before !== undefined) return { host: before };
    const { institution } = request.terminal.value;
    const { time } = this.#institutions.get(institution);
    const rule = findRoute(this.#rules(), {
      cardNumber,
      kind: request.row.kind,
      merchantId: request.merchantId,
      institution,
      amountFen: request.amountFen,
      time: time.localFields(Date.now()).time,
    });
    if (rule === null) return null;
    if (rule.refuse !== undefined) throw new Refusal(rule.refuse, 'route-refuses');
    if (rule.host === undefined || !this.#hosts.has(rule.host)) {
      throw new Refusal('92', 'route-names-no-host');
    }
    return { host: rule.host };
  }

  /** What takes back an earlier transaction goes where that one went, whatever the rules say by now. */
  #hostOfOriginal(message: Message): string | undefined {
    const reference = message.get(37) ?? '';
    if (!/^\d{12}$/.test(reference) || Number(reference) === 0) return undefined;
    const fact = this.#reader.record(Number(reference))?.entry.fact?.transaction;
    const sameCard = fact?.cardNumber === cardNumberOf(message);
    return sameCard ? fact?.extra?.['host'] : undefined;
  }

  #rules(): readonly RouteRule[] {
    const item = this.#reader.registry.get('setting', ROUTES_SETTING);
    if (item === null) return this.#configured;
    if (this.#operators?.version !== item.version) {
      const rules = JSON.parse(item.value.value) as RouteRule[];
      this.#operators = { version: item.version, rules };
    }
    return this.#operators.rules;
  }
}

/** Field 2, or track 2 up to its separator; undefined when neither holds a card number. */
export function cardNumberOf(message: Message): string | undefined {
  const number = message.get(2) ?? message.get(35)?.split('D', 1)[0];
  return number !== undefined && /^\d{12,19}$/.test(number) ? number : undefined;
}
