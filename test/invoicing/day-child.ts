/**
 * A hospital's day in a process that may be killed: pays, registers, refunds, and says when it is
 * through. Everything is named by its number, so that a second run goes on where the first was cut.
 */

import { Random } from '../ledger/random.ts';
import {
  charge,
  INPATIENT,
  OUTPATIENT,
  openHospital,
  paymentEntry,
  reference,
  setUp,
} from './hospital.ts';

const [folder = '', count = '0', seed = '1'] = process.argv.slice(2);
const payments = Number(count);
const AT_ONCE = 32;

const hospital = await openHospital(folder);
await setUp(hospital, 0);
const year = String(new Date(Date.now() + 8 * 3_600_000).getUTCFullYear()).slice(2);
for (const [kind, numbers] of [
  ['01', payments * 3],
  ['02', payments],
] as const) {
  const billCode = `6106${kind}${year}`;
  const range = { medium: 'electronic' as const, billCode, from: 1, to: Math.max(numbers, 1_000) };
  await hospital.desk.ask(
    'numbers-received',
    { ...range, source: 'manual', reference: 'day' },
    `day|${kind}`,
  );
}

async function patient(index: number): Promise<void> {
  const random = new Random(Number(seed) * 1_000_003 + index);
  const amountFen = 1 + random.below(50_000);
  const isInpatient = random.chance(0.2);
  const busNo = `D${index}`;
  const content = charge(busNo, amountFen, {
    busType: isInpatient ? '01' : '02',
    pointCode: isInpatient ? 'inpatient' : 'outpatient',
    cashier: `C0${index % 4}`,
  });
  const trace = String(index).padStart(6, '0');
  const merchant = isInpatient ? INPATIENT : OUTPATIENT;
  const first = random.chance(0.5);
  const link = { terminalId: '10000001', batchNumber: '000001', traceNumber: trace };
  if (first) await hospital.desk.registerCharge(content, 'payment', [link]);
  const entry = paymentEntry(busNo, amountFen, { trace, merchant });
  const { position } = await hospital.client.submit(entry);
  if (!first) {
    await hospital.desk.registerCharge(content, 'payment', [{ reference: reference(position) }]);
  }
  if (!random.chance(0.03)) return;
  const backFen = random.chance(0.5) ? amountFen : 1 + random.below(amountFen);
  const refund = { kind: 'refund', original: position, merchant, trace };
  await hospital.client.submit(paymentEntry(`${busNo} back`, -backFen, refund));
  if (backFen === amountFen) return;
  const rest = charge(busNo, amountFen - backFen, {
    busType: content.busType,
    pointCode: content.pointCode,
    cashier: content.cashier,
  });
  await hospital.desk.registerRemainder(busNo, rest);
}

let next = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (next < payments) await patient(next++);
  }),
);
while (hospital.queries.unsignedKeys(1).length > 0)
  await new Promise((done) => setTimeout(done, 20));
await hospital.view.reached(hospital.reader.head().position, 60_000);
await hospital.stop();
process.stdout.write('through\n');
process.exit(0);
