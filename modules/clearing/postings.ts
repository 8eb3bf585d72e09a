/**
 * What clearing puts into the journal. Every entry's id is made of institution and date, so a second
 * run finds what the first one decided and posts nothing again.
 *
 *   plan         which range of the journal, by which terms, and what is in suspense
 *   unexplained  what the ledger moved on merchants' accounts and no transaction explains
 *   settlement   one a merchant: its fee to the income, the rest to its settlement account
 *   pay-outs     one a day: from the settlement accounts to what is on its way to the bank
 */
import {
  accountId,
  accountInput,
  TransferCode,
  YUAN_LEDGER,
} from '../../ledger/chart-of-accounts.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import type {
  Account,
  AccountInput,
  Entry,
  EntryResult,
  Id,
  TransferInput,
} from '../../ledger/types.ts';
import { payOutDate } from './calendar.ts';
import type { MerchantDay } from './day.ts';
import type { Unexplained } from './suspense.ts';
import { type DayTerms, type Payee, readDayTerms } from './terms.ts';

export const CLEARING = 'clearing';

export interface PostingParts {
  institution: string;
  /** YYYYMMDD. */
  date: string;
  reader: Reader;
  ledger: LedgerClient;
}

/** What happens to what a merchant is owed behind a day. */
export interface PayOut {
  merchantId: string;
  /** On the settlement account when the pay-outs were decided, the day's net counted. */
  balanceFen: number;
  /** What is paid; 0 unless it is instructed. */
  amountFen: number;
  state: 'instructed' | 'nothing-due' | 'below-minimum' | 'held' | 'no-payee';
  /** YYYYMMDD. */
  payDate: string;
  payee: Payee | null;
}

/** The terms of the day: those that its first clearing wrote down, or the ones of now. */
export async function planOf(parts: PostingParts): Promise<DayTerms> {
  const { institution, date, reader, ledger } = parts;
  const id = idOf('clearing-plan', institution, date);
  const known = await payloadOf<DayTerms>(id, parts);
  if (known !== null) return known;
  const terms = readDayTerms(institution, date, reader.registry);
  const result = await ledger.submit(factEntry(id, parts, 'planned', terms));
  if (result.status === 'applied') return terms;
  return (await payloadOf<DayTerms>(id, parts))!;
}

/** Says what the day cannot explain, for whoever has to decide about it. The day is closed: once is enough. */
export async function tellUnexplained(
  unexplained: readonly Unexplained[],
  parts: PostingParts,
): Promise<void> {
  const id = idOf('clearing-unexplained', parts.institution, parts.date);
  const { status } = await parts.ledger.submit(factEntry(id, parts, 'unexplained', unexplained));
  if (status !== 'applied' && status !== 'exists') {
    throw new Error(`what ${parts.date} cannot explain was refused: ${status}`);
  }
}

/** Posts a merchant's settlement. Gives the ledger's answer. */
export async function postSettlement(
  day: MerchantDay,
  file: { name: string; sha256: string },
  { institution, date, ledger }: PostingParts,
): Promise<EntryResult> {
  const { merchant, feeFen, netFen } = day;
  const settlement = accountId('settlement', institution, merchant.id);
  const transfers = [
    ...move(merchant.accountId, accountId('fee-income', institution), feeFen, TransferCode.fee),
    ...move(merchant.accountId, settlement, netFen, TransferCode.settlement),
  ];
  return ledger.submit({
    id: idOf('settlement', institution, date, merchant.id),
    institution,
    ...(await missing(ledger, [accountInput('settlement', institution, merchant.id)])),
    transfers,
    fact: {
      settlementPosted: {
        date,
        merchantId: merchant.id,
        grossFen: day.grossFen,
        refundFen: day.refundFen,
        feeFen,
        netFen,
        count: day.lines.length,
        fileName: file.name,
        fileSha256: Buffer.from(file.sha256, 'hex'),
      },
    },
  });
}

/** Decides and posts the pay-outs behind the settlements, or gives those that were decided. */
export async function payOuts(
  days: readonly MerchantDay[],
  terms: DayTerms,
  parts: PostingParts,
): Promise<PayOut[]> {
  const { institution, date, ledger } = parts;
  const id = idOf('clearing-pay-outs', institution, date);
  const known = await payloadOf<PayOut[]>(id, parts);
  if (known !== null) return known;
  const ids = days.map(({ merchant }) => accountId('settlement', institution, merchant.id));
  const accounts = await ledger.accounts(ids);
  const decided = days.map((day, at) => decide(day, accounts[at] ?? null, date, terms));
  const transfers = decided.flatMap(({ merchantId, amountFen }) => {
    const from = accountId('settlement', institution, merchantId);
    return move(from, accountId('pay-out', institution), amountFen, TransferCode.payOut);
  });
  const entry = factEntry(id, parts, 'paid-out', decided);
  const opened = await missing(ledger, [accountInput('pay-out', institution)]);
  const { status } = await ledger.submit({ ...entry, ...opened, transfers });
  if (status === 'applied') return decided;
  const other = status === 'exists' ? await payloadOf<PayOut[]>(id, parts) : null;
  if (other === null) throw new Error(`the pay-outs of ${date} were refused: ${status}`);
  return other;
}

function decide(
  { merchant, terms: own }: MerchantDay,
  account: Account | null,
  date: string,
  { calendar }: DayTerms,
): PayOut {
  const balanceFen = account === null ? 0 : account.creditsPostedFen - account.debitsPostedFen;
  const dueFen = balanceFen - own.reserveFen;
  const state =
    dueFen <= 0
      ? 'nothing-due'
      : own.isHeld
        ? 'held'
        : own.payee === null
          ? 'no-payee'
          : dueFen < own.minimumPayOutFen
            ? 'below-minimum'
            : 'instructed';
  return {
    merchantId: merchant.id,
    balanceFen,
    amountFen: state === 'instructed' ? dueFen : 0,
    state,
    payDate: payOutDate(date, own.cycle, calendar),
    payee: own.payee,
  };
}

/** The bank has paid, or it has not: then the money is the merchant's again. */
export function payOutOutcomeEntry(
  { merchantId, amountFen }: PayOut,
  outcome: 'paid' | 'returned',
  { institution, date, who, why }: { institution: string; date: string; who: string; why: string },
): Entry {
  const under = accountId('pay-out', institution);
  const [to, code] =
    outcome === 'paid'
      ? ([accountId('bank', institution), TransferCode.payOutDone] as const)
      : ([accountId('settlement', institution, merchantId), TransferCode.payOutReturned] as const);
  const payload = Buffer.from(JSON.stringify({ merchantId, amountFen, who, why }));
  const key = `${institution}/${date}/${merchantId}`;
  return {
    id: idOf('clearing-pay-out-outcome', institution, date, merchantId),
    institution,
    transfers: move(under, to, amountFen, code),
    fact: { module: { module: CLEARING, kind: outcome, key, payload } },
  };
}

/** An entry that only says something of a day. */
export function factEntry(
  id: Id,
  { institution, date }: Pick<PostingParts, 'institution' | 'date'>,
  kind: string,
  content: unknown,
): Entry {
  const payload = Buffer.from(JSON.stringify(content));
  const key = `${institution}/${date}`;
  return { id, institution, fact: { module: { module: CLEARING, kind, key, payload } } };
}

/** The content of a fact whose entry is in the journal; null when it is not. */
export async function payloadOf<Content>(
  id: Id,
  { reader, ledger }: Pick<PostingParts, 'reader' | 'ledger'>,
): Promise<Content | null> {
  const [known] = await ledger.entries([id]);
  if (known == null || known.status !== 'applied') return null;
  const payload = reader.record(known.position)?.entry.fact?.module?.payload;
  return payload === undefined ? null : JSON.parse(Buffer.from(payload).toString('utf8'));
}

async function missing(
  ledger: LedgerClient,
  wanted: AccountInput[],
): Promise<{ accounts?: AccountInput[] }> {
  const found = await ledger.accounts(wanted.map(({ id }) => id));
  const accounts = wanted.filter((_, at) => found[at] === null);
  return accounts.length === 0 ? {} : { accounts };
}

/** One transfer, turned round for a negative amount; none for nothing. */
function move(from: Id, to: Id, amountFen: number, code: number): TransferInput[] {
  if (amountFen === 0) return [];
  const [debitAccount, creditAccount] = amountFen > 0 ? [from, to] : [to, from];
  return [
    { debitAccount, creditAccount, amountFen: Math.abs(amountFen), ledger: YUAN_LEDGER, code },
  ];
}
