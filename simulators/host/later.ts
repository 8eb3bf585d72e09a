/** Work for later, none of which is done any more after the end. */
export class Later {
  readonly #timers = new Set<NodeJS.Timeout>();

  after(delayMs: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, delayMs);
    this.#timers.add(timer);
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
