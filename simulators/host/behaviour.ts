/** What a simulated bank host does to a request that it understood. */

/** [behaviour, whether it is booked, what the other side sees]. */
const BEHAVIOURS = {
  approve: { books: true, what: 'approves' },
  decline: { books: false, what: 'declines (field 39 from --code)' },
  silent: { books: true, what: 'approves and books, but the answer is lost' },
  lost: { books: false, what: 'the request is lost: nothing is booked, nothing is answered' },
  late: { books: true, what: 'approves after --late-ms' },
  slow: { books: true, what: 'books and answers after a while' },
  drop: { books: true, what: 'books, then closes the connection without an answer' },
  'drop-before': { books: false, what: 'closes the connection, nothing is booked' },
  duplicate: { books: true, what: 'sends its answer twice' },
  'wrong-mac': { books: true, what: 'the MAC of the answer is wrong' },
  'out-of-order': { books: true, what: 'answers leave in pairs, the second one first' },
  'half-frame': { books: true, what: 'sends half of the answer and closes the connection' },
  partial: { books: true, what: 'approves and books a part of the amount (field 39 = 10)' },
  'wrong-amount': { books: true, what: 'the answer has another amount' },
} as const;

export type Behaviour = keyof typeof BEHAVIOURS;

export const BEHAVIOUR_NAMES = Object.keys(BEHAVIOURS) as Behaviour[];

export function isBehaviour(name: string): name is Behaviour {
  return Object.hasOwn(BEHAVIOURS, name);
}

export function books(behaviour: Behaviour): boolean {
  return BEHAVIOURS[behaviour].books;
}

/** One line a behaviour, for a help text. */
export function behaviourHelp(): string {
  return BEHAVIOUR_NAMES.map((name) => `  ${name.padEnd(14)}${BEHAVIOURS[name].what}`).join('\n');
}
