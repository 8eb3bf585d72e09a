/**
 * `/v1/cards`: issuing, states, balances and statements. A card is named by the id of its account, so
 * that its number stands in no address and no log; the number itself travels in bodies only.
 */
import { z } from 'zod';
import { accountId, accountInput } from '../../ledger/chart-of-accounts.ts';
import { idOf, idToHex } from '../../ledger/id.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Card } from '../../ledger/registry-kinds.ts';
import type { RegistryItem } from '../../ledger/types.ts';
import { accounts } from '../../modules/accounts/module.ts';
import { maskPan } from '../../protocols/mask.ts';
import { KEY_NAME, toStoredKey } from '../../switch/keys.ts';
import { pageOf, pageQuery } from '../page-token.ts';
import { ApiProblem, badRequest, conflict, notFound } from '../problem.ts';
import { type Caller, inScope, type Route, route } from '../route.ts';
import { cardId, why } from '../schemas.ts';
import { type ApiServices, freshView } from '../services.ts';
import { statementLine, statementLineOf } from '../statement.ts';
import { submitOrRefuse } from '../submit.ts';

const cardNumber = z
  .string()
  .regex(/^\d{12,19}$/, '12 to 19 digits')
  .refine(isLuhn, 'the check digit is wrong');
const cardView = z.object({
  cardId,
  institution: z.string(),
  numberMasked: z.string(),
  status: z.string(),
  product: z.string(),
  /** YYMM. */
  expiry: z.string(),
  version: z.int(),
});
const balance = z.object({
  cardId,
  availableFen: z.int(),
  postedFen: z.int(),
  pendingFen: z.int(),
});
const newCard = z.strictObject({
  number: cardNumber,
  institution: z.string().max(16).optional(),
  expiry: z.string().regex(/^\d{2}(0[1-9]|1[0-2])$/, 'YYMM'),
  product: z.string().min(1).max(32).default('one-card'),
  pin: z
    .string()
    .regex(/^\d{4,12}$/)
    .optional(),
});
const params = z.strictObject({ cardId });
const common = { tag: 'cards', params } as const;

export function cardRoutes(services: ApiServices): Route[] {
  return [...issuingRoutes(services), ...lookingRoutes(services)];
}

function issuingRoutes(services: ApiServices): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/cards',
      summaryZh: '发卡',
      summaryEn: 'Issue a card with an account of its own',
      tag: 'cards',
      permission: 'cards:write',
      changes: true,
      body: newCard,
      answer: cardView,
      handle: ({ body, caller, idempotencyKey }) =>
        issueCard(body, caller, idempotencyKey, services),
    }),
    route({
      ...common,
      method: 'put',
      path: '/v1/cards/{cardId}/status',
      summaryZh: '挂失、冻结、解冻、销卡',
      summaryEn: 'Report lost, freeze, lift, close',
      permission: 'cards:write',
      changes: true,
      body: z.strictObject({ status: z.enum(['active', 'lost', 'frozen', 'closed']), why }),
      answer: cardView,
      handle: ({ params: { cardId: id }, body, caller, idempotencyKey }) =>
        changeStatus(id, body, caller, idempotencyKey, services),
    }),
  ];
}

function lookingRoutes(services: ApiServices): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/cards/lookup',
      summaryZh: '按卡号查卡',
      summaryEn: 'Find a card by its number, which stays in the body',
      tag: 'cards',
      permission: 'cards:read',
      changes: false,
      body: z.strictObject({ number: z.string().regex(/^\d{12,19}$/) }),
      answer: cardView,
      handle({ body: { number }, caller }) {
        const item = services.reader.registry.get('card', number);
        if (item === null || !inScope(caller, item.value.institution)) throw none();
        return viewOf(item.value, item.version);
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/v1/cards/{cardId}',
      summaryZh: '卡信息',
      summaryEn: 'One card',
      permission: 'cards:read',
      changes: false,
      answer: cardView,
      handle({ params: { cardId: id }, caller }) {
        const { value, version } = cardOf(id, caller, services);
        return viewOf(value, version);
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/v1/cards/{cardId}/balance',
      summaryZh: '余额',
      summaryEn: 'What the card may spend',
      permission: 'cards:read',
      changes: false,
      answer: balance,
      async handle({ params: { cardId: id }, caller }) {
        const { value } = cardOf(id, caller, services);
        return { cardId: id, ...(await balanceOf(value, services)) };
      },
    }),
    statementRoute(services),
  ];
}

function statementRoute(services: ApiServices): Route {
  return route({
    ...common,
    method: 'get',
    path: '/v1/cards/{cardId}/statement',
    summaryZh: '明细',
    summaryEn: 'What moved the balance, newest first',
    permission: 'cards:read',
    changes: false,
    query: z.strictObject({ ...pageQuery }),
    answer: pageOf(statementLine),
    async handle({ params: { cardId: id }, query, caller }) {
      const { value } = cardOf(id, caller, services);
      const { queries } = await freshView(accounts, services);
      return services.pages.page(`statement ${id}`, caller, query, (_, from, limit) => {
        const before = from === null ? null : Number(from);
        const positions = queries.movements(id, before, limit);
        const items = positions.map((position) =>
          statementLineOf(services.reader.record(position)!, value.accountId),
        );
        return { items, next: items.length === limit ? String(positions.at(-1)) : null };
      });
    },
  });
}

/** The card of an account, if the caller may see it. */
export function cardOf(
  id: string,
  caller: Caller,
  { reader, view }: ApiServices,
): RegistryItem<Card> {
  const number = view(accounts).queries.cardNumber(id);
  const item = number === undefined ? null : reader.registry.get('card', number);
  if (item === null || !inScope(caller, item.value.institution)) throw none();
  return item;
}

async function issueCard(
  body: z.output<typeof newCard>,
  caller: Caller,
  idempotencyKey: string,
  { reader, ledger, hsm, view }: ApiServices,
) {
  const institution = body.institution ?? caller.institution;
  if (!inScope(caller, institution) || reader.registry.get('institution', institution) === null) {
    throw badRequest('no_institution', `There is no institution ${institution}.`);
  }
  const { number, expiry, product, pin } = body;
  const id = idOf('api', 'card', caller.id, idempotencyKey);
  const [repeated] = await ledger.entries([id]);
  if (repeated == null && reader.registry.get('card', number) !== null) {
    throw conflict('card_exists', 'There is a card with this number.');
  }
  const key = reader.registry.get('key', KEY_NAME.pinReference);
  if (pin !== undefined && key === null) {
    throw new ApiProblem(503, 'no_pin_key', 'This deployment has no key for PINs yet.');
  }
  const pinReference =
    pin === undefined
      ? new Uint8Array()
      : await hsm.createPinReference(toStoredKey(key!.value), { pan: number, pin });
  const account = accountId('card', institution, number);
  const card: Card = {
    number,
    institution,
    accountId: account,
    expiry,
    status: 'active',
    product,
    pinReference,
    wrongPins: 0,
  };
  const by = { who: caller.id, why: 'card issued', expectedVersion: 0 };
  const { position } = await submitOrRefuse(ledger, {
    id,
    institution,
    accounts: [accountInput('card', institution, number)],
    registry: [registryChange('card', number, card, by)],
  });
  await view(accounts).reached(position);
  return viewOf(card, position);
}

/** A lost or frozen card still takes refunds; a closed one takes nothing, and nothing opens it again. */
async function changeStatus(
  id: string,
  { status, why: reason }: { status: string; why: string },
  caller: Caller,
  idempotencyKey: string,
  services: ApiServices,
) {
  const { value, version } = cardOf(id, caller, services);
  if (value.status === 'closed' && status !== 'closed') {
    throw conflict('card_closed', 'A closed card stays closed.');
  }
  if (status === 'closed' && value.status !== 'closed') {
    const { postedFen, pendingFen } = await balanceOf(value, services);
    if (postedFen !== 0 || pendingFen !== 0) {
      throw conflict('balance_left', 'There is money on the card: pay it out first.');
    }
  }
  const by = { who: caller.id, why: reason, expectedVersion: version };
  const card = { ...value, status };
  const { position } = await submitOrRefuse(services.ledger, {
    id: idOf('api', 'card status', caller.id, idempotencyKey),
    institution: value.institution,
    freezes: [
      {
        account: value.accountId,
        debitsFrozen: status !== 'active',
        creditsFrozen: status === 'closed',
      },
    ],
    registry: [registryChange('card', value.number, card, by)],
  });
  return viewOf(card, position);
}

async function balanceOf(card: Card, { ledger }: ApiServices) {
  const [account] = await ledger.accounts([card.accountId]);
  if (account == null) throw new Error('a card has no account');
  const postedFen = account.creditsPostedFen - account.debitsPostedFen;
  const pendingFen = account.debitsPendingFen;
  return { postedFen, pendingFen, availableFen: postedFen - pendingFen };
}

function viewOf(card: Card, version: number) {
  const { institution, status, product, expiry, number } = card;
  const id = idToHex(card.accountId);
  return {
    cardId: id,
    institution,
    numberMasked: maskPan(number),
    status,
    product,
    expiry,
    version,
  };
}

function none() {
  return notFound('There is no such card.');
}

function isLuhn(number: string): boolean {
  let sum = 0;
  for (const [at, digit] of [...number].reverse().entries()) {
    const value = Number(digit) * (at % 2 === 0 ? 1 : 2);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}
