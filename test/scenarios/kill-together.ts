/** A switch that is killed when all who play against it are ready for it. */

export class KillTogether {
  readonly #killAndStart: () => Promise<void>;
  #players: number;
  #waiting: (() => void)[] = [];
  kills = 0;

  constructor(players: number, killAndStart: () => Promise<void>) {
    this.#players = players;
    this.#killAndStart = killAndStart;
  }

  /** Resolves when the switch runs again. */
  readonly kill = (): Promise<void> => {
    const again = new Promise<void>((resolve) => this.#waiting.push(resolve));
    void this.#whenAllWait();
    return again;
  };

  /** A player has no more lines. */
  readonly leave = (): void => {
    this.#players--;
    void this.#whenAllWait();
  };

  async #whenAllWait(): Promise<void> {
    if (this.#waiting.length === 0 || this.#waiting.length < this.#players) return;
    this.kills++;
    const waiting = this.#waiting;
    this.#waiting = [];
    await this.#killAndStart();
    for (const resolve of waiting) resolve();
  }
}
