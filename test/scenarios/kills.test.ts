import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { askControl } from '../../api/control.ts';
import { openReader, type Reader } from '../../ledger/reader.ts';
import { bankCard, bankHost, bankSettings, simulatorHsm, until } from '../support/bank.ts';
import { OUTPATIENT } from '../support/cards.ts';
import { control } from '../support/control.ts';
import { moneyByCard, owedByCard } from '../support/host-books.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { documentOf, posp } from '../support/posp.ts';
import { type Served, serve, temporaryFolder } from '../support/serve.ts';
import { BankBehaviours } from './bank-behaviours.ts';
import { ADVISED, REPEATABLE, REVERSIBLE as REVERSIBLE_AT_BANK } from './bank-transactions.ts';
import { KillTogether } from './kill-together.ts';
import {
  OPENING_FEN,
  ownCard,
  type Played,
  playAll,
  SCENARIO_SETTINGS,
  terminalIds,
} from './lanes.ts';
import { type Crossed, crossed, type Wrong } from './lines.ts';
import { FINAL, REVERSIBLE } from './own-transactions.ts';
import { Player, type World } from './player.ts';

// biome-ignore format: a table, one moment a line: steps, codes, and what stands in the end. V is the verb.
const OWN_REVERSIBLE: Wrong[] = [
  ['killed after the answer',                          'V; kill; again',                             '00 00',    'after'],
  ['killed when the request has left',                 'V !cut; kill; again',                        '- 00',     'after'],
  ['killed after the answer, then reversed',           'V; kill; reverse',                           '00 00',    'undone'],
  ['killed when the request has left, then reversed',  'V !cut; kill; reverse',                      '- 00',     'undone'],
  ['killed when the reversal has left',                'V; reverse !cut; kill; again',               '00 - 00',  'undone'],
  ['killed after the reversal',                        'V; reverse; kill; again',                    '00 00 00', 'undone'],
  ['killed between reversal and original',             'early V; kill; arrive',                      '00 22',    'before'],
];

// biome-ignore format: the same.
const OWN_FINAL: Wrong[] = [
  ['killed after the answer',                          'V; kill; again',                             '00 00',    'after'],
  ['killed when the request has left',                 'V !cut; kill; again',                        '- 00',     'after'],
];

// biome-ignore format: the same.
const AT_BANK_REVERSIBLE: Wrong[] = [
  ['after the answer has left',                        'V; kill; again',                             '00 00',    'after'],
  ['after the decline has left',                       'V decline; kill; again',                     '51 51',    'before'],
  ['when the request has left and never arrived',      'V !go lost; kill; again',                    '- 98',     'before'],
  ['when the bank has booked and not answered',        'V !go silent; kill; again',                  '- 98',     'before'],
  ['when the answer has come and was not read',        'V !go late; kill; again',                    '- 98',     'before'],
  ['then again before it is up',                       'V !go silent; kill; kill; again',            '- 98',     'before'],
  ['when the bank has booked, then reversed',          'V !go silent; kill; reverse',                '- 00',     'before'],
  ['after the answer, then reversed',                  'V; kill; reverse',                           '00 00',    'undone'],
  ['when the reversal has left and never arrived',     'V wrong-amount lost; told; kill; again',     '96 96',    'before'],
  ['when the bank has reversed and not answered',      'V wrong-amount silent; told; kill; again',   '96 96',    'before'],
  ['when the reversal’s answer was not read',          'V wrong-amount late; told; kill; again',     '96 96',    'before'],
  ['when the reversal was confirmed',                  'V wrong-amount approve; told; kill; again',  '96 96',    'before'],
  ['reversed by the terminal, the bank not told',      'V approve lost; reverse; told; kill; again', '00 00 00', 'undone'],
  ['reversed by the terminal, the bank’s answer lost', 'V approve late; reverse; told; kill; again', '00 00 00', 'undone'],
  ['reversed by the terminal while the bank thinks',   'V !go silent; reverse; kill; again',         '- 00 00',  'before'],
  ['between reversal and original',                    'early V; kill; arrive',                      '00 22',    'before'],
];

// biome-ignore format: the same.
const AT_BANK_REPEATABLE: Wrong[] = [
  ['after the answer has left',                        'V; kill; again',                             '00 00',    'after'],
  ['after the decline has left',                       'V decline; kill; again',                     '51 51',    'before'],
  ['when it has left and never arrived',               'V !go lost; kill; wait; again',              '- 00',     'after'],
  ['when the bank has booked and not answered',        'V !go silent; kill; wait; again',            '- 00',     'after'],
  ['when the answer has come and was not read',        'V !go late; kill; wait; again',              '- 00',     'after'],
  ['when the repeat was lost, too',                    'V !go lost,lost; kill; told; kill; wait; again',    '- 00', 'after'],
  ['when the repeat was booked and not answered',      'V !go lost,silent; kill; told; kill; wait; again',  '- 00', 'after'],
  ['when the repeat’s answer was not read',            'V !go lost,late; kill; told; kill; wait; again',    '- 00', 'after'],
  ['then the repeat is declined',                      'V !go lost,decline; kill; wait; again',      '- 51',     'before'],
];

// biome-ignore format: the same.
const AT_BANK_ADVISED: Wrong[] = [
  ['after the answer has left',                        'V; kill; again; wait',                       '00 00',    'after'],
  ['when the advice was lost',                         'V lost; told; kill; wait',                   '00',       'after'],
  ['when the bank has booked and not answered',        'V silent; told; kill; wait',                 '00',       'after'],
  ['when the bank’s answer was not read',              'V late; told; kill; wait',                   '00',       'after'],
  ['when the terminal’s answer was not read',          'V !go silent; kill; again; wait',            '- 00',     'after'],
];

// biome-ignore format: the same; the void is held until the bank knows of what it takes back.
const BEHIND: Crossed<number>[] = [
  ['a void that waits for its purchase’s advice',      'offline lost; told; void !cut; kill; reverse; wait', '00 - 00', 1_000],
  ['a void after the start',                           'offline lost; told; kill; void; wait',               '00 00',       0],
];

const OWN = [...crossed(REVERSIBLE, OWN_REVERSIBLE), ...crossed(FINAL, OWN_FINAL)];
const AT_BANK = [
  ...crossed(REVERSIBLE_AT_BANK, AT_BANK_REVERSIBLE),
  ...crossed(REPEATABLE, AT_BANK_REPEATABLE),
  ...crossed(ADVISED, AT_BANK_ADVISED),
  ...BEHIND,
];
const TERMINALS = 96;
/** Whoever waits for an answer that is not to come still waits when the switch is killed. */
const ANSWER_TIMEOUT_MS = 50_000;

function cardOf(index: number): string {
  return index < OWN.length ? ownCard(index) : bankCard(index - OWN.length + 1).number;
}

type Ask = (name: string) => Promise<Record<string, unknown>[]>;

t.test('killed between any two steps', async (t) => {
  const hsm = await simulatorHsm();
  const bank = new BankBehaviours();
  const { behave, behaveToReversal } = bank;
  const host = await bankHost(hsm, { behave, behaveToReversal, lateMs: 2 * ANSWER_TIMEOUT_MS });
  const bankPort = await host.listen(0);
  const folder = temporaryFolder('kills');
  const dataDir = join(folder, 'data');
  const settings = {
    ...bankSettings(bankPort),
    ...SCENARIO_SETTINGS,
    POSP__HOSTS__0__ANSWER_TIMEOUT_MS: String(ANSWER_TIMEOUT_MS),
  };
  let served: Served = await serve(dataDir, settings);
  t.teardown(async () => {
    await served.kill();
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const ask: Ask = async (name) => {
    const asked = (await askControl(dataDir, name, {})) as { result: Record<string, unknown>[] };
    return asked.result;
  };
  const isUp = async () => (await ask('hosts/status'))[0]?.['state'] === 'up';
  const nothingOwed = async () => (await ask('saf/list')).length === 0;
  const killAndStart = async (more: Record<string, string> = {}) => {
    served.freeze();
    host.answerLate();
    await served.kill();
    served = await serve(dataDir, { ...settings, ...more });
    await until(isUp, 'the bank is signed on to');
  };
  await until(isUp, 'the bank is signed on to');
  const together = new KillTogether(TERMINALS, killAndStart);
  const world: World = {
    port: () => served.port,
    bank,
    settled: async (terminalId) => {
      await sleep(250);
      const isDone = async () =>
        (await ask('saf/list')).every((one) => one['terminalId'] !== terminalId);
      await until(isDone, terminalId);
    },
    control: (name, argument) => control(served, name, argument),
    kill: together.kill,
  };
  await control(served, 'setting', { name: 'wallet-code', value: '{"seconds":600}' });

  const lines = [...OWN, ...AT_BANK];
  const players = terminalIds(TERMINALS).map((id) => new Player(id, world));
  const balances: number[] = [];
  const scripts = lines.map(([, script]) => script);
  const look = async (player: Player, index: number) => {
    if (index < OWN.length) balances[index] = await player.balance();
  };
  const { codes: found, settlements } = await playAll(
    players,
    scripts,
    cardOf,
    look,
    together.leave,
  );
  await until(nothingOwed, 'nothing is owed to the bank');
  t.comment(`${together.kills} kills`);

  const reader = openReader(join(dataDir, 'ledger'));
  t.teardown(() => reader.close());
  checkOwn(t, reader, { codes: found, settlements, balances });
  checkAtBank(t, reader, { codes: found, settlements }, host.books.owedByCard());
  await killAndStart({
    POSP__HOSTS__0__LIMITS__IN_FLIGHT_PER_LINK: '1',
    POSP__HOSTS__0__LIMITS__QUEUE_TIMEOUT_MS: '60000',
  });
  const unsent = await askBehindEachOther(served, bank, ask);
  await killAndStart();
  await until(nothingOwed, 'nothing is owed to the bank');
  for (const { terminal, frame, card } of unsent) {
    await terminal.connect(served.port);
    t.equal((await terminal.ask(frame))?.fields.get(39), '98', 'asked, sent or not: given up');
    terminal.disconnect();
    t.equal(host.books.owedByCard().get(card) ?? 0, 0, 'and nothing stands');
  }
  t.equal(bank.of(unsent[1]!.card).seen, 1, 'of what was not sent the bank got the reversal alone');
  await served.kill();
  const verified = documentOf(await posp(['ledger', 'verify', '--data', dataDir, '--json']));
  t.match(verified, { chainVerified: true, balancesVerified: true, firstBadPosition: null });
  t.equal(verified['debitsFen'], verified['creditsFen']);
});

function checkOwn(
  t: Test,
  reader: Reader,
  { codes: found, settlements, balances }: Played & { balances: number[] },
): void {
  const money = moneyByCard(reader);
  for (const [index, [what, script, codes, [paid, held, chip = 0]]] of OWN.entries()) {
    const { accountFen = 0, chipFen = 0 } = money.get(cardOf(index)) ?? {};
    const heldFen = accountFen - (balances[index] ?? 0);
    const paidFen = OPENING_FEN - accountFen;
    const seen = { codes: found[index], paidFen, heldFen, chipFen, totals: settlements[index] };
    const expected = { codes, paidFen: paid, heldFen: held, chipFen: chip, totals: '00:1' };
    t.strictSame(seen, expected, `${what}: ${script}`);
  }
}

function checkAtBank(
  t: Test,
  reader: Reader,
  { codes: found, settlements }: Played,
  theirs: Map<string, number>,
): void {
  const ours = owedByCard(reader);
  for (const [at, [what, script, codes, owedFen]] of AT_BANK.entries()) {
    const index = OWN.length + at;
    const card = cardOf(index);
    const [ledgerFen, bankFen] = [ours.get(card) ?? 0, theirs.get(card) ?? 0];
    const seen = { codes: found[index], ledgerFen, bankFen, totals: settlements[index] };
    const expected = { codes, ledgerFen: owedFen, bankFen: owedFen, totals: '00:1' };
    t.strictSame(seen, expected, `${what}: ${script}`);
  }
}

/** The line has room for one: the bank has the first purchase and is silent, the second is on disk and waits. */
async function askBehindEachOther(served: Served, bank: BankBehaviours, ask: Ask) {
  const cards = [bankCard(901).number, bankCard(902).number];
  bank.of(cards[0]!).requests = ['silent'];
  const waiting: { terminal: OutsideTerminal; frame: Buffer; card: string }[] = [];
  for (const [at, card] of cards.entries()) {
    const terminal = new OutsideTerminal(terminalIds(2)[at]!, OUTPATIENT);
    await terminal.connect(served.port);
    await terminal.signIn();
    const frame = terminal.purchase(card, 1_000);
    terminal.write(frame);
    const has = at === 0 ? 'inFlight' : 'queued';
    await until(async () => (await ask('hosts/status'))[0]?.[has] === 1, has);
    waiting.push({ terminal, frame, card });
  }
  return waiting;
}
