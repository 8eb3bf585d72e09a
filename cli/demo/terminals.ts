/**
 * A hospital's day at its terminals: sign in, then payments with all that happens to them, then
 * settlement. Each terminal keeps its own books, which must agree with the switch's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHsm } from '../../hsm/open.ts';
import { field48Totals } from '../../protocols/dialects/cup-fields.ts';
import type { Exchanged, SimulatedCard, Slip } from '../../simulators/terminal/exchange.ts';
import { PosTerminal } from '../../simulators/terminal/pos-terminal.ts';
import { type TerminalAlgorithm, TerminalKeys } from '../../simulators/terminal/terminal-keys.ts';
import { cardNumberOf } from '../../switch/card-numbers.ts';
import type { DemoBar } from './progress.ts';
import { Random } from './random.ts';

/** The terminals of the sample hospital (config/sample.yaml). */
const SAMPLE_TERMINALS = [
  ...series(10_000_001, 16, { merchantId: '123456789012345', algorithm: '3des' }),
  ...series(10_000_017, 2, { merchantId: '123456789012346', algorithm: '3des' }),
  ...series(10_000_019, 2, { merchantId: '123456789012345', algorithm: 'sm4' }),
];
const MASTER_KEYS = {
  '3des': '0123456789ABCDEFFEDCBA9876543210',
  sm4: '00112233445566778899AABBCCDDEEFF',
};

/** Cards 10 to 209 of the sample are in good order; each terminal uses its own. */
const FIRST_CARD = 10;
const CARDS_EACH = 10;

/** Out of a hundred transactions: how many are what. The rest are purchases. */
const SHARES = { balance: 10, void: 5, refund: 4, breakLine: 3, wrongPin: 2, tooMuch: 1 };

export interface DayOptions {
  port: number;
  terminals: number;
  transactions: number;
  seed: number;
  bar: DemoBar;
}

export interface DayOutcome {
  sent: number;
  approved: number;
  declined: number;
  reversed: number;
  unanswered: number;
  seconds: number;
  latenciesMs: number[];
  /** How often each transaction was made. */
  kinds: Record<string, number>;
  /** Sentences: where a terminal's totals were not the switch's, or a terminal could not work. */
  complaints: string[];
}

/** How many terminals the sample hospital has. */
export const TERMINAL_COUNT_MAX = SAMPLE_TERMINALS.length;

export async function runTerminals(options: DayOptions): Promise<DayOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'posp-demo-terminals-'));
  const hsm = await openHsm({ provider: 'software', keyFile: join(folder, 'keys.json') });
  const outcome = emptyOutcome();
  try {
    options.bar.step(`${options.terminals} terminals sign in`);
    const terminals: PosTerminal[] = [];
    for (const { terminalId, merchantId, algorithm } of SAMPLE_TERMINALS) {
      if (terminals.length === options.terminals) break;
      const keys = await TerminalKeys.inject(hsm, MASTER_KEYS[algorithm], algorithm);
      const { port } = options;
      terminals.push(new PosTerminal({ host: '127.0.0.1', port, terminalId, merchantId, keys }));
    }
    for (const terminal of terminals) expectApproved(await terminal.signIn(), 'sign-in', outcome);
    options.bar.start('trading', options.transactions);
    const startedMs = performance.now();
    await Promise.all(
      terminals.map((terminal, at) => trade(terminal, at, options, outcome, startedMs)),
    );
    outcome.seconds = (performance.now() - startedMs) / 1_000;
    options.bar.step('terminals settle their batches');
    for (const terminal of terminals) await settle(terminal, outcome);
    for (const terminal of terminals) terminal.close();
    return outcome;
  } finally {
    await hsm.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function trade(
  terminal: PosTerminal,
  at: number,
  { transactions, terminals, seed, bar }: DayOptions,
  outcome: DayOutcome,
  startedMs: number,
): Promise<void> {
  const share = Math.floor(transactions / terminals) + (at < transactions % terminals ? 1 : 0);
  const random = new Random(seed + at);
  const person = new Patient(terminal, at, random);
  for (let made = 0; made < share; made++) {
    countIn(await person.act(), outcome);
    const seconds = (performance.now() - startedMs) / 1_000;
    bar.advance(outcome.sent, outcome.sent / seconds);
  }
}

/** What happens at one terminal, one thing after the other. */
class Patient {
  readonly #terminal: PosTerminal;
  readonly #random: Random;
  readonly #firstCard: number;
  /** Purchases that may still be voided or refunded. */
  readonly #slips: Slip[] = [];

  constructor(terminal: PosTerminal, at: number, random: Random) {
    this.#terminal = terminal;
    this.#random = random;
    this.#firstCard = FIRST_CARD + at * CARDS_EACH;
  }

  async act(): Promise<Exchanged & { kind: string }> {
    let dice = this.#random.between(0, 99);
    const chosen = Object.entries(SHARES).find(([, share]) => {
      dice -= share;
      return dice < 0;
    })?.[0];
    const slip = this.#slips[0];
    if (chosen === 'balance') return this.#named('balance', this.#terminal.balance(this.#card()));
    if (chosen === 'void' && slip) {
      this.#slips.shift();
      return this.#named('void', this.#terminal.void(slip));
    }
    if (chosen === 'refund' && slip) {
      this.#slips.shift();
      const amountFen = this.#random.between(1, slip.amountFen);
      return this.#named('refund', this.#terminal.refund(slip, amountFen));
    }
    return this.#purchase(chosen);
  }

  async #purchase(chosen: string | undefined): Promise<Exchanged & { kind: string }> {
    const card = this.#card();
    if (chosen === 'wrongPin' && card.pin) card.pin = '654321';
    const amountFen = chosen === 'tooMuch' ? 50_000_000 : this.#random.between(1, 300);
    const fault = chosen === 'breakLine' ? 'break-after-sending' : undefined;
    const done = await this.#terminal.purchase(card, amountFen, fault);
    if (done.slip !== null) this.#slips.push(done.slip);
    return { ...done, kind: 'purchase' };
  }

  #card(): SimulatedCard {
    const serial = this.#firstCard + this.#random.between(0, CARDS_EACH - 1);
    const card = { number: cardNumberOf('621999000000000', 3, serial), expiry: '3012' };
    return this.#terminal.takesPins ? { ...card, pin: '123456' } : card;
  }

  async #named(kind: string, done: Promise<Exchanged>): Promise<Exchanged & { kind: string }> {
    return { ...(await done), kind };
  }
}

async function settle(terminal: PosTerminal, outcome: DayOutcome): Promise<void> {
  const done = await terminal.settle();
  expectApproved(done, 'settlement', outcome);
  const totals = done.answer?.get(48);
  const result = totals === undefined ? 3 : field48Totals.parse(totals).domestic.result;
  if (result !== 1) {
    outcome.complaints.push(`${terminal.id}: the switch's totals are not the terminal's`);
  }
}

function countIn(done: Exchanged & { kind: string }, outcome: DayOutcome): void {
  outcome.sent++;
  outcome.kinds[done.kind] = (outcome.kinds[done.kind] ?? 0) + 1;
  if (done.reversed) outcome.reversed++;
  else if (done.answer === null) outcome.unanswered++;
  else if (done.responseCode === '00') outcome.approved++;
  else outcome.declined++;
  if (done.answer !== null) outcome.latenciesMs.push(done.latencyMs);
}

function expectApproved(done: Exchanged, what: string, outcome: DayOutcome): void {
  if (done.responseCode === '00') return;
  outcome.complaints.push(`${what} of ${done.request.get(41)} got ${done.responseCode}`);
}

function series(
  first: number,
  count: number,
  same: { merchantId: string; algorithm: TerminalAlgorithm },
) {
  return Array.from({ length: count }, (_, at) => ({ terminalId: String(first + at), ...same }));
}

function emptyOutcome(): DayOutcome {
  return {
    sent: 0,
    approved: 0,
    declined: 0,
    reversed: 0,
    unanswered: 0,
    seconds: 0,
    latenciesMs: [],
    kinds: {},
    complaints: [],
  };
}
