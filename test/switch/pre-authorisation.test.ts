import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { CARD } from '../support/cards.ts';
import { control, setTerms } from '../support/control.ts';
import { Desk } from '../support/desk.ts';
import { documentOf, posp } from '../support/posp.ts';
import { servedFor } from '../support/serve.ts';

const FULL = 100_000;

type Step = [what: string, step: (desk: Desk) => Promise<string>, code: string, available: number];

// biome-ignore format: a scenario, one step a line: what is done, the answer, what the card can spend then.
const SCENARIO: Record<string, { pan: string; steps: Step[] }> = {
  'completed for less': { pan: CARD.good, steps: [
    ['held with PIN',               (d) => d.act('pre-auth', { pan: CARD.good, fen: 30_000, pin: '123456', as: 'a' }), '00', FULL - 30_000],
    ['told again',                  (d) => d.repeat('a'), '00', FULL - 30_000],
    ['a wrong PIN holds nothing',   (d) => d.act('pre-auth', { pan: CARD.good, fen: 1, pin: '111111' }), '55', FULL - 30_000],
    ['nothing',                     (d) => d.act('pre-auth', { pan: CARD.good, fen: 0 }), '13', FULL - 30_000],
    ['dollars',                     (d) => d.act('pre-auth', { pan: CARD.good, fen: 1, extra: { 49: '840' } }), 'A1', FULL - 30_000],
    ['more than there is',          (d) => d.act('pre-auth', { pan: CARD.good, fen: 70_001 }), '51', FULL - 30_000],
    ['completed with another card', (d) => d.act('completion', { of: 'a', pan: CARD.second, fen: 20_000 }), '25', FULL - 30_000],
    ['completed too high',          (d) => d.act('completion', { of: 'a', fen: 34_501 }), '64', FULL - 30_000],
    ['completed, the rest let go',  (d) => d.act('completion', { of: 'a', fen: 20_000, as: 'c' }), '00', FULL - 20_000],
    ['told again',                  (d) => d.repeat('c'), '00', FULL - 20_000],
    ['completed twice',             (d) => d.act('completion', { of: 'a', fen: 20_000 }), '12', FULL - 20_000],
    ['voided after completion',     (d) => d.act('pre-auth-void', { of: 'a', fen: 30_000 }), '12', FULL - 20_000],
    ['the hold reversed after it',  (d) => d.reverse('a'), '12', FULL - 20_000],
    ['completion void, too little', (d) => d.act('completion-void', { of: 'c', fen: 19_999 }), '64', FULL - 20_000],
    ['completion void',             (d) => d.act('completion-void', { of: 'c', fen: 20_000, as: 'cv' }), '00', FULL - 20_000],
    ['twice',                       (d) => d.act('completion-void', { of: 'c', fen: 20_000 }), '12', FULL - 20_000],
    ['the void reversed: paid',     (d) => d.reverse('cv'), '00', FULL - 20_000],
    ['void again',                  (d) => d.act('completion-void', { of: 'c', fen: 20_000 }), '00', FULL - 20_000],
    ['held again: let go',          (d) => d.act('pre-auth-void', { of: 'a', fen: 30_000 }), '00', FULL],
  ] },
  'over-completed': { pan: CARD.second, steps: [
    ['held',                        (d) => d.act('pre-auth', { pan: CARD.second, fen: 10_000, as: 'a' }), '00', FULL - 10_000],
    ['115 %',                       (d) => d.act('completion', { of: 'a', fen: 11_500, as: 'c' }), '00', FULL - 11_500],
    ['reversed: held again',        (d) => d.reverse('c'), '00', FULL - 10_000],
    ['once',                        (d) => d.reverse('c'), '00', FULL - 10_000],
    ['by notice, by field 38',      (d) => d.act('completion-notice', { of: 'a', fen: 9_000, without: [37, 61] }), '00', FULL - 9_000],
    ['by notice again',             (d) => d.act('completion-notice', { of: 'a', fen: 9_000 }), '12', FULL - 9_000],
  ] },
  'reversed and voided': { pan: CARD.third, steps: [
    ['reversed before',             (d) => d.reverseFirst('pre-auth', { pan: CARD.third, fen: 500 }), '00 22', FULL],
    ['held',                        (d) => d.act('pre-auth', { pan: CARD.third, fen: 5_000, as: 'a' }), '00', FULL - 5_000],
    ['reversed, another amount',    (d) => d.reverse('a', 4_000), '64', FULL - 5_000],
    ['held again',                  (d) => d.act('pre-auth', { pan: CARD.third, fen: 6_000, as: 'b' }), '00', FULL - 11_000],
    ['reversed',                    (d) => d.reverse('b'), '00', FULL - 5_000],
    ['again',                       (d) => d.reverse('b'), '00', FULL - 5_000],
    ['completed after it',          (d) => d.act('completion', { of: 'b', fen: 6_000 }), '12', FULL - 5_000],
    ['void, another amount',        (d) => d.act('pre-auth-void', { of: 'a', fen: 4_999 }), '64', FULL - 5_000],
    ['void',                        (d) => d.act('pre-auth-void', { of: 'a', fen: 5_000, as: 'v' }), '00', FULL],
    ['void twice',                  (d) => d.act('pre-auth-void', { of: 'a', fen: 5_000 }), '12', FULL],
    ['void reversed: held',         (d) => d.reverse('v'), '00', FULL - 5_000],
    ['void again',                  (d) => d.act('pre-auth-void', { of: 'a', fen: 5_000 }), '00', FULL],
    ['unknown original',            (d) => d.act('completion', { pan: CARD.third, fen: 1, extra: { 37: '000000099999' } }), '25', FULL],
    ['no original named',           (d) => d.act('completion', { pan: CARD.third, fen: 1 }), '25', FULL],
  ] },
};

t.test('pre-authorisations', async (t) => {
  const served = await servedFor(t, 'pre-auth');
  const desk = await Desk.at(served.port);
  t.teardown(() => desk.disconnect());
  for (const [name, { pan, steps }] of Object.entries(SCENARIO)) {
    for (const [what, step, code, available] of steps) {
      t.equal(await step(desk), code, `${name}: ${what}: ${code}`);
      t.equal(await desk.balance(pan), available, `${name}: ${what}: ${available} fen to spend`);
    }
  }
});

t.test('the ledger lets go of what is not completed in time', async (t) => {
  const served = await servedFor(t, 'expiry');
  await setTerms(served, 'pre-authorisation', { validSeconds: 1 });
  const desk = await Desk.at(served.port);
  t.teardown(() => desk.disconnect());
  t.equal(await desk.act('pre-auth', { pan: CARD.good, fen: 30_000, as: 'a' }), '00');
  t.equal(await desk.balance(CARD.good), FULL - 30_000);
  for (let look = 0; look < 100 && (await desk.balance(CARD.good)) !== FULL; look++) {
    await sleep(100);
  }
  t.equal(await desk.balance(CARD.good), FULL, 'the money is free again');
  t.equal(await desk.act('completion', { of: 'a', fen: 30_000 }), '22', 'too late to complete');
  t.strictSame(await control(served, 'held'), [], 'nothing is listed as held');
  desk.disconnect();
  t.equal(await served.stop(), 0);
  const verified = await posp(['ledger', 'verify', '--data', served.dataDir, '--json']);
  t.equal(documentOf(verified)['balancesVerified'], true, 'the expiry is in the journal');
});

t.test('a deposit is charged over days and released', async (t) => {
  const served = await servedFor(t, 'deposit');
  const desk = await Desk.at(served.port);
  t.teardown(() => desk.disconnect());
  const pan = CARD.good;
  // biome-ignore format: a scenario, one step a line.
  const steps: Step[] = [
    ['held',                     (d) => d.act('deposit', { pan, fen: 50_000, pin: '123456', as: 'a' }), '00', FULL - 50_000],
    ['charged',                  (d) => d.act('deposit-charge', { of: 'a', fen: 12_000, as: 'x' }), '00', FULL - 50_000],
    ['told again',               (d) => d.repeat('x'), '00', FULL - 50_000],
    ['charged again',            (d) => d.act('deposit-charge', { of: 'a', fen: 3_000, as: 'y' }), '00', FULL - 50_000],
    ['more than is held',        (d) => d.act('deposit-charge', { of: 'a', fen: 35_001 }), '51', FULL - 50_000],
    ['a charge reversed',        (d) => d.reverse('y'), '00', FULL - 50_000],
    ['once',                     (d) => d.reverse('y'), '00', FULL - 50_000],
    ['a charge voided',          (d) => d.act('deposit-charge-void', { of: 'x', fen: 12_000, as: 'xv' }), '00', FULL - 50_000],
    ['twice',                    (d) => d.act('deposit-charge-void', { of: 'x', fen: 12_000 }), '12', FULL - 50_000],
    ['the void reversed',        (d) => d.reverse('xv'), '00', FULL - 50_000],
    ['released, another amount', (d) => d.act('deposit-release', { of: 'a', fen: 50_000 }), '64', FULL - 50_000],
    ['asked',                    (d) => d.act('deposit-inquiry', { of: 'a' }), '00', FULL - 50_000],
    ['reversed after a charge',  (d) => d.reverse('a'), '12', FULL - 50_000],
    ['released',                 (d) => d.act('deposit-release', { of: 'a', fen: 38_000, as: 'r' }), '00', FULL - 12_000],
    ['release reversed: held',   (d) => d.reverse('r'), '00', FULL - 50_000],
    ['released again',           (d) => d.act('deposit-release', { of: 'a', fen: 38_000 }), '00', FULL - 12_000],
    ['charged after it',         (d) => d.act('deposit-charge', { of: 'a', fen: 1 }), '12', FULL - 12_000],
    ['a charge refunded',        (d) => d.act('refund', { of: 'x', fen: 2_000 }), '00', FULL - 10_000],
  ];
  for (const [what, step, code, available] of steps) {
    t.equal(await step(desk), code, `${what}: ${code}`);
    t.equal(await desk.balance(pan), available, `${what}: ${available} fen to spend`);
    if (what === 'asked') t.match(desk.last.fields.get(54), /^1002156C000000038000$/);
    if (what !== 'charged again') continue;
    const held = await control(served, 'held');
    t.match(held, [{ kind: 'deposit', heldFen: 35_000, chargedFen: 15_000 }]);
  }
});
