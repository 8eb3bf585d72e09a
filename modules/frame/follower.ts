/**
 * One module, following the journal: its store, where it stands, and whether it still runs. A module
 * that throws stops alone; what its store holds stays as it was before.
 */
import { hasRoom } from '../../ledger/disk-room.ts';
import { idToHex } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import type { JournalRecord } from '../../ledger/types.ts';
import type { ActContext, Module, ModuleLog } from './module.ts';
import { ModuleStore, type StoreState } from './store.ts';

/**
 * Why a module stopped. One that fails while it acts goes on following; one whose store cannot be
 * written (a full disk) is tried again until it can.
 */
export interface ModuleFailure {
  while: 'applying' | 'acting' | 'storing';
  /** Of the record that could not be applied, or the one the module stood at. */
  position: number;
  message: string;
}

/** A module's state as others see it. */
export interface ModuleStatus {
  name: string;
  version: number;
  position: number;
  /** Time of the oldest record that is not applied yet, in microseconds; 0 when there is none. */
  waitingSinceUs: number;
  appliedRecords: number;
  failures: number;
  failure: ModuleFailure | null;
}

/** How long one transaction may take before it is committed and the others get their turn. */
const BATCH_MS_MAX = 100;
/** A module acts at least so often. */
const ACT_INTERVAL_MS = 1_000;

export class Follower {
  readonly module: Module<unknown>;
  readonly #store: ModuleStore;
  readonly #log: ModuleLog;
  readonly #folder: string;
  #state: StoreState;
  #failure: ModuleFailure | null = null;
  #failures = 0;
  #appliedRecords = 0;
  #acting: Promise<void> | null = null;
  #actedAtMs = Number.NEGATIVE_INFINITY;
  #actedPosition = -1;

  constructor(
    module: Module<unknown>,
    options: { folder: string; encryptionKey?: Uint8Array | undefined; log: ModuleLog },
  ) {
    this.module = module;
    this.#log = options.log;
    this.#folder = options.folder;
    this.#store = ModuleStore.open(options);
    this.#state = this.#store.state;
  }

  get position(): number {
    return this.#state.position;
  }

  get isFollowing(): boolean {
    return this.#failure?.while !== 'applying';
  }

  /** Its store could not be written the last time. */
  get cannotStore(): boolean {
    return this.#failure?.while === 'storing';
  }

  /** Starts again from position 0 when the stored rows are another version's or another journal's. */
  prepare(reader: Reader): void {
    const { version, position, mark } = this.#state;
    if (version === this.module.version && position === 0) return;
    const record = position === 0 ? null : reader.record(position);
    const sameJournal = record !== null && markOf(record) === mark;
    if (version === this.module.version && sameJournal) return;
    const why = version === 0 ? 'new' : sameJournal ? 'another version' : 'another journal';
    this.#log.info({ module: this.module.name, why }, 'module is built from the journal');
    this.rebuild();
  }

  rebuild(): void {
    this.#store.clear(this.module.version);
    this.#state = this.#store.state;
    this.#failure = null;
  }

  /** Tries again what failed. */
  resume(): void {
    this.#failure = null;
  }

  /** Applies records that follow on the module's position, as many as fit into one transaction. */
  apply(records: readonly JournalRecord[]): void {
    if (this.cannotStore && !hasRoom(this.#folder)) return;
    const endAtMs = performance.now() + BATCH_MS_MAX;
    let at = records[0]!;
    let applied = 0;
    let isStoring = false;
    try {
      this.#store.write(() => {
        for (const record of records) {
          at = record;
          this.module.apply(record, this.#store);
          applied++;
          if (performance.now() > endAtMs) break;
        }
        isStoring = true;
        return { version: this.module.version, position: at.position, mark: markOf(at) };
      });
    } catch (error) {
      if (isStoring) {
        this.#fail('storing', at.position, error);
        return;
      }
      // What came before the failing record is good: it is applied on its own.
      if (applied > 0) this.apply(records.slice(0, applied));
      this.#fail('applying', at.position, error);
      return;
    }
    if (this.cannotStore) this.#failure = null;
    this.#state = this.#store.state;
    this.#appliedRecords += applied;
  }

  /** Lets the module act when it is due and not at it already. */
  actWhenDue(
    context: Omit<ActContext<unknown>, 'queries' | 'config' | 'log'>,
    config: unknown,
  ): void {
    if (this.module.act === undefined || this.#failure !== null || this.#acting !== null) return;
    const nowMs = performance.now();
    const isDue =
      this.position !== this.#actedPosition || nowMs - this.#actedAtMs >= ACT_INTERVAL_MS;
    if (!isDue) return;
    this.#actedAtMs = nowMs;
    this.#actedPosition = this.position;
    const queries = this.module.queries(this.#store);
    const whole = { ...context, queries, config, log: this.#log };
    this.#acting = this.#act(whole, context.signal);
  }

  status(reader: Reader, head: number): ModuleStatus {
    const next = this.position < head ? reader.record(this.position + 1) : null;
    return {
      name: this.module.name,
      version: this.module.version,
      position: this.position,
      waitingSinceUs: next?.timestampUs ?? 0,
      appliedRecords: this.#appliedRecords,
      failures: this.#failures,
      failure: this.#failure,
    };
  }

  async close(): Promise<void> {
    await this.#acting;
    await this.#store.close();
  }

  async #act(context: ActContext<unknown>, signal: AbortSignal): Promise<void> {
    try {
      await this.module.act!(context);
    } catch (error) {
      if (!signal.aborted) this.#fail('acting', this.position, error);
    } finally {
      this.#acting = null;
    }
  }

  #fail(what: ModuleFailure['while'], position: number, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const isKnown = what === 'storing' && this.cannotStore;
    this.#failures++;
    this.#failure = { while: what, position, message };
    if (isKnown) return;
    const sentence =
      what === 'storing'
        ? "module's store cannot be written: it is tried again until it can"
        : 'module stopped: the others go on; `posp module resume` or a restart tries again';
    this.#log.error({ module: this.module.name, while: what, position, err: error }, sentence);
  }
}

/** Tells a record of this journal from one at the same position of another. */
function markOf({ entry, timestampUs }: JournalRecord): string {
  return `${idToHex(entry.id)}:${timestampUs}`;
}
