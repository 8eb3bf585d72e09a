/** A person gets an e-health-card, and the main index learns of both. */
import { z } from 'zod';
import {
  type EmpiDoor,
  type RegisterRequest,
  registerPerson,
  send,
} from '../../../modules/empi/commands.ts';
import { FIELD } from '../../../modules/empi/matching/fields.ts';
import {
  type NormalisedPerson,
  normalisePerson,
} from '../../../modules/empi/matching/normalise.ts';
import type { Demographics, Person } from '../../../modules/empi/types.ts';
import { registerCard } from '../../../modules/health-card/accounts.ts';
import type { CodeDoor } from '../../../modules/health-card/codes.ts';
import { INDEX_DOMAIN } from '../../../modules/health-card/index-status.ts';
import type { Account, CardStatus } from '../../../modules/health-card/types.ts';
import { type ApiProblem, conflict } from '../../problem.ts';
import { type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { empiDoor, orBehind, orRefused } from '../empi/door.ts';
import { demographics } from '../empi/shapes.ts';
import { accountShape, keyOf, orConflict, READ, shown, WRITE } from './door.ts';
import {
  accountOf,
  document,
  haveSameName,
  indexTold,
  isNameless,
  personOfDocument,
  personsOfNumber,
} from './holder.ts';
import { checkRealName } from './real-name.ts';

/** Domain of the e-health-cards in the main index. */
const DOMAIN = {
  code: INDEX_DOMAIN,
  nameZh: '电子健康卡',
  kind: 'card',
  system: 'urn:posp:health-card',
  source: '',
} as const;

export function registrationRoutes(services: ApiServices, door: () => CodeDoor): Route[] {
  return [registerRoute(services, door), queryRoute(services, door), hostTimeRoute()];
}

function registerRoute(services: ApiServices, door: () => CodeDoor): Route {
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
      checkRealName(body.demographics);
      const index = empiDoor(services)();
      const key = keyOf(call);
      const person = await personFor(services, index, key, body.demographics, caller.id);
      const known = accountOf(door().queries, index, person);
      const { checkedBy, centre } = body;
      const phone = body.demographics.phone ?? '';
      const personId = known?.personId ?? person.personId;
      const account = await orConflict(
        registerCard(door(), key, { personId, checkedBy, phone, centre }),
      );
      await linkToIndex(index, key, account, person.personId, caller.id);
      await freezeListed(index, key, account, door().queries.statusOf(account));
      await indexTold(door(), index, account.cardNumber);
      return shown(door(), account);
    },
  });
}

/**
 * Who it is in the main index: the one with this document, else whom the engine finds, else a new
 * person. A number that the index has under another name gives nobody that person's card.
 */
async function personFor(
  { secrets }: Pick<ApiServices, 'secrets'>,
  index: EmpiDoor,
  key: string,
  demographics: Demographics,
  by: string,
): Promise<Person> {
  const wanted = normalisePerson(demographics);
  const holders = personsOfNumber(index, demographics);
  const holder = holders.find(({ normalised }) => mayBeNamed(normalised, wanted));
  if (holder !== undefined) return joined(index, key, { demographics, by }, holder);
  if (holders.length > 0) throw nameDiffers();
  // Two registrations of one document at once have one name: they are one command, and one person.
  const number = wanted.values[FIELD.idNumber]!;
  const document = `health-card:${secrets.fingerprint('health-card', number).toString('hex')}`;
  const request = { demographics, media: [], by };
  const person = await registered(index, document, request);
  // Who came that way once may have been cancelled since, or given a corrected number.
  const isTheirs =
    person.status === 'active' && person.normalised.values[FIELD.idNumber] === number;
  if (!isTheirs) return registered(index, `${key}:person`, request);
  if (!mayBeNamed(person.normalised, wanted)) throw nameDiffers();
  return person;
}

function mayBeNamed(known: NormalisedPerson, wanted: NormalisedPerson): boolean {
  return isNameless(known) || haveSameName(known, wanted);
}

function nameDiffers(): ApiProblem {
  return conflict('name_differs', 'The main index has this number under another name.');
}

async function registered(index: EmpiDoor, key: string, request: RegisterRequest): Promise<Person> {
  const { personId } = orRefused(await orBehind(registerPerson(index, key, request)));
  return index.queries.livePerson(personId!)!;
}

/** What the document says fills what the index did not know. */
async function joined(
  index: EmpiDoor,
  key: string,
  { demographics, by }: { demographics: Demographics; by: string },
  { personId }: Person,
): Promise<Person> {
  const link = { source: 'auto', probability: 1, rule: 'document', by } as const;
  const registration = { demographics, media: [], link, personId };
  orRefused(await orBehind(send(index, `${key}:holder`, 'person.register', registration)));
  return index.queries.livePerson(personId)!;
}

/** The main index learns of the card as of every other medium. */
async function linkToIndex(
  index: EmpiDoor,
  key: string,
  { cardNumber }: Account,
  personId: string,
  by: string,
): Promise<void> {
  if (index.queries.medium(DOMAIN.code, cardNumber) !== undefined) return;
  if (index.queries.domain(DOMAIN.code) === undefined) {
    await send(index, 'domain of e-health-cards', 'domain.set', DOMAIN);
  }
  const added = await orBehind(
    send(index, `${key}:medium`, 'medium.add', {
      personId,
      medium: { domain: DOMAIN.code, number: cardNumber, type: 'virtual-card' },
      link: { source: 'auto', probability: 1, rule: 'registration', by },
    }),
  );
  orRefused(added);
}

/** A centre had the number on its list before the card was opened: its medium is new, and frozen. */
async function freezeListed(
  index: EmpiDoor,
  key: string,
  { cardNumber: number }: Account,
  cardStatus: CardStatus,
): Promise<void> {
  const isFree = index.queries.medium(DOMAIN.code, number)?.status === 'active';
  if (cardStatus !== 'blacklisted' || !isFree) return;
  const command = { domain: DOMAIN.code, number, status: 'frozen', by: 'health-card' } as const;
  await orBehind(send(index, `${key}:frozen`, 'medium.status', command));
}

function queryRoute(services: ApiServices, door: () => CodeDoor): Route {
  return route({
    ...READ,
    method: 'post',
    path: '/v1/health-cards/query',
    summaryZh: '凭证件信息查询是否已注册',
    summaryEn: 'Whether somebody has a card, by the data of a document',
    body: z.object(document),
    answer: z.object({ registered: z.boolean(), card: accountShape.nullable() }),
    handle({ body }) {
      const index = empiDoor(services)();
      const person = personOfDocument(index, body);
      const account = person && accountOf(door().queries, index, person);
      if (account === undefined) return { registered: false, card: null };
      return { registered: true, card: shown(door(), account) };
    },
  });
}

/** Apps and kiosks compare their clocks: codes live for a minute or two. */
function hostTimeRoute(): Route {
  return route({
    ...READ,
    method: 'get',
    path: '/v1/health-cards/host-time',
    summaryZh: '主机时间',
    summaryEn: 'The time of this host',
    answer: z.object({ hostTime: z.iso.datetime() }),
    handle: () => ({ hostTime: new Date().toISOString() }),
  });
}
