import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { askControl } from '../../api/control.ts';
import { openReader } from '../../ledger/reader.ts';
import { bankCard, bankHost, bankSettings, simulatorHsm, until } from '../support/bank.ts';
import { OUTPATIENT } from '../support/cards.ts';
import { control } from '../support/control.ts';
import { owedByCard } from '../support/host-books.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { documentOf, posp } from '../support/posp.ts';
import { servedFor } from '../support/serve.ts';
import { BankBehaviours } from './bank-behaviours.ts';
import { ADVISED, REPEATABLE, REVERSIBLE } from './bank-transactions.ts';
import { playAll, SCENARIO_SETTINGS, terminalIds } from './lanes.ts';
import { crossed, type Wrong } from './lines.ts';
import { Player, type World } from './player.ts';

/** [what, script, field 39 of each answer, what the bank owes us for the card in the end (fen), what an operator has] */
type Line = [what: string, script: string, codes: string, owedFen: number, left?: string];

// biome-ignore format: a table, one case a line.
const OWN: Line[] = [
  ['approved',                                  'buy',                                              '00',             1000],
  ['declined',                                  'buy decline',                                      '51',                0],
  ['answer lost',                               'buy silent',                                       '98',                0],
  ['request lost',                              'buy lost',                                         '98',                0],
  ['late answer, after the reversal',           'buy late',                                         '98',                0],
  ['late answer, before the reversal is taken', 'buy late lost lost',                               '98',                0],
  ['host drops after booking',                  'buy drop',                                         '98',                0],
  ['host drops before booking',                 'buy drop-before',                                  '98',                0],
  ['answer twice',                              'buy duplicate',                                    '00',             1000],
  ['wrong MAC on the answer',                   'buy wrong-mac',                                    '98',                0],
  ['answers out of order',                      'buy out-of-order',                                 '00',             1000],
  ['half an answer',                            'buy half-frame',                                   '98',                0],
  ['another amount in the answer',              'buy wrong-amount',                                 '96',                0],
  ['a part of the amount is approved',          'buy partial',                                      '51',                0],
  ['a part, the reversal lost',                 'buy partial lost',                                 '51',                0],
  ['a part, then asked again',                  'buy partial; again; buy =500',                     '51 51 00',        500],
  ['a part, the terminal reverses it as well',  'buy partial; reverse',                             '51 00',             0],
  ['a part of what is authorised',              'hold partial',                                     '51',                0],
  ['a part of a refund: none of it',            'buy; refund partial',                              '00 51',          1000],
  ['a part of a repeated refund',               'buy; refund lost,partial; wait; again',            '00 98 51',       1000],
  ['a part of an advice: an operator has it',   'offline partial',                                  '00',             1000, 'advice'],
  ['first reversal lost',                       'buy silent lost',                                  '98',                0],
  ['answer to the first reversal lost',         'buy silent silent',                                '98',                0],
  ['line drops under the reversal',             'buy silent drop',                                  '98',                0],
  ['reversal lost three times',                 'buy silent lost lost lost',                        '98',                0],
  ['wrong MAC on the reversal’s answer',        'buy silent wrong-mac',                             '98',                0],
  ['reversal answered twice',                   'buy silent duplicate',                             '98',                0],
  ['half an answer to the reversal',            'buy silent half-frame',                            '98',                0],
  ['repeat of an approved one',                 'buy; again',                                       '00 00',          1000],
  ['repeat thrice',                             'buy; again; again; again',                         '00 00 00 00',    1000],
  ['repeat of a declined one',                  'buy decline; again approve',                       '51 51',             0],
  ['repeat of an unanswered one',               'buy silent; again approve',                        '98 98',             0],
  ['repeat of a dropped one',                   'buy drop; again approve',                          '98 98',             0],
  ['terminal reverses an approved one',         'buy; reverse',                                     '00 00',             0],
  ['terminal reverses while the bank thinks',   'buy !go slow; reverse; wait',                      '- 00',              0],
  ['and asks again: behind its reversal',       'hold; complete !go slow; reverse; complete',       '00 - 00 00',      900],
  ['terminal reverses twice',                   'buy; reverse; again',                              '00 00 00',          0],
  ['terminal reverses an unanswered one',       'buy silent; reverse',                              '98 00',             0],
  ['terminal reverses a declined one',          'buy decline; reverse',                             '51 00',             0],
  ['terminal reverses a dropped one',           'buy drop; reverse',                                '98 00',             0],
  ['terminal reversal, first one lost',         'buy approve lost; reverse',                        '00 00',             0],
  ['terminal reversal, answer lost',            'buy approve silent; reverse',                      '00 00',             0],
  ['terminal reversal, line drops',             'buy approve drop; reverse',                        '00 00',             0],
  ['a reversed one is asked again',             'buy; reverse; buy',                                '00 00 00',       1000],
  ['two purchases, one answer lost',            'buy; buy silent',                                  '00 98',          1000],
  ['two purchases, the other answer lost',      'buy silent; buy',                                  '98 00',          1000],
  ['completed by the bank’s code and date',     'hold; complete +code',                             '00 00',           900],
  ['completed by its code, another day',        'hold; complete +code !date',                       '00 25',             0],
  ['completed by the code of the second',       'hold; hold =500; complete =550 +code',             '00 00 00',        550],
  ['completed twice by its code',               'hold; complete +code; complete +code',             '00 00 25',        900],
  ['notice by its code',                        'hold; notice +code; wait',                         '00 00',           900],
  ['completed by code with another card',       'hold; complete +code @second',                     '00 25',             0],
  ['voided by its code',                        'hold; cancel +code',                               '00 00',             0],
  ['the track of another card',                 'buy !track',                                       '14',                0],
  ['a PIN that is said to be there',            'buy !said',                                        '55',                0],
  ['voided',                                    'buy; void',                                        '00 00',             0],
  ['void declined',                             'buy; void decline',                                '00 51',          1000],
  ['void unanswered: it never was',             'buy; void silent',                                 '00 98',          1000],
  ['void lost',                                 'buy; void lost',                                   '00 98',          1000],
  ['void late',                                 'buy; void late',                                   '00 98',          1000],
  ['void dropped',                              'buy; void drop',                                   '00 98',          1000],
  ['void unanswered, then again',               'buy; void silent; void approve',                   '00 98 00',          0],
  ['void twice',                                'buy; void; void',                                  '00 00 12',          0],
  ['void repeated',                             'buy; void; again',                                 '00 00 00',          0],
  ['void reversed',                             'buy; void; reverse',                               '00 00 00',       1000],
  ['void reversed, first reversal lost',        'buy; void approve lost; reverse',                  '00 00 00',       1000],
  ['void after the reversal',                   'buy; reverse; void',                               '00 00 12',          0],
  ['void of nothing',                           'void',                                             '25',                0],
  ['void with a wrong MAC',                     'buy; void wrong-mac',                              '00 98',          1000],
  ['refunded in part',                          'buy; refund',                                      '00 00',           600],
  ['refunded twice',                            'buy; refund; refund',                              '00 00 00',        200],
  ['refunded too often',                        'buy; refund; refund; refund',                      '00 00 00 64',     200],
  ['refund declined',                           'buy; refund decline',                              '00 51',          1000],
  ['refund of a voided one',                    'buy; void; refund',                                '00 00 64',          0],
  ['refund of nothing',                         'refund',                                           '25',                0],
  ['void after a refund',                       'buy; refund; void',                                '00 00 12',        600],
  ['refund with another amount in the answer',  'buy; refund wrong-amount',                         '00 96',          1000],
  ['refund answered twice',                     'buy; refund duplicate',                            '00 00',           600],
  ['refund unanswered, asked again by us',      'buy; refund silent; wait; again',                  '00 98 00',        600],
  ['refund lost twice, asked again by us',      'buy; refund lost,lost; wait; again',               '00 98 00',        600],
  ['refund dropped, asked again by us',         'buy; refund drop,half-frame; wait; again',         '00 98 00',        600],
  ['refund unanswered, then declined',          'buy; refund lost,decline; wait; again',            '00 98 51',       1000],
  ['refund answered late',                      'buy; refund late; wait; again',                    '00 98 00',        600],
  ['refund with a wrong MAC, asked again',      'buy; refund wrong-mac; wait; again',               '00 98 00',        600],
  ['authorised',                                'hold',                                             '00',                0],
  ['authorisation declined',                    'hold decline',                                     '51',                0],
  ['authorisation unanswered',                  'hold silent',                                      '98',                0],
  ['authorisation reversed',                    'hold; reverse',                                    '00 00',             0],
  ['authorised and completed',                  'hold; complete',                                   '00 00',           900],
  ['completion declined',                       'hold; complete decline',                           '00 51',             0],
  ['completion unanswered',                     'hold; complete silent',                            '00 98',             0],
  ['completion dropped',                        'hold; complete drop',                              '00 98',             0],
  ['completion unanswered, then again',         'hold; complete silent; complete approve',          '00 98 00',        900],
  ['completion reversed',                       'hold; complete; reverse',                          '00 00 00',          0],
  ['completed twice',                           'hold; complete; complete',                         '00 00 12',        900],
  ['completion repeated',                       'hold; complete; again',                            '00 00 00',        900],
  ['completed by notice',                       'hold; notice',                                     '00 00',           900],
  ['notice lost twice on its way to the bank',  'hold; notice lost,lost; wait',                     '00 00',           900],
  ['notice whose answers are lost',             'hold; notice silent,silent; wait',                 '00 00',           900],
  ['notice, then the line drops',               'hold; notice drop,drop-before; wait',              '00 00',           900],
  ['authorised and cancelled',                  'hold; cancel',                                     '00 00',             0],
  ['cancel unanswered, then completed',         'hold; cancel silent; complete approve',            '00 98 00',        900],
  ['cancel declined, then completed',           'hold; cancel decline; complete approve',           '00 51 00',        900],
  ['completed after a cancel',                  'hold; cancel; complete',                           '00 00 12',          0],
  ['completion taken back',                     'hold; complete; uncomplete',                       '00 00 00',          0],
  ['taking back declined',                      'hold; complete; uncomplete decline',               '00 00 51',        900],
  ['taking back unanswered',                    'hold; complete; uncomplete silent',                '00 00 98',        900],
  ['reversal refused: an operator has it',      'buy silent decline',                               '98',                0, 'reversal'],
  ['reversal of a void refused',                'buy; void silent decline',                         '00 98',          1000, 'reversal'],
  ['the terminal’s reversal refused',           'buy approve decline; reverse',                     '00 00',             0, 'reversal'],
  ['notice refused: an operator has it',        'hold; notice decline',                             '00 00',           900, 'advice'],
  ['purchase with the PIN',                     'buy +pin',                                         '00',             1000],
  ['purchase with a wrong PIN',                 'buy !pin',                                         '55',                0],
  ['purchase with a wrong MAC',                 'buy !mac; arrive',                                 'A0 00',          1000],
  ['a batch that is not open',                  'buy !batch',                                       '77',                0],
  ['balance',                                   'balance',                                          '00',                0],
  ['balance declined',                          'balance decline',                                  '51',                0],
  ['balance unanswered: nothing is owed',       'balance silent',                                   '98',                0],
  ['balance dropped',                           'balance drop',                                     '98',                0],
  ['balance with half an answer',               'balance half-frame',                               '98',                0],
  ['balance with a wrong MAC on the answer',    'balance wrong-mac',                                '98',                0],
  ['balance with a wrong PIN',                  'balance !pin',                                     '55',                0],
  ['void after the settlement',                 'buy; settle; void',                                '00 00:1 12',     1000],
  ['refund after the settlement',               'buy; settle; refund',                              '00 00:1 00',      600],
  ['refund after the settlement, unanswered',   'buy; settle; refund silent; wait; again',          '00 00:1 98 00',   600],
  ['completed after the settlement',            'hold; settle; complete',                           '00 00:1 00',      900],
  ['offline, then voided',                      'offline; wait; void',                              '00 00',             0],
  ['offline, voided before the bank knows',     'offline lost; void; wait',                         '00 00',             0],
  ['offline, refunded before the bank knows',   'offline lost; refund; wait',                       '00 00',           600],
  ['offline, the bank does not hear in time',   'offline lost,lost,lost,lost; void; wait',          '00 91',          1000],
  ['voided again before the first is reversed', 'buy; void silent lost; void',                      '00 98 00',          0],
  ['completed again, the same',                 'hold; complete silent lost; complete',             '00 98 00',        900],
  ['notice taken back before the bank knows',   'hold; notice lost; uncomplete; wait',              '00 00 00',          0],
  ['adjusted, voided before the bank knows',    'buy; adjust lost; void =900; wait',                '00 00 00',          0],
  ['reversed while it waits for the bank',      'offline lost,lost,lost; void !cut; reverse; wait', '00 - 00',        1000],
  ['offline, then refunded',                    'offline; wait; refund',                            '00 00',           600],
  ['offline, the bank refuses: an operator',    'offline decline',                                  '00',             1000, 'advice'],
  ['offline, adjusted before the bank knows',   'offline lost,lost; adjust; wait',                  '00 00',           900],
  ['offline, adjusted, voided',                 'offline; adjust; wait; void =900',                 '00 00 00',          0],
  ['adjusted, then refunded',                   'buy; adjust; wait; refund',                        '00 00 00',        500],
  ['adjusted twice',                            'buy; adjust; adjust; wait',                        '00 00 12',        900],
  ['adjusted after the void',                   'buy; void; adjust; wait',                          '00 00 12',          0],
  ['adjustment of nothing',                     'adjust',                                           '25',                0],
  ['cash voided twice',                         'cash; uncash; uncash',                             '00 00 12',          0],
  ['cash voided, the void reversed',            'cash; uncash; reverse; uncash',                    '00 00 00 00',       0],
  ['cash voided with another amount',           'cash; uncash =1999',                               '00 64',         -2000],
  ['transfer without PIN',                      'transfer !nopin',                                  '55',                0],
  ['transfer with a wrong PIN',                 'transfer !pin',                                    '55',                0],
  ['transfer to a card that is lost',           'transfer !receiver',                               '41',                0],
  ['an advice that never came is booked',       'buy; settle !totals; advice; end; wait',           '00 00:2 00 00',  1500],
  ['the advice lost on its way to the bank',    'buy; settle !totals; advice lost,silent; wait',    '00 00:2 00',     1500],
  ['the advice again: once',                    'buy; settle !totals; advice; again; wait',         '00 00:2 00 00',  1500],
  ['black-listed here, then reversed',          'buy; block; reverse',                              '00 00',             0],
];

// biome-ignore format: a table, one thing that goes wrong a line: steps, codes, and what stands in the end. V is the verb.
const WRONG_WITH_REVERSIBLE: Wrong[] = [
  ['approved',                                      'V',                                '00',       'after'],
  ['declined',                                      'V decline',                        '51',       'before'],
  ['answer lost',                                   'V silent',                         '98',       'before'],
  ['request lost',                                  'V lost',                           '98',       'before'],
  ['late answer after the reversal',                'V late',                           '98',       'before'],
  ['late answer before the reversal arrives',       'V late lost lost',                 '98',       'before'],
  ['host drops after booking',                      'V drop',                           '98',       'before'],
  ['host drops before booking',                     'V drop-before',                    '98',       'before'],
  ['answer twice',                                  'V duplicate',                      '00',       'after'],
  ['answers out of order',                          'V out-of-order',                   '00',       'after'],
  ['wrong MAC on the answer',                       'V wrong-mac',                      '98',       'before'],
  ['half an answer',                                'V half-frame',                     '98',       'before'],
  ['another amount in the answer',                  'V wrong-amount',                   '96',       'before'],
  ['another amount, reversal lost',                 'V wrong-amount lost',              '96',       'before'],
  ['answer lost, reversal lost',                    'V silent lost',                    '98',       'before'],
  ['answer lost, answer to the reversal lost',      'V silent silent',                  '98',       'before'],
  ['answer lost, line drops after the reversal',    'V silent drop',                    '98',       'before'],
  ['answer lost, line drops before the reversal',   'V silent drop-before',             '98',       'before'],
  ['answer lost, wrong MAC on the reversal',        'V silent wrong-mac',               '98',       'before'],
  ['answer lost, reversal answered twice',          'V silent duplicate',               '98',       'before'],
  ['answer lost, half an answer to the reversal',   'V silent half-frame',              '98',       'before'],
  ['request lost, reversal lost twice',             'V lost lost lost',                 '98',       'before'],
  ['host drops, reversal lost',                     'V drop lost',                      '98',       'before'],
  ['asked again',                                   'V; again',                         '00 00',    'after'],
  ['declined, asked again',                         'V decline; again approve',         '51 51',    'before'],
  ['answer lost, asked again',                      'V silent; again approve',          '98 98',    'before'],
  ['the terminal’s line breaks, asked again',       'V !cut; again',                    '- 00',     'after'],
  ['the terminal’s line breaks, declined',          'V !cut decline; again',            '- 51',     'before'],
  ['the terminal’s line breaks, reversed',          'V !cut; reverse',                  '- 00',     'undone'],
  ['reversed while the host is silent',             'V !go silent; reverse',            '- 00',     'before'],
  ['reversed',                                      'V; reverse',                       '00 00',    'undone'],
  ['reversed twice',                                'V; reverse; again',                '00 00 00', 'undone'],
  ['declined, then reversed',                       'V decline; reverse',               '51 00',    'before'],
  ['answer lost, then reversed',                    'V silent; reverse',                '98 00',    'before'],
  ['reversed, the host does not get it',            'V approve lost; reverse',          '00 00',    'undone'],
  ['reversed, the host’s answer lost',              'V approve silent; reverse',        '00 00',    'undone'],
  ['reversed, the host drops',                      'V approve drop; reverse',          '00 00',    'undone'],
  ['reversed before it comes',                      'early V; arrive',                  '00 22',    'before'],
  ['reversed, then it comes once more',             'V; reverse; arrive',               '00 00 00', 'undone'],
  ['wrong MAC, then the right one',                 'V !mac; arrive',                   'A0 00',    'after'],
];

// biome-ignore format: the same.
const WRONG_WITH_REPEATABLE: Wrong[] = [
  ['approved',                                      'V',                                '00',       'after'],
  ['declined',                                      'V decline',                        '51',       'before'],
  ['answer lost',                                   'V silent; wait; again',            '98 00',    'after'],
  ['request lost',                                  'V lost; wait; again',              '98 00',    'after'],
  ['late answer',                                   'V late; wait; again',              '98 00',    'after'],
  ['host drops after booking',                      'V drop; wait; again',              '98 00',    'after'],
  ['host drops before booking',                     'V drop-before; wait; again',       '98 00',    'after'],
  ['half an answer',                                'V half-frame; wait; again',        '98 00',    'after'],
  ['wrong MAC on the answer',                       'V wrong-mac; wait; again',         '98 00',    'after'],
  ['another amount, undone at the host',            'V wrong-amount',                   '96',       'before'],
  ['answer twice',                                  'V duplicate',                      '00',       'after'],
  ['lost, then declined',                           'V lost,decline; wait; again',      '98 51',    'before'],
  ['lost, then another amount',                     'V lost,wrong-amount; wait; again', '98 96',    'before'],
  ['lost, then silent',                             'V lost,silent; wait; again',       '98 00',    'after'],
  ['silent, then dropped',                          'V silent,drop; wait; again',       '98 00',    'after'],
  ['asked again while it is open',                  'V silent,lost; again; wait; again', '98 98 00', 'after'],
  ['asked again',                                   'V; again',                         '00 00',    'after'],
  ['the terminal’s line breaks',                    'V !cut; again',                    '- 00',     'after'],
  ['never reversed',                                'V; reverse',                       '00 12',    'after'],
];

// biome-ignore format: the same.
const WRONG_WITH_ADVISED: Wrong[] = [
  ['told at once',                                  'V; wait',                          '00',       'after'],
  ['lost on its way',                               'V lost; wait',                     '00',       'after'],
  ['lost three times',                              'V lost,lost,lost; wait',           '00',       'after'],
  ['the host’s answer lost',                        'V silent; wait',                   '00',       'after'],
  ['the host’s answer lost twice',                  'V silent,silent; wait',            '00',       'after'],
  ['host drops after booking',                      'V drop; wait',                     '00',       'after'],
  ['host drops before booking',                     'V drop-before,drop; wait',         '00',       'after'],
  ['half an answer',                                'V half-frame; wait',               '00',       'after'],
  ['wrong MAC on the answer',                       'V wrong-mac; wait',                '00',       'after'],
  ['late answer',                                   'V late; wait',                     '00',       'after'],
  ['answer twice',                                  'V duplicate; wait',                '00',       'after'],
  ['asked again',                                   'V; again; wait',                   '00 00',    'after'],
  ['the terminal’s line breaks',                    'V !cut lost; again; wait',         '- 00',     'after'],
  ['wrong MAC, then the right one',                 'V !mac; arrive; wait',             'A0 00',    'after'],
  ['never reversed',                                'V; reverse',                       '00 12',    'after'],
];

const LINES: Line[] = [
  ...OWN,
  ...crossed(REVERSIBLE, WRONG_WITH_REVERSIBLE),
  ...crossed(REPEATABLE, WRONG_WITH_REPEATABLE),
  ...crossed(ADVISED, WRONG_WITH_ADVISED),
];

const TERMINALS = 64;
const ANSWER_TIMEOUT_MS = 2_000;

interface Owed {
  position: number;
  sort: string;
  terminalId: string;
  reference: string;
  state: string;
}

t.test('cards of a bank: whatever goes wrong, terminal, ledger and bank agree', async (t) => {
  const hsm = await simulatorHsm();
  const behaviours = new BankBehaviours();
  const { behave, behaveToReversal } = behaviours;
  const bank = await bankHost(hsm, {
    behave,
    behaveToReversal,
    pin: '123456',
    remembersReversals: false,
    lateMs: ANSWER_TIMEOUT_MS + 700,
  });
  const bankPort = await bank.listen(0);
  t.teardown(() => bank.close());
  // One short connection for each message: a line that drops must not touch the neighbours' cases.
  const served = await servedFor(t, 'scenarios', {
    ...bankSettings(bankPort, { POSP__HOSTS__0__CONNECTION: 'short' }),
    ...SCENARIO_SETTINGS,
    POSP__HOSTS__0__ANSWER_TIMEOUT_MS: String(ANSWER_TIMEOUT_MS),
    POSP__HOSTS__0__STORE_AND_FORWARD__WAIT_MS: String(3 * ANSWER_TIMEOUT_MS),
  });
  await until(() => bank.signOns > 0, 'sign-on');

  const owed = async () => {
    const asked = (await askControl(served.dataDir, 'saf/list', {})) as { result: Owed[] };
    return asked.result;
  };
  const waiting = async () => (await owed()).filter(({ state }) => state === 'waiting');
  const world: World = {
    port: () => served.port,
    bank: behaviours,
    settled: async (terminalId) => {
      // What the last answer left to be told is in the journal, but may not be in the hub's list yet.
      await sleep(250);
      const isDone = async () => (await waiting()).every((one) => one.terminalId !== terminalId);
      await until(isDone, terminalId);
    },
    control: (name, argument) => control(served, name, argument),
    kill: () => Promise.reject(new Error('nobody is killed here')),
  };
  const card = (index: number) => bankCard(index + 1).number;
  const players = terminalIds(TERMINALS).map((id) => new Player(id, world));
  const scripts = LINES.map(([, script]) => script);
  const { codes: found, settlements } = await playAll(players, scripts, card);
  const elsewhere = bankCard(LINES.length + 1).number;
  behaviours.of(elsewhere).requests = ['lost'];
  t.strictSame(await refundedElsewhere(served.port, elsewhere), ['00', '00']);
  t.equal(
    bank.books.owedByCard().get(elsewhere),
    600,
    'the refund waited at another terminal, too',
  );
  await until(async () => (await waiting()).length === 0, 'all that was owed is confirmed');
  const reader = openReader(join(served.dataDir, 'ledger'));
  t.teardown(() => reader.close());
  const left = new Map<string, string>();
  for (const { reference, sort, position } of await owed()) {
    const fact = reader.record(Number(reference))?.entry.fact?.transaction;
    left.set(fact?.cardNumber ?? '', sort);
    await askControl(served.dataDir, 'saf/retry', { position });
  }
  await until(async () => (await owed()).length === 0, 'the operator’s cases are confirmed');
  const ours = owedByCard(reader);
  const theirs = bank.books.owedByCard();
  for (const [index, [what, script, codes, owedFen, operator = '']] of LINES.entries()) {
    const seen = {
      codes: found[index],
      ledgerFen: ours.get(card(index)) ?? 0,
      bankFen: theirs.get(card(index)) ?? 0,
      operator: left.get(card(index)) ?? '',
      totals: settlements[index],
    };
    const expected = { codes, ledgerFen: owedFen, bankFen: owedFen, operator, totals: '00:1' };
    t.strictSame(seen, expected, `${what}: ${script}`);
  }
  t.equal(await served.stop(), 0, 'it stops cleanly');
  const verified = documentOf(await posp(['ledger', 'verify', '--data', served.dataDir, '--json']));
  t.match(verified, { chainVerified: true, balancesVerified: true, firstBadPosition: null });
  t.equal(verified['debitsFen'], verified['creditsFen']);
});

/** An offline purchase at one terminal, and at once its refund at another: the codes of both. */
async function refundedElsewhere(port: number, card: string): Promise<(string | undefined)[]> {
  const [till, desk] = terminalIds(2).map((id) => new OutsideTerminal(id, OUTPATIENT));
  for (const terminal of [till!, desk!]) {
    await terminal.connect(port);
    await terminal.signIn();
  }
  const { 35: _track, ...paid } = till!.purchaseFields(card, 1_000);
  const offline = { ...paid, 38: '123456', 60: `30${till!.batch}00050` };
  const bought = await till!.ask(till!.frame('0220', offline, 'right'));
  const { 35: _again, ...back } = desk!.purchaseFields(card, 400);
  const named = {
    3: '200000',
    37: bought!.fields.get(37)!,
    60: `25${desk!.batch}00050`,
    61: `${till!.batch}${paid[11]}0101`,
  };
  const refunded = await desk!.ask(desk!.frame('0220', { ...back, ...named }, 'right'));
  till!.disconnect();
  desk!.disconnect();
  return [bought, refunded].map((answer) => answer?.fields.get(39));
}
