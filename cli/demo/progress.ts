/** The demo's moving bar on stderr, so that stdout keeps to the one JSON document. */
import { Presets, SingleBar } from 'cli-progress';
import { printNote } from '../command.ts';

export class DemoBar {
  #bar: SingleBar | null = null;

  /** A step that has no count of its own. */
  step(text: string): void {
    this.stop();
    printNote(`posp: ${text} …`);
  }

  /** A step of so many transactions. */
  start(text: string, total: number): void {
    this.stop();
    const format = `posp: ${text} |{bar}| {percentage}% {value}/{total}  {tps}/s  {eta_formatted}`;
    this.#bar = new SingleBar(
      {
        format,
        stream: process.stderr,
        noTTYOutput: true,
        notTTYSchedule: 1_000,
        hideCursor: true,
      },
      Presets.shades_classic,
    );
    this.#bar.start(total, 0, { tps: 0 });
  }

  advance(done: number, perSecond: number): void {
    this.#bar?.update(done, { tps: Math.round(perSecond) });
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = null;
  }
}
