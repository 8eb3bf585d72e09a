import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { askControl } from '../../api/control.ts';
import { openReader } from '../../ledger/reader.ts';
import { BEHAVIOUR_NAMES, type Behaviour } from '../../simulators/host/behaviour.ts';
import { Random, testSeed } from '../ledger/random.ts';
import { bankCard, bankHost, bankSettings, simulatorHsm, until } from '../support/bank.ts';
import { OUTPATIENT } from '../support/cards.ts';
import { owedByCard } from '../support/host-books.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { documentOf, posp } from '../support/posp.ts';
import { type Served, serve, temporaryFolder } from '../support/serve.ts';

/** A minute by default; `POSP_CHAOS_SECONDS=600` for the long run. */
const SECONDS = Number(process.env['POSP_CHAOS_SECONDS'] ?? 60);
const TERMINALS = 12;
const ANSWER_WAIT_MS = 6_000;
/** By so many messages the queue to the bank gets shorter in a minute at least, or it has stopped. */
const QUEUE_STEP = 200;

const seed = testSeed();
t.comment(`POSP_TEST_SEED=${seed}`);

/** A terminal's own books: what it was told, and what it still has to ask again. */
class Till {
  readonly terminal: OutsideTerminal;
  readonly card: string;
  readonly #random: Random;
  /** What the card holder has paid by the slips, less what went back. */
  paidFen = 0;
  answers = 0;
  /** The last approved purchase, when nothing was taken back from it yet. */
  #slip: { fields: Record<number, string | Buffer>; reference: string; fen: number } | null = null;

  constructor(at: number, random: Random) {
    this.terminal = new OutsideTerminal(String(10_000_001 + at), OUTPATIENT);
    this.card = bankCard(1_000 + at).number;
    this.#random = random;
  }

  async work(port: () => Promise<number>, goesOn: () => boolean): Promise<void> {
    await this.#connect(port);
    while (goesOn()) await this.#one(port);
    this.terminal.disconnect();
  }

  /** One transaction to its end: without an answer it is reversed until that is answered. */
  async #one(port: () => Promise<number>): Promise<void> {
    const voids = this.#slip !== null && this.#random.below(3) === 0;
    const fen = voids ? this.#slip!.fen : 1 + this.#random.below(5_000);
    const fields = voids ? this.#voidFields() : this.terminal.purchaseFields(this.card, fen);
    const answer = await this.#ask(this.terminal.frame('0200', fields, 'right'));
    if (answer === null) {
      await this.#reverse(fields, port);
      return;
    }
    this.answers++;
    if (answer.get(39) !== '00') return;
    this.paidFen += voids ? 0 - fen : fen;
    const slip = { fields, reference: answer.get(37) ?? '', fen };
    this.#slip = voids ? null : slip;
  }

  async #reverse(fields: Record<number, string | Buffer>, port: () => Promise<number>) {
    for (;;) {
      await this.#connect(port);
      const answer = await this.#ask(this.terminal.reversal(fields));
      if (answer !== null && answer.get(39) === '00') return;
      if (answer !== null) throw new Error(`a reversal was answered ${answer.get(39)}`);
    }
  }

  async #ask(frame: Buffer): Promise<Map<number, string> | null> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<null>((give) => {
      timer = setTimeout(() => give(null), ANSWER_WAIT_MS);
    });
    const answer = await Promise.race([this.terminal.ask(frame), timeout]);
    clearTimeout(timer);
    return answer?.fields ?? null;
  }

  /** Connects afresh and signs in, as often as it takes. */
  async #connect(port: () => Promise<number>): Promise<void> {
    this.terminal.disconnect();
    for (;;) {
      try {
        await this.terminal.connect(await port());
        if ((await this.terminal.signIn()).fields.get(39) === '00') return;
      } catch {
        await new Promise((wait) => setTimeout(wait, 50));
      }
    }
  }

  #voidFields(): Record<number, string | Buffer> {
    const { fields, reference } = this.#slip!;
    const { 35: _, 25: condition, ...kept } = fields;
    const trace = String(fields[11]);
    return {
      ...kept,
      3: '200000',
      11: this.terminal.nextTrace(),
      25: condition!,
      37: reference,
      60: `23${this.terminal.batch}00050`,
      61: `${this.terminal.batch}${trace}0101`,
    };
  }
}

/** The switch, which is killed at random and started again on the same folder. */
class Victim {
  readonly #dataDir: string;
  readonly #settings: Record<string, string>;
  #served: Promise<Served>;
  kills = 0;

  constructor(dataDir: string, settings: Record<string, string>) {
    this.#dataDir = dataDir;
    this.#settings = settings;
    this.#served = serve(dataDir, settings);
  }

  readonly port = async (): Promise<number> => (await this.#served).port;

  get served(): Promise<Served> {
    return this.#served;
  }

  async killAndStart(): Promise<void> {
    const before = await this.#served;
    this.kills++;
    this.#served = before.kill().then(() => serve(this.#dataDir, this.#settings));
    await this.#served;
  }
}

t.test('random faults at load: all books agree to the fen', async (t) => {
  const random = new Random(seed);
  const hsm = await simulatorHsm();
  /** One message in four meets a fault. */
  const fault = (): Behaviour =>
    random.below(4) > 0 ? 'approve' : BEHAVIOUR_NAMES[random.below(BEHAVIOUR_NAMES.length)]!;
  const behaviour = { behave: fault, behaveToReversal: () => notDeclined(fault()) };
  const bank = await bankHost(hsm, { ...behaviour, lateMs: 1_700 });
  const bankPort = await bank.listen(0);
  const folder = temporaryFolder('chaos');
  const settings = bankSettings(bankPort, {
    POSP__HOSTS__0__LINKS: '3',
    POSP__HOSTS__0__ANSWER_TIMEOUT_MS: '800',
    POSP__LOG__LEVEL: 'error',
    POSP__SWITCH_WORKERS: '2',
  });
  const victim = new Victim(join(folder, 'data'), settings);
  t.teardown(async () => {
    await (await victim.served).kill();
    await bank.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await victim.port();

  const endMs = performance.now() + SECONDS * 1_000;
  const goesOn = () => performance.now() < endMs;
  const tills = Array.from({ length: TERMINALS }, (_, at) => new Till(at, new Random(seed + at)));
  const working = tills.map((till) => till.work(victim.port, goesOn));
  const storm = (async () => {
    while (goesOn()) {
      await new Promise((wait) => setTimeout(wait, 1_000 + random.below(4_000)));
      if (random.below(3) === 0) await victim.killAndStart();
      else bank.cut();
    }
  })();
  await Promise.all([storm, ...working]);
  t.comment(`the load has ended after ${victim.kills} kills`);

  const { dataDir } = await victim.served;
  await untilNothingIsOwed(dataDir, (owed) => t.comment(`owed to the bank: ${owed}`));
  const reader = openReader(join(dataDir, 'ledger'));
  const ours = owedByCard(reader);
  await reader.close();
  const answers = tills.reduce((sum, till) => sum + till.answers, 0);
  t.comment(`${answers} answers, ${victim.kills} kills, ${bank.books.reversals} reversals`);
  t.ok(answers > SECONDS, 'there was a load');
  for (const { card, paidFen } of tills) {
    const standing = bank.books.bookings.filter(
      (one) => one.cardNumber === card && one.state === 'booked',
    );
    const bankFen = standing.reduce((sum, { owedFen }) => sum + owedFen, 0);
    const ledgerFen = ours.get(card) ?? 0;
    t.strictSame({ ledgerFen, bankFen }, { ledgerFen: paidFen, bankFen: paidFen }, card.slice(-4));
  }
  t.equal(await (await victim.served).stop(), 0, 'it stops cleanly');
  const verified = documentOf(await posp(['ledger', 'verify', '--data', dataDir, '--json']));
  t.match(verified, { chainVerified: true, balancesVerified: true, firstBadPosition: null });
  t.equal(verified['debitsFen'], verified['creditsFen']);
});

/** A long load leaves a long queue behind: it may take its time, as long as it gets shorter. */
async function untilNothingIsOwed(dataDir: string, say: (owed: number) => void): Promise<void> {
  const owed = async () => {
    const asked = (await askControl(dataDir, 'saf/list', {})) as { result: unknown[] };
    return asked.result.length;
  };
  for (let before = await owed(); before > 0; ) {
    say(before);
    let now = before;
    const isLess = async () => {
      now = await owed();
      return now === 0 || now <= before - QUEUE_STEP;
    };
    await until(isLess, `less than ${before} messages are owed to the bank`).catch(
      async (error) => {
        const listed = await askControl(dataDir, 'saf/list', {});
        const hosts = await askControl(dataDir, 'hosts/status', {});
        throw new Error(`${JSON.stringify({ hosts, listed }).slice(0, 2_000)}`, { cause: error });
      },
    );
    before = now;
  }
}

/** A bank that refuses to undo is an operator's case, not one that ends by itself. */
function notDeclined(behaviour: Behaviour): Behaviour {
  return behaviour === 'decline' ? 'approve' : behaviour;
}
