import t from 'tap';
import { CARD } from '../support/cards.ts';
import { Desk } from '../support/desk.ts';
import { documentOf, posp } from '../support/posp.ts';
import { servedFor } from '../support/serve.ts';

const DESKS = 6;

t.test('of several changes of one hold at once, each that fits is done and no other', async (t) => {
  const served = await servedFor(t, 'hold-races', { POSP__SWITCH_WORKERS: '2' });
  const desks: Desk[] = [];
  for (let at = 1; at <= DESKS; at++) desks.push(await Desk.at(served.port, `1000000${at}`));
  const [first] = desks as [Desk];
  const shareOriginal = (as: string) => {
    for (const desk of desks) desk.done.set(as, first.done.get(as)!);
  };
  const together = (kind: string, as: string, fen: number) =>
    Promise.all(
      desks.map((desk) => {
        // The original is another terminal's: only field 37 names it for all.
        return desk.act(kind, { of: as, fen, without: [61] });
      }),
    );

  t.equal(await first.act('deposit', { pan: CARD.good, fen: 4_000, as: 'd' }), '00');
  shareOriginal('d');
  const charges = await together('deposit-charge', 'd', 1_000);
  const count = (codes: string[], code: string) => codes.filter((c) => c === code).length;
  t.equal(count(charges, '00'), 4, 'a deposit of 4,000 bears four charges of 1,000');
  t.equal(count(charges, '00') + count(charges, '12') + count(charges, '51'), DESKS);
  t.equal(await first.balance(CARD.good), 96_000);

  t.equal(await first.act('pre-auth', { pan: CARD.second, fen: 5_000, as: 'p' }), '00');
  shareOriginal('p');
  const completions = await together('completion', 'p', 5_000);
  t.equal(count(completions, '00'), 1, 'a pre-authorisation is completed once');
  t.equal(count(completions, '12'), DESKS - 1);
  t.equal(await first.balance(CARD.second), 95_000);

  for (const desk of desks) desk.disconnect();
  t.equal(await served.stop(), 0, 'and the switch goes on');
  const verified = documentOf(await posp(['ledger', 'verify', '--data', served.dataDir, '--json']));
  t.equal(verified['balancesVerified'], true);
});
