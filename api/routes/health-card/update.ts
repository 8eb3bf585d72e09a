/** An update of a card: what is named changes on the card, and in the main index where it says something new. */
import { z } from 'zod';
import { changePerson } from '../../../modules/empi/changes.ts';
import type { EmpiDoor } from '../../../modules/empi/commands.ts';
import { haveTwoValidIds } from '../../../modules/empi/registration.ts';
import type { Demographics, Person } from '../../../modules/empi/types.ts';
import { checkPayCard, updateCard } from '../../../modules/health-card/accounts.ts';
import { activeAccount } from '../../../modules/health-card/card-record.ts';
import type { CodeDoor } from '../../../modules/health-card/codes.ts';
import type { Account } from '../../../modules/health-card/types.ts';
import { conflict } from '../../problem.ts';
import { type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { empiDoor, orBehind, orRefused } from '../empi/door.ts';
import { demographics } from '../empi/shapes.ts';
import { accountShape, keyOf, orConflict, params, shown, WRITE } from './door.ts';
import { checkRealName } from './real-name.ts';

const update = z.object({
  phone: z.string().max(32).optional(),
  payCard: z
    .string()
    .regex(/^(?:\d{13,19})?$/)
    .optional(),
  demographics: demographics.optional(),
});

export function updateRoute(services: ApiServices, door: () => CodeDoor): Route {
  return route({
    ...WRITE,
    method: 'put',
    path: '/v1/health-cards/{cardNumber}',
    summaryZh: '电子健康卡信息更新：只改给出的项目，需要时同步主索引',
    summaryEn: 'Update a card: what is named changes, in the main index too where it differs',
    params,
    body: update,
    answer: accountShape,
    async handle(call) {
      const index = empiDoor(services)();
      const { params: path, body, caller } = call;
      const by = { key: keyOf(call), by: caller.id };
      const account = await orConflict(updated(door(), index, path.cardNumber, body, by));
      return shown(door(), account);
    },
  });
}

/** The index first: when it refuses, the card stays as it was. */
async function updated(
  door: CodeDoor,
  index: EmpiDoor,
  cardNumber: string,
  body: z.output<typeof update>,
  { key, by }: { key: string; by: string },
): Promise<Account> {
  const { personId } = activeAccount(door, cardNumber);
  const { payCard, phone = body.demographics?.phone } = body;
  if (payCard !== undefined) checkPayCard(door, payCard);
  const contact = phone === undefined ? {} : { phone };
  const person = index.queries.livePerson(personId)!;
  await changeIndex(index, person, { ...contact, ...body.demographics }, key, by);
  const money = payCard === undefined ? {} : { payCard };
  return updateCard(door, key, cardNumber, { ...contact, ...money });
}

const NAMES = ['name', 'surname', 'givenName'] as const;
const IDENTITY = [...NAMES, 'idType', 'idNumber'] as const;

async function changeIndex(
  index: EmpiDoor,
  person: Person,
  named: Demographics,
  key: string,
  by: string,
): Promise<void> {
  const { personId, demographics: held } = person;
  const merged = { ...held, ...named };
  // A name is written in one or in parts: what is not written any more would contradict it.
  if (NAMES.some((item) => named[item] !== undefined)) {
    for (const item of NAMES) if (named[item] === undefined) delete merged[item];
  }
  const items = Object.keys({ ...held, ...merged }) as (keyof Demographics)[];
  const differs = (item: keyof Demographics) => (merged[item] ?? '') !== (held[item] ?? '');
  if (!items.some(differs)) return;
  if (IDENTITY.some(differs)) checkRealName(merged);
  if (haveTwoValidIds(person, merged)) {
    throw conflict(
      'two_valid_id_numbers',
      'A card stays with its holder: this is another person’s number.',
    );
  }
  orRefused(
    await orBehind(changePerson(index, `${key}:person`, { personId, demographics: merged, by })),
  );
}
