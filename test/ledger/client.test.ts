/** The client's door: answers, look-ups, trials, tallies, chains, and what happens when the ledger ends. */
import t from 'tap';
import { idOf, transferId } from '../../ledger/id.ts';
import { splitRequest } from '../../ledger/request.ts';
import { AccountFlag, type Entry, TransferFlag } from '../../ledger/types.ts';
import { accountId, opening, openLedger, payment } from './open-ledger.ts';

const dataDir = t.testdir();
const { ledger, client, submit } = await openLedger(dataDir);
await submit(opening({ till: 0, card: AccountFlag.debitsMustNotExceedCredits, merchant: 0 }));

t.test('the same entry twice moves money once and has one answer', async (t) => {
  const entry = payment('twice', 'till', 'card', 100);
  const [first, second] = await Promise.all([submit(entry), submit(entry)]);
  t.equal(first.status, 'applied');
  t.strictSame(second, { ...first, status: 'exists', recorded: 'applied' });
  t.equal(first.outcomes[0]?.credit.creditsPostedFen, 100);
  t.equal(first.businessDate, '20260105');
});

t.test('answers come in order, also across groups, with times that increase', async (t) => {
  const answers = await Promise.all(
    Array.from({ length: 20_000 }, (_, i) => submit(payment(`order ${i}`, 'till', 'merchant', 1))),
  );
  const unordered = answers.filter(({ position, timestampUs }, i) => {
    const before = answers[i - 1];
    return before && (position !== before.position + 1 || timestampUs <= before.timestampUs);
  });
  t.strictSame(unordered, []);
  t.equal(answers.at(-1)?.outcomes[0]?.credit.creditsPostedFen, 20_000);
});

t.test('many entries at once are answered as each alone would be', async (t) => {
  const entry = payment('', 'till', 'merchant', 1);
  function* payments(from: number, count: number): Iterable<Entry> {
    for (let i = from; i < from + count; i++) {
      entry.id = idOf('many', String(i));
      yield entry;
    }
  }
  // Lone entries between them, and turns of the event loop, so that several groups are on their way.
  const waiting = [];
  for (let turn = 0; turn < 12; turn++) {
    waiting.push(
      client.submitMany(payments(turn * 500, 1500)),
      submit(payment(`l${turn}`, 'till', 'merchant', 1)),
    );
    await new Promise(setImmediate);
  }
  const answers = new Map<string, string>();
  let number = 0;
  for (const answer of await Promise.all(waiting)) {
    if ('status' in answer) {
      t.equal(answer.status, 'applied');
      continue;
    }
    t.equal(answer.length, 1500);
    t.equal(answer.countDone(), 1500);
    const statuses = answer.statuses();
    for (const [index, { status, recorded, ...result }] of [...answer].entries()) {
      const name = String(number * 500 + index);
      const known = answers.get(name);
      const [expected, first] =
        known === undefined ? ['applied', undefined] : ['exists', 'applied'];
      const text = JSON.stringify(result);
      const right = status === expected && recorded === first && statuses[index] === status;
      if (!right || (known ?? text) !== text) t.fail(`entry ${name}: ${status} ${text} ${known}`);
      answers.set(name, text);
    }
    number++;
  }
  t.equal(answers.size, 11 * 500 + 1500);
  t.equal((await client.submitMany([])).length, 0);
  t.strictSame(await client.accounts([]), []);
});

t.test('a mistake among many submits none of them', async (t) => {
  const good = payment('good of many', 'till', 'card', 1);
  t.throws(() => client.submitMany([good, payment('bad', 'till', 'card', -1)]), /-1/);
  t.strictSame(await client.entries([good.id]), [null]);
});

t.test('a trial says what would be and leaves no trace', async (t) => {
  const entry = payment('trial', 'card', 'merchant', 40);
  const trial = await client.submit(entry, { dryRun: true });
  t.equal(trial.status, 'applied');
  t.equal(trial.position, 0);
  t.equal(trial.outcomes[0]?.debit.debitsPostedFen, 40);
  t.strictSame(await client.entries([entry.id]), [null]);
  t.equal((await submit(entry)).status, 'applied');
});

t.test('an entry is whole or nothing', async (t) => {
  const entry: Entry = {
    ...payment('whole', 'till', 'merchant', 5),
    tallies: [{ subject: idOf('day total'), amountFen: 5, count: 1 }],
  };
  entry.transfers!.push({
    ...entry.transfers![0]!,
    debitAccount: accountId('card'),
    amountFen: 999,
  });
  const before = await client.accounts([accountId('till')]);
  const refused = await submit(entry);
  t.equal(refused.status, 'exceeds_credits');
  t.equal(refused.failedIndex, 1);
  t.strictSame(await client.accounts([accountId('till')]), before);
  t.strictSame(await client.tallies([idOf('day total')]), [{ amountFen: 0, count: 0 }]);
  t.equal((await submit(entry)).status, 'id_already_failed', 'the id stays refused');
});

t.test('tallies end with the day, with a reset, or stay', async (t) => {
  const subjects = { day: idOf('s day'), batch: idOf('s batch'), long: idOf('s long') };
  const names = ['day', 'batch', 'long'] as const;
  await submit({
    id: idOf('tally moves'),
    institution: 'h1',
    tallies: names.map((until) => ({ subject: subjects[until], amountFen: 7, count: 1, until })),
  });
  const fact = { businessDayClosed: { date: '20260105', nextDate: '20260106' } };
  const closing = await submit({ id: idOf('closing'), institution: 'h1', fact });
  t.equal(closing.businessDate, '20260105', 'the closing belongs to the day it closes');
  const kept = { amountFen: 7, count: 1 };
  const none = { amountFen: 0, count: 0 };
  t.strictSame(await client.tallies(Object.values(subjects)), [none, kept, kept]);
  const reset = { subject: subjects.batch, amountFen: 0, count: 0, reset: true };
  const after = await submit({ id: idOf('reset'), institution: 'h1', tallies: [reset] });
  t.equal(after.businessDate, '20260106');
  t.strictSame(after.tallies, [none]);
});

t.test('a freeze stops new debits, not what was reserved', async (t) => {
  const reserved = payment('reserved', 'card', 'merchant', 10, { flags: TransferFlag.pending });
  await submit(reserved);
  const freeze = { account: accountId('card'), debitsFrozen: true, creditsFrozen: false };
  await submit({ id: idOf('freeze'), institution: 'h1', freezes: [freeze] });
  t.equal((await submit(payment('frozen', 'card', 'merchant', 1))).status, 'debit_account_frozen');
  t.equal((await submit(payment('refund', 'merchant', 'card', 1))).status, 'applied');
  const post = { pendingId: reserved.id, flags: TransferFlag.postPending, amountFen: 6 };
  const posted = await submit({ id: idOf('post'), institution: 'h1', transfers: [post] });
  t.equal(posted.status, 'applied');
  t.equal(posted.outcomes[0]?.debit.debitsPendingFen, 0, 'the rest is released');
});

t.test('closing and opening again', async (t) => {
  const flags = TransferFlag.pending | TransferFlag.closingDebit;
  const closing = payment('close', 'merchant', 'till', 0, { flags });
  await submit(closing);
  const refused = await submit(payment('shut', 'merchant', 'till', 1));
  t.equal(refused.status, 'debit_account_already_closed');
  const voiding = { pendingId: closing.id, flags: TransferFlag.voidPending };
  await submit({ id: idOf('reopen'), institution: 'h1', transfers: [voiding] });
  t.equal((await submit(payment('open again', 'merchant', 'till', 1))).status, 'applied');
});

t.test('the second transfer of an entry can be named', async (t) => {
  const entry = payment('two', 'till', 'merchant', 1);
  entry.transfers!.push({ ...entry.transfers![0]!, flags: TransferFlag.pending, amountFen: 9 });
  await submit(entry);
  const pendingId = transferId(entry.id, 1);
  const transfers = [{ pendingId, flags: TransferFlag.postPending }];
  const posted = await submit({ id: idOf('post of two'), institution: 'h1', transfers });
  t.equal(posted.outcomes[0]?.amountFen, 9);
});

t.test('linked transfers of a request become entries', async (t) => {
  const { linked } = TransferFlag;
  const made = (name: string, flags = 0) => ({
    ...payment(name, 'till', 'merchant', 1).transfers![0]!,
    id: idOf('linked', name),
    flags,
  });
  const request = [made('a', linked), made('b', linked), made('c'), made('d')];
  const entries = splitRequest('h1', request);
  t.strictSame(
    entries.map(({ transfers }) => transfers?.length),
    [3, 1],
  );
  for (const entry of entries) t.equal((await submit(entry)).status, 'applied');
  const [again] = splitRequest('h1', [made('b')]);
  const answer = await submit(again!);
  t.equal(answer.status, 'exists_with_different_transfer_count', 'b is known, within a chain');
  t.throws(() => splitRequest('h1', [made('e', linked)]), { code: 'linked_event_chain_open' });
});

t.test('mistakes of the caller throw at once and disturb nobody', async (t) => {
  t.throws(() => submit(payment('half', 'till', 'card', 0.5)), /0\.5/);
  t.throws(() => submit({ id: new Uint8Array(3), institution: 'h1' }), /16 bytes/);
  t.throws(() => submit({ ...payment('x', 'till', 'card', 1), fact: {} }), /exactly one/);
  t.equal((await submit(payment('after', 'till', 'merchant', 1))).status, 'applied');
});

t.test('stopping answers what has arrived and rejects what comes after', async (t) => {
  const last = submit(payment('last', 'till', 'merchant', 1));
  await new Promise(setImmediate);
  await ledger.stop();
  t.equal((await last).status, 'applied');
  await t.rejects(submit(payment('too late', 'till', 'merchant', 1)), { code: 'writer_stopped' });
  const again = await openLedger(dataDir);
  t.equal(again.ledger.recovery.replayedRecords, 0, 'nothing to replay after a stop in order');
  const [known] = await again.client.entries([idOf('payment', 'last')]);
  t.equal(known?.status, 'applied');
  await again.ledger.stop();
});
