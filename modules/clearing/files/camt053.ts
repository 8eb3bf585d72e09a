/**
 * A merchant's settlement account on one day as an ISO 20022 statement (camt.053.001.08): what was
 * paid, given back and charged by department and channel, and what was paid out.
 */
import type { MerchantDay } from '../day.ts';
import type { NettingRow } from '../netting.ts';
import type { PayOut } from '../postings.ts';
import { type ClearingOutput, decimalYuan, isoDate } from './contents.ts';
import { iso20022, textOf } from './xml.ts';

interface StatementEntry {
  /** Positive comes in. */
  amountFen: number;
  family: 'MCRD' | 'ICDT';
  subFamily: 'POSP' | 'DAJT' | 'CHRG' | 'DMCT';
  text: string;
}

export interface Statement {
  date: string;
  institution: string;
  day: MerchantDay;
  netting: readonly NettingRow[];
  payOut: PayOut;
  /** ISO 8601 in UTC: when the business day began and ended. */
  fromInstant: string;
  toInstant: string;
}

/** The statement's totals have to be the ledger's: `closingFen` is what is left on the account. */
export function camt053File(statement: Statement): ClearingOutput & { closingFen: number } {
  const { date, day, payOut } = statement;
  const entries = entriesOf(statement);
  const openingFen = payOut.balanceFen - day.netFen;
  const closingFen = entries.reduce((sum, { amountFen }) => sum + amountFen, openingFen);
  const { id } = day.merchant;
  const bytes = iso20022('camt.053.001.08', {
    BkToCstmrStmt: {
      GrpHdr: { MsgId: `ST${date}-${id}`, CreDtTm: statement.toInstant },
      Stmt: {
        Id: `ST${date}-${id}`,
        ElctrncSeqNb: Number(date),
        CreDtTm: statement.toInstant,
        FrToDt: { FrDtTm: statement.fromInstant, ToDtTm: statement.toInstant },
        Acct: {
          Id: { Othr: { Id: `${statement.institution}-${id}` } },
          Ccy: 'CNY',
          Ownr: { Nm: textOf(day.merchant.nameZh, 140) },
        },
        Bal: [balance('OPBD', openingFen, date), balance('CLBD', closingFen, date)],
        TxsSummry: summary(entries),
        ...(entries.length === 0 ? {} : { Ntry: entries.map((one, at) => entry(one, at, date)) }),
      },
    },
  });
  const name = `statement-${date}-${id}.camt053.xml`;
  return { name, bytes, records: entries.length, totalFen: closingFen - openingFen, closingFen };
}

function entriesOf({ day, netting, payOut }: Statement): StatementEntry[] {
  const entries: StatementEntry[] = [];
  const add = (
    amountFen: number,
    subFamily: StatementEntry['subFamily'],
    text: string,
    family: StatementEntry['family'] = 'MCRD',
  ) => {
    if (amountFen !== 0) entries.push({ amountFen, family, subFamily, text });
  };
  for (const row of netting.filter(({ merchantId }) => merchantId === day.merchant.id)) {
    const place = `${row.department} ${row.channel}`;
    add(row.grossFen, 'POSP', `交易 ${place} ${row.count}`);
    add(0 - row.refundFen, 'DAJT', `退款 ${place}`);
    add(0 - row.feeFen, 'CHRG', `手续费 ${place}`);
  }
  add(0 - payOut.amountFen, 'DMCT', `出款 ${isoDate(payOut.payDate)}`, 'ICDT');
  return entries;
}

function entry({ amountFen, family, subFamily, text }: StatementEntry, at: number, date: string) {
  return {
    NtryRef: String(at + 1),
    Amt: amount(amountFen),
    CdtDbtInd: sideOf(amountFen),
    Sts: { Cd: 'BOOK' },
    BookgDt: { Dt: isoDate(date) },
    ValDt: { Dt: isoDate(date) },
    BkTxCd: { Domn: { Cd: 'PMNT', Fmly: { Cd: family, SubFmlyCd: subFamily } } },
    AddtlNtryInf: textOf(text, 500),
  };
}

function balance(code: 'OPBD' | 'CLBD', amountFen: number, date: string): object {
  return {
    Tp: { CdOrPrtry: { Cd: code } },
    Amt: amount(amountFen),
    CdtDbtInd: sideOf(amountFen),
    Dt: { Dt: isoDate(date) },
  };
}

function summary(entries: readonly StatementEntry[]): object {
  const credits = entries.filter(({ amountFen }) => amountFen > 0);
  const debits = entries.filter(({ amountFen }) => amountFen < 0);
  const side = (some: readonly StatementEntry[]) => ({
    NbOfNtries: some.length,
    Sum: decimalYuan(some.reduce((sum, { amountFen }) => sum + Math.abs(amountFen), 0)),
  });
  return { TtlCdtNtries: side(credits), TtlDbtNtries: side(debits) };
}

function amount(amountFen: number): object {
  return { '@Ccy': 'CNY', '#text': decimalYuan(Math.abs(amountFen)) };
}

function sideOf(amountFen: number): 'CRDT' | 'DBIT' {
  return amountFen < 0 ? 'DBIT' : 'CRDT';
}
