/** QR codes of a card: issued, printed, revoked, and verified by whoever scans them. */
import { renderSVG } from 'uqr';
import { z } from 'zod';
import { revokeCodes } from '../../../modules/health-card/accounts.ts';
import {
  type CodeDoor,
  type IssuedCode,
  issueCode,
  verifyCode,
} from '../../../modules/health-card/codes.ts';
import { CODE_SCENES } from '../../../protocols/records/health-card-code.ts';
import { notFound } from '../../problem.ts';
import { type Route, route } from '../../route.ts';
import type { ApiServices } from '../../services.ts';
import { empiDoor } from '../empi/door.ts';
import { keyOf, orConflict, params, READ, WRITE } from './door.ts';
import { accountOf, document, holderOf, personOfDocument } from './holder.ts';

const codeShape = z.object({
  qrContent: z.string(),
  qrCodeType: z.enum(['S', 'D']),
  validSeconds: z.int(),
  qrCodeSvg: z.string(),
});
const scene = z.enum(CODE_SCENES);

/** What a code on paper is for. */
const PRINTED_SCENES = ['registration', 'visit', 'admission'] as const;

const NOBODY = { erhcCardNo: '', empi: '', name: '', sex: '', birthDate: '', phone: '' };

export function codeRoutes(services: ApiServices, door: () => CodeDoor): Route[] {
  return [...issueRoutes(services, door), ...usesRoutes(door), verifyRoute(services, door)];
}

function codeAnswer({ text: qrContent, type, validSeconds }: IssuedCode) {
  return { qrContent, qrCodeType: type, validSeconds, qrCodeSvg: renderSVG(qrContent) };
}

function issueRoutes(services: ApiServices, door: () => CodeDoor): Route[] {
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
      body: z.object(document),
      answer: codeShape,
      async handle({ body }) {
        const index = empiDoor(services)();
        const person = personOfDocument(index, body);
        const account = person && accountOf(door().queries, index, person);
        if (account === undefined) throw notFound('Nobody with these data has a health card.');
        return codeAnswer(await orConflict(issueCode(door(), account.cardNumber, PRINTED_SCENES)));
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
  ];
}

const useShape = z.object({
  position: z.int(),
  timeUs: z.int(),
  scene: z.string(),
  step: z.string(),
  organisation: z.string(),
  terminal: z.string(),
  codeType: z.string(),
  refusal: z.string().nullable(),
});

function usesRoutes(door: () => CodeDoor): Route[] {
  return [
    route({
      ...READ,
      method: 'get',
      path: '/v1/health-cards/{cardNumber}/uses',
      summaryZh: '用卡记录',
      summaryEn: 'Uses of a card, the latest first',
      params,
      answer: z.object({ uses: z.array(useShape) }),
      handle: ({ params: { cardNumber } }) => ({
        uses: door()
          .queries.usesOf(cardNumber)
          .map(({ cardNumber: _, ...use }) => use),
      }),
    }),
    route({
      ...READ,
      method: 'get',
      path: '/v1/health-cards/uses',
      summaryZh: '全部用卡记录（按日志位置续取）；伪造的码不落到任何卡上',
      summaryEn: 'Uses of all cards behind a journal position; those of forged codes name no card',
      query: z.object({ after: z.coerce.number().int().min(0).default(0) }),
      answer: z.object({ uses: z.array(useShape.extend({ erhcCardNo: z.string() })) }),
      handle: ({ query: { after } }) => ({
        uses: door()
          .queries.uses(after)
          .map(({ cardNumber, ...use }) => ({ ...use, erhcCardNo: cardNumber })),
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
      password: z.string().max(32).default(''),
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
      const verified = await orConflict(
        verifyCode(door(), keyOf(call), { ...rest, text: qrContent }),
      );
      if (!verified.ok) return { ...NOBODY, ok: false, refusal: verified.refusal };
      const person = empiDoor(services)().queries.livePerson(verified.personId);
      const { cardNumber, personId } = verified;
      const held = holderOf(person);
      return { ok: true, refusal: null, erhcCardNo: cardNumber, empi: personId, ...held };
    },
  });
}
