/**
 * Money operations that need two persons. Each is a literal: what is asked, and which transfers
 * follow from it. They are checked when they are proposed and again when they are approved.
 */
import { z } from 'zod';
import {
  type AccountName,
  accountId,
  CHART_OF_ACCOUNTS,
  TransferCode,
  YUAN_LEDGER,
} from '../ledger/chart-of-accounts.ts';
import { idToHex } from '../ledger/id.ts';
import type { Id, TransferInput } from '../ledger/types.ts';
import { ADJUSTMENT_OPERATION } from '../modules/reconciliation/life/approval.ts';
import {
  clearingSuspense,
  planClearingSuspense,
  planSuspenseResolution,
} from './clearing-suspense.ts';
import type { PlannedOperation } from './planned-operation.ts';
import { conflict } from './problem.ts';
import {
  planReconciliationAdjustment,
  reconciliationAdjustment,
} from './reconciliation-adjustment.ts';
import type { Caller } from './route.ts';
import { cardOf } from './routes/cards.ts';
import { amountFen, cardId } from './schemas.ts';
import type { ApiServices } from './services.ts';

export interface Operation {
  name: string;
  titleZh: string;
  titleEn: string;
  request: z.ZodType;
  /** The transfers of a checked request, and whose institution they belong to. Throws ApiProblem. */
  plan(request: never, caller: Caller, services: ApiServices): Promise<PlannedOperation>;
}

function operation<Request extends z.ZodType>(literal: {
  name: string;
  titleZh: string;
  titleEn: string;
  request: Request;
  plan(
    request: z.output<Request>,
    caller: Caller,
    services: ApiServices,
  ): Promise<PlannedOperation>;
}): Operation {
  return literal as unknown as Operation;
}

const NAMES = CHART_OF_ACCOUNTS.map(({ name }) => name) as [AccountName, ...AccountName[]];
const account = z.strictObject({
  name: z.enum(NAMES),
  /** A card's number, a merchant's number; empty for an account that is there once. */
  owner: z.string().max(32).default(''),
});

export const OPERATIONS: readonly Operation[] = [
  operation({
    name: 'card-deposit',
    titleZh: '充值',
    titleEn: 'Money comes to a card',
    request: z.strictObject({ cardId, amountFen }),
    async plan(request, caller, services) {
      const { value: card } = cardOf(request.cardId, caller, services);
      if (card.status === 'closed') throw conflict('card_closed', 'The card is closed.');
      const bank = accountId('bank', card.institution);
      const transfer = move(bank, card.accountId, request.amountFen, TransferCode.approvedDeposit);
      return { institution: card.institution, transfers: [transfer] };
    },
  }),
  operation({
    name: 'card-withdrawal',
    titleZh: '退卡内余额',
    titleEn: 'Money is paid out from a card',
    request: z.strictObject({ cardId, amountFen }),
    async plan(request, caller, services) {
      const { value: card } = cardOf(request.cardId, caller, services);
      const bank = accountId('bank', card.institution);
      const transfer = move(
        card.accountId,
        bank,
        request.amountFen,
        TransferCode.approvedWithdrawal,
      );
      return { institution: card.institution, transfers: [transfer] };
    },
  }),
  operation({
    name: 'adjustment',
    titleZh: '调账',
    titleEn: 'A correction between two accounts of the institution',
    request: z.strictObject({ debit: account, credit: account, amountFen }),
    async plan(request, { institution }, { ledger }) {
      const debit = accountId(request.debit.name, institution, request.debit.owner);
      const credit = accountId(request.credit.name, institution, request.credit.owner);
      if (idToHex(debit) === idToHex(credit)) {
        throw conflict('same_account', 'Both sides are the same account.');
      }
      const found = await ledger.accounts([debit, credit]);
      if (found.includes(null)) throw conflict('no_account', 'One of the accounts is not open.');
      const transfer = move(debit, credit, request.amountFen, TransferCode.approvedCorrection);
      return { institution, transfers: [transfer] };
    },
  }),
  operation({
    name: ADJUSTMENT_OPERATION,
    titleZh: '对账差异调账',
    titleEn: 'An adjustment of a reconciliation difference',
    request: reconciliationAdjustment,
    plan: planReconciliationAdjustment,
  }),
  operation({
    name: 'clearing-suspense',
    titleZh: '清算差额挂账',
    titleEn: 'What a cleared day cannot explain of a merchant goes into suspense',
    request: clearingSuspense,
    plan: planClearingSuspense,
  }),
  operation({
    name: 'clearing-suspense-resolution',
    titleZh: '挂账销账',
    titleEn: 'An amount leaves suspense: it turned out whose it is',
    request: clearingSuspense.extend({ account }),
    async plan({ account: { name, owner }, ...item }, caller, services) {
      const to = (institution: string) => accountId(name, institution, owner);
      return planSuspenseResolution(item, to, caller, services);
    },
  }),
];

function move(debitAccount: Id, creditAccount: Id, amount: number, code: number): TransferInput {
  return { debitAccount, creditAccount, amountFen: amount, ledger: YUAN_LEDGER, code };
}
