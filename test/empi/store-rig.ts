/** The patient index over a store of its own, fed with commands as the journal would feed it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idOf } from '../../ledger/id.ts';
import type { JournalRecord } from '../../ledger/types.ts';
import { type CommandKind, type Commands, factOf } from '../../modules/empi/facts.ts';
import { empi } from '../../modules/empi/module.ts';
import type { EmpiQueries } from '../../modules/empi/queries.ts';
import type { Outcome } from '../../modules/empi/types.ts';
import type { Module } from '../../modules/frame/module.ts';
import { ModuleStore } from '../../modules/frame/store.ts';

export class StoreRig {
  readonly records: JournalRecord[] = [];
  readonly store: ModuleStore;
  readonly queries: EmpiQueries;
  private readonly folder: string;
  private readonly module: Module<EmpiQueries>;

  constructor(module: Module<EmpiQueries> = empi, encryptionKey?: Uint8Array) {
    this.folder = mkdtempSync(join(tmpdir(), 'posp-empi-'));
    this.store = ModuleStore.open({ folder: this.folder, encryptionKey });
    this.module = module;
    this.queries = module.queries(this.store);
  }

  send<Kind extends CommandKind>(kind: Kind, command: Commands[Kind]): Outcome {
    const key = `k${this.records.length}`;
    const record: JournalRecord = {
      status: 'applied',
      position: this.records.length + 1,
      timestampUs: 1_790_000_000_000_000 + this.records.length,
      businessDate: '',
      outcomes: [],
      tallies: [],
      entry: { id: idOf(key), institution: '', fact: { module: factOf(kind, key, command) } },
    };
    this.apply(record);
    return this.queries.outcome(key)!;
  }

  apply(record: JournalRecord): void {
    this.records.push(record);
    this.store.write(() => {
      this.module.apply(record, this.store);
      return { version: this.module.version, position: record.position, mark: '' };
    });
  }

  /** Everything in the store, as text. */
  contents(): string[] {
    return [...this.store.entries()].map(
      ({ key, value }) => `${key.toString('hex')}=${value.toString('hex')}`,
    );
  }

  async close(): Promise<void> {
    await this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
