/**
 * Every answer of the ledger, one line a case: what is asked of a fixed world, and the status. Lines
 * with two faults show which one is named: the order of precedence is the order of ENTRY_STATUSES.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { idOf, idToHex } from '../../ledger/id.ts';
import { registryChange } from '../../ledger/registry.ts';
import { AccountFlag, type Entry, TransferFlag, type TransferInput } from '../../ledger/types.ts';
import { BY, accountId as id, opening, openLedger, payment } from './open-ledger.ts';

const { debitsMustNotExceedCredits, creditsMustNotExceedDebits, history } = AccountFlag;
const { debitsFrozen, creditsFrozen, closed } = AccountFlag;
const { pending, postPending, voidPending, balancingDebit, closingDebit, closingCredit } =
  TransferFlag;
const MAX = Number.MAX_SAFE_INTEGER;

const { ledger, client, submit } = await openLedger(t.testdir());
t.teardown(() => ledger.stop());

/** a, b: free. card: may spend 100. purse: may be paid 50. */
const world: Entry[] = [
  opening({
    a: 0,
    b: 0,
    card: debitsMustNotExceedCredits,
    purse: creditsMustNotExceedDebits,
    usd: { ledger: 840 },
    noDebit: debitsFrozen,
    noCredit: creditsFrozen,
    shut: 0,
    shut2: 0,
    full: 0,
    nearlyFull: 0,
    other: 0,
    sink: 0,
  }),
  payment('card', 'a', 'card', 100),
  payment('purse', 'purse', 'b', 50),
  payment('shut', 'shut', 'b', 0, { flags: pending | closingDebit }),
  payment('shut2', 'b', 'shut2', 0, { flags: pending | closingCredit }),
  payment('open', 'a', 'b', 30, { flags: pending }),
  payment('posted', 'a', 'b', 30, { flags: pending }),
  resolving('posting', 'posted', postPending),
  payment('voided', 'a', 'b', 30, { flags: pending }),
  resolving('voiding', 'voided', voidPending),
  payment('expired', 'a', 'b', 30, { flags: pending, timeoutSeconds: 1 }),
  payment('full', 'full', 'other', MAX - 5),
  payment('nearlyFull', 'nearlyFull', 'other', 4),
  payment('reserved', 'nearlyFull', 'sink', MAX - 10, { flags: pending }),
  {
    id: idOf('tally'),
    institution: 'h1',
    tallies: [{ subject: idOf('s'), amountFen: 5, count: 1 }],
  },
  {
    id: idOf('setting'),
    institution: 'h1',
    registry: [registryChange('setting', 'x', { value: '1' }, BY)],
  },
  { id: idOf('blocking'), institution: 'h1', blocks: [idOf('payment', 'blocked')] },
];
for (const entry of world) {
  const { status } = await submit(entry);
  if (status !== 'applied') t.fail(`the world cannot be made: ${status}`);
}
await submit(payment('refused', 'card', 'a', 101));
// Its expiry is a record of its own, which the ledger makes when the second is over.
const expiry = idOf('transfer-expired', idToHex(idOf('payment', 'expired')));
while ((await client.entries([expiry]))[0] === null) await sleep(50);

function resolving(
  name: string,
  of: string,
  flags: number,
  more: Partial<TransferInput> = {},
): Entry {
  const transfer = { pendingId: idOf('payment', of), flags, ...more };
  return { id: idOf('payment', name), institution: 'h1', transfers: [transfer] };
}

let count = 0;
/** A payment of 1 from a to b, with something else about it. */
function pay(more: Partial<TransferInput>): Entry {
  return payment(`case ${count++}`, 'a', 'b', 1, more);
}
function between(debit: string, credit: string, amountFen: number, more = {}): Entry {
  return payment(`case ${count++}`, debit, credit, amountFen, more);
}
function resolve(of: string, flags: number, more: Partial<TransferInput> = {}): Entry {
  return resolving(`case ${count++}`, of, flags, more);
}
function entry(parts: Partial<Entry>): Entry {
  return { id: idOf('case', String(count++)), institution: 'h1', ...parts };
}
function without(field: keyof TransferInput, made: Entry): Entry {
  const { [field]: _, ...transfer } = made.transfers![0]!;
  return { ...made, transfers: [transfer] };
}
const open = (name: string, flags: number, ledger = 156, code = 1) =>
  entry({ accounts: [{ id: id(name), ledger, code, flags }] });
const card = { fact: { businessDayClosed: { date: '20260106', nextDate: '20260107' } } };
const tally = (more: object) =>
  entry({ tallies: [{ subject: idOf('s'), amountFen: 1, count: 1, ...more }] });
const again = (more: Partial<TransferInput>) =>
  payment('open', 'a', 'b', 30, { flags: pending, ...more });

// biome-ignore format: one case a line
const cases: [string, Entry, string][] = [
  ['a plain transfer',                        pay({}),                                                'applied'],
  ['an amount of nothing',                    pay({ amountFen: 0 }),                                  'applied'],
  ['the same again',                          again({}),                                              'exists'],
  ['again, one transfer more',                { ...again({}), transfers: [] },                        'exists_with_different_transfer_count'],
  ['again, other flags and amount',           again({ flags: 0, amountFen: 1 }),                      'exists_with_different_flags'],
  ['again, other pending id and timeout',     again({ pendingId: id('a'), timeoutSeconds: 1 }),       'exists_with_different_pending_id'],
  ['again, other timeout and accounts',       again({ timeoutSeconds: 1, debitAccount: id('x') }),    'exists_with_different_timeout'],
  ['again, other debit and credit account',   again({ debitAccount: id('x'), creditAccount: id('x') }), 'exists_with_different_debit_account'],
  ['again, other credit account and amount',  again({ creditAccount: id('x'), amountFen: 1 }),        'exists_with_different_credit_account'],
  ['again, other amount and ledger',          again({ amountFen: 31, ledger: 840 }),                  'exists_with_different_amount'],
  ['again, other ledger and code',            again({ ledger: 840, code: 2 }),                        'exists_with_different_ledger'],
  ['again, other code and transfer id',       again({ code: 2, id: id('x') }),                        'exists_with_different_code'],
  ['again, other transfer id',                again({ id: id('x') }),                                 'exists_with_different_transfer_id'],
  ['again in an unknown institution',         { ...again({}), institution: 'nobody' },                'exists'],
  ['a refused id, now without the fault',     payment('refused', 'a', 'b', 1),                        'id_already_failed'],
  ['a blocked id',                            payment('blocked', 'a', 'b', 1),                        'blocked'],
  ['an unknown institution',                  entry({ institution: 'nobody', blocks: [idOf('opening')] }), 'institution_not_found'],
  ['blocking what was applied',               entry({ blocks: [idOf('new'), idOf('opening')] }),      'blocked_id_exists'],
  ['blocking what was refused',               entry({ blocks: [idOf('payment', 'refused')] }),        'applied'],
  ['opening again, other flags and ledger',   open('a', history, 840),                                'account_exists_with_different_flags'],
  ['opening again, other ledger and code',    open('a', 0, 840, 2),                                   'account_exists_with_different_ledger'],
  ['opening again, other code',               open('a', 0, 156, 2),                                   'account_exists_with_different_code'],
  ['opening again',                           open('a', 0),                                           'account_exists'],
  ['both limits and the closed flag',         open('n', 3 | closed),                                  'account_flags_are_mutually_exclusive'],
  ['opening a closed account, no ledger',     open('n', closed, 0),                                   'account_flags_reserved'],
  ['an account id of zeros',                  entry({ accounts: [{ id: new Uint8Array(16), ledger: 0, code: 0 }] }), 'account_id_must_not_be_zero'],
  ['an account of no ledger and no code',     open('n', 0, 0, 0),                                     'account_ledger_must_not_be_zero'],
  ['an account of no code',                   open('n', 0, 156, 0),                                   'account_code_must_not_be_zero'],
  ['freezing what is not there',              entry({ freezes: [{ account: id('n'), debitsFrozen: true, creditsFrozen: true }] }), 'account_not_found'],
  ['a transfer id that is an entry',          pay({ id: idOf('opening'), flags: 12 }),                'transfer_id_exists'],
  ['post and void at once',                   resolve('open', postPending | voidPending),             'flags_are_mutually_exclusive'],
  ['post and pending at once, no pending id', pay({ flags: postPending | pending }),                  'flags_are_mutually_exclusive'],
  ['one account on both sides',               between('a', 'a', 1, { pendingId: id('x') }),           'accounts_must_be_different'],
  ['a pending id without post or void',       pay({ pendingId: id('x'), timeoutSeconds: 1 }),         'pending_id_must_be_zero'],
  ['post without pending id',                 without('pendingId', resolve('open', postPending)),     'pending_id_must_not_be_zero'],
  ['post of itself',                          entry({ id: idOf('self'), transfers: [{ pendingId: idOf('self'), flags: postPending, timeoutSeconds: 1 }] }), 'pending_id_must_be_different'],
  ['a timeout without pending, closing',      pay({ timeoutSeconds: 1, flags: closingDebit }),        'timeout_reserved_for_pending_transfer'],
  ['a timeout on a post',                     resolve('nothing', postPending, { timeoutSeconds: 1 }), 'timeout_reserved_for_pending_transfer'],
  ['closing without pending, no amount',      without('amountFen', pay({ flags: closingDebit })),     'closing_transfer_must_be_pending'],
  ['no amount, no ledger',                    without('amountFen', pay({ ledger: 0 })),               'amount_must_be_given'],
  ['no ledger, no code',                      pay({ ledger: 0, code: 0 }),                            'ledger_must_not_be_zero'],
  ['no code, no such account',                pay({ code: 0, debitAccount: id('n') }),                'code_must_not_be_zero'],
  ['neither account is there',                between('n', 'm', 1),                                   'debit_account_not_found'],
  ['no debit account given',                  without('debitAccount', pay({})),                       'debit_account_not_found'],
  ['no such credit account, other ledger',    between('usd', 'm', 1),                                 'credit_account_not_found'],
  ['two currencies',                          between('a', 'usd', 1, { ledger: 978 }),                'accounts_must_have_the_same_ledger'],
  ['the transfer of a third currency',        between('shut', 'b', 1, { ledger: 978 }),               'transfer_must_have_the_same_ledger_as_accounts'],
  ['posting what is not there',               resolve('nothing', postPending),                        'pending_transfer_not_found'],
  ['posting a plain transfer',                resolve('card', postPending),                           'pending_transfer_not_found'],
  ['posting with other accounts',             resolve('open', postPending, { debitAccount: id('b'), creditAccount: id('a') }), 'pending_transfer_has_different_debit_account'],
  ['posting to another account, other code',  resolve('open', postPending, { creditAccount: id('a'), ledger: 840 }), 'pending_transfer_has_different_credit_account'],
  ['posting in another ledger, other code',   resolve('open', postPending, { ledger: 840, code: 2 }), 'pending_transfer_has_different_ledger'],
  ['posting with another code, too much',     resolve('open', postPending, { code: 2, amountFen: 31 }), 'pending_transfer_has_different_code'],
  ['posting too much of what was posted',     resolve('posted', postPending, { amountFen: 31 }),      'exceeds_pending_transfer_amount'],
  ['voiding a part of what was posted',       resolve('posted', voidPending, { amountFen: 29 }),      'pending_transfer_has_different_amount'],
  ['posting twice',                           resolve('posted', postPending),                         'pending_transfer_already_posted'],
  ['voiding what was posted',                 resolve('posted', voidPending),                         'pending_transfer_already_posted'],
  ['posting what was voided',                 resolve('voided', postPending),                         'pending_transfer_already_voided'],
  ['posting what has expired',                resolve('expired', postPending),                        'pending_transfer_expired'],
  ['from a closed account to a closed one',   between('shut', 'shut2', 1),                            'debit_account_already_closed'],
  ['to a closed account, from a frozen one',  between('noDebit', 'shut2', 1),                         'credit_account_already_closed'],
  ['from a frozen account to a frozen one',   between('noDebit', 'noCredit', 1),                      'debit_account_frozen'],
  ['to a frozen account, too much',           between('card', 'noCredit', 101),                       'credit_account_frozen'],
  ['to the account that may not be debited',  between('a', 'noDebit', 1),                             'applied'],
  ['debits pending beyond the range',         between('nearlyFull', 'a', 11, { flags: pending }),     'overflows_debits_pending'],
  ['credits pending beyond the range',        between('a', 'sink', 11, { flags: pending }),            'overflows_credits_pending'],
  ['debits posted beyond the range',          between('full', 'other', 6),                            'overflows_debits_posted'],
  ['credits posted beyond the range',         between('a', 'other', 9),                               'overflows_credits_posted'],
  ['debits beyond the range',                 between('nearlyFull', 'a', 7),                          'overflows_debits'],
  ['credits beyond the range',                between('card', 'sink', 101),                            'overflows_credits'],
  ['the longest timeout, too much',           between('card', 'a', 101, { flags: pending, timeoutSeconds: 0x7fffffff }), 'exceeds_credits'],
  ['more than the card has',                  between('card', 'purse', 101),                          'exceeds_credits'],
  ['more than the purse may take',            between('a', 'purse', 51),                              'exceeds_debits'],
  ['as much as the card has, and then some',  between('card', 'a', 1000, { flags: balancingDebit | pending }), 'applied'],
  ['and nothing is left',                     between('card', 'a', 1),                                'exceeds_credits'],
  ['a tally above its limit',                 tally({ limitFen: 5 }),                                 'tally_exceeded'],
  ['a tally above its limit of times',        tally({ limitCount: 1 }),                               'tally_exceeded'],
  ['a tally below nothing',                   tally({ amountFen: -6 }),                               'tally_exceeded'],
  ['a tally at its limit',                    tally({ limitFen: 6, limitCount: 2 }),                  'applied'],
  ['a setting that must not exist yet',       entry({ registry: [registryChange('setting', 'x', { value: '2' }, { ...BY, expectedVersion: 0 })] }), 'registry_conflict'],
  ['the wrong day closed, and a conflict',    entry({ ...card, registry: [registryChange('setting', 'x', null, { ...BY, expectedVersion: 0 })] }), 'registry_conflict'],
  ['the wrong day closed',                    entry(card),                                            'business_day_mismatch'],
  ['a day closed into the day before',        entry({ fact: { businessDayClosed: { date: '20260105', nextDate: '20260104' } } }), 'business_day_mismatch'],
  ['the day of the deployment closed',        entry({ ...card, institution: '' }),                    'business_day_mismatch'],
  ['the day closed',                          entry({ fact: { businessDayClosed: { date: '20260105', nextDate: '20260106' } } }), 'applied'],
];

for (const [name, asked, expected] of cases) {
  t.test(name, async (t) => {
    t.equal((await submit(asked)).status, expected);
  });
}
