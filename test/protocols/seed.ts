import t from 'tap';

/** The seed of this run's random cases: printed, and set again with POSP_TEST_SEED. */
export const SEED = Number(process.env['POSP_TEST_SEED'] ?? Date.now() % 2 ** 31);

t.comment(`POSP_TEST_SEED=${SEED}`);

/** Small reproducible random numbers for loops where fast-check's shrinking is not needed. */
export function randomSource(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
