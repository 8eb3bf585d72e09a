import { accountId } from '../../../ledger/chart-of-accounts.ts';
import type { Id } from '../../../ledger/types.ts';
import type { PurseData } from '../../../protocols/pboc/purse-data.ts';
import { checkCardUsable, checkPin, findCard, requirePin } from '../../checks/card.ts';
import { KEY_NAME } from '../../keys.ts';
import { type Chip, chipOf, needed, purseDataOf } from '../../purse/chip.ts';
import { type OnlineKind, onlineAnswer, planOnline, planUndo } from '../../purse/online.ts';
import { require } from '../../refusal.ts';
import type { Services } from '../../services.ts';
import { receivingCard } from '../account/account-transfer.ts';
import { FINANCIAL_KEEP, FINANCIAL_KEEP_APPROVED } from '../answer-fields.ts';
import type { Original } from '../original.ts';
import { takeBack } from '../postings.ts';
import type { Plan, RecordedRow, Request } from '../row.ts';

/** Where the money of a load comes from. */
type Source = 'own-account' | 'cash' | 'other-account';

/** 指定账户圈存: from the card's own account onto its chip. */
export const load = loadRow('load', '圈存', 'Load', '600000', '45', 'own-account');

/** 现金充值圈存: cash at the counter onto a chip. */
export const loadFromCash = loadRow(
  'load-from-cash',
  '现金圈存',
  'Load from cash',
  '630000',
  '46',
  'cash',
);

/** 非指定账户圈存: from the account of one card onto the chip of another, which field 62 names. */
export const loadFromCard = loadRow(
  'load-from-card',
  '非指定账户圈存',
  'Load from another account',
  '620000',
  '47',
  'other-account',
);

function loadRow(
  kind: string,
  nameZh: string,
  nameEn: string,
  processingCode: string,
  transactionType: string,
  source: Source,
): RecordedRow {
  return {
    kind,
    nameZh,
    nameEn,
    match: { messageType: '0200', processingCode, conditionCode: '91', transactionType },
    answerType: '0210',
    mac: true,
    signedIn: true,
    openBatch: true,
    required: [4, 11, 22, 41, 42, 49, 55, 60],
    keep: FINANCIAL_KEEP,
    keepApproved: FINANCIAL_KEEP_APPROVED,
    ...(source === 'cash' ? {} : { spends: true as const }),
    plan: (request, services) => planLoad(source, request, services),
    undo: undoLoad,
    answerFields: onlineAnswer,
  };
}

async function planLoad(source: Source, request: Request, services: Services): Promise<Plan> {
  const { amountFen, message } = request;
  require(amountFen > 0, '13', 'amount-zero');
  require(message.get(49) === '156', 'A1', 'currency-not-yuan');
  const data = purseDataOf(request);
  const { value: card } = findCard(request, services);
  const chip = chipOfLoad(data, request, services);
  const chipNumber = source === 'other-account' ? receivingCard(request) : card.number;
  require(chip.card.number === chipNumber, '14', 'chip-of-another-card');
  checkCardUsable(card, request, services);
  checkCardUsable(chip.card, request, services);
  if (source !== 'cash') {
    requirePin(request);
    await checkPin(card, request, services);
  }
  const { loadMaxFen, balanceMaxFen } = services.settings.get('e-purse');
  require(amountFen <= loadMaxFen, '61', 'load-too-high');
  const { balanceFen } = needed(data, 'balanceFen');
  require(balanceFen + amountFen <= balanceMaxFen, '61', 'purse-would-hold-too-much');
  const payer = source === 'cash' ? cashOf(request) : card.accountId;
  return planOnline(loadFrom(payer), chip, data, request, services);
}

function chipOfLoad(data: PurseData, request: Request, services: Services): Chip {
  const { serial, type } = needed(data, 'serial', 'type');
  require(type === 1 || type === 2, '12', 'purse-type-not-a-load');
  return chipOf(serial, type, request, services);
}

function loadFrom(payer: Id): OnlineKind {
  return {
    kind: 'load',
    keyName: KEY_NAME.epurseLoad,
    mac1: 'load-mac1',
    mac2: 'load-mac2',
    between: ({ account }) => ({ debitAccount: payer, creditAccount: account }),
  };
}

function cashOf({ terminal }: Request): Id {
  return accountId('counter-cash', terminal.value.institution);
}

async function undoLoad(original: Original, request: Request, services: Services): Promise<Plan> {
  const extra = original.fact.extra ?? {};
  const chip = chipOf(extra['serial'] ?? '', Number(extra['type']), request, services);
  const { position, record } = original;
  const undone = planUndo(chip, record, request);
  const gone = takeBack(position, request.amountFen, request.amountFen);
  return { ...undone, tallies: [...(undone.tallies ?? []), gone] };
}
