/** The pay-outs of a day as an ISO 20022 customer credit transfer initiation (pain.001.001.09). */
import type { Institution } from '../../../ledger/registry-kinds.ts';
import type { PayOut } from '../postings.ts';
import { type ClearingOutput, decimalYuan, isoDate } from './contents.ts';
import { iso20022, textOf } from './xml.ts';

const CURRENCY = 'CNY';
/** The payment system of the People's Bank, in the list of external clearing systems. */
const CLEARING_SYSTEM = 'CNAPS';

/** Null when nothing is paid out: the message cannot be empty. */
export function pain001File(
  date: string,
  institution: Institution,
  payOuts: readonly PayOut[],
  createdAt: string,
): ClearingOutput | null {
  const paid = payOuts.filter(({ amountFen }) => amountFen > 0);
  if (paid.length === 0) return null;
  const messageId = `PO${date}-${institution.id}`;
  const totalFen = sumOf(paid);
  const payDates = [...new Set(paid.map(({ payDate }) => payDate))].sort();
  const bytes = iso20022('pain.001.001.09', {
    CstmrCdtTrfInitn: {
      GrpHdr: {
        MsgId: messageId,
        CreDtTm: createdAt,
        NbOfTxs: paid.length,
        CtrlSum: decimalYuan(totalFen),
        InitgPty: { Nm: textOf(institution.nameZh, 140) },
      },
      PmtInf: payDates.map((payDate) => payment(messageId, payDate, date, institution, paid)),
    },
  });
  return { name: `pay-outs-${date}.pain001.xml`, bytes, records: paid.length, totalFen };
}

function payment(
  messageId: string,
  payDate: string,
  date: string,
  institution: Institution,
  all: readonly PayOut[],
): object {
  const paid = all.filter((one) => one.payDate === payDate);
  return {
    PmtInfId: `${messageId}-${payDate.slice(4)}`,
    PmtMtd: 'TRF',
    NbOfTxs: paid.length,
    CtrlSum: decimalYuan(sumOf(paid)),
    ReqdExctnDt: { Dt: isoDate(payDate) },
    Dbtr: { Nm: textOf(institution.nameZh, 140) },
    // Which account and bank pay is agreed with the bank; the message may leave them to it.
    DbtrAcct: { Id: { Othr: { Id: institution.id } }, Ccy: CURRENCY },
    DbtrAgt: { FinInstnId: { Othr: { Id: 'NOTPROVIDED' } } },
    CdtTrfTxInf: paid.map((one) => transfer(one, date)),
  };
}

function transfer({ merchantId, amountFen, payee }: PayOut, date: string): object {
  if (payee === null) throw new Error('a pay-out without a payee');
  return {
    PmtId: { InstrId: `${date}${merchantId}`, EndToEndId: `${date}${merchantId}` },
    Amt: { InstdAmt: { '@Ccy': CURRENCY, '#text': decimalYuan(amountFen) } },
    CdtrAgt: {
      FinInstnId: {
        ClrSysMmbId: { ClrSysId: { Cd: CLEARING_SYSTEM }, MmbId: payee.bankCode },
        Nm: textOf(payee.bankName, 140),
      },
    },
    Cdtr: { Nm: textOf(payee.name, 140) },
    CdtrAcct: { Id: { Othr: { Id: payee.account } } },
    RmtInf: { Ustrd: `清算款 ${isoDate(date)} ${merchantId}` },
  };
}

function sumOf(paid: readonly PayOut[]): number {
  return paid.reduce((sum, { amountFen }) => sum + amountFen, 0);
}
