/**
 * Gives the journal's records to all modules in turn. Modules that stand at the same place share one
 * reading of the journal; one that is being rebuilt does not hold the others up.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Reader } from '../../ledger/reader.ts';
import type { JournalRecord } from '../../ledger/types.ts';
import type { Follower, ModuleStatus } from './follower.ts';
import type { ActContext } from './module.ts';

/** Records that are read at once, or fewer when facts of modules have so many bytes. */
const BATCH_RECORDS = 2_000;
const BATCH_PAYLOAD_BYTES = 8 << 20;
/** How often the journal's end is looked at when nothing is new. */
const IDLE_MS = 20;
/**
 * After a round the thread rests so many times as long as the round took. A round costs every module a
 * transaction and the disk its syncs, and what it takes of a busy processor the terminals wait for. So
 * a burst of payments meets views that take a quarter of one processor and do it in few large rounds,
 * which cost a fraction of many small ones.
 */
const REST_SHARE = 3;
const REST_MS_MAX = 200;
/** As soon as a view is so late, there is no rest until it has caught up. */
const LATE_MS_MAX = 2_000;

/** How long a store that could not be written is left alone. */
const STORE_AGAIN_MS = 1_000;

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
  /** The journal's end when the last round began. */
  #head = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#reader = parts.context.reader;
  }

  /** To be called once before `run`: views of another journal or version begin anew. */
  prepare(): void {
    for (const follower of this.#parts.followers) follower.prepare(this.#reader);
  }

  /** Follows until `stop`; then closes the modules' stores. */
  async run(): Promise<void> {
    const { followers } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const startedMs = performance.now();
      this.#round();
      const restMs = (performance.now() - startedMs) * REST_SHARE;
      if (followers.some((follower) => follower.cannotStore)) await this.#rest(STORE_AGAIN_MS);
      else if (this.#lateMs() > LATE_MS_MAX) await nextTurn();
      else await this.#rest(Math.min(Math.max(restMs, IDLE_MS), REST_MS_MAX));
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

  #batch(from: number, to: number): JournalRecord[] {
    const records: JournalRecord[] = [];
    let payloadBytes = 0;
    for (const record of this.#reader.records({ from, to })) {
      records.push(record);
      payloadBytes += record.entry.fact?.module?.payload?.length ?? 0;
      if (payloadBytes >= BATCH_PAYLOAD_BYTES) break;
    }
    return records;
  }

  /** Sleeps, unless the module has to stop. */
  async #rest(restMs: number): Promise<void> {
    await sleep(restMs, undefined, { signal: this.#stop.signal }).catch(() => {});
  }

  /** How long the oldest record has waited that the last round could not take; 0: there is none. */
  #lateMs(): number {
    const { followers, context } = this.#parts;
    const places = followers
      .filter(({ isFollowing }) => isFollowing)
      .map(({ position }) => position);
    const oldest = Math.min(...places);
    if (oldest >= this.#head) return 0;
    const next = this.#reader.record(oldest + 1);
    return next === null ? 0 : context.now() - next.timestampUs / 1_000;
  }

  /** One batch for every place at which modules stand. */
  #round(): void {
    const head = this.#reader.head().position;
    this.#head = head;
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
      const records = this.#batch(position + 1, to);
      for (const follower of there) follower.apply(records);
    }
    for (const follower of followers) {
      if (follower.position < head) continue;
      const whole = { ...context, signal: this.#stop.signal };
      follower.actWhenDue(whole, configs[follower.module.name]);
    }
    onStatus(this.statuses(head));
  }
}
