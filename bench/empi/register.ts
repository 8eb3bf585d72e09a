/** A register of simulated persons, written as its follower writes it, and people to ask it about. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { idOf } from '../../ledger/id.ts';
import type { JournalRecord } from '../../ledger/types.ts';
import {
  type CommandKind,
  type Commands,
  factOf,
  type LoadedLine,
} from '../../modules/empi/facts.ts';
import { planColumns } from '../../modules/empi/matching/columns.ts';
import { personOf } from '../../modules/empi/matching/record-file.ts';
import { empi } from '../../modules/empi/module.ts';
import type { Demographics } from '../../modules/empi/types.ts';
import { moduleFolder } from '../../modules/frame/folder.ts';
import { ModuleStore } from '../../modules/frame/store.ts';
import { POPULATION_COLUMNS, populationRecords } from '../../simulators/population/records.ts';

const LINES_A_FACT = 100;
/** As many as the follower takes of facts of this length. */
const FACTS_A_TRANSACTION = 200;
/** Every so many-th second record of a person becomes a question. */
const ASKED_OF = 100;
export const QUESTIONS_FILE = 'questions.json';

/** Fills the view in the folder; gives persons a second. */
export function fillRegister(
  folder: string,
  { seed, persons }: { seed: number; persons: number },
): number {
  const store = ModuleStore.open({ folder: moduleFolder(folder, empi.name) });
  const plan = planColumns([...POPULATION_COLUMNS]);
  const questions: Demographics[] = [];
  const register = new Register(store);
  const domain = { code: 'a', nameZh: '甲', kind: 'card', system: 'urn:a', source: '' } as const;
  register.add('domain.set', domain);
  const link = { source: 'auto', probability: 1, rule: 'new', by: 'bench' } as const;
  let lines: LoadedLine[] = [];
  let line = 0;
  let others = 0;
  const started = performance.now();
  for (const row of populationRecords({ seed, records: Number.POSITIVE_INFINITY })) {
    const [recordId] = row as [string];
    const demographics = personOf(row, plan);
    if (!recordId.endsWith('-org')) {
      if (others++ % ASKED_OF === 0) questions.push(demographics);
      continue;
    }
    const media = [{ domain: 'a', number: recordId, type: 'card' }];
    lines.push({ demographics, media, link, line: ++line });
    if (lines.length === LINES_A_FACT || line === persons) {
      register.add('person.load', { file: 'bench', registrations: lines, behind: line });
      lines = [];
    }
    if (line === persons) break;
  }
  register.write();
  const seconds = (performance.now() - started) / 1000;
  void store.close();
  writeFileSync(join(folder, QUESTIONS_FILE), JSON.stringify(questions));
  return persons / seconds;
}

/** Records of a journal that is not there. */
class Register {
  private readonly store: ModuleStore;
  private records: JournalRecord[] = [];
  private position = 0;

  constructor(store: ModuleStore) {
    this.store = store;
  }

  add<Kind extends CommandKind>(kind: Kind, command: Commands[Kind]): void {
    const position = ++this.position;
    const key = `bench ${position}`;
    this.records.push({
      status: 'applied',
      position,
      timestampUs: 1_790_000_000_000_000 + position,
      businessDate: '',
      outcomes: [],
      tallies: [],
      entry: { id: idOf(key), institution: '', fact: { module: factOf(kind, key, command) } },
    });
    if (this.records.length === FACTS_A_TRANSACTION) this.write();
  }

  write(): void {
    const { position } = this;
    this.store.write(() => {
      for (const record of this.records) empi.apply(record, this.store);
      return { version: empi.version, position, mark: '' };
    });
    this.records = [];
  }
}
