/** Tables of scenarios as the product of two: transactions, and what goes wrong with each of them. */

/**
 * What comes before the transaction, its verb, and the money: before it, after it, and after its
 * reversal where that is not what was before.
 */
export type Transaction<Money> = readonly [
  what: string,
  setUp: string,
  verb: string,
  before: Money,
  after: Money,
  undone?: Money,
];

/** Steps in which V is the verb, the codes of these steps, and what stands in the end. */
export type Wrong = readonly [
  what: string,
  steps: string,
  codes: string,
  stands: 'before' | 'after' | 'undone',
];

export type Crossed<Money> = [what: string, script: string, codes: string, money: Money];

/** Every transaction with everything that goes wrong, as lines of a scenario table. */
export function crossed<Money>(
  transactions: readonly Transaction<Money>[],
  wrongs: readonly Wrong[],
): Crossed<Money>[] {
  return transactions.flatMap(([name, setUp, verb, before, after, undone = before]) =>
    wrongs.map(([what, steps, codes, stands]): Crossed<Money> => {
      const own = steps.replace(/\bV\b/g, verb);
      const script = setUp === '' ? own : `${setUp}; ${own}`;
      const approved = setUp === '' ? [] : setUp.split(';').map(() => '00');
      const money = { before, after, undone }[stands];
      return [`${name}, ${what}`, script, [...approved, codes].join(' '), money];
    }),
  );
}
