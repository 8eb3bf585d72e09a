/**
 * The chart of accounts of a hospital's one-card business, and how its account ids are made.
 *
 * The hospital's books are kept as the card issuer keeps them: what card holders have paid in and
 * what merchants are owed are liabilities, the money behind them lies at the bank.
 */
import { idOf } from './id.ts';
import { AccountFlag, type AccountInput, type Id } from './types.ts';

/** ISO 4217 number of the yuan: the ledger that all accounts of this file belong to. */
export const YUAN_LEDGER = 156;

export const CHART_OF_ACCOUNTS = [
  { code: 1001, name: 'bank', zh: '银行存款', en: 'Cash at bank' },
  { code: 1002, name: 'counter-cash', zh: '柜台现金', en: 'Cash at counters' },
  { code: 1101, name: 'host', zh: '应收发卡行款', en: 'Receivable from card hosts' },
  { code: 1102, name: 'channel', zh: '应收支付渠道款', en: 'Receivable from payment channels' },
  { code: 1201, name: 'suspense-short', zh: '待处理短款', en: 'Suspense, short' },
  { code: 2001, name: 'card', zh: '就诊卡账户', en: 'Card holders' },
  { code: 2002, name: 'merchant', zh: '应付商户款', en: 'Payable to merchants' },
  { code: 2003, name: 'purse', zh: '电子钱包', en: 'E-purses on chips' },
  { code: 2004, name: 'passbook', zh: '电子存折', en: 'E-deposits on chips' },
  { code: 2101, name: 'settlement', zh: '待划付清算款', en: 'Settlement under way' },
  { code: 2102, name: 'pay-out', zh: '出款在途', en: 'Pay-outs under way' },
  { code: 2201, name: 'suspense-long', zh: '待处理长款', en: 'Suspense, long' },
  { code: 4001, name: 'fee-income', zh: '手续费收入', en: 'Fee income' },
  { code: 5001, name: 'channel-fee', zh: '渠道手续费', en: 'Fees of payment channels' },
  { code: 5002, name: 'reconciliation-loss', zh: '对账损失', en: 'Losses found in reconciliation' },
] as const;

export type AccountName = (typeof CHART_OF_ACCOUNTS)[number]['name'];

/** Why a transfer moved money: the `code` of transfers. */
export const TransferCode = {
  openingBalance: 1,
  purchase: 10,
  void: 11,
  refund: 12,
  reversal: 13,
  preAuthorisation: 14,
  completion: 15,
  adjustment: 16,
  deposit: 17,
  depositCharge: 18,
  load: 30,
  unload: 31,
  pursePurchase: 32,
  cashLoad: 33,
  accountTransfer: 34,
  greyRecordSettled: 35,
  fee: 20,
  settlement: 21,
  payOut: 22,
  payOutDone: 23,
  payOutReturned: 24,
  /** What two persons decided: money that a card holder brings or takes, and corrections. */
  approvedDeposit: 40,
  approvedWithdrawal: 41,
  approvedCorrection: 42,
  /** An approved adjustment of a reconciliation difference. */
  reconciliation: 43,
  /** What a merchant's day cannot explain goes into suspense. */
  clearingSuspense: 44,
} as const;

/** The id of an account: its place in the chart, the institution, and whose it is. */
export function accountId(name: AccountName, institution: string, owner = ''): Id {
  return idOf('account', name, institution, owner);
}

/** What the bank behind a host owes the institution for its cards less what was given back to them. */
export function hostAccountId(institution: string, host: string): Id {
  return accountId('host', institution, host);
}

/** What people have paid in can be spent once. */
const NEVER_OVERDRAWN: ReadonlySet<AccountName> = new Set(['card', 'purse', 'passbook']);

/** The account to open for an owner: those of card holders may never be overdrawn. */
export function accountInput(name: AccountName, institution: string, owner = ''): AccountInput {
  const { code } = CHART_OF_ACCOUNTS.find((row) => row.name === name)!;
  const flags = NEVER_OVERDRAWN.has(name) ? AccountFlag.debitsMustNotExceedCredits : 0;
  return { id: accountId(name, institution, owner), ledger: YUAN_LEDGER, code, flags };
}
