/** A card after its registration: what is known of it, its life, the bank cards bound to it. */
import { z } from 'zod';
import { normaliseIdNumber } from '../../../modules/empi/matching/normalise.ts';
import {
  bindBankCard,
  cancelCard,
  moveCard,
  restoreCard,
  unbindBankCard,
} from '../../../modules/health-card/accounts.ts';
import type { CodeDoor } from '../../../modules/health-card/codes.ts';
import type { Account } from '../../../modules/health-card/types.ts';
import { conflict, notFound } from '../../problem.ts';
import { type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { empiDoor } from '../empi/door.ts';
import { text } from '../empi/shapes.ts';
import { accountShape, keyOf, orConflict, params, READ, shown, WRITE } from './door.ts';
import { indexTold } from './holder.ts';
import { updateRoute } from './update.ts';

export function cardRoutes(services: ApiServices, door: () => CodeDoor): Route[] {
  return [
    ...accountRoutes(services, door),
    ...lifeCycleRoutes(services, door),
    ...bankCardRoutes(services, door),
  ];
}

function accountRoutes(services: ApiServices, door: () => CodeDoor): Route[] {
  return [
    route({
      ...READ,
      method: 'get',
      path: '/v1/health-cards/{cardNumber}',
      summaryZh: '电子健康卡查询',
      summaryEn: 'An e-health-card',
      params,
      answer: accountShape,
      handle({ params: { cardNumber } }) {
        const account = door().queries.account(cardNumber);
        if (account === undefined) throw notFound('There is no such health card.');
        return shown(door(), account);
      },
    }),
    updateRoute(services, door),
  ];
}

function lifeCycleRoutes(services: ApiServices, door: () => CodeDoor): Route[] {
  /** The answer comes when the main index knows it, too. */
  const told = async (change: Promise<Account>) => {
    const account = await orConflict(change);
    await indexTold(door(), empiDoor(services)(), account.cardNumber);
    return shown(door(), account);
  };
  return [
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/health-cards/{cardNumber}/cancel',
      summaryZh: '注销（仅限出国或死亡）',
      summaryEn: 'Cancel a card: only for emigration or death',
      params,
      body: z.object({ reason: z.string() }),
      answer: accountShape,
      handle: async (call) =>
        told(cancelCard(door(), keyOf(call), call.params.cardNumber, call.body.reason)),
    }),
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/health-cards/{cardNumber}/restore',
      summaryZh: '恢复已注销的卡',
      summaryEn: 'Restore a cancelled card',
      params,
      answer: accountShape,
      handle: async (call) => told(restoreCard(door(), keyOf(call), call.params.cardNumber)),
    }),
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/health-cards/{cardNumber}/move',
      summaryZh: '卡管中心迁移',
      summaryEn: 'Move the card to another centre',
      params,
      body: z.object({ centre: text }),
      answer: accountShape,
      handle: async (call) =>
        shown(
          door(),
          await orConflict(moveCard(door(), keyOf(call), call.params.cardNumber, call.body.centre)),
        ),
    }),
  ];
}

function bankCardRoutes(services: ApiServices, door: () => CodeDoor): Route[] {
  const bankCard = z.string().regex(/^\d{13,19}$/);
  return [
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/health-cards/{cardNumber}/bank-cards',
      summaryZh: '绑定银行卡',
      summaryEn: 'Bind a bank card',
      params,
      body: z.object({ bankCard }),
      answer: accountShape,
      handle: async (call) =>
        shown(
          door(),
          await orConflict(
            bindBankCard(door(), keyOf(call), call.params.cardNumber, call.body.bankCard),
          ),
        ),
    }),
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/health-cards/{cardNumber}/bank-cards/unbind',
      summaryZh: '解绑银行卡（须证件信息）',
      summaryEn: 'Unbind a bank card; needs the document data of the holder',
      params,
      body: z.object({ bankCard, idNumber: text }),
      answer: accountShape,
      async handle(call) {
        const {
          params: { cardNumber },
          body,
        } = call;
        const account = door().queries.account(cardNumber);
        const person = empiDoor(services)().queries.livePerson(account?.personId ?? '');
        const held = normaliseIdNumber(person?.demographics.idNumber, person?.demographics.idType);
        if (held === '' || held !== normaliseIdNumber(body.idNumber, person?.demographics.idType)) {
          throw conflict('document_does_not_match', 'These are not the holder’s document data.');
        }
        return shown(
          door(),
          await orConflict(unbindBankCard(door(), keyOf(call), cardNumber, body.bankCard)),
        );
      },
    }),
  ];
}
