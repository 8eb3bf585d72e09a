import assert from 'node:assert/strict';
import { cup } from '../protocols/dialects/cup.ts';
import type { Message } from '../protocols/iso8583/message.ts';
import type { Benchmark, BenchmarkLine } from './benchmark.ts';

/** A purchase of 16 fields, as a terminal with stripe reader and PIN pad sends it. */
const PURCHASE: Readonly<Record<number, string>> = {
  2: '6219990000000000010',
  3: '000000',
  4: '000000012345',
  11: '000002',
  14: '3012',
  22: '021',
  25: '00',
  26: '12',
  35: '6219990000000000010D30122010000000000',
  41: '10000001',
  42: '123456789012345',
  49: '156',
  52: 'D2C3C10F90CE4B95',
  53: '2600000000000000',
  60: '2200000700050',
  64: '3736443539314535',
};

/** What an answer repeats, and what the switch puts in. */
const KEPT = [2, 3, 4, 11, 14, 25, 41, 42, 49, 53, 60];
const SET = [12, 13, 15, 32, 37, 38, 39, 64];
const approve = cup.prepareAnswer('0210', KEPT, SET);
const MAC_PLACE = new Uint8Array(8);

/** Measurements alternate in so many rounds, so that a busy moment of the machine hits both. */
const ROUNDS = 10;
const CALLS_BETWEEN_CLOCK_READS = 500;

interface Measured {
  readonly name: string;
  readonly work: (round: number) => number;
  readonly target?: { readonly atLeast: number; readonly aim: number };
}

/** decode, encode and explain of one message against JSON.parse and JSON.stringify of the same. */
export const benchmark: Benchmark = async ({ seconds, progress }) => {
  const bodies = differentPurchases(256);
  const texts = bodies.map((body) => JSON.stringify(everyField(cup.decode(body))));
  const json: Measured = {
    name: 'JSON.parse + JSON.stringify',
    work: (round) => JSON.stringify(JSON.parse(texts[round & 255]!)).length,
  };
  const lines: BenchmarkLine[] = [];
  for (const measured of candidates(bodies)) {
    progress(`codec: ${measured.name}`);
    const [value, baseline] = alternate([measured, json], seconds);
    lines.push({
      name: measured.name,
      value: value!,
      unit: 'messages/s',
      baseline: { name: json.name, value: baseline! },
      ratio: value! / baseline!,
      ...(measured.target === undefined ? {} : { target: measured.target }),
    });
  }
  assert.ok(sink > 0);
  return lines;
};

function candidates(bodies: readonly Buffer[]): Measured[] {
  return [
    {
      name: 'decode, read 6 fields, encode the answer',
      work: (round) => answer(bodies[round & 255]!),
      target: { atLeast: 3, aim: 6 },
    },
    {
      name: 'all 16 fields out and all in again',
      work: (round) => {
        const message = cup.decode(bodies[round & 255]!);
        return cup.encode({ mti: message.mti, fields: message.values() }).length;
      },
      target: { atLeast: 1.2, aim: 2.5 },
    },
    {
      name: 'explain',
      work: (round) => cup.explain(cup.decode(bodies[round & 255]!)).fields.length,
    },
  ];
}

/** The switch's way: what it needs to find the transaction, terminal and amount, and the answer. */
function answer(body: Buffer): number {
  const request = cup.decode(body);
  const read =
    request.get(3)!.length +
    request.number(4)! +
    request.get(11)!.length +
    request.get(41)!.length +
    request.get(42)!.length +
    request.get(60)!.length;
  const bytes = approve(request, [
    '101500',
    '0305',
    '0305',
    '48020000',
    '010115000002',
    'A12345',
    '00',
    MAC_PLACE,
  ]);
  return read + bytes.length;
}

/** Every value of a message, read. */
function everyField(message: Message): { mti: string; fields: Record<number, string> } {
  const fields: Record<number, string> = {};
  for (const field of message.fields()) fields[field] = message.get(field)!;
  return { mti: message.mti, fields };
}

/** The same purchase from different terminals, with different amounts and trace numbers. */
function differentPurchases(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) =>
    cup.encode({
      mti: '0200',
      fields: {
        ...PURCHASE,
        4: String(12_345 + index * 7919).padStart(12, '0'),
        11: String(index + 1).padStart(6, '0'),
        41: String(10_000_000 + index),
      },
    }),
  );
}

/** Calls per second of each, measured in turns of equal length. */
function alternate(measured: readonly Measured[], seconds: number): number[] {
  const turnMs = (seconds * 1000) / ROUNDS / measured.length;
  const calls = measured.map(() => 0);
  const spentMs = measured.map(() => 0);
  for (let round = -1; round < ROUNDS; round++) {
    measured.forEach(({ work }, index) => {
      const start = performance.now();
      let done = 0;
      let elapsed = 0;
      while (elapsed < turnMs) {
        for (let call = 0; call < CALLS_BETWEEN_CLOCK_READS; call++) sink += work(done + call);
        done += CALLS_BETWEEN_CLOCK_READS;
        elapsed = performance.now() - start;
      }
      if (round < 0) return;
      calls[index]! += done;
      spentMs[index]! += elapsed;
    });
  }
  return measured.map((_, index) => Math.round(calls[index]! / (spentMs[index]! / 1000)));
}

/** Results flow in here, so that no measured work is without effect. */
let sink = 0;
