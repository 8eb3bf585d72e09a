/** Tallies in the model. */
import type { Entry, TallyValue } from '../../ledger/types.ts';
import { type Draft, hex, MAX, type ModelState, type ModelTally, Refusal } from './model-state.ts';

/** Moves the tallies of an entry in the draft, or throws the refusal. */
export function moveTallies(state: ModelState, draft: Draft, entry: Entry): void {
  for (const [index, move] of (entry.tallies ?? []).entries()) {
    const id = hex(move.subject);
    const before = draft.tallies.get(id) ?? state.tallies.get(id);
    const zero = before === undefined || move.reset || isTallyOver(state, before);
    const amountFen = (zero ? 0 : before.amountFen) + move.amountFen;
    const count = (zero ? 0 : before.count) + move.count;
    const tooMuch = amountFen > (move.limitFen ?? MAX) || count > (move.limitCount ?? MAX);
    if (tooMuch || amountFen < 0 || count < 0) throw new Refusal('tally_exceeded', index);
    const until = move.until ?? 'long';
    const day = state.day(entry.institution);
    draft.tallies.set(id, { amountFen, count, until, day, institution: entry.institution });
    draft.tallyValues.push({ amountFen, count });
  }
}

function isTallyOver(state: ModelState, { until, institution, day }: ModelTally): boolean {
  const closed = state.day(institution) - day;
  return (until === 'day' && closed > 0) || (until === 'long' && closed > 400);
}

/** The value of a tally now. */
export function tallyOf(state: ModelState, subject: string): TallyValue {
  const tally = state.tallies.get(subject);
  if (tally === undefined || isTallyOver(state, tally)) return { amountFen: 0, count: 0 };
  return { amountFen: tally.amountFen, count: tally.count };
}
