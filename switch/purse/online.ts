/**
 * Loads and unloads: the chip proves its request (MAC1), the host proves its answer (MAC2), and the
 * chip proves that it has done it (TAC, MAC3). Between the second and the third the money is pending.
 * When the proof never comes, the chip's next online transaction tells by its sequence number, which
 * counts only what the chip has done.
 */

import type { EpurseStep, StoredKey } from '../../hsm/types.ts';
import { TransferCode, YUAN_LEDGER } from '../../ledger/chart-of-accounts.ts';
import { transferId } from '../../ledger/id.ts';
import {
  type Id,
  type JournalRecord,
  TransferFlag,
  type TransferInput,
} from '../../ledger/types.ts';
import { formatPurseData, type PurseData } from '../../protocols/pboc/purse-data.ts';
import { sharedKey } from '../keys.ts';
import { Refusal, require } from '../refusal.ts';
import type { Services } from '../services.ts';
import { countInBatch } from '../transactions/postings.ts';
import type { Plan, Request } from '../transactions/row.ts';
import {
  accountsToOpen,
  type Chip,
  chipGuard,
  NOTHING_PENDING,
  needed,
  nextSequence,
  purseChange,
} from './chip.ts';

export interface OnlineKind {
  kind: 'load' | 'unload';
  keyName: string;
  mac1: EpurseStep;
  mac2: EpurseStep;
  /** Whose money becomes whose. */
  between: (chip: Chip) => { debitAccount: Id; creditAccount: Id };
}

/** Plans a load or an unload of field 4. Throws Refusal. */
export async function planOnline(
  online: OnlineKind,
  chip: Chip,
  data: PurseData,
  request: Request,
  services: Services,
): Promise<Plan> {
  const { amountFen } = request;
  const given = needed(data, 'serial', 'type', 'random', 'onlineSequence', 'balanceFen');
  const { mac1, terminal } = needed(data, 'mac1', 'terminal');
  const key = sharedKey(online.keyName, services.reader);
  const card = { master: key, factors: [chip.factor] };
  const { type, random, onlineSequence, balanceFen } = given;
  const fields = { type, terminal, random, onlineSequence, balanceFen, amountFen };
  const right = await services.hsm.verifyEpurseMac(card, online.mac1, fields, mac1);
  require(right, '59', 'purse-mac1-wrong');
  const before = settlePending(chip, onlineSequence, balanceFen);
  const { time } = services.institutions.get(request.terminal.value.institution);
  const [day = '', clock = ''] = time.localDateTime(Date.now()).split(' ');
  const moment = { date: day.replaceAll('-', ''), time: clock.replaceAll(':', '') };
  const mac2 = await services.hsm.generateEpurseMac(card, online.mac2, { ...fields, ...moment });
  const guard = chipGuard(chip);
  const purse = purseChange(
    chip,
    {
      onlineSequence,
      balanceFen,
      pendingId: before.length === 0 ? guard : transferId(request.entryId, before.length),
      pendingFen: amountFen,
      pendingKind: online.kind,
      pendingTerminal: terminal,
      pendingDate: moment.date,
      pendingTime: moment.time,
      pendingBalanceFen: balanceFen,
    },
    request,
    online.kind,
  );
  return {
    accounts: accountsToOpen(chip),
    blocks: [guard],
    transfers: guarded([...before, pendingTransfer(online, chip, amountFen)], guard),
    registry: [purse],
    tallies: [countInBatch(request, 'credit', amountFen, 1)],
    extra: {
      serial: given.serial,
      type: String(type),
      ...moment,
      mac2: Buffer.from(mac2).toString('hex'),
    },
  };
}

/** Field 55 of the answer, from the record: host date and time, and MAC2. */
export function onlineAnswer({ entry }: JournalRecord) {
  const extra = entry.fact?.transaction?.extra ?? {};
  const mac2 = Buffer.from(extra['mac2'] ?? '', 'hex');
  return { 55: formatPurseData({ date: extra['date'], time: extra['time'], mac2 }) };
}

/**
 * What becomes of a transaction whose proof is missing, as the chip's sequence number tells: unchanged,
 * it never happened on the chip; one higher, it did, and MAC1 over the new balance is the proof.
 */
function settlePending(chip: Chip, sequence: number, balanceFen: number): TransferInput[] {
  const purse = chip.item?.value;
  if (purse === undefined) return [];
  const expected = purse.onlineSequence;
  if (purse.pendingId.length === 0) {
    require(sequence === expected, '59', 'purse-sequence-not-the-expected-one');
    return [];
  }
  const { pendingId, pendingFen, pendingKind, pendingBalanceFen } = purse;
  if (sequence === expected) return [{ pendingId, flags: TransferFlag.voidPending }];
  require(sequence === nextSequence(expected), '59', 'purse-sequence-not-the-expected-one');
  const movedFen = pendingKind === 'load' ? pendingFen : -pendingFen;
  // Offline payments may have come between; they only take from the balance.
  require(balanceFen <= pendingBalanceFen + movedFen, '59', 'purse-balance-too-high');
  return [{ pendingId, flags: TransferFlag.postPending }];
}

function pendingTransfer(online: OnlineKind, chip: Chip, amountFen: number): TransferInput {
  return {
    ...online.between(chip),
    amountFen,
    ledger: YUAN_LEDGER,
    code: online.kind === 'load' ? TransferCode.load : TransferCode.unload,
    flags: TransferFlag.pending,
  };
}

export interface Proof {
  step: EpurseStep;
  keyName: string;
}

/** Plans what the chip's proof ends: the money is posted. A proof that came before changes nothing. */
export async function planProof(
  proof: Proof,
  chip: Chip,
  data: PurseData,
  original: JournalRecord,
  request: Request,
  services: Services,
): Promise<Plan> {
  const purse = chip.item?.value;
  if (purse === undefined) throw new Refusal('25', 'purse-unknown');
  const awaited = purse.pendingId.length > 0 && isOf(purse.pendingId, original);
  if (!awaited) return { rule: 'nothing-awaited' };
  const { type, onlineSequence, proof: value } = needed(data, 'type', 'onlineSequence', 'proof');
  require(onlineSequence === purse.onlineSequence, '59', 'purse-sequence-not-the-expected-one');
  const { pendingFen, pendingKind, pendingTerminal } = purse;
  const movedFen = pendingKind === 'load' ? pendingFen : -pendingFen;
  const newBalanceFen = purse.pendingBalanceFen + movedFen;
  const key: StoredKey = sharedKey(proof.keyName, services.reader);
  const random = data.random === undefined ? {} : { random: data.random };
  const fields = {
    type,
    terminal: pendingTerminal,
    onlineSequence,
    newBalanceFen,
    amountFen: pendingFen,
    date: purse.pendingDate,
    time: purse.pendingTime,
    ...random,
  };
  const card = { master: key, factors: [chip.factor] };
  const right = await services.hsm.verifyEpurseMac(card, proof.step, fields, value);
  require(right, '59', 'purse-proof-wrong');
  const proven = {
    ...NOTHING_PENDING,
    onlineSequence: nextSequence(onlineSequence),
    balanceFen: newBalanceFen,
  };
  const guard = chipGuard(chip);
  return {
    blocks: [guard],
    transfers: guarded([{ pendingId: purse.pendingId, flags: TransferFlag.postPending }], guard),
    registry: [purseChange(chip, proven, request, 'proven')],
  };
}

/** Undoes a load or unload that the chip has not done: the reservation goes. */
export function planUndo(chip: Chip, original: JournalRecord, request: Request): Plan {
  const purse = chip.item?.value;
  const awaited = purse !== undefined && isOf(purse.pendingId, original);
  require(awaited, '12', 'purse-transaction-already-ended');
  const guard = chipGuard(chip);
  return {
    blocks: [guard],
    transfers: guarded([{ pendingId: purse.pendingId, flags: TransferFlag.voidPending }], guard),
    registry: [purseChange(chip, NOTHING_PENDING, request, 'reversed')],
    tallies: [countInBatch(request, 'credit', request.amountFen, -1)],
  };
}

/** Whether the pending transfer is one of the record's. */
function isOf(pendingId: Uint8Array, { entry }: JournalRecord): boolean {
  const transfers = entry.transfers ?? [];
  return transfers.some(
    ({ id }, index) => Buffer.compare(pendingId, id ?? transferId(entry.id, index)) === 0,
  );
}

/** The first transfer bears the guard. */
function guarded([first, ...rest]: TransferInput[], guard: Id): TransferInput[] {
  return [{ ...first, id: guard }, ...rest];
}
