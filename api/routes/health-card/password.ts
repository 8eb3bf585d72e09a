/** The holder's password: with it a printed code is shown by the holder, and not by a finder. */
import { z } from 'zod';
import type { CodeDoor } from '../../../modules/health-card/codes.ts';
import { setPassword } from '../../../modules/health-card/password.ts';
import { conflict } from '../../problem.ts';
import { type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { empiDoor } from '../empi/door.ts';
import { keyOf, orConflict, params, WRITE } from './door.ts';
import { document, isHolder } from './holder.ts';

export function passwordRoute(services: ApiServices, door: () => CodeDoor): Route {
  return route({
    ...WRITE,
    method: 'put',
    path: '/v1/health-cards/{cardNumber}/password',
    summaryZh: '设置用卡密码（须证件信息），静态二维码使用时核对',
    summaryEn: 'Set the password that printed codes need; needs the document data of the holder',
    params,
    body: z.object({ ...document, password: z.string().regex(/^\d{6}$/) }),
    answer: z.object({}),
    async handle(call) {
      const { params: path, body } = call;
      const account = door().queries.account(path.cardNumber);
      if (account !== undefined && !isHolder(empiDoor(services)(), account, body)) {
        throw conflict('document_does_not_match', 'These are not the holder’s document data.');
      }
      await orConflict(setPassword(door(), keyOf(call), path.cardNumber, body.password));
      return {};
    },
  });
}
