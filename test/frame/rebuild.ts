/** Whether a module's view is what the journal gives when it is followed again from its start. */
import { join } from 'node:path';
import { openReader } from '../../ledger/reader.ts';
import { moduleFolder } from '../../modules/frame/folder.ts';
import type { Module } from '../../modules/frame/module.ts';
import { ModuleStore, ModuleStoreReader } from '../../modules/frame/store.ts';

export interface Rebuilt {
  /** Rows of the view that was there. */
  rows: number;
  /** Byte by byte the same. */
  same: boolean;
}

/** Nobody may be writing the folder. */
export async function rebuilt(dataDir: string, module: Module<unknown>): Promise<Rebuilt> {
  const reader = openReader(join(dataDir, 'ledger'));
  const original = new ModuleStoreReader({ folder: moduleFolder(dataDir, module.name) });
  const target = join(dataDir, 'again');
  const store = ModuleStore.open({ folder: moduleFolder(target, module.name) });
  try {
    const { position } = original.state;
    store.write(() => {
      for (const record of reader.records({ to: position })) module.apply(record, store);
      return { version: module.version, position, mark: '' };
    });
    return compared(original, store);
  } finally {
    await store.close();
    await original.close();
    await reader.close();
  }
}

type Entries = Pick<ModuleStoreReader, 'entries'>;

function compared(first: Entries, second: Entries): Rebuilt {
  const [a, b] = [first.entries()[Symbol.iterator](), second.entries()[Symbol.iterator]()];
  let same = true;
  for (let rows = 0; ; rows++) {
    const [left, right] = [a.next(), b.next()];
    if (left.done || right.done) return { rows, same: same && left.done === right.done };
    same &&= left.value.key.equals(right.value.key) && left.value.value.equals(right.value.value);
  }
}
