/**
 * Limits of cards, terminals, merchants and channels as tallies of the ledger: the tally and the money move in
 * one entry, so no two workers can pass a limit together. The names of the limits that an entry moved
 * are noted in its fact, so that a refusal, also when it is asked for again, names its limit.
 */
import { idOf } from '../../ledger/id.ts';
import type { JournalRecord, TallyMove, TallyValue, TransactionFact } from '../../ledger/types.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Original } from '../transactions/original.ts';
import type { Request } from '../transactions/row.ts';
import type { Limit, RuleSet } from './rules.ts';

/** Key of the fact's `extra` that names the limits: they are the last tallies of the entry. */
const NOTED = 'limits';

interface Named {
  name: string;
  move: TallyMove;
}

export interface LimitMoves {
  tallies: TallyMove[];
  /** For the fact. */
  extra: Record<string, string>;
}

/** Field 39 by the end of a limit's name. */
const CODES: Record<string, string> = { amount: '61', count: '65', again: '94' };

/** The tallies that a planned transaction moves; null when no rule counts it. Throws Refusal. */
export async function limitMoves(request: Request, services: Services): Promise<LimitMoves | null> {
  const { controls } = services;
  if (!controls.any) return null;
  const card = request.card?.value.number;
  const named: Named[] = [];
  const scopes: [scope: string, key: string, rules: RuleSet | undefined][] = [
    ['card', card ?? '', card === undefined ? undefined : controls.card(card)],
    ['terminal', request.terminalId, controls.terminal(request.terminalId)],
    ['merchant', request.merchantId, controls.merchant(request.merchantId)],
    ['listener', request.listener, controls.listener(request.listener)],
  ];
  for (const [scope, key, rules] of scopes) {
    for (const limit of rules?.limits ?? []) {
      if (!counts(limit, request)) continue;
      const { transactionFen } = limit;
      if (transactionFen !== undefined && request.amountFen > transactionFen) {
        throw new Refusal('61', `${scope}-${limit.name}-transaction-amount`);
      }
      named.push(...dayMoves(scope, key, limit, request));
      named.push(...(await windowMoves(scope, key, limit, request, services)));
    }
    const seconds = rules?.duplicateSeconds;
    if (seconds !== undefined && request.row.spends === true && card !== undefined) {
      named.push(await duplicateMove(card, seconds, request, services));
    }
  }
  if (named.length === 0) return null;
  return {
    tallies: named.map(({ move }) => move),
    extra: { [NOTED]: named.map(({ name }) => name).join(',') },
  };
}

/** The limit that a record was refused by; null when another tally of the entry refused it. */
export function refusalOfLimit(
  record: JournalRecord,
): { responseCode: string; rule: string } | null {
  const names = namesOf(record.entry.fact?.transaction);
  const first = (record.entry.tallies?.length ?? 0) - names.length;
  const name = names[(record.failedIndex ?? -1) - first];
  if (name === undefined) return null;
  const responseCode = CODES[name.slice(name.lastIndexOf('-') + 1)];
  return { responseCode: responseCode ?? '61', rule: `${name}-limit` };
}

/** What an undone transaction of today no longer uses of its limits. */
export async function givenBack(
  { record, fact }: Original,
  request: Request,
  { ledger, institutions }: Services,
): Promise<TallyMove[]> {
  const count = namesOf(fact).length;
  if (count === 0) return [];
  const { time } = institutions.get(request.terminal.value.institution);
  if (record.businessDate !== time.businessDateAt(Date.now())) return [];
  const moved = (record.entry.tallies ?? []).slice(-count);
  const values = await ledger.tallies(moved.map(({ subject }) => subject));
  return moved.map((move, index) => taken(move, values[index]!));
}

function taken({ subject, amountFen, count }: TallyMove, value: TallyValue): TallyMove {
  return {
    subject,
    amountFen: 0 - Math.min(amountFen, value.amountFen),
    count: 0 - Math.min(count, value.count),
    until: 'day',
  };
}

function counts({ kinds }: Limit, { row }: Request): boolean {
  return kinds === undefined ? row.spends === true : kinds.includes(row.kind);
}

function dayMoves(scope: string, key: string, limit: Limit, { amountFen }: Request): Named[] {
  const named: Named[] = [];
  const base = `${scope}-${limit.name}-day`;
  if (limit.dayFen !== undefined) {
    const subject = idOf('limit', base, key, 'amount');
    const move: TallyMove = { subject, amountFen, count: 0, limitFen: limit.dayFen, until: 'day' };
    named.push({ name: `${base}-amount`, move });
  }
  if (limit.dayCount !== undefined) {
    const subject = idOf('limit', base, key, 'count');
    const { dayCount: limitCount } = limit;
    named.push({
      name: `${base}-count`,
      move: { subject, amountFen: 0, count: 1, limitCount, until: 'day' },
    });
  }
  return named;
}

/**
 * A sliding window out of two fixed ones: what was counted in the window before weighs as much as it
 * still reaches into the last so many seconds.
 */
async function windowMoves(
  scope: string,
  key: string,
  { name, window }: Limit,
  { amountFen }: Request,
  { ledger }: Services,
): Promise<Named[]> {
  if (window === undefined) return [];
  const at = Date.now() / 1_000 / window.seconds;
  const base = `${scope}-${name}-window`;
  const subjectOf = (index: number) => idOf('limit', base, key, String(index));
  const subject = subjectOf(Math.floor(at));
  const [before] = (await ledger.tallies([subjectOf(Math.floor(at) - 1)])) as [TallyValue];
  const share = 1 - (at - Math.floor(at));
  const left = (most: number, used: number) => Math.max(0, most - Math.floor(used * share));
  const move: TallyMove = { subject, amountFen, count: 1, until: 'day' };
  const named: Named[] = [];
  if (window.fen !== undefined) {
    named.push({
      name: `${base}-amount`,
      move: { ...move, limitFen: left(window.fen, before.amountFen) },
    });
  }
  if (window.count !== undefined) {
    const limitCount = left(window.count, before.count);
    // The amount limit above has counted already.
    const counted = named.length > 0 ? { amountFen: 0, count: 0 } : {};
    named.push({ name: `${base}-count`, move: { ...move, ...counted, limitCount } });
  }
  return named;
}

/**
 * The tally's amount is the second of the last such payment. Two payments at once both move it by
 * the same difference, and the second of them passes the limit, which is now.
 */
async function duplicateMove(
  card: string,
  seconds: number,
  { merchantId, amountFen }: Request,
  { ledger }: Services,
): Promise<Named> {
  const subject = idOf('duplicate', card, merchantId, String(amountFen));
  const [last] = (await ledger.tallies([subject])) as [TallyValue];
  const now = Math.floor(Date.now() / 1_000);
  const name = 'same-payment-again';
  if (now - last.amountFen < seconds) throw new Refusal('94', `${name}-limit`);
  return {
    name,
    move: {
      subject,
      amountFen: now - last.amountFen,
      count: 0,
      limitFen: now,
      until: 'day',
    },
  };
}

function namesOf(fact: TransactionFact | undefined): string[] {
  const noted = fact?.extra?.[NOTED];
  return noted === undefined || noted === '' ? [] : noted.split(',');
}
