import t from 'tap';
import { askControl } from '../../api/control.ts';
import {
  bankCard,
  bankHost,
  bankSettings,
  signedInTerminal,
  simulatorHsm,
  until,
} from '../support/bank.ts';
import { servedFor } from '../support/serve.ts';

t.test('a bank that books after it has refused the reversal is told once more', async (t) => {
  const hsm = await simulatorHsm();
  // It thinks for longer than we wait, and forgets a reversal that it had nothing for.
  const behave = () => 'slow' as const;
  const bank = await bankHost(hsm, { behave, remembersReversals: false });
  const port = await bank.listen(0);
  t.teardown(() => bank.close());
  const settings = bankSettings(port, { POSP__HOSTS__0__ANSWER_TIMEOUT_MS: '200' });
  const served = await servedFor(t, 'late-approval', settings);
  await until(() => bank.signOns > 0, 'signed on');
  const terminal = await signedInTerminal(hsm, served.port, '10000001');
  t.teardown(() => terminal.close());
  const card = bankCard(7);
  const { responseCode } = await terminal.purchase(card, 1_000);
  t.equal(responseCode, '98');
  const states = () => bank.books.bookings.map(({ state }) => state).join();
  await until(() => states() === 'reversed', 'booked, and taken back');
  await until(async () => {
    const { result } = (await askControl(served.dataDir, 'saf/list', {})) as { result: object[] };
    return result.length === 0;
  }, 'nothing is owed to the bank');
});
