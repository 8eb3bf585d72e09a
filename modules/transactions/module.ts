/** The view of transactions: every request that the switch recorded, findable by day, terminal, card. */
import type { TransactionFact } from '../../ledger/types.ts';
import { positionKey, positionOf } from '../frame/keys.ts';
import type { Module, TableSource } from '../frame/module.ts';

/** What a search compares; everything else is in the journal. */
interface TransactionRow {
  kind: string;
  merchantId: string;
  terminalId: string;
  traceNumber: string;
  /** A name for the card's number: see `nameOf`. */
  card: string;
  responseCode: string;
  amountFen: number;
}

export interface TransactionSearch {
  institution: string;
  /** YYYYMMDD, both included. */
  fromDate: string;
  toDate: string;
  kind?: string | undefined;
  merchantId?: string | undefined;
  terminalId?: string | undefined;
  traceNumber?: string | undefined;
  cardNumber?: string | undefined;
  responseCode?: string | undefined;
  amountFen?: number | undefined;
}

export interface TransactionQueries {
  /**
   * Positions that fit, oldest first, from a cursor on; `next` is where to go on, null at the end. It
   * looks at a bounded number of rows, so a page may be short or empty without being the last.
   */
  search(
    wanted: TransactionSearch,
    from: string | null,
    limit: number,
  ): { positions: number[]; next: string | null };
}

const ROWS_LOOKED_AT = 20_000;

export const transactions: Module<TransactionQueries> = {
  name: 'transactions',
  version: 1,

  apply({ entry, position, businessDate }, tables) {
    const fact = entry.fact?.transaction;
    if (fact === undefined) return;
    const card = fact.cardNumber ? tables.nameOf(fact.cardNumber) : '';
    const key = `${entry.institution}/${businessDate}/${positionKey(position)}`;
    tables.table<TransactionRow>('by-day').put(key, rowOf(fact, card));
  },

  queries: (tables: TableSource): TransactionQueries => ({
    search(wanted, from, limit) {
      const { institution, fromDate, toDate, cardNumber } = wanted;
      const card = cardNumber === undefined ? undefined : tables.nameOf(cardNumber);
      const positions: number[] = [];
      let left = ROWS_LOOKED_AT;
      const range = {
        from: from ?? `${institution}/${fromDate}/`,
        to: `${institution}/${toDate}/~`,
      };
      for (const { key, value } of tables.table<TransactionRow>('by-day').range(range)) {
        if (positions.length === limit || left === 0) return { positions, next: key };
        left--;
        if (isWanted(value, wanted, card)) positions.push(positionOf(key));
      }
      return { positions, next: null };
    },
  }),
};

function rowOf(fact: TransactionFact, card: string): TransactionRow {
  return {
    kind: fact.kind,
    merchantId: fact.merchantId ?? '',
    terminalId: fact.terminalId ?? '',
    traceNumber: fact.traceNumber ?? '',
    card,
    responseCode: fact.responseCode ?? '',
    amountFen: fact.amountFen ?? 0,
  };
}

const COMPARED = [
  'kind',
  'merchantId',
  'terminalId',
  'traceNumber',
  'responseCode',
  'amountFen',
] as const;

function isWanted(row: TransactionRow, wanted: TransactionSearch, card: string | undefined) {
  if (card !== undefined && row.card !== card) return false;
  return COMPARED.every((name) => wanted[name] === undefined || wanted[name] === row[name]);
}
