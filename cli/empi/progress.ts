/** One bar on stderr that moves from step to step; silent when stderr is no terminal. */
import { Presets, SingleBar } from 'cli-progress';

export class Progress {
  private bar: SingleBar | null = null;
  private name = '';

  step(name: string, done: number, of: number): void {
    if (name !== this.name || this.bar === null) {
      this.stop();
      this.name = name;
      this.bar = new SingleBar(
        {
          format: `${name} [{bar}] {percentage}%`,
          stream: process.stderr,
          noTTYOutput: false,
          hideCursor: true,
          clearOnComplete: true,
        },
        Presets.shades_classic,
      );
      this.bar.start(of, 0);
    }
    this.bar.update(done);
  }

  stop(): void {
    this.bar?.stop();
    this.bar = null;
  }
}
