import { join } from 'node:path';
import t from 'tap';
import { openReader } from '../../ledger/reader.ts';
import { control, setTerms } from '../support/control.ts';
import { moneyByCard } from '../support/host-books.ts';
import { documentOf, posp } from '../support/posp.ts';
import { servedFor } from '../support/serve.ts';
import { BankBehaviours } from './bank-behaviours.ts';
import { OPENING_FEN, ownCard, playAll, SCENARIO_SETTINGS, terminalIds } from './lanes.ts';
import { crossed, type Wrong } from './lines.ts';
import { FINAL, type Money, NOTHING, REVERSIBLE } from './own-transactions.ts';
import { Player, type World } from './player.ts';

// biome-ignore format: a table, one thing that goes wrong a line: steps, codes, and what stands in the end. V is the verb.
const WRONG_WITH_ANY: Wrong[] = [
  ['asked again',                             'V; again',                      '00 00',       'after'],
  ['the line breaks, asked again',            'V !cut; again',                 '- 00',        'after'],
  ['the line breaks twice',                   'V !cut; again !cut; again',     '- - 00',      'after'],
  ['the line breaks, a sign-in, asked again', 'V !cut; signin; again',         '- 00 00',     'after'],
  ['asked again under new keys',              'V; signin; arrive',             '00 00 00',    'after'],
  ['wrong MAC',                               'V !mac',                        'A0',          'before'],
  ['wrong MAC, then the right one',           'V !mac; arrive',                'A0 00',       'after'],
];

// biome-ignore format: the same.
const WRONG_WITH_REVERSIBLE: Wrong[] = [
  ['reversed',                                'V; reverse',                    '00 00',       'undone'],
  ['reversed twice',                          'V; reverse; again',             '00 00 00',    'undone'],
  ['the line breaks, reversed',               'V !cut; reverse',               '- 00',        'undone'],
  ['the line breaks under the reversal, too', 'V !cut; reverse !cut; again',   '- - 00',      'undone'],
  ['reversed, then it comes once more',       'V; reverse; arrive',            '00 00 00',    'undone'],
  ['reversed before it comes',                'early V; arrive',               '00 22',       'before'],
  ['reversed before it comes twice',          'early V; arrive; again',        '00 22 22',    'before'],
  ['a reversal with a wrong MAC',             'V; reverse !mac; reverse',      '00 A0 00',    'undone'],
  ['a reversal with another amount',          'V; reverse =1',                 '00 64',       'after'],
  ['black-listed, then reversed',             'V; block; reverse',             '00 00',       'undone'],
];

type Line = [what: string, script: string, codes: string, money: Money];

// biome-ignore format: a table, one case a line.
const OWN: Line[] = [
  ['paid',                                    'buy',                                            '00',             [1_000, 0]],
  ['paid with the PIN',                       'buy +pin',                                       '00',             [1_000, 0]],
  ['wrong PIN',                               'buy !pin',                                       '55',             NOTHING],
  ['wrong PIN, then the right one',           'buy !pin; buy +pin',                             '55 00',          [1_000, 0]],
  ['too many wrong PINs',                     'buy !pin; buy !pin; buy !pin; buy +pin',         '55 55 55 75',    NOTHING],
  ['too many wrong PINs, reversed',           'buy !pin; buy !pin; buy !pin; reverse',          '55 55 55 00',    NOTHING],
  ['too many wrong PINs, then none',          'buy !pin; buy !pin; buy !pin; buy',              '55 55 55 75',    NOTHING],
  ['a PIN that is said to be there',          'buy !said',                                      '55',             NOTHING],
  ['wrong PIN asked again',                   'buy !pin; again',                                '55 55',          NOTHING],
  ['wrong PIN reversed',                      'buy !pin; reverse',                              '55 00',          NOTHING],
  ['a batch that is not open',                'buy !batch',                                     '77',             NOTHING],
  ['a lost card',                             'buy @lost',                                      '41',             NOTHING],
  ['a frozen card',                           'buy @frozen',                                    '62',             NOTHING],
  ['an expired card',                         'buy @expired',                                   '54',             NOTHING],
  ['an unknown card',                         'buy @unknown',                                   '14',             NOTHING],
  ['the track of another card',               'buy !track',                                     '14',             NOTHING],
  ['an expiry in no month',                   'buy !expiry',                                    '30',             NOTHING],
  ['a poor card',                             'buy @poor',                                      '51',             NOTHING],
  ['nothing',                                 'buy =0',                                         '13',             NOTHING],
  ['more than there is',                      'buy =100001',                                    '51',             NOTHING],
  ['more than there is, asked again',         'buy =100001; again',                             '51 51',          NOTHING],
  ['more than there is, reversed',            'buy =100001; reverse',                           '51 00',          NOTHING],
  ['all there is',                            'buy =100000; buy =1',                            '00 51',          [100_000, 0]],
  ['all there is is held',                    'hold =100000; buy =1',                           '00 51',          [0, 100_000]],
  ['reversed, then bought anew',              'buy; reverse; buy',                              '00 00 00',       [1_000, 0]],
  ['on the black list',                       'block; buy',                                     '04',             NOTHING],
  ['black-listed, then voided',               'buy; block; void',                               '00 00',          NOTHING],
  ['black-listed, then refunded',             'buy; block; refund',                             '00 00',          [600, 0]],
  ['a sign-in between purchase and void',     'buy; signin; void',                              '00 00 00',       NOTHING],
  ['void of nothing',                         'void',                                           '25',             NOTHING],
  ['void twice',                              'buy; void; void',                                '00 00 12',       NOTHING],
  ['void of another amount',                  'buy; void =900',                                 '00 64',          [1_000, 0]],
  ['void after the reversal',                 'buy; reverse; void',                             '00 00 12',       NOTHING],
  ['void after a refund',                     'buy; refund; void',                              '00 00 12',       [600, 0]],
  ['void after the settlement',               'buy; settle; void',                              '00 00:1 12',     [1_000, 0]],
  ['void in a batch that is not open',        'buy; void !batch',                               '00 77',          [1_000, 0]],
  ['void with another card',                  'buy; void @second',                              '00 25',          [1_000, 0]],
  ['a reversed void, voided again',           'buy; void; reverse; void',                       '00 00 00 00',    NOTHING],
  ['void, then the purchase is refunded',     'buy; void; refund',                              '00 00 64',       NOTHING],
  ['refund of nothing',                       'refund',                                         '25',             NOTHING],
  ['refund of zero',                          'buy; refund =0',                                 '00 13',          [1_000, 0]],
  ['refund of more than was paid',            'buy; refund =1001',                              '00 64',          [1_000, 0]],
  ['refunds until nothing is left',           'buy; refund; refund; refund; refund =200',       '00 00 00 64 00', NOTHING],
  ['refund is never reversed',                'buy; refund; reverse',                           '00 00 12',       [600, 0]],
  ['purchase reversed after a refund',        'buy; refund; reverse:buy',                       '00 00 12',       [600, 0]],
  ['refund after the settlement',             'buy; settle; refund',                            '00 00:1 00',     [600, 0]],
  ['refund with another card',                'buy; refund @second',                            '00 25',          [1_000, 0]],
  ['balance',                                 'balance +pin',                                   '00',             NOTHING],
  ['balance, wrong PIN',                      'balance !pin',                                   '55',             NOTHING],
  ['balance, wrong MAC',                      'balance !mac',                                   'A0',             NOTHING],
  ['balance of a lost card',                  'balance @lost',                                  '41',             NOTHING],
  ['balance, the track of another card',      'balance !track',                                 '14',             NOTHING],
  ['balance of an unknown card',              'balance @unknown',                               '14',             NOTHING],
  ['balance, the line breaks',                'balance !cut; balance',                          '- 00',           NOTHING],
  ['authorisation, wrong PIN',                'hold !pin',                                      '55',             NOTHING],
  ['authorisation of a lost card',            'hold @lost',                                     '41',             NOTHING],
  ['authorisation of an expired card',        'hold @expired',                                  '54',             NOTHING],
  ['authorisation of too much',               'hold =100001',                                   '51',             NOTHING],
  ['authorisation in a batch not open',       'hold !batch',                                    '77',             NOTHING],
  ['completed with the most',                 'hold; complete =1150',                           '00 00',          [1_150, 0]],
  ['completed with more than the most',       'hold; complete =1151',                           '00 64',          [0, 1_000]],
  ['completed twice',                         'hold; complete; complete',                       '00 00 12',       [900, 0]],
  ['completed, reversed, completed',          'hold; complete; reverse; complete',              '00 00 00 00',    [900, 0]],
  ['completed after the settlement',          'hold; settle; complete',                         '00 00:1 00',     [900, 0]],
  ['completed by code and date',              'hold; complete +code',                           '00 00',          [900, 0]],
  ['completed by code, another day',          'hold; complete +code !date',                     '00 25',          [0, 1_000]],
  ['completed by the code of the second',     'hold; hold =500; complete =550 +code',           '00 00 00',       [550, 1_000]],
  ['completed twice by code',                 'hold; complete +code; complete +code',           '00 00 12',       [900, 0]],
  ['completed by code, another card',         'hold; complete +code @second',                   '00 25',          [0, 1_000]],
  ['voided by code and date',                 'hold; cancel +code',                             '00 00',          NOTHING],
  ['completion of nothing',                   'complete',                                       '25',             NOTHING],
  ['completed after the void',                'hold; cancel; complete',                         '00 00 12',       NOTHING],
  ['void after the completion',               'hold; complete; cancel',                         '00 00 12',       [900, 0]],
  ['void of another amount',                  'hold; cancel =900',                              '00 64',          [0, 1_000]],
  ['void twice',                              'hold; cancel; cancel',                           '00 00 12',       NOTHING],
  ['authorisation reversed after completion', 'hold; complete; reverse:hold',                   '00 00 12',       [900, 0]],
  ['notice is never reversed',                'hold; notice; reverse',                          '00 00 12',       [900, 0]],
  ['notice after the completion',             'hold; complete; notice',                         '00 00 12',       [900, 0]],
  ['completion refunded',                     'hold; complete; refund',                         '00 00 00',       [500, 0]],
  ['completion void of another amount',       'hold; complete; uncomplete =800',                '00 00 64',       [900, 0]],
  ['completion voided twice',                 'hold; complete; uncomplete; uncomplete',         '00 00 00 12',    [0, 900]],
  ['completion voided after the settlement',  'hold; complete; settle; uncomplete',             '00 00 00:1 12',  [900, 0]],
  ['deposit of too much',                     'deposit =100001',                                '51',             NOTHING],
  ['deposit of a frozen card',                'deposit @frozen',                                '62',             NOTHING],
  ['deposit, wrong PIN',                      'deposit !pin',                                   '55',             NOTHING],
  ['charged twice',                           'deposit; charge; charge =1500',                  '00 00 00',       [2_500, 2_500]],
  ['charged with more than is left',          'deposit; charge; charge =4001',                  '00 00 51',       [1_000, 4_000]],
  ['charged with all, nothing is left',       'deposit; charge =5000; charge =1',               '00 00 12',       [5_000, 0]],
  ['charged after the settlement',            'deposit; settle; charge',                        '00 00:1 00',     [1_000, 4_000]],
  ['charge of nothing',                       'charge',                                         '25',             NOTHING],
  ['charge refunded',                         'deposit; charge; refund',                        '00 00 00',       [600, 4_000]],
  ['charge voided twice',                     'deposit; charge; uncharge; uncharge',            '00 00 00 12',    [0, 5_000]],
  ['charge voided after the settlement',      'deposit; charge; settle; uncharge',              '00 00 00:1 12',  [1_000, 4_000]],
  ['released what is left',                   'deposit; charge; release =4000',                 '00 00 00',       [1_000, 0]],
  ['released more than is left',              'deposit; charge; release',                       '00 00 64',       [1_000, 4_000]],
  ['released twice',                          'deposit; release; release',                      '00 00 12',       NOTHING],
  ['charged after the release',               'deposit; release; charge',                       '00 00 12',       NOTHING],
  ['deposit reversed after a charge',         'deposit; charge; reverse:deposit',               '00 00 12',       [1_000, 4_000]],
  ['deposit asked for',                       'deposit; charge; inquire',                       '00 00 00',       [1_000, 4_000]],
  ['deposit asked for, wrong MAC',            'deposit; inquire !mac',                          '00 A0',          [0, 5_000]],
  ['offline with a poor card',                'offline @poor',                                  '51',             NOTHING],
  ['offline with a card lost since',          'offline @lost =1',                               '00',             NOTHING],
  ['offline with an unknown card',            'offline @unknown',                               '14',             NOTHING],
  ['offline in a batch that is not open',     'offline !batch',                                 '77',             NOTHING],
  ['offline is never reversed',               'offline; reverse',                               '00 12',          [1_000, 0]],
  ['adjusted by the most',                    'offline; adjust =1200',                          '00 00',          [1_200, 0]],
  ['adjusted too high',                       'offline; adjust =1201',                          '00 64',          [1_000, 0]],
  ['adjusted twice',                          'offline; adjust; adjust',                        '00 00 12',       [900, 0]],
  ['adjusted, then voided',                   'offline; adjust; void =900',                     '00 00 00',       NOTHING],
  ['adjusted, then refunded',                 'offline; adjust; refund',                        '00 00 00',       [500, 0]],
  ['adjusted after the void',                 'buy; void; adjust',                              '00 00 12',       NOTHING],
  ['adjusted after the settlement',           'buy; settle; adjust',                            '00 00:1 12',     [1_000, 0]],
  ['adjustment of nothing',                   'adjust',                                         '25',             NOTHING],
  ['adjustment is never reversed',            'buy; adjust; reverse',                           '00 00 12',       [900, 0]],
  ['tip, then voided',                        'buy; tip; void =1100',                           '00 00 00',       NOTHING],
  ['cash onto a lost card',                   'cash @lost',                                     '41',             NOTHING],
  ['cash onto a frozen card',                 'cash @frozen',                                   '62',             NOTHING],
  ['cash of nothing',                         'cash =0',                                        '13',             NOTHING],
  ['cash spent, then reversed',               'cash; buy =102000; reverse:cash',                '00 00 51',       [100_000, 0]],
  ['cash spent, then voided',                 'cash; buy =102000; uncash',                      '00 00 51',       [100_000, 0]],
  ['cash voided with another amount',         'cash; uncash =1999',                             '00 64',          [-2_000, 0]],
  ['cash voided twice',                       'cash; uncash; uncash',                           '00 00 12',       NOTHING],
  ['cash voided after the settlement',        'cash; settle; uncash',                           '00 00:1 12',     [-2_000, 0]],
  ['transfer without PIN',                    'transfer !nopin',                                '55',             NOTHING],
  ['transfer with a wrong PIN',               'transfer !pin',                                  '55',             NOTHING],
  ['transfer to a lost card',                 'transfer !receiver',                             '41',             NOTHING],
  ['transfer of too much',                    'transfer =100001',                               '51',             NOTHING],
  ['scan, a forged code',                     'scan !code',                                     '14',             NOTHING],
  ['scan of too much',                        'scan =100001',                                   '51',             NOTHING],
  ['scan asked for',                          'scan; query',                                    '00 00',          [800, 0]],
  ['scan reversed, asked for',                'scan; reverse; query',                           '00 00 25',       NOTHING],
  ['scan voided, asked for',                  'scan; scanvoid; query',                          '00 00 25',       NOTHING],
  ['scan refunded in part, asked for',        'scan; scanrefund; query',                        '00 00 00',       [500, 0]],
  ['scan refunded too often',                 'scan; scanrefund; scanrefund; scanrefund',       '00 00 00 64',    [200, 0]],
  ['scan voided twice',                       'scan; scanvoid; scanvoid',                       '00 00 12',       NOTHING],
  ['scan voided after a refund',              'scan; scanrefund; scanvoid',                     '00 00 12',       [500, 0]],
  ['scan voided with another amount',         'scan; scanvoid =700',                            '00 64',          [800, 0]],
  ['scan refund is never reversed',           'scan; scanrefund; reverse',                      '00 00 12',       [500, 0]],
  ['scan refunded after the settlement',      'scan; settle; scanrefund',                       '00 00:1 00',     [500, 0]],
  ['order nobody paid',                       'order; query',                                   '00 25',          NOTHING],
  ['order paid',                              'order; pay; query',                              '00 paid 00',     [600, 0]],
  ['order paid twice',                        'order; pay; pay; query',                         '00 paid paid 00', [600, 0]],
  ['order asked for again, then paid',        'order !cut; again; pay; query',                  '- 00 paid 00',   [600, 0]],
  ['order reversed, then paid',               'order; reverse; pay; query',                     '00 00 unpaid 25', NOTHING],
  ['order reversed twice, then paid',         'order; reverse; again; pay',                     '00 00 00 unpaid', NOTHING],
  ['order paid, then reversed',               'order; pay; reverse:order; query',               '00 paid 12 00',  [600, 0]],
  ['order reversed before it comes',          'early order; arrive',                            '00 22',          NOTHING],
  ['order paid, then voided',                 'order; pay; scanvoid =600; query',               '00 paid 00 25',  NOTHING],
  ['order paid after the settlement',         'order; settle; pay',                             '00 00:1 unpaid', NOTHING],
  ['load without PIN',                        'load !nopin',                                    '55',             NOTHING],
  ['load, wrong PIN',                         'load !pin',                                      '55',             NOTHING],
  ['load, wrong MAC1',                        'load !mac1',                                     '59',             NOTHING],
  ['load of too much',                        'load =100001',                                   '61',             NOTHING],
  ['load onto another card’s chip',           'load @second',                                   '14',             NOTHING],
  ['load that the chip never did, then again', 'load; load; prove',                             '00 00 00',       [2_000, 0, 2_000]],
  ['load, a wrong TAC',                       'load; prove !tac',                               '00 59',          [0, 2_000]],
  ['load, a wrong TAC, then the right one',   'load; prove !tac; prove',                        '00 59 00',       [2_000, 0, 2_000]],
  ['load proven twice',                       'load; prove; prove',                             '00 00 00',       [2_000, 0, 2_000]],
  ['load reversed after its proof',           'load; prove; reverse:load',                      '00 00 12',       [2_000, 0, 2_000]],
  ['proof after the settlement',              'load; settle; prove',                            '00 00:1 00',     [2_000, 0, 2_000]],
  ['cash load proven',                        'cashload; prove',                                '00 00',          [0, 0, 2_000]],
  ['unload, wrong MAC1',                      'fill; prove; unload !mac1',                      '00 00 59',       [3_000, 0, 3_000]],
  ['unload, a wrong MAC3, then the right',    'fill; prove; unload; unprove !tac; unprove',     '00 00 00 59 00', [1_800, 0, 1_800]],
  ['unload reversed after its proof',         'fill; prove; unload; unprove; reverse:unload',   '00 00 00 00 12', [1_800, 0, 1_800]],
  ['chip payment, a wrong TAC: grey',         'load; prove; chip !tac',                         '00 00 A2',       [2_000, 0, 2_000]],
  ['grey, told again',                        'load; prove; chip !tac; again',                  '00 00 A2 A2',    [2_000, 0, 2_000]],
  ['grey, then paid by an operator',          'load; prove; chip !tac; accept',                 '00 00 A2',       [2_000, 0, 1_700]],
  ['grey, then rejected by an operator',      'load; prove; chip !tac; reject',                 '00 00 A2',       [2_000, 0, 2_000]],
  ['chip payment is never reversed',          'load; prove; chip; reverse',                     '00 00 00 12',    [2_000, 0, 1_700]],
  ['a batch: paid, grey, known',              'load; prove; chips',                             '00 00 00:012',   [2_000, 0, 1_900]],
  ['a batch told again',                      'load; prove; chips; again',                      '00 00 00:012 00:012', [2_000, 0, 1_900]],
  ['a batch, the line breaks',                'load; prove; chips !cut; again',                 '00 00 - 00:012', [2_000, 0, 1_900]],
  ['a batch with a wrong MAC',                'load; prove; chips !mac; arrive',                '00 00 A0 00:012', [2_000, 0, 1_900]],
  ['settled, totals equal',                   'buy; settle',                                    '00 00:1',        [1_000, 0]],
  ['settled, the line breaks, asked again',   'buy; settle !cut; again',                        '00 - 00:1',      [1_000, 0]],
  ['settled twice',                           'buy; settle; settle',                            '00 00:1 00:1',   [1_000, 0]],
  ['settled after a reversal',                'buy; buy; reverse; settle',                      '00 00 00 00:1',  [1_000, 0]],
  ['totals differ, details uploaded',         'buy; settle !totals; upload; end',               '00 00:2 00 00',  [1_000, 0]],
  ['upload, the line breaks, asked again',    'buy; settle !totals; upload !cut; again; end',   '00 00:2 - 00 00', [1_000, 0]],
  ['end of the upload asked again',           'buy; settle !totals; upload; end; again',        '00 00:2 00 00 00', [1_000, 0]],
  ['an advice that never came is booked',     'buy; settle !totals; advice; end',               '00 00:2 00 00',  [1_500, 0]],
  ['the advice again: once',                  'buy; settle !totals; advice; again',             '00 00:2 00 00',  [1_500, 0]],
  ['the advice, the line breaks',             'buy; settle !totals; advice !cut; again',        '00 00:2 - 00',   [1_500, 0]],
  ['the advice with a wrong MAC',             'buy; settle !totals; advice !mac',               '00 00:2 A0',     [1_000, 0]],
  ['reversal of the batch before',            'buy; settle; reverse:buy',                       '00 00:1 77',     [1_000, 0]],
];

const LINES: Line[] = [
  ...OWN,
  ...crossed(REVERSIBLE, [...WRONG_WITH_ANY, ...WRONG_WITH_REVERSIBLE]),
  ...crossed(FINAL, WRONG_WITH_ANY),
];

t.test('cards of ours: whatever goes wrong, terminal, chip and ledger agree', async (t) => {
  const served = await servedFor(t, 'scenarios-own', SCENARIO_SETTINGS);
  await setTerms(served, 'wallet-code', { seconds: 600 });
  await setTerms(served, 'pin', { triesMax: 3 });
  const world: World = {
    port: () => served.port,
    bank: new BankBehaviours(),
    settled: async () => {},
    control: (name, argument) => control(served, name, argument),
    kill: () => Promise.reject(new Error('nobody is killed here')),
  };
  const players = terminalIds(8).map((id) => new Player(id, world));
  const balances: number[] = [];
  const chips: number[] = [];
  const played = await playAll(
    players,
    LINES.map(([, script]) => script),
    ownCard,
    async (player, index) => {
      balances[index] = await player.balance();
      chips[index] = player.chipFen;
    },
  );
  const reader = openReader(join(served.dataDir, 'ledger'));
  const moved = moneyByCard(reader);
  await reader.close();
  for (const [index, [what, script, codes, money]] of LINES.entries()) {
    const { accountFen = 0, chipFen = 0 } = moved.get(ownCard(index)) ?? {};
    const paidFen = OPENING_FEN - accountFen;
    const heldFen = accountFen - (balances[index] ?? 0);
    const [expectedPaid, expectedHeld, expectedChip = 0] = money;
    const totals = played.settlements[index];
    const seen = { codes: played.codes[index], paidFen, heldFen, chipFen, totals };
    const expected = { codes, paidFen: expectedPaid, heldFen: expectedHeld, chipFen: expectedChip };
    t.strictSame(seen, { ...expected, totals: '00:1' }, `${what}: ${script}`);
  }
  t.equal(await served.stop(), 0, 'it stops cleanly');
  const verified = documentOf(await posp(['ledger', 'verify', '--data', served.dataDir, '--json']));
  t.match(verified, { chainVerified: true, balancesVerified: true, firstBadPosition: null });
  t.equal(verified['debitsFen'], verified['creditsFen']);
});
