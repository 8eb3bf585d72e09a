/** What every command's application has: its place in the journal, how it refuses, how it tells. */
import type { Outcome, Person } from './types.ts';
import type { WritableView } from './view.ts';

/** Where a command stands: its place in the journal and its time. */
export interface Step {
  view: WritableView;
  position: number;
  timeUs: number;
}

/** A command that cannot be done as things stand; nothing was changed. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export function done(more: Omit<Outcome, 'status'> = {}): Outcome {
  return { status: 'done', ...more };
}

/** Tells subscribers, and the person's own history. */
export function note(
  { view, position, timeUs }: Step,
  kind: string,
  personId: string,
  more: { otherPersonId?: string; domain?: string } = {},
): void {
  const number = String(view.add('events', 1)).padStart(14, '0');
  const place = String(position).padStart(14, '0');
  view.table('events').put(`${place}:${number}`, { position, timeUs, kind, personId, ...more });
  view.table('history').put(`${personId}:${place}:${number}`, kind);
}

/** Throws Refusal for a person that is not there or was cancelled. */
export function livePerson(view: WritableView, personId: string): Person {
  const person = view.livePerson(personId);
  if (person === undefined) throw new Refusal('person_not_found');
  if (person.status === 'cancelled') throw new Refusal('person_cancelled');
  return person;
}
