/** `/v1/health-cards`: virtual health cards for apps, kiosks and hospitals. */
import { renderSVG } from 'uqr';
import { z } from 'zod';
import { registerPerson, send } from '../../modules/empi/commands.ts';
import { readIdNumber } from '../../modules/empi/matching/id-number.ts';
import { normaliseIdNumber } from '../../modules/empi/matching/normalise.ts';
import {
  bindBankCard,
  CardRefusal,
  cancelCard,
  moveCard,
  registerCard,
  restoreCard,
  revokeCodes,
  unbindBankCard,
  updateCard,
} from '../../modules/health-card/accounts.ts';
import {
  type CodeDoor,
  type IssuedCode,
  issueCode,
  verifyCode,
} from '../../modules/health-card/codes.ts';
import { healthCard } from '../../modules/health-card/module.ts';
import type { Account } from '../../modules/health-card/types.ts';
import { maskPan } from '../../protocols/mask.ts';
import { CODE_SCENES } from '../../protocols/records/health-card-code.ts';
import { ApiProblem, conflict, notFound } from '../problem.ts';
import { type Caller, type Route, route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { empiDoor } from './empi.ts';
import { demographics, text } from './empi-shapes.ts';

const READ = { tag: 'health-card', permission: 'health-cards:read', changes: false } as const;
const WRITE = { tag: 'health-card', permission: 'health-cards:write', changes: true } as const;

/** Domain of the e-health-cards in the main index. */
const DOMAIN = {
  code: 'health-card',
  nameZh: '电子健康卡',
  kind: 'card',
  system: 'urn:posp:health-card',
  source: '',
} as const;

const params = z.object({ cardNumber: z.string().regex(/^\d{16}$/) });
const accountShape = z.object({
  erhcCardNo: z.string(),
  empi: z.string(),
  status: z.enum(['active', 'cancelled']),
  checkedBy: z.string(),
  phone: z.string(),
  payCard: z.string(),
  bankCards: z.array(z.string()),
  cancelReason: z.string(),
  centre: z.string(),
});
const codeShape = z.object({
  qrContent: z.string(),
  qrCodeType: z.enum(['S', 'D']),
  validSeconds: z.int(),
  qrCodeSvg: z.string(),
});
const scene = z.enum(CODE_SCENES);

/** Cards as callers see them: numbers of paying cards are masked. */
function shown({ cardNumber, personId, payCard, bankCards, version: _, ...rest }: Account) {
  return {
    ...rest,
    erhcCardNo: cardNumber,
    empi: personId,
    payCard: payCard === '' ? '' : maskPan(payCard),
    bankCards: bankCards.map(maskPan),
  };
}

function codeAnswer({ text: qrContent, type, validSeconds }: IssuedCode) {
  return { qrContent, qrCodeType: type, validSeconds, qrCodeSvg: renderSVG(qrContent) };
}

const keyOf = ({ caller, idempotencyKey }: { caller: Caller; idempotencyKey: string }) =>
  `${caller.id}:${idempotencyKey}`;

async function orConflict<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof CardRefusal)) throw error;
    if (error.code === 'card_unknown') throw notFound('There is no such health card.');
    throw conflict(error.code, `refused: ${error.code}`);
  }
}

export function healthCardRoutes(services: ApiServices): Route[] {
  const door = (): CodeDoor => {
    const view = services.view(healthCard);
    const { ledger, reader, hsm } = services;
    const reached = (position: number) => view.reached(position);
    return { ledger, reader, hsm, queries: view.queries, reached, now: Date.now };
  };
  return [
    registerRoute(services, door),
    ...accountRoutes(services, door),
    ...lifeCycleRoutes(door),
    ...bankCardRoutes(services, door),
    ...codeRoutes(services, door),
    verifyRoute(services, door),
  ];
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
        return shown(account);
      },
    }),
    route({
      ...WRITE,
      method: 'put',
      path: '/v1/health-cards/{cardNumber}',
      summaryZh: '电子健康卡信息更新；给出人口学信息时同步主索引',
      summaryEn: 'Update a card; demographics, when given, change the main index too',
      params,
      body: z.object({
        phone: z.string().max(32),
        payCard: z.string().regex(/^(?:\d{13,19})?$/),
        demographics: demographics.optional(),
      }),
      answer: accountShape,
      async handle(call) {
        const {
          params: { cardNumber },
          body,
          caller,
        } = call;
        const key = keyOf(call);
        const account = await orConflict(updateCard(door(), key, cardNumber, body));
        if (body.demographics !== undefined) {
          const change = {
            personId: account.personId,
            demographics: body.demographics,
            by: caller.id,
          };
          await send(empiDoor(services)(), `${key}:person`, 'person.change', change);
        }
        return shown(account);
      },
    }),
  ];
}

function lifeCycleRoutes(door: () => CodeDoor): Route[] {
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
        shown(
          await orConflict(
            cancelCard(door(), keyOf(call), call.params.cardNumber, call.body.reason),
          ),
        ),
    }),
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/health-cards/{cardNumber}/restore',
      summaryZh: '恢复已注销的卡',
      summaryEn: 'Restore a cancelled card',
      params,
      answer: accountShape,
      handle: async (call) =>
        shown(await orConflict(restoreCard(door(), keyOf(call), call.params.cardNumber))),
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
          await orConflict(unbindBankCard(door(), keyOf(call), cardNumber, body.bankCard)),
        );
      },
    }),
  ];
}

function codeRoutes(services: ApiServices, door: () => CodeDoor): Route[] {
  const scenes = z.array(scene).min(1).max(CODE_SCENES.length);
  return [
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/health-cards/{cardNumber}/codes',
      summaryZh: '申请二维码：按业务功能给出静态或动态码；支付场景二码合一',
      summaryEn: 'A QR code, static or dynamic as its scenes need; one for payments pays as well',
      secretAnswer: true,
      params,
      body: z.object({ scenes, seconds: z.int().min(60).max(300).optional() }),
      answer: codeShape,
      handle: async ({ params: { cardNumber }, body }) =>
        codeAnswer(await orConflict(issueCode(door(), cardNumber, body.scenes, body.seconds))),
    }),
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/health-cards/static-code',
      summaryZh: '凭证件信息打印静态二维码',
      summaryEn: 'A static code to print, from document data',
      secretAnswer: true,
      body: z.object({ name: text, idNumber: text }),
      answer: codeShape,
      async handle({ body }) {
        const index = empiDoor(services)();
        const number = normaliseIdNumber(body.idNumber);
        const person = [...index.queries.byKey({ kind: 'id', value: number }, true)].find(
          ({ demographics: held }) => held.name === body.name,
        );
        const account = door().queries.accountOf(person?.personId ?? '');
        if (account === undefined) throw notFound('Nobody with these data has a health card.');
        return codeAnswer(
          await orConflict(issueCode(door(), account.cardNumber, ['registration', 'visit'])),
        );
      },
    }),
    route({
      ...WRITE,
      method: 'post',
      path: '/v1/health-cards/{cardNumber}/codes/revoke',
      summaryZh: '作废已发二维码',
      summaryEn: 'Make codes void that were issued before now',
      params,
      body: z.object({ which: z.enum(['static', 'all']) }),
      answer: z.object({}),
      async handle(call) {
        await orConflict(revokeCodes(door(), keyOf(call), call.params.cardNumber, call.body.which));
        return {};
      },
    }),
    route({
      ...READ,
      method: 'get',
      path: '/v1/health-cards/{cardNumber}/uses',
      summaryZh: '用卡记录',
      summaryEn: 'Uses of a card, the latest first',
      params,
      answer: z.object({
        uses: z.array(
          z.object({
            position: z.int(),
            timeUs: z.int(),
            scene: z.string(),
            step: z.string(),
            organisation: z.string(),
            terminal: z.string(),
            codeType: z.string(),
            refusal: z.string().nullable(),
          }),
        ),
      }),
      handle: ({ params: { cardNumber } }) => ({
        uses: door()
          .queries.usesOf(cardNumber)
          .map(({ cardNumber: _, ...use }) => use),
      }),
    }),
  ];
}

function verifyRoute(services: ApiServices, door: () => CodeDoor): Route {
  return route({
    ...WRITE,
    method: 'post',
    path: '/v1/health-cards/verify',
    summaryZh: '医院扫码核验：返回居民信息；拒绝时给出原因并留痕',
    summaryEn: 'A hospital verifies a scanned code: who it is, or why not; every use is logged',
    body: z.object({
      qrContent: z.string().max(200),
      scene,
      step: z
        .string()
        .regex(/^\d{0,6}$/)
        .default(''),
      organisation: z.string().max(32).default(''),
      terminal: z.string().max(32).default(''),
    }),
    answer: z.object({
      ok: z.boolean(),
      refusal: z.string().nullable(),
      erhcCardNo: z.string(),
      empi: z.string(),
      name: z.string(),
      sex: z.string(),
      birthDate: z.string(),
      phone: z.string(),
    }),
    async handle(call) {
      const { qrContent, ...rest } = call.body;
      const verified = await verifyCode(door(), keyOf(call), { ...rest, text: qrContent });
      if (!verified.ok) return { ...NOBODY, ok: false, refusal: verified.refusal };
      const person = empiDoor(services)().queries.livePerson(verified.personId);
      const { name = '', sex = '', birthDate = '', phone = '' } = person?.demographics ?? {};
      const { cardNumber, personId } = verified;
      const held = { name, sex, birthDate, phone };
      return { ok: true, refusal: null, erhcCardNo: cardNumber, empi: personId, ...held };
    },
  });
}

const NOBODY = { erhcCardNo: '', empi: '', name: '', sex: '', birthDate: '', phone: '' };
