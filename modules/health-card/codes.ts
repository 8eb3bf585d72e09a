/**
 * QR codes: issued with a proof of the HSM, verified with its own reason for every refusal, each use
 * and each refusal in the journal. A dynamic code is used once because its use is a tally with a
 * limit of one in the ledger; payments at the switch move the same tally.
 */
import { randomBytes } from 'node:crypto';
import type { Hsm } from '../../hsm/types.ts';
import { idOf } from '../../ledger/id.ts';
import type { Id } from '../../ledger/types.ts';
import {
  CODE_KEY,
  CODE_SCENES,
  type CodeRefusal,
  type CodeScene,
  type CodeType,
  CRITICAL_SCENES,
  codeBody,
  codeRefusal,
  type HealthCardCode,
  parseCode,
  sceneBits,
} from '../../protocols/records/health-card-code.ts';
import { moduleKey } from '../frame/module-key.ts';
import { activeAccount, type CardDoor, CardRefusal, factOf, settingOf } from './accounts.ts';
import { MODULE } from './types.ts';

export const CODE_KEY_SPEC = {
  name: CODE_KEY,
  spec: { algorithm: 'aes', purpose: 'mac', exportable: false },
} as const;

const DYNAMIC_SECONDS = 120;

export interface CodeDoor extends CardDoor {
  hsm: Hsm;
}

export interface IssuedCode {
  text: string;
  type: CodeType;
  /** 0: no end. */
  validSeconds: number;
}

/** The tally that lets a dynamic code be used once, here and at the switch. */
export function codeSubject({ nonce, cardNumber }: HealthCardCode): Id {
  return idOf('health-card-code', cardNumber, nonce);
}

/** Static or dynamic follows from what the code is for: records and money need a dynamic one. */
export async function issueCode(
  door: CodeDoor,
  cardNumber: string,
  scenes: readonly CodeScene[],
  seconds = DYNAMIC_SECONDS,
): Promise<IssuedCode> {
  activeAccount(door, cardNumber);
  if (scenes.length === 0) throw new CardRefusal('scene_missing');
  const setting = settingOf(door.reader, cardNumber);
  if (setting?.status !== 'active') throw new CardRefusal(`card_${setting?.status ?? 'unknown'}`);
  const isDynamic = scenes.some((scene) => CRITICAL_SCENES.has(scene));
  const pays = scenes.some((scene) => scene.endsWith('payment'));
  if (pays && setting.payCard === '') throw new CardRefusal('pay_card_missing');
  const { staticSinceSeconds, codesSinceSeconds } = setting;
  const nowSeconds = Math.floor(door.now() / 1000);
  const code: HealthCardCode = {
    type: isDynamic ? 'D' : 'S',
    cardNumber,
    scenes: sceneBits(scenes),
    issuedAtSeconds: Math.max(nowSeconds, staticSinceSeconds, codesSinceSeconds),
    lifeSeconds: isDynamic ? Math.min(300, Math.max(60, seconds)) : 0,
    nonce: randomBytes(8).toString('hex'),
  };
  const body = codeBody(code);
  const key = await moduleKey(door, CODE_KEY_SPEC);
  const proof = await door.hsm.generateMac(key, 'cmac-aes', Buffer.from(body));
  const text = `${body}~${Buffer.from(proof).toString('hex')}`;
  return { text, type: code.type, validSeconds: code.lifeSeconds };
}

export interface VerifyRequest {
  text: string;
  scene: CodeScene;
  /** Visit-step code (诊疗环节). */
  step: string;
  organisation: string;
  terminal: string;
}

export type Verified =
  | { ok: true; cardNumber: string; personId: string; type: CodeType }
  | { ok: false; refusal: CodeRefusal };

/** What a hospital asks when it has scanned a code. Whatever the answer, the use is in the log. */
export async function verifyCode(
  door: CodeDoor,
  key: string,
  request: VerifyRequest,
): Promise<Verified> {
  const parsed = parseCode(request.text);
  const refusal = await refusalOf(door, parsed, request.scene);
  const { text: _, ...rest } = request;
  const use = {
    ...rest,
    cardNumber: refusal === 'malformed' || refusal === 'forged' ? '' : parsed!.code.cardNumber,
    codeType: parsed?.code.type ?? ('' as const),
  };
  if (refusal !== null) {
    await log(door, key, { ...use, refusal });
    return { ok: false, refusal };
  }
  const { code } = parsed!;
  if (!(await log(door, key, { ...use, refusal: null }, code))) {
    await log(door, `${key}:used`, { ...use, refusal: 'used' });
    return { ok: false, refusal: 'used' };
  }
  const { personId } = door.queries.account(code.cardNumber)!;
  return { ok: true, cardNumber: code.cardNumber, personId, type: code.type };
}

async function refusalOf(
  door: CodeDoor,
  parsed: ReturnType<typeof parseCode>,
  scene: CodeScene,
): Promise<CodeRefusal | null> {
  if (parsed === null) return 'malformed';
  const { code, body, proof } = parsed;
  const key = await moduleKey(door, CODE_KEY_SPEC);
  const isTrue = await door.hsm.verifyMac(key, 'cmac-aes', Buffer.from(body), proof);
  if (!isTrue) return 'forged';
  const nowSeconds = Math.floor(door.now() / 1000);
  return codeRefusal(code, settingOf(door.reader, code.cardNumber), scene, nowSeconds);
}

/** False when the code was used before; a repeat of the same request is no second use. */
async function log(
  door: CodeDoor,
  key: string,
  use: Parameters<typeof factOf<'card.used'>>[2],
  code?: HealthCardCode,
): Promise<boolean> {
  const tallies =
    code?.type === 'D'
      ? [
          {
            subject: codeSubject(code),
            amountFen: 0,
            count: 1,
            limitCount: 1,
            until: 'long' as const,
          },
        ]
      : [];
  const { status } = await door.ledger.submit({
    id: idOf(MODULE, 'use', key),
    institution: '',
    fact: factOf('card.used', key, use),
    tallies,
  });
  return status === 'applied' || status === 'exists';
}

export function isScene(text: string): text is CodeScene {
  return (CODE_SCENES as readonly string[]).includes(text);
}
