/** Arguments of node that set a process’s clock, and that of its threads, back by so many days; forward by a negative number. */
export function daysAgo(days: number): string[] {
  const source = `
    const Real = Date;
    const shiftMs = ${days} * 86_400_000;
    globalThis.Date = class extends Real {
      constructor(...given) {
        if (given.length === 0) super(Real.now() - shiftMs);
        else super(...given);
      }
      static now() {
        return Real.now() - shiftMs;
      }
    };`;
  return ['--import', `data:text/javascript,${encodeURIComponent(source)}`];
}
