/**
 * Routing as data: which host, if any, a card that is not ours goes to. The first rule whose
 * conditions all hold decides; a rule either names a host or says what the terminal is told.
 */

/** What is left out may be anything. */
export interface RouteRule {
  /** Card numbers that begin so. */
  bins?: readonly string[];
  /** Kinds of transactions, as the transaction table names them. */
  kinds?: readonly string[];
  merchants?: readonly string[];
  institutions?: readonly string[];
  /** Both ends included. */
  amountFen?: { from?: number; to?: number };
  /** `HH:mm` of the institution's clock; `to` is not included and may be before `from` (over midnight). */
  time?: { from: string; to: string };
  /** Where it goes. */
  host?: string;
  /** Field 39 for what goes nowhere. */
  refuse?: string;
}

/** What the rules look at. */
export interface Routable {
  cardNumber: string;
  kind: string;
  merchantId: string;
  institution: string;
  amountFen: number;
  /** hhmmss of the institution's clock. */
  time: string;
}

/** The first rule that fits, or null. */
export function findRoute(rules: readonly RouteRule[], what: Routable): RouteRule | null {
  return rules.find((rule) => fits(rule, what)) ?? null;
}

function fits(rule: RouteRule, what: Routable): boolean {
  const { bins, kinds, merchants, institutions, amountFen, time } = rule;
  return (
    (bins === undefined || bins.some((bin) => what.cardNumber.startsWith(bin))) &&
    (kinds === undefined || kinds.includes(what.kind)) &&
    (merchants === undefined || merchants.includes(what.merchantId)) &&
    (institutions === undefined || institutions.includes(what.institution)) &&
    (amountFen === undefined || isBetween(what.amountFen, amountFen)) &&
    (time === undefined || isWithin(what.time, time))
  );
}

function isBetween(amountFen: number, { from, to }: { from?: number; to?: number }): boolean {
  return (from === undefined || amountFen >= from) && (to === undefined || amountFen <= to);
}

function isWithin(time: string, { from, to }: { from: string; to: string }): boolean {
  const now = `${time.slice(0, 2)}:${time.slice(2, 4)}`;
  return from <= to ? now >= from && now < to : now >= from || now < to;
}
