/** A person gets an e-health-card, and the main index learns of both. */
import { z } from 'zod';
import { registerPerson, send } from '../../../modules/empi/commands.ts';
import { readIdNumber } from '../../../modules/empi/matching/id-number.ts';
import { normaliseIdNumber } from '../../../modules/empi/matching/normalise.ts';
import { registerCard } from '../../../modules/health-card/accounts.ts';
import type { CodeDoor } from '../../../modules/health-card/codes.ts';
import type { Account } from '../../../modules/health-card/types.ts';
import { ApiProblem, conflict } from '../../problem.ts';
import { type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { empiDoor } from '../empi/door.ts';
import { demographics } from '../empi/shapes.ts';
import { accountShape, keyOf, orConflict, shown, WRITE } from './door.ts';

/** Domain of the e-health-cards in the main index. */
const DOMAIN = {
  code: 'health-card',
  nameZh: '电子健康卡',
  kind: 'card',
  system: 'urn:posp:health-card',
  source: '',
} as const;

export function registerRoute(services: ApiServices, door: () => CodeDoor): Route {
  return route({
    ...WRITE,
    method: 'post',
    path: '/v1/health-cards',
    summaryZh: '注册电子健康卡；重复申请返回原卡，已注销的卡恢复',
    summaryEn:
      'Register an e-health-card; asked again gives the same card, a cancelled one is restored',
    body: z.object({
      demographics,
      checkedBy: z.enum(['document', 'bank-account']),
      centre: z.string().max(32).default(''),
    }),
    answer: accountShape,
    async handle(call) {
      const { body, caller } = call;
      const index = empiDoor(services)();
      if (
        readIdNumber(normaliseIdNumber(body.demographics.idNumber, body.demographics.idType)) ===
        null
      ) {
        throw new ApiProblem(422, 'real_name_needed', 'A valid identity number is needed.');
      }
      const key = keyOf(call);
      const request = { demographics: body.demographics, media: [], by: caller.id };
      const person = await registerPerson(index, `${key}:person`, request);
      if (person.status === 'refused') throw conflict(person.code!, `refused: ${person.code}`);
      const { checkedBy, centre } = body;
      const phone = body.demographics.phone ?? '';
      const personId = person.personId!;
      const account = await orConflict(
        registerCard(door(), key, { personId, checkedBy, phone, centre }),
      );
      await linkToIndex(index, key, account, caller.id);
      return shown(account);
    },
  });
}

/** The main index learns of the card as of every other medium. */
async function linkToIndex(
  index: ReturnType<ReturnType<typeof empiDoor>>,
  key: string,
  { cardNumber, personId }: Account,
  by: string,
): Promise<void> {
  if (index.queries.medium(DOMAIN.code, cardNumber) !== undefined) return;
  if (index.queries.domain(DOMAIN.code) === undefined) {
    await send(index, 'domain of e-health-cards', 'domain.set', DOMAIN);
  }
  await send(index, `${key}:medium`, 'medium.add', {
    personId,
    medium: { domain: DOMAIN.code, number: cardNumber, type: 'virtual-card' },
    link: { source: 'auto', probability: 1, rule: 'registration', by },
  });
}
