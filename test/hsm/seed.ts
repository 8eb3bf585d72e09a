/** The seed of this run's random tests: POSP_TEST_SEED repeats a run whose seed was printed. */
export function testSeed(): number {
  const given = process.env['POSP_TEST_SEED'];
  return given === undefined ? Date.now() & 0x7fff_ffff : Number(given);
}
