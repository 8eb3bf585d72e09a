/**
 * Bills through the journal: a ledger, invoicing following it in its thread, a view that is asked, as
 * in the switch. How fast charges become signed bills; and how long after a payment's answer its bill
 * has a number, and a signature, while payments come at a steady rate.
 */
import type { Entry } from '../../ledger/types.ts';
import { chargeFactKey, factEntry, newSecret } from '../../modules/invoicing/facts.ts';
import {
  charge,
  type Hospital,
  INSTITUTION,
  openHospital,
  paymentEntry,
  setUp,
} from '../../test/invoicing/hospital.ts';
import type { BenchmarkLine, BenchmarkOptions } from '../benchmark.ts';

const PAYMENTS_PER_SECOND = 200;
/** A bill is wanted so long after the answer of its payment. */
const WANTED_MS = 300;
const LOOK_MS = 2;
const WARM_UP_SECONDS = 1;
const CHARGES_PER_SECOND = 1_000;

export async function issued(
  folder: string,
  { seconds, progress }: BenchmarkOptions,
): Promise<BenchmarkLine[]> {
  const hospital = await openHospital(folder);
  try {
    await setUp(hospital, 1_000_000);
    progress('charges to signed bills');
    const throughput = await signedThroughJournal(
      hospital,
      Math.ceil(CHARGES_PER_SECOND * seconds),
    );
    progress(`${PAYMENTS_PER_SECOND} payments a second`);
    const latencies = await afterPayments(hospital, seconds);
    return [
      {
        name: 'charges to signed bills through the journal',
        value: throughput,
        unit: 'bills/s',
        baseline: { name: 'payments of the busiest hospital', value: PAYMENTS_PER_SECOND },
        ratio: throughput / PAYMENTS_PER_SECOND,
        target: { atLeast: 1 },
      },
      latencyLine('bill has its number', latencies.numbered, latencies.answered),
      latencyLine('bill is signed', latencies.signed, latencies.answered),
    ];
  } finally {
    await hospital.stop();
  }
}

/** Charges that the HIS settled itself, all at once. */
async function signedThroughJournal(hospital: Hospital, count: number): Promise<number> {
  const cash = { channels: [{ code: '02', amountFen: 4_321 }] };
  const entries = Array.from({ length: count }, (_, at) => chargeEntry(`C${at}`, 4_321, cash));
  const startedAtMs = performance.now();
  await Promise.all(entries.map((entry) => hospital.client.submit(entry)));
  const last = () => hospital.queries.charge(INSTITUTION, `C${count - 1}`)?.liveBill ?? null;
  while (last() === null || hospital.queries.unsignedKeys(1).length > 0) await look();
  return count / ((performance.now() - startedAtMs) / 1_000);
}

function chargeEntry(
  busNo: string,
  totalFen: number,
  more: Parameters<typeof charge>[2] = {},
  traceNumber?: string,
): Entry {
  const content = charge(busNo, totalFen, more);
  const link = { terminalId: '10000001', batchNumber: '000001', traceNumber: traceNumber ?? '' };
  const links = traceNumber === undefined ? [] : [link];
  const issueAt = traceNumber === undefined ? ('now' as const) : ('payment' as const);
  const payload = { content, secret: newSecret(), issueAt, links, who: 'bench' };
  return factEntry('charge', INSTITUTION, chargeFactKey(content), payload);
}

interface Waiting {
  busNo: string;
  answeredAtMs: number;
  numberedMs: number | null;
}

interface Latencies {
  /** Of the payments' answers themselves. */
  answered: number[];
  numbered: number[];
  signed: number[];
}

/** Payments at a steady rate, whether or not the bills keep up; each charge was registered before. */
async function afterPayments(hospital: Hospital, seconds: number): Promise<Latencies> {
  const warmUp = PAYMENTS_PER_SECOND * WARM_UP_SECONDS;
  const count = warmUp + Math.ceil(PAYMENTS_PER_SECOND * seconds);
  const traceOf = (at: number) => String(at).padStart(6, '0');
  const charges = Array.from({ length: count }, (_, at) => {
    return chargeEntry(`P${at}`, 1_000 + at, {}, traceOf(at));
  });
  const results = await Promise.all(charges.map((entry) => hospital.client.submit(entry)));
  await hospital.view.reached(Math.max(...results.map(({ position }) => position)), 60_000);
  const latencies: Latencies = { answered: [], numbered: [], signed: [] };
  const waiting = new Set<Waiting>();
  let unanswered = count;
  const pay = async (at: number) => {
    const sentAtMs = performance.now();
    await hospital.client.submit(paymentEntry(`P${at}`, 1_000 + at, { trace: traceOf(at) }));
    const answeredAtMs = performance.now();
    unanswered--;
    if (at >= warmUp) latencies.answered.push(answeredAtMs - sentAtMs);
    if (at >= warmUp) waiting.add({ busNo: `P${at}`, answeredAtMs, numberedMs: null });
  };
  const startedAtMs = performance.now();
  for (let sent = 0; sent < count || unanswered > 0 || waiting.size > 0; ) {
    const due = ((performance.now() - startedAtMs) / 1_000) * PAYMENTS_PER_SECOND;
    while (sent < Math.min(count, due)) void pay(sent++);
    for (const one of waiting) if (isDone(hospital, one, latencies)) waiting.delete(one);
    await look();
  }
  return latencies;
}

/** Looks whether the bill is there by now, and signed. */
function isDone({ queries }: Hospital, one: Waiting, latencies: Latencies): boolean {
  const key = queries.charge(INSTITUTION, one.busNo)?.liveBill ?? null;
  if (key === null) return false;
  const nowMs = performance.now() - one.answeredAtMs;
  if (one.numberedMs === null) {
    one.numberedMs = nowMs;
    latencies.numbered.push(nowMs);
  }
  if (queries.billByKey(key)?.state.unitSignature == null) return false;
  latencies.signed.push(nowMs);
  return true;
}

function latencyLine(what: string, measured: number[], answered: number[]): BenchmarkLine {
  const inTime = measured.filter((ms) => ms <= WANTED_MS).length / measured.length;
  const base = percentile(answered, 0.99);
  return {
    name: `payment answered to ${what}, ${PAYMENTS_PER_SECOND}/s: part within ${WANTED_MS} ms`,
    value: inTime,
    unit: 'of all',
    latencyMs: { p50: percentile(measured, 0.5), p99: percentile(measured, 0.99) },
    baseline: { name: 'p99 ms of the payment’s answer itself', value: base },
    target: { atLeast: 0.99 },
  };
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

function look(): Promise<void> {
  return new Promise((done) => setTimeout(done, LOOK_MS));
}
