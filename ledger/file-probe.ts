/** A process of its own that touches every value of a ledger's file, and ends with 0 when that went well. */
import { open } from 'lmdb';

const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const;

const root = open<Buffer, Buffer>(process.argv[2]!, {
  ...BINARY,
  maxDbs: 8,
  readOnly: true,
  noSubdir: false,
});
for (const name of ['meta', 'journal', 'checkpoint', 'registry', 'history']) {
  const database = root.openDB(name, BINARY);
  for (const { value } of database.getRange({})) value.at(-1);
}
await root.close();
