/** How many calls a second something does. */

const CALLS_BETWEEN_CLOCK_READS = 50;

/** Calls `work` again and again and returns calls a second, after a warm-up of a tenth of the time. */
export async function rate(seconds: number, work: () => unknown): Promise<number> {
  await repeat(seconds / 10, work);
  const { calls, elapsedMs } = await repeat(seconds, work);
  return Math.round((calls * 1000) / elapsedMs);
}

async function repeat(
  seconds: number,
  work: () => unknown,
): Promise<{ calls: number; elapsedMs: number }> {
  const startMs = performance.now();
  let calls = 0;
  let elapsedMs = 0;
  do {
    for (let i = 0; i < CALLS_BETWEEN_CLOCK_READS; i++) {
      const answer = work();
      if (answer instanceof Promise) await answer;
    }
    calls += CALLS_BETWEEN_CLOCK_READS;
    elapsedMs = performance.now() - startMs;
  } while (elapsedMs < seconds * 1000);
  return { calls, elapsedMs };
}

/** Until what runs often is compiled. */
const WARM_UP_SECONDS = 0.3;

/** Slices of a pair, taken in turns, so that whatever else the machine does meets both alike. */
const PAIRED_SLICES = 5;

export async function pairedRates(
  seconds: number,
  work: () => unknown,
  baseline: () => unknown,
): Promise<{ value: number; baseline: number }> {
  const totals = { value: { calls: 0, elapsedMs: 0 }, baseline: { calls: 0, elapsedMs: 0 } };
  const warmUpSeconds = Math.max(WARM_UP_SECONDS, seconds / 10);
  await repeat(warmUpSeconds, work);
  await repeat(warmUpSeconds, baseline);
  for (let slice = 0; slice < PAIRED_SLICES; slice++) {
    for (const [name, measured] of [
      ['value', work],
      ['baseline', baseline],
    ] as const) {
      const { calls, elapsedMs } = await repeat(seconds / PAIRED_SLICES, measured);
      totals[name].calls += calls;
      totals[name].elapsedMs += elapsedMs;
    }
  }
  const perSecond = ({ calls, elapsedMs }: { calls: number; elapsedMs: number }) =>
    Math.round((calls * 1000) / elapsedMs);
  return { value: perSecond(totals.value), baseline: perSecond(totals.baseline) };
}

/** Calls a second with a number of callers that each wait for their answer, after a warm-up. */
export async function concurrentRate(
  seconds: number,
  callers: number,
  work: () => unknown,
): Promise<number> {
  await callForSeconds(seconds / 2, callers, work);
  return callForSeconds(seconds, callers, work);
}

async function callForSeconds(
  seconds: number,
  callers: number,
  work: () => unknown,
): Promise<number> {
  const startMs = performance.now();
  let calls = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() - startMs < seconds * 1000) {
        await work();
        calls++;
      }
    }),
  );
  return Math.round((calls * 1000) / (performance.now() - startMs));
}
