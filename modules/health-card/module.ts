/** Virtual health cards as a module: a view of the facts, and the exchange with the upper centre. */
import type { JournalRecord } from '../../ledger/types.ts';
import type { CodeType } from '../../protocols/records/health-card-code.ts';
import { positionKey } from '../frame/keys.ts';
import type { Module, WritableTableSource } from '../frame/module.ts';
import { exchangeWithCentre } from './centre.ts';
import { type IndexStatus, noteTold, noteUntold, tellIndex } from './index-status.ts';
import { HealthCardQueries } from './queries.ts';
import {
  type Account,
  type BlacklistEntry,
  type FactKind,
  type Facts,
  MODULE,
  type UseRecord,
} from './types.ts';

type Apply<Kind extends FactKind> = (
  fact: Facts[Kind],
  tables: WritableTableSource,
  record: JournalRecord,
) => void;

const APPLY: { [Kind in FactKind]: Apply<Kind> } = {
  'account.registered': (account, tables, { position }) => {
    const row = { ...account, family: [], version: position };
    tables.table<Account>('accounts').put(account.cardNumber, row);
    tables.table<string>('by-person').put(account.personId, account.cardNumber);
  },
  'account.updated': ({ cardNumber, ...more }, tables, record) =>
    change(tables, record, cardNumber, more),
  'account.cancelled': ({ cardNumber, reason }, tables, record) => {
    change(tables, record, cardNumber, { status: 'cancelled', cancelReason: reason });
    noteUntold(tables, { cardNumber, position: record.position, statuses: ['cancelled'] });
  },
  'account.restored': ({ cardNumber }, tables, record) => {
    change(tables, record, cardNumber, { status: 'active', cancelReason: '' });
    // Of a medium that was cancelled the index hears first that it is back.
    const statuses: IndexStatus[] = isListed(tables, cardNumber)
      ? ['active', 'frozen']
      : ['active'];
    noteUntold(tables, { cardNumber, position: record.position, statuses });
  },
  'bank-card.bound': ({ cardNumber, bankCard }, tables, record) => {
    const { bankCards } = accountRow(tables, cardNumber);
    change(tables, record, cardNumber, { bankCards: [...bankCards, bankCard] });
  },
  'bank-card.unbound': ({ cardNumber, bankCard }, tables, record) => {
    const { bankCards } = accountRow(tables, cardNumber);
    change(tables, record, cardNumber, { bankCards: bankCards.filter((one) => one !== bankCard) });
  },
  'family.added': ({ cardNumber, member }, tables, record) => {
    const { family } = accountRow(tables, cardNumber);
    const others = family.filter((one) => one.cardNumber !== member.cardNumber);
    change(tables, record, cardNumber, { family: [...others, member] });
  },
  'family.removed': ({ cardNumber, member }, tables, record) => {
    const { family } = accountRow(tables, cardNumber);
    const left = family.filter((one) => one.cardNumber !== member);
    change(tables, record, cardNumber, { family: left });
  },
  'card.used': (use, tables, { position, timestampUs }) => {
    const row = { ...use, position, timeUs: timestampUs };
    tables.table<UseRecord>('uses').put(positionKey(position), row);
    tables.table<UseRecord>('card-uses').put(`${use.cardNumber}:${positionKey(position)}`, row);
  },
  'codes.revoked': () => {},
  'password.set': () => {},
  'blacklist.changed': ({ level, to, added, removed }, tables, { position }) => {
    const list = tables.table<BlacklistEntry>('blacklist');
    for (const { cardNumber, reason } of added) {
      relist(tables, cardNumber, position, () =>
        list.put(`${cardNumber}:${level}`, { cardNumber, reason, level }),
      );
    }
    for (const cardNumber of removed) {
      relist(tables, cardNumber, position, () => list.remove(`${cardNumber}:${level}`));
    }
    tables.table<number>('versions').put(level, to);
  },
  'uses.uploaded': ({ position }, tables) => {
    tables.table<number>('versions').put('uploaded', position);
  },
  'card.moved': ({ cardNumber, centre }, tables, record) =>
    change(tables, record, cardNumber, { centre }),
};

function isListed(tables: WritableTableSource, cardNumber: string): boolean {
  const rows = tables.table('blacklist').range({ prefix: `${cardNumber}:`, limit: 1 });
  return [...rows].length > 0;
}

/** Changes a card's place on the lists; the index is told when it is one of ours and in use. */
function relist(
  tables: WritableTableSource,
  cardNumber: string,
  position: number,
  work: () => void,
): void {
  const before = isListed(tables, cardNumber);
  work();
  const after = isListed(tables, cardNumber);
  const account = tables.table<Account>('accounts').get(cardNumber);
  if (before === after || account?.status !== 'active') return;
  noteUntold(tables, { cardNumber, position, statuses: [after ? 'frozen' : 'active'] });
}

/** A payment by code at the switch is a use of the card, refused or not. */
function notePayment(record: JournalRecord, tables: WritableTableSource): void {
  const { extra = {}, merchantId = '', terminalId = '' } = record.entry.fact!.transaction!;
  const { healthCard: cardNumber, scene = 'payment', codeType = 'D' } = extra;
  if (cardNumber === undefined) return;
  const use = { cardNumber, scene, step: '', organisation: merchantId, terminal: terminalId };
  const refusal = refusalOfPayment(record);
  APPLY['card.used']({ ...use, codeType: codeType as CodeType, refusal }, tables, record);
}

/** The code's own reasons as the hospital's verification names them; others as the switch does. */
function refusalOfPayment({ status, entry, failedIndex }: JournalRecord): string | null {
  const rule = entry.fact!.transaction!.rule ?? '';
  if (rule !== '') return rule.replace(/^health-card-code-/, '');
  switch (status) {
    case 'applied':
      return null;
    case 'exceeds_credits':
      return 'balance-too-low';
    case 'tally_exceeded':
      return failedIndex === 0 ? 'used' : 'limit-exceeded';
    default:
      return status.replaceAll('_', '-');
  }
}

function accountRow(tables: WritableTableSource, cardNumber: string): Account {
  const account = tables.table<Account>('accounts').get(cardNumber);
  if (account === undefined) throw new Error('a fact of a health card names no account');
  return account;
}

function change(
  tables: WritableTableSource,
  { position }: JournalRecord,
  cardNumber: string,
  more: Partial<Account>,
): void {
  const account = accountRow(tables, cardNumber);
  tables.table<Account>('accounts').put(cardNumber, { ...account, ...more, version: position });
}

export const healthCard: Module<HealthCardQueries> = {
  name: MODULE,
  version: 3,
  apply(record, tables) {
    if (record.entry.fact?.transaction !== undefined) notePayment(record, tables);
    noteTold(record, tables);
    const fact = record.entry.fact?.module;
    if (fact === undefined || fact.module !== MODULE || record.status !== 'applied') return;
    const apply = APPLY[fact.kind as FactKind] as Apply<FactKind> | undefined;
    const text = new TextDecoder().decode(fact.payload ?? new Uint8Array());
    apply?.(JSON.parse(text) as never, tables, record);
  },
  queries: (tables) => new HealthCardQueries(tables),
  async act(context) {
    for (const untold of context.queries.untold()) await tellIndex(context.ledger, untold);
    await exchangeWithCentre(context);
  },
};
