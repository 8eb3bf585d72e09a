import { join } from 'node:path';
import t from 'tap';
import { askControl } from '../../api/control.ts';
import { openReader } from '../../ledger/reader.ts';
import { bankCard, bankHost, bankSettings, simulatorHsm, until } from '../support/bank.ts';
import { OUTPATIENT } from '../support/cards.ts';
import { owedByCard } from '../support/host-books.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { documentOf, posp } from '../support/posp.ts';
import { servedFor } from '../support/serve.ts';
import { Behaviours, runScript } from './scenario.ts';

/** [what, script, field 39 of each answer, what the bank owes us for the card in the end (fen)] */
type Line = [what: string, script: string, codes: string, owedFen: number];

// biome-ignore format: a table, one case a line.
const LINES: Line[] = [
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
];

const TERMINALS = 16;

t.test('whatever goes wrong, terminal, ledger and bank agree', async (t) => {
  const hsm = await simulatorHsm();
  const behaviours = new Behaviours();
  const { behave, behaveToReversal } = behaviours;
  const bank = await bankHost(hsm, { behave, behaveToReversal, lateMs: 2_200 });
  const port = await bank.listen(0);
  t.teardown(() => bank.close());
  // One short connection for each message: a line that drops must not touch the neighbours' cases.
  const settings = bankSettings(port, { POSP__HOSTS__0__CONNECTION: 'short' });
  const served = await servedFor(t, 'scenarios', settings);
  await until(() => bank.signOns > 0, 'sign-on');

  const owed = async () => {
    const asked = (await askControl(served.dataDir, 'saf/list', {})) as {
      result: { terminalId: string }[];
    };
    return asked.result;
  };
  const settled = (terminalId: string) =>
    until(async () => (await owed()).every((one) => one.terminalId !== terminalId), terminalId);

  const card = (index: number) => bankCard(index + 1).number;
  const found: string[] = [];
  const working = Array.from({ length: TERMINALS }, async (_, at) => {
    const terminal = new OutsideTerminal(String(10_000_001 + at), OUTPATIENT);
    await terminal.connect(served.port);
    await terminal.signIn();
    for (let index = at; index < LINES.length; index += TERMINALS) {
      found[index] = await runScript(LINES[index]![1], card(index), terminal, behaviours, settled);
    }
    terminal.disconnect();
  });
  await Promise.all(working);
  await until(async () => (await owed()).length === 0, 'all that was owed is confirmed');

  const reader = openReader(join(served.dataDir, 'ledger'));
  const ours = owedByCard(reader);
  await reader.close();
  const theirs = new Map<string, number>();
  for (const { cardNumber, owedFen, state } of bank.books.bookings) {
    if (state === 'booked') theirs.set(cardNumber, (theirs.get(cardNumber) ?? 0) + owedFen);
  }
  for (const [index, [what, script, codes, owedFen]] of LINES.entries()) {
    const seen = {
      codes: found[index],
      ledgerFen: ours.get(card(index)) ?? 0,
      bankFen: theirs.get(card(index)) ?? 0,
    };
    t.strictSame(seen, { codes, ledgerFen: owedFen, bankFen: owedFen }, `${what}: ${script}`);
  }
  t.equal(await served.stop(), 0, 'it stops cleanly');
  const verified = documentOf(await posp(['ledger', 'verify', '--data', served.dataDir, '--json']));
  t.match(verified, { chainVerified: true, balancesVerified: true, firstBadPosition: null });
  t.equal(verified['debitsFen'], verified['creditsFen']);
});
