import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { askControl } from '../../api/control.ts';
import type { Behaviour } from '../../simulators/host/behaviour.ts';
import { bankCard, bankHost, bankSettings, simulatorHsm, until } from '../support/bank.ts';
import { OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { documentOf, posp } from '../support/posp.ts';
import { serve, temporaryFolder } from '../support/serve.ts';

/** [when the process is killed, what the bank does, what a repeat gets, what the bank owes then (fen)] */
type Line = [when: string, behaviour: Behaviour, repeated: string, owedFen: number];

// biome-ignore format: a table, one case a line.
const LINES: Line[] = [
  ['after the answer has left',                        'approve', '00', 1000],
  ['when the bank has booked and not answered',        'silent',  '98',    0],
  ['when the request has left and never arrived',      'lost',    '98',    0],
  ['after the decline has left',                       'decline', '51',    0],
];

t.test('killed between two steps, one by one', async (t) => {
  const hsm = await simulatorHsm();
  let behaviour: Behaviour = 'approve';
  const bank = await bankHost(hsm, { behave: () => behaviour });
  const port = await bank.listen(0);
  const folder = temporaryFolder('kills');
  const dataDir = join(folder, 'data');
  const settings = bankSettings(port, { POSP__HOSTS__0__ANSWER_TIMEOUT_MS: '20000' });
  let served = await serve(dataDir, settings);
  t.teardown(async () => {
    await served.kill();
    await bank.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const isUp = async () => {
    const asked = (await askControl(dataDir, 'hosts/status', {})) as {
      result: { state: string }[];
    };
    return asked.result[0]?.state === 'up';
  };
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  let reference = '';
  for (const [index, [when, does, repeated, owedFen]] of LINES.entries()) {
    await terminal.connect(served.port);
    await terminal.signIn();
    await until(isUp, 'the bank is signed on to');
    behaviour = does;
    const card = bankCard(500 + index).number;
    const frame = terminal.purchase(card, 1_000);
    const asked = new Promise<void>((seen) => bank.once('request', () => seen()));
    const answer = terminal.ask(frame);
    await asked;
    if (does === 'approve' || does === 'decline') await answer;
    await served.kill();
    await answer;
    behaviour = 'approve';
    served = await serve(dataDir, settings);
    await until(async () => {
      const owed = (await askControl(dataDir, 'saf/list', {})) as { result: unknown[] };
      return owed.result.length === 0;
    }, 'nothing is owed to the bank');
    await terminal.connect(served.port);
    const again = await terminal.ask(frame);
    t.equal(again?.fields.get(39), repeated, `${when}: the repeat`);
    reference = again?.fields.get(37) ?? reference;
    const standing = bank.books.bookings.filter(
      (one) => one.cardNumber === card && one.state === 'booked',
    );
    const fen = standing.reduce((sum, one) => sum + one.owedFen, 0);
    t.equal(fen, owedFen, `${when}: the bank’s books`);
    terminal.disconnect();
  }
  const story = documentOf(await posp(['trace', reference, '--data', dataDir, '--json']));
  const steps = (story['records'] as { step: string }[]).map(({ step }) => step);
  t.strictSame(steps, ['purchase: host asked', 'purchase: result'], 'the story of the last one');
  await served.kill();
  const verified = documentOf(await posp(['ledger', 'verify', '--data', dataDir, '--json']));
  t.match(verified, { chainVerified: true, balancesVerified: true, firstBadPosition: null });
});
