/**
 * The ledger against the disk under it: durable transfers through the public client in groups of one
 * size, beside the same bytes appended to LMDB with one put and one fsync per group, half of them
 * before and half of them after, because a disk is not equally fast all the time.
 */
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import type { LedgerClient } from '../ledger/client.ts';
import { idOf } from '../ledger/id.ts';
import { LmdbStorage } from '../ledger/lmdb-storage.ts';
import { openReader } from '../ledger/reader.ts';
import { registryChange } from '../ledger/registry.ts';
import type { Entry } from '../ledger/types.ts';
import { verify } from '../ledger/verify.ts';
import { startLedger } from '../ledger/writer-host.ts';
import type { Benchmark, BenchmarkLine, BenchmarkOptions } from './benchmark.ts';

const ACCOUNTS = 1_000_000;
/** Records that stand in the journal before the second measurement; the bar of the design is 10 million. */
const JOURNAL_RECORDS = Number(process.env['POSP_BENCH_LEDGER_RECORDS'] ?? 2_000_000);
const INSTITUTION = 'bench';

interface Size {
  group: number;
  /** None: the design asks for nothing at that size. */
  target?: { atLeast: number; aim: number };
}

const SIZES: Size[] = [
  { group: 1, target: { atLeast: 0.6, aim: 0.85 } },
  { group: 10, target: { atLeast: 0.6, aim: 0.85 } },
  { group: 100, target: { atLeast: 0.45, aim: 0.7 } },
  { group: 1000, target: { atLeast: 0.15, aim: 0.3 } },
  { group: 8000 },
];

interface Rate {
  perSecond: number;
  latencyMs: { p50: number; p99: number };
}

export const benchmark: Benchmark = async (options) => {
  const folder = mkdtempSync(join(tmpdir(), 'posp-bench-'));
  try {
    return await run(folder, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

async function run(
  folder: string,
  { seconds, progress }: BenchmarkOptions,
): Promise<BenchmarkLine[]> {
  const lines: BenchmarkLine[] = [];
  const dataDir = join(folder, 'ledger');
  const payments = new Payments(ACCOUNTS);
  const ledger = await startLedger({ dataDir });
  const client = ledger.client();
  progress(`opening ${ACCOUNTS} accounts`);
  await payments.open(client);
  for (const { group, target } of SIZES) {
    const raw = new RawAppend(join(folder, `raw-${group}`), group);
    const valueBytes = await groupBytes(payments, client, dataDir, group);
    progress(`groups of ${group}: LMDB alone`);
    raw.run(valueBytes, seconds / 2);
    progress(`groups of ${group}: the ledger`);
    const rate = await payments.measure(client, group, seconds);
    raw.run(valueBytes, seconds / 2);
    lines.push(compared(`durable transfers, groups of ${group}`, rate, raw.rate, target));
    if (group === 1) lines.push(latencyAlone(rate, raw.rate));
    await raw.close();
  }
  const before = lines.find(({ name }) => name.endsWith(' 1000'))!.value;
  progress(`filling the journal to ${JOURNAL_RECORDS} records`);
  await payments.fill(client, JOURNAL_RECORDS);
  progress('groups of 1000 on the full journal');
  const after = await payments.measure(client, 1000, seconds);
  lines.push({
    name: `the same after ${JOURNAL_RECORDS} records, groups of 1000`,
    value: Math.round(after.perSecond),
    unit: 'transfers/s',
    latencyMs: after.latencyMs,
    baseline: { name: 'the same at the start', value: before },
    ratio: after.perSecond / before,
    target: { atLeast: 0.9, aim: 1 },
  });
  await ledger.stop();
  lines.push(...(await restartAndVerify(dataDir, progress)));
  return lines;
}

/** A start after the last one stopped in order, and a verification of everything. */
async function restartAndVerify(
  dataDir: string,
  progress: (text: string) => void,
): Promise<BenchmarkLine[]> {
  progress('starting again');
  const started = performance.now();
  const ledger = await startLedger({ dataDir });
  const restartMs = performance.now() - started;
  const { position } = ledger.recovery;
  await ledger.stop();
  progress('verifying');
  const verifying = performance.now();
  const report = await verify(dataDir);
  const perSecond = report.positions / ((performance.now() - verifying) / 1000);
  if (report.problems.length > 0) throw new Error(report.problems.join('; '));
  return [
    { name: `restart with ${position} records`, value: Math.round(restartMs), unit: 'ms' },
    {
      name: 'verify',
      value: Math.round(perSecond),
      unit: 'records/s',
      target: { atLeast: 500_000 },
    },
  ];
}

function compared(
  name: string,
  rate: Rate,
  raw: Rate,
  target: { atLeast: number; aim: number } | undefined,
): BenchmarkLine {
  return {
    name,
    value: Math.round(rate.perSecond),
    unit: 'transfers/s',
    latencyMs: rate.latencyMs,
    baseline: { name: 'the same bytes appended to LMDB', value: Math.round(raw.perSecond) },
    ratio: rate.perSecond / raw.perSecond,
    ...(target && { target }),
  };
}

/** How many times as long as one synced commit a lone transfer takes: 2 at most, 1.3 is the aim. */
function latencyAlone(rate: Rate, raw: Rate): BenchmarkLine {
  return {
    name: 'one transfer alone, median latency',
    value: rate.latencyMs.p50,
    unit: 'ms',
    baseline: { name: 'one synced commit of LMDB, ms', value: raw.latencyMs.p50 },
    ratio: rate.latencyMs.p50 / raw.latencyMs.p50,
  };
}

/** What the journal takes for one group of that size: its records, its head and its hash. */
async function groupBytes(
  payments: Payments,
  client: LedgerClient,
  dataDir: string,
  group: number,
): Promise<number> {
  const reader = openReader(dataDir);
  const from = reader.head().position + 1;
  await reader.close();
  await payments.submitGroup(client, group);
  const storage = new LmdbStorage({ dataDir, readOnly: true });
  try {
    // A large group may be kept as several; their bytes are added up.
    let bytes = 0;
    for (const { value } of storage.groups(from)) bytes += value.length;
    return bytes;
  } finally {
    await storage.close();
  }
}

/** One put and one synced commit per group, nothing else. */
class RawAppend {
  private readonly root: RootDatabase<Buffer, Buffer>;
  private readonly group: number;
  private readonly latencies: number[] = [];
  private elapsedMs = 0;

  constructor(folder: string, group: number) {
    const encoding = { encoding: 'binary', keyEncoding: 'binary' } as const;
    this.root = open(folder, { ...encoding, overlappingSync: false, noSubdir: false });
    this.group = group;
  }

  run(valueBytes: number, seconds: number): void {
    const value = Buffer.alloc(valueBytes, 1);
    const key = Buffer.alloc(8);
    const started = performance.now();
    const end = started + seconds * 1000;
    while (performance.now() < end) {
      key.writeUInt32BE(this.latencies.length + 1, 4);
      const before = performance.now();
      this.root.transactionSync(() => this.root.putSync(key, value, { append: true } as never));
      this.latencies.push(performance.now() - before);
    }
    this.elapsedMs += performance.now() - started;
  }

  get rate(): Rate {
    return rateOf(this.latencies.length * this.group, this.elapsedMs, this.latencies);
  }

  async close(): Promise<void> {
    await this.root.close();
  }
}

function rateOf(count: number, elapsedMs: number, latencies: number[]): Rate {
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
  return { perSecond: (count * 1000) / elapsedMs, latencyMs: { p50: at(0.5), p99: at(0.99) } };
}

/** Payments between random accounts, with ids that never come twice. */
class Payments {
  private readonly accounts: Uint8Array;
  private readonly ids = new Uint8Array(16 * 4096);
  private nextId = this.ids.length;
  /** The client encodes an entry when it takes it, so that one does for all. */
  private readonly transfer = {
    debitAccount: new Uint8Array(16),
    creditAccount: new Uint8Array(16),
    amountFen: 0,
    ledger: 156,
    code: 1,
  };
  private readonly entry = {
    id: new Uint8Array(16),
    institution: INSTITUTION,
    transfers: [this.transfer],
  };

  constructor(accounts: number) {
    this.accounts = new Uint8Array(accounts * 16);
    for (let at = 0; at < this.accounts.length; at += 65536) {
      randomFillSync(this.accounts, at, Math.min(65536, this.accounts.length - at));
    }
  }

  async open(client: LedgerClient): Promise<void> {
    const institution = { id: INSTITUTION, openingDate: '20260101' };
    const by = { who: 'bench', why: 'bench' };
    const registry = [registryChange('institution', INSTITUTION, institution, by)];
    await client.submit({ id: idOf('institution'), institution: INSTITUTION, registry });
    for (let first = 0; first < ACCOUNTS; first += 10_000) {
      const opened = Array.from({ length: 20 }, (_, part) => {
        const from = first + part * 500;
        const accounts = Array.from({ length: 500 }, (_, i) => ({
          id: this.accounts.subarray((from + i) * 16, (from + i + 1) * 16),
          ledger: 156,
          code: 1,
        }));
        return client.submit({ id: idOf('open', `${from}`), institution: INSTITUTION, accounts });
      });
      await Promise.all(opened);
    }
  }

  /** Groups one after the other for some seconds; a group of several has the next one behind it. */
  async measure(client: LedgerClient, group: number, seconds: number): Promise<Rate> {
    const ahead = group === 1 ? 1 : 2;
    await this.groups(client, group, ahead, performance.now() + 300);
    const started = performance.now();
    const latencies = await this.groups(client, group, ahead, started + seconds * 1000);
    return rateOf(latencies.length * group, performance.now() - started, latencies);
  }

  /** Submits until the journal has so many records more. */
  async fill(client: LedgerClient, records: number): Promise<void> {
    for (let left = records; left > 0; left -= 8000) {
      await Promise.all([this.submitGroup(client, 4000), this.submitGroup(client, 4000)]);
    }
  }

  /** Submits a group; throws when a payment of it was refused. */
  async submitGroup(client: LedgerClient, size: number): Promise<void> {
    if (size === 1) {
      const { status } = await client.submit(this.next());
      if (status !== 'applied') throw new Error(`a payment was refused: ${status}`);
      return;
    }
    const results = await client.submitMany(this.some(size));
    if (results.countDone() !== size) throw new Error('a payment was refused');
  }

  private async groups(
    client: LedgerClient,
    group: number,
    ahead: number,
    end: number,
  ): Promise<number[]> {
    const latencies: number[] = [];
    const lane = async () => {
      while (performance.now() < end) {
        const before = performance.now();
        await this.submitGroup(client, group);
        latencies.push(performance.now() - before);
      }
    };
    await Promise.all(Array.from({ length: ahead }, lane));
    return latencies;
  }

  private *some(count: number): Iterable<Entry> {
    for (let i = 0; i < count; i++) yield this.next();
  }

  private next(): Entry {
    const { entry, transfer } = this;
    if (this.nextId === this.ids.length) {
      randomFillSync(this.ids);
      this.nextId = 0;
    }
    copyId(entry.id, this.ids, this.nextId);
    this.nextId += 16;
    const debit = Math.floor(Math.random() * ACCOUNTS);
    const credit = (debit + 1 + Math.floor(Math.random() * (ACCOUNTS - 1))) % ACCOUNTS;
    copyId(transfer.debitAccount, this.accounts, debit * 16);
    copyId(transfer.creditAccount, this.accounts, credit * 16);
    transfer.amountFen = 1 + Math.floor(Math.random() * 100_000);
    return entry;
  }
}

function copyId(target: Uint8Array, source: Uint8Array, from: number): void {
  for (let i = 0; i < 16; i++) target[i] = source[from + i]!;
}
