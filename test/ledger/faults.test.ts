/** What goes wrong with a data folder: each fault is a clear refusal or a repair that says what it did. */
import '../support/plain-children.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { open } from 'lmdb';
import t from 'tap';
import { LedgerError } from '../../ledger/errors.ts';
import { openReader } from '../../ledger/reader.ts';
import { verify } from '../../ledger/verify.ts';
import { accountId, opening, openLedger, payment } from './open-ledger.ts';

const RECORDS = 300;

/** A folder with some records, stopped in order. */
async function makeLedger(dataDir: string, encryptionKey?: Uint8Array): Promise<void> {
  const options = encryptionKey === undefined ? {} : { encryptionKey };
  const { ledger, submit } = await openLedger(dataDir, options);
  await submit(opening({ till: 0, card: 0 }));
  for (let i = 1; i < RECORDS; i++) await submit(payment(String(i), 'till', 'card', i));
  await ledger.stop();
}

/** Opens the folder's databases without the ledger and changes one value. */
async function tamper(
  dataDir: string,
  name: string,
  change: (value: Buffer, key: Buffer) => Buffer | null,
): Promise<void> {
  const options = { encoding: 'binary', keyEncoding: 'binary' } as const;
  const root = open<Buffer, Buffer>(dataDir, { ...options, maxDbs: 8, noSubdir: false });
  const database = root.openDB<Buffer, Buffer>(name, options);
  for (const { key, value } of [...database.getRange({})]) {
    const changed = change(Buffer.from(value), key);
    if (changed === null) continue;
    await database.put(key, changed);
    break;
  }
  await root.flushed;
  await root.close();
}

const refusal = async (work: Promise<unknown>): Promise<{ code: string; message: string }> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof LedgerError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'none', message: '' };
};

t.test('a flipped byte in a record', async (t) => {
  const dataDir = t.testdir();
  await makeLedger(dataDir);
  await tamper(dataDir, 'journal', (value, key) => {
    if (key.readUInt32BE(4) !== 100) return null;
    // Two bytes before the end of the record: the card's balance after it.
    const at = value.length - 32 - 2;
    value[at] = value[at]! ^ 1;
    return value;
  });
  const report = await verify(dataDir);
  t.equal(report.chainVerified, false);
  t.equal(report.balancesVerified, false);
  t.equal(report.firstBadPosition, 100);
  const reader = openReader(dataDir);
  t.equal(reader.record(99)?.position, 99, 'the records before it can be read');
  t.throws(() => reader.record(100), { code: 'journal_damaged' }, 'the damaged one cannot');
  await reader.close();
});

t.test('a flipped byte in the newest record stops the start', async (t) => {
  const dataDir = t.testdir();
  await makeLedger(dataDir);
  await tamper(dataDir, 'journal', (value, key) => {
    if (key.readUInt32BE(4) !== RECORDS) return null;
    value[50] = value[50]! ^ 1;
    return value;
  });
  const { code, message } = await refusal(openLedger(dataDir));
  t.equal(code, 'journal_damaged');
  t.match(message, `record ${RECORDS}`);
});

t.test('a flipped byte in the checkpoint is repaired from the journal', async (t) => {
  const dataDir = t.testdir();
  await makeLedger(dataDir);
  await tamper(dataDir, 'checkpoint', (value) => {
    value[60] = value[60]! ^ 1;
    return value;
  });
  t.match((await verify(dataDir)).problems, [/page 0 of accounts .* damaged/]);
  const { ledger, client } = await openLedger(dataDir);
  t.match(ledger.recovery.repairs, [/page 0 of accounts .* rebuilt from the journal/]);
  t.equal(ledger.recovery.replayedRecords, RECORDS);
  const [card] = await client.accounts([accountId('card')]);
  t.equal(card?.creditsPostedFen, ((RECORDS - 1) * RECORDS) / 2);
  await ledger.stop();
  t.strictSame((await verify(dataDir)).problems, []);
});

t.test('a balance that was changed with its checksum is found by verify', async (t) => {
  const dataDir = t.testdir();
  await makeLedger(dataDir);
  await tamper(dataDir, 'meta', (_, key) =>
    key.toString() === 'institutions' ? Buffer.from('[{"name":"","dates":[0]}]') : null,
  );
  const report = await verify(dataDir);
  t.equal(report.balancesVerified, false);
  t.match(report.problems, [/business days/]);
});

t.test('a registry item that was changed is found by verify', async (t) => {
  const dataDir = t.testdir();
  await makeLedger(dataDir);
  await tamper(dataDir, 'registry', (value) => {
    value[value.length - 1] = value[value.length - 1]! ^ 1;
    return value;
  });
  const report = await verify(dataDir);
  t.equal(report.balancesVerified, false);
  t.match(report.problems, [/registry item institution/]);
});

t.test('a folder of a newer version', async (t) => {
  const dataDir = t.testdir();
  await makeLedger(dataDir);
  await tamper(dataDir, 'meta', (_, key) =>
    key.toString() === 'schema' ? Buffer.from('2') : null,
  );
  const { code, message } = await refusal(openLedger(dataDir));
  t.equal(code, 'schema_newer');
  t.match(message, 'schema 2');
  t.throws(() => openReader(dataDir), { code: 'schema_newer' });
});

t.test('a folder opened twice by one process', async (t) => {
  const dataDir = t.testdir();
  const { ledger } = await openLedger(dataDir);
  t.equal((await refusal(openLedger(dataDir))).code, 'folder_in_use');
  await ledger.stop();
  const again = await openLedger(dataDir);
  await again.ledger.stop();
});

t.test('a folder that another process writes to', async (t) => {
  const dataDir = t.testdir();
  const file = fileURLToPath(new URL('./crash-child.js', import.meta.url));
  const child = spawn(process.execPath, [file, dataDir, '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const { code, message } = await refusal(openLedger(dataDir));
  t.equal(code, 'folder_in_use');
  t.match(message, String(child.pid));
  child.kill('SIGKILL');
  await once(child, 'close');
  const { ledger } = await openLedger(dataDir);
  t.ok(ledger.recovery.position > 0, 'and free once that process is dead');
  await ledger.stop();
});

t.test('a writer that lost the folder to another one stops', async (t) => {
  const dataDir = t.testdir();
  const { ledger, submit } = await openLedger(dataDir);
  await submit(opening({ till: 0, card: 0 }));
  await tamper(dataDir, 'meta', (_, key) =>
    key.toString() === 'writer' ? Buffer.from('{"pid":1}') : null,
  );
  const failed = once(ledger, 'failed');
  const { code } = await refusal(submit(payment('1', 'till', 'card', 1)));
  t.equal(code, 'writer_fenced');
  const [error] = (await failed) as [LedgerError];
  t.equal(error.code, 'writer_fenced');
  t.equal((await verify(dataDir)).positions, 1, 'nothing was written');
});

t.test('no ledger where one is looked for', async (t) => {
  t.throws(() => openReader(t.testdir()), { code: 'not_found' });
});

t.test('an encrypted folder', async (t) => {
  const dataDir = t.testdir();
  const encryptionKey = Buffer.alloc(32, 7);
  await makeLedger(dataDir, encryptionKey);
  t.equal((await refusal(verify(dataDir))).code, 'wrong_key', 'without the key');
  const wrong = { encryptionKey: Buffer.alloc(32, 8) };
  t.equal((await refusal(verify(dataDir, wrong))).code, 'wrong_key', 'with another key');
  t.equal((await refusal(openLedger(dataDir, wrong))).code, 'wrong_key', 'for writing too');
  t.strictSame((await verify(dataDir, { encryptionKey })).problems, []);
  await tamper(dataDir, 'journal', (value, key) => {
    if (key.readUInt32BE(4) !== 50) return null;
    value[20] = value[20]! ^ 1;
    return value;
  });
  t.equal((await verify(dataDir, { encryptionKey })).firstBadPosition, 50);
});

t.test('a key for a folder that is not encrypted', async (t) => {
  const dataDir = t.testdir();
  await makeLedger(dataDir);
  const { code } = await refusal(openLedger(dataDir, { encryptionKey: Buffer.alloc(32, 7) }));
  t.equal(code, 'wrong_key');
});
