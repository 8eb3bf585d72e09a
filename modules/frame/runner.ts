/**
 * Gives the journal's records to all modules in turn. Modules that stand at the same place share one
 * reading of the journal; one that is being rebuilt does not hold the others up.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Reader } from '../../ledger/reader.ts';
import type { Follower, ModuleStatus } from './follower.ts';
import type { ActContext } from './module.ts';

/** Records that are read at once. */
const BATCH_RECORDS = 1_000;
/** How often the journal's end is looked at when nothing is new. */
const IDLE_MS = 20;

export interface RunnerParts {
  followers: readonly Follower[];
  context: Omit<ActContext<unknown>, 'queries' | 'config' | 'log' | 'signal'>;
  /** Sections of the configuration by module. */
  configs: Readonly<Record<string, unknown>>;
  onStatus: (statuses: ModuleStatus[]) => void;
}

export class ModuleRunner {
  readonly #parts: RunnerParts;
  readonly #stop = new AbortController();
  readonly #reader: Reader;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#reader = parts.context.reader;
  }

  /** Follows until `stop`; then closes the modules' stores. */
  async run(): Promise<void> {
    const { followers } = this.#parts;
    const { signal } = this.#stop;
    for (const follower of followers) follower.prepare(this.#reader);
    while (!signal.aborted) {
      const moved = this.#round();
      if (moved) await nextTurn();
      else await sleep(IDLE_MS, undefined, { signal }).catch(() => {});
    }
    await Promise.all(followers.map((follower) => follower.close()));
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Throws when there is no module of this name. */
  follower(name: string): Follower {
    const found = this.#parts.followers.find(({ module }) => module.name === name);
    if (found === undefined) throw new Error(`there is no module ${name}`);
    return found;
  }

  /** Where each module stands. */
  statuses(head: number = this.#reader.head().position): ModuleStatus[] {
    return this.#parts.followers.map((follower) => follower.status(this.#reader, head));
  }

  /** One batch for every place at which modules stand; whether anything was applied. */
  #round(): boolean {
    const head = this.#reader.head().position;
    const { followers, context, configs, onStatus } = this.#parts;
    const places = new Map<number, Follower[]>();
    for (const follower of followers) {
      if (!follower.isFollowing || follower.position >= head) continue;
      const there = places.get(follower.position);
      if (there === undefined) places.set(follower.position, [follower]);
      else there.push(follower);
    }
    for (const [position, there] of places) {
      const to = Math.min(head, position + BATCH_RECORDS);
      const records = [...this.#reader.records({ from: position + 1, to })];
      for (const follower of there) follower.apply(records);
    }
    for (const follower of followers) {
      if (follower.position < head) continue;
      const whole = { ...context, signal: this.#stop.signal };
      follower.actWhenDue(whole, configs[follower.module.name]);
    }
    onStatus(this.statuses(head));
    return places.size > 0;
  }
}
