/** Family members of a card's holder: whose cards are shown beside one's own in an app. */
import { z } from 'zod';
import { addToFamily, removeFromFamily } from '../../../modules/health-card/accounts.ts';
import type { CodeDoor } from '../../../modules/health-card/codes.ts';
import { type Account, FAMILY_RELATIONS } from '../../../modules/health-card/types.ts';
import { conflict, notFound } from '../../problem.ts';
import { type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { empiDoor } from '../empi/door.ts';
import { cardNumber, keyOf, orConflict, params, READ, WRITE } from './door.ts';
import { document, holderOf, isHolder } from './holder.ts';

const PATH = '/v1/health-cards/{cardNumber}/family';
const relation = z.enum(FAMILY_RELATIONS);
const answer = z.object({
  members: z.array(
    z.object({ erhcCardNo: z.string(), relation, name: z.string(), status: z.string() }),
  ),
});

export function familyRoutes(services: ApiServices, door: () => CodeDoor): Route[] {
  const familyOf = (account: Account) => ({
    members: account.family.map(({ cardNumber: erhcCardNo, relation: kinship }) => {
      const member = door().queries.account(erhcCardNo)!;
      const { name } = holderOf(empiDoor(services)().queries.livePerson(member.personId));
      return { erhcCardNo, relation: kinship, name, status: door().queries.statusOf(member) };
    }),
  });
  return [
    route({
      ...READ,
      method: 'get',
      path: PATH,
      summaryZh: '家庭成员',
      summaryEn: 'Family members of a card’s holder',
      params,
      answer,
      handle({ params: path }) {
        const account = door().queries.account(path.cardNumber);
        if (account === undefined) throw notFound('There is no such health card.');
        return familyOf(account);
      },
    }),
    route({
      ...WRITE,
      method: 'post',
      path: PATH,
      summaryZh: '添加家庭成员（须成员证件信息）',
      summaryEn: 'Add a family member; needs the document data of the member',
      params,
      body: z.object({ ...document, erhcCardNo: cardNumber, relation }),
      answer,
      async handle(call) {
        const { params: path, body } = call;
        const index = empiDoor(services)();
        const member = door().queries.account(body.erhcCardNo);
        if (member === undefined || !isHolder(index, member, body)) {
          throw conflict('document_does_not_match', 'These are not the member’s document data.');
        }
        const { erhcCardNo, relation: kinship } = body;
        return familyOf(
          await orConflict(addToFamily(door(), keyOf(call), path.cardNumber, erhcCardNo, kinship)),
        );
      },
    }),
    route({
      ...WRITE,
      method: 'delete',
      path: `${PATH}/{member}`,
      summaryZh: '移除家庭成员',
      summaryEn: 'Remove a family member',
      params: params.extend({ member: cardNumber }),
      answer,
      handle: async (call) => {
        const { params: path } = call;
        return familyOf(
          await orConflict(removeFromFamily(door(), keyOf(call), path.cardNumber, path.member)),
        );
      },
    }),
  ];
}
