/**
 * A day as both sides know it, with differences that are planted and known. The writers of
 * `bills.ts` bring the channel's side into every format.
 */
import type { DifferenceCode, OwnRecord } from '../../modules/reconciliation/record.ts';
import type { Random } from '../ledger/random.ts';

/** A line of the channel. */
export interface Line {
  kind: 'pay' | 'refund' | 'cancel';
  orderId: string;
  channelId: string;
  refundId: string;
  channelRefundId: string;
  amountFen: number;
  /** What the merchant's coupons took off; the order's amount stays. */
  couponFen: number;
  feeFen: number;
  /** `2026-11-20 10:00:00`. */
  time: string;
  name: string;
  /** The channel's own word for a failed event. */
  failed: boolean;
  /** Accepted and not finished: a refund only. */
  processing: boolean;
}

export interface Planted {
  code: DifferenceCode;
  orderId: string;
  refundId?: string;
  oursFen: number | null;
  theirsFen: number | null;
}

export interface Day {
  theirs: Line[];
  ours: OwnRecord[];
  planted: Planted[];
}

/** What a format can express; what it cannot is not planted. */
export interface Abilities {
  fees: boolean;
  cancels: boolean;
  failed: boolean;
}

export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const copy = [...items];
  for (let at = copy.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [copy[at], copy[other]] = [copy[other]!, copy[at]!];
  }
  return copy;
}

const NAMES = ['门诊缴费', '住院预交金', '挂号费-内科', '体检, 套餐A', '药品(龘)'];

class Builder {
  readonly day: Day = { theirs: [], ours: [], planted: [] };
  private readonly random: Random;
  private number = 0;

  constructor(random: Random) {
    this.random = random;
  }

  pay(changes: Partial<Line> = {}): Line {
    const number = ++this.number;
    const amountFen = 1 + this.random.below(500_000);
    const line: Line = {
      kind: 'pay',
      orderId: `H20261120${String(number).padStart(7, '0')}`,
      channelId: `42000020261120${String(number).padStart(12, '0')}`,
      refundId: '',
      channelRefundId: '',
      amountFen,
      couponFen: 0,
      feeFen: Math.round(amountFen * 0.006),
      time: this.time(),
      name: NAMES[number % NAMES.length]!,
      failed: false,
      processing: false,
    };
    return { ...line, ...changes };
  }

  refundOf(pay: Line, amountFen: number, changes: Partial<Line> = {}): Line {
    const number = ++this.number;
    return {
      ...pay,
      kind: 'refund',
      refundId: `R20261120${String(number).padStart(7, '0')}`,
      channelRefundId: `50000020261120${String(number).padStart(12, '0')}`,
      amountFen,
      couponFen: 0,
      feeFen: Math.round(amountFen * 0.006),
      time: this.time(),
      ...changes,
    };
  }

  their(...lines: Line[]): void {
    this.day.theirs.push(...lines);
  }

  our(line: Line, changes: Partial<OwnRecord> = {}): void {
    this.day.ours.push({
      orderId: line.orderId,
      ...(line.kind === 'refund' ? { refundId: line.refundId } : {}),
      channelId: line.kind === 'refund' ? line.channelRefundId : line.channelId,
      type: line.kind === 'refund' ? 'refund' : 'pay',
      amountFen: line.amountFen,
      feeFen: line.feeFen,
      status: 'success',
      occurredAt: `${line.time.replace(' ', 'T')}+08:00`,
      ...changes,
    });
  }

  plant(code: DifferenceCode, line: Line, oursFen: number | null, theirsFen: number | null): void {
    const refund = line.kind === 'refund' ? { refundId: line.refundId } : {};
    this.day.planted.push({ code, orderId: line.orderId, ...refund, oursFen, theirsFen });
  }

  private time(): string {
    const second = this.random.below(80_000);
    const part = (value: number): string => String(value).padStart(2, '0');
    const hour = Math.floor(second / 3_600);
    return `2026-11-20 ${part(hour)}:${part(Math.floor(second / 60) % 60)}:${part(second % 60)}`;
  }
}

/** A day of so many plain payments, what must not be reported, and one of each code. */
export function plantedDay(random: Random, payments: number, abilities: Abilities): Day {
  const builder = new Builder(random);
  for (let at = 0; at < payments; at++) {
    const pay = builder.pay();
    builder.their(pay);
    builder.our(pay);
  }
  agreeing(builder, abilities);
  onlyOnOneSide(builder);
  unequal(builder, abilities);
  severalLines(builder);
  return builder.day;
}

/** What looks odd and is none. */
function agreeing(builder: Builder, { cancels, failed }: Abilities): void {
  const coupon = builder.pay({ amountFen: 10_000, couponFen: 1_500, feeFen: 51 });
  const first = builder.pay({ time: '2026-11-20 00:00:00' });
  const last = builder.pay({ time: '2026-11-20 23:59:59' });
  const half = builder.pay({ feeFen: 1, amountFen: 83 });
  for (const pay of [coupon, first, half]) {
    builder.their(pay);
    builder.our(pay);
  }
  // Booked by us after midnight, by the channel before.
  builder.their(last);
  builder.our(last, { occurredAt: '2026-11-21T00:00:01+08:00' });
  const twice = builder.pay({ amountFen: 9_000 });
  const refunds = [
    builder.refundOf(twice, 4_000),
    builder.refundOf(twice, 2_000, { processing: true }),
    builder.refundOf(builder.pay(), 777),
  ];
  builder.their(twice, ...refunds);
  builder.our(twice);
  for (const refund of refunds) builder.our(refund);
  builder.our(builder.pay(), { status: 'failed' });
  builder.our(builder.pay(), { status: 'pending' });
  if (cancels) {
    const undone = builder.pay();
    builder.their(undone, { ...undone, kind: 'cancel' });
    builder.our(undone, { status: 'failed' });
    // At another terminal, with the same trace number in the same second.
    const twin = builder.pay({ channelId: `9${undone.channelId.slice(1)}`, time: undone.time });
    builder.their(twin);
    builder.our(twin);
    const unknown = builder.pay();
    builder.their(unknown, { ...unknown, kind: 'cancel' });
  }
  if (failed) {
    const refused = builder.pay({ failed: true });
    builder.their(refused);
    builder.our(refused, { status: 'failed' });
  }
}

function onlyOnOneSide(builder: Builder): void {
  const unknown = builder.pay();
  builder.their(unknown);
  builder.plant('CH_ONLY', unknown, null, unknown.amountFen);
  const unknownRefund = builder.refundOf(builder.pay(), 321);
  builder.their(unknownRefund);
  builder.plant('CH_ONLY', unknownRefund, null, 321);
  // In the channel's bill of tomorrow.
  const late = builder.pay({ time: '2026-11-20 23:59:58' });
  builder.our(late);
  builder.plant('OUR_ONLY', late, late.amountFen, null);
  for (const status of ['success', 'pending'] as const) {
    const refund = builder.refundOf(builder.pay(), 500);
    builder.our(refund, { status });
    builder.plant('REFUND_PENDING', refund, 500, null);
  }
}

function unequal(builder: Builder, { fees, cancels, failed }: Abilities): void {
  for (const status of ['pending', 'failed'] as const) {
    const lost = builder.pay();
    builder.their(lost);
    builder.our(lost, { status });
    builder.plant('STATUS', lost, lost.amountFen, lost.amountFen);
  }
  const higher = builder.pay({ amountFen: 5_000, feeFen: 30 });
  builder.their(higher);
  builder.our(higher, { amountFen: 5_001 });
  builder.plant('AMT_HIGH', higher, 5_001, 5_000);
  const lower = builder.pay({ amountFen: 5_000, feeFen: 30 });
  builder.their(lower);
  builder.our(lower, { amountFen: 50 });
  builder.plant('AMT_LOW', lower, 50, 5_000);
  if (fees) {
    const fee = builder.pay({ amountFen: 5_000, feeFen: 30 });
    builder.their(fee);
    builder.our(fee, { feeFen: 29 });
    builder.plant('FEE', fee, 5_000, 5_000);
  }
  if (cancels) {
    const undone = builder.pay();
    builder.their(undone, { ...undone, kind: 'cancel' });
    builder.our(undone);
    builder.plant('STATUS_REV', undone, undone.amountFen, undone.amountFen);
  }
  if (failed) {
    const refused = builder.pay({ failed: true });
    builder.their(refused);
    builder.our(refused);
    builder.plant('STATUS_REV', refused, refused.amountFen, refused.amountFen);
  }
}

function severalLines(builder: Builder): void {
  const same = builder.pay();
  builder.their(same, same);
  builder.our(same);
  builder.plant('DUP', same, null, same.amountFen);
  const paidTwice = builder.pay();
  builder.their(paidTwice, { ...paidTwice, channelId: `${paidTwice.channelId}9` });
  builder.our(paidTwice);
  builder.plant('DUP', paidTwice, null, paidTwice.amountFen);
}
