/** Questions to the view of virtual health cards. */
import { positionKey } from '../frame/keys.ts';
import type { TableSource } from '../frame/module.ts';
import type { Untold } from './index-status.ts';
import type { Account, BlacklistEntry, CardStatus, UseRecord } from './types.ts';

export class HealthCardQueries {
  private readonly tables: TableSource;

  constructor(tables: TableSource) {
    this.tables = tables;
  }

  account(cardNumber: string): Account | undefined {
    return this.tables.table<Account>('accounts').get(cardNumber);
  }

  accountOf(personId: string): Account | undefined {
    const cardNumber = this.tables.table<string>('by-person').get(personId);
    return cardNumber === undefined ? undefined : this.account(cardNumber);
  }

  statusOf({ cardNumber, status }: Account): CardStatus {
    const isListed = status === 'active' && this.blacklisted(cardNumber).length > 0;
    return isListed ? 'blacklisted' : status;
  }

  /** What the main index has not been told yet. */
  untold(): Untold[] {
    return [...this.tables.table<Untold>('untold').range()].map(({ value }) => value);
  }

  untoldOf(cardNumber: string): Untold | undefined {
    return this.tables.table<Untold>('untold').get(cardNumber);
  }

  /** Entries of a card on the black lists of all levels. */
  blacklisted(cardNumber: string): BlacklistEntry[] {
    const prefix = `${cardNumber}:`;
    const table = this.tables.table<BlacklistEntry>('blacklist');
    return [...table.range({ prefix })].map(({ value }) => value);
  }

  /** Version of a level's black list that we hold. */
  blacklistVersion(level: BlacklistEntry['level']): number {
    return this.tables.table<number>('versions').get(level) ?? 0;
  }

  /** Uses behind a journal position, in order. */
  uses(behind: number, limit = 100): UseRecord[] {
    const from = positionKey(behind + 1);
    const table = this.tables.table<UseRecord>('uses');
    return [...table.range({ from, limit })].map(({ value }) => value);
  }

  usesOf(cardNumber: string, limit = 100): UseRecord[] {
    const prefix = `${cardNumber}:`;
    const table = this.tables.table<UseRecord>('card-uses');
    return [...table.range({ prefix, limit, reverse: true })].map(({ value }) => value);
  }

  /** Position of the last use that the upper centre has. */
  uploaded(): number {
    return this.tables.table<number>('versions').get('uploaded') ?? 0;
  }
}
