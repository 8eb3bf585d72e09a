/**
 * QR codes: issued with a proof of the HSM, verified with its own reason for every refusal, each use
 * and each refusal in the journal. A dynamic code is used once because its use is a tally with a
 * limit of one in the ledger; payments at the switch move the same tally.
 */
import { randomBytes } from 'node:crypto';
import type { Hsm } from '../../hsm/types.ts';
import { idOf } from '../../ledger/id.ts';
import { RACE_STATUSES } from '../../ledger/status.ts';
import type { EntryStatus, Id, RegistryChange } from '../../ledger/types.ts';
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
import {
  activeAccount,
  type CardDoor,
  CardRefusal,
  factOf,
  settingChange,
  settingOf,
} from './card-record.ts';
import { judgePassword } from './password.ts';
import { MODULE } from './types.ts';

export const CODE_KEY_SPEC = {
  name: CODE_KEY,
  spec: { algorithm: 'aes', purpose: 'mac', exportable: false },
} as const;

const DYNAMIC_SECONDS = 120;

export interface CodeDoor extends CardDoor {
  hsm: Hsm;
  /** Printed codes are taken with a password only; otherwise those of cards that have one. */
  needsPassword: boolean;
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
  /** The holder's, for a printed code; empty: none was asked for. */
  password: string;
}

export type Verified =
  | { ok: true; cardNumber: string; personId: string; type: CodeType }
  | { ok: false; refusal: CodeRefusal };

/** Two verifications of a card may count a password at once; the later one looks again. */
const ATTEMPTS_MAX = 20;

/** What a hospital asks when it has scanned a code. Whatever the answer, the use is in the log. */
export async function verifyCode(
  door: CodeDoor,
  key: string,
  request: VerifyRequest,
): Promise<Verified> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const verified = await verifyOnce(door, key, request);
    if (verified !== null) return verified;
  }
  throw new CardRefusal('changed_meanwhile');
}

/** Null when the card's setting changed meanwhile. */
async function verifyOnce(
  door: CodeDoor,
  key: string,
  request: VerifyRequest,
): Promise<Verified | null> {
  const parsed = parseCode(request.text);
  const { refusal, registry } = await judge(door, parsed, request);
  const { text: _, password: __, ...rest } = request;
  const use = {
    ...rest,
    cardNumber: refusal === 'malformed' || refusal === 'forged' ? '' : parsed!.code.cardNumber,
    codeType: parsed?.code.type ?? ('' as const),
  };
  const code = refusal === null ? parsed!.code : undefined;
  const status = await log(door, key, { ...use, refusal }, { code, registry });
  if (RACE_STATUSES.has(status)) return null;
  if (refusal !== null) return { ok: false, refusal };
  if (status !== 'applied' && status !== 'exists') {
    await log(door, `${key}:used`, { ...use, refusal: 'used' });
    return { ok: false, refusal: 'used' };
  }
  const { cardNumber, type } = parsed!.code;
  const { personId } = door.queries.account(cardNumber)!;
  return { ok: true, cardNumber, personId, type };
}

interface Judgement {
  refusal: CodeRefusal | null;
  /** Wrong passwords as they are counted now. */
  registry?: RegistryChange[];
}

async function judge(
  door: CodeDoor,
  parsed: ReturnType<typeof parseCode>,
  { scene, password }: VerifyRequest,
): Promise<Judgement> {
  if (parsed === null) return { refusal: 'malformed' };
  const { code, body, proof } = parsed;
  const { cardNumber } = code;
  const key = await moduleKey(door, CODE_KEY_SPEC);
  const isTrue = await door.hsm.verifyMac(key, 'cmac-aes', Buffer.from(body), proof);
  if (!isTrue) return { refusal: 'forged' };
  const setting = settingOf(door.reader, cardNumber);
  const refusal = codeRefusal(code, setting, scene, Math.floor(door.now() / 1000));
  const asksPassword = door.needsPassword || setting?.passwordProof !== undefined;
  if (refusal !== null || code.type === 'D' || !asksPassword) return { refusal };
  const judged = await judgePassword(door, cardNumber, setting!, password);
  const { wrongPasswords } = judged;
  if (wrongPasswords === (setting!.wrongPasswords ?? 0)) return { refusal: judged.refusal };
  const counted = settingChange(door.reader, cardNumber, (was) => ({ ...was!, wrongPasswords }));
  return { refusal: judged.refusal, registry: [counted] };
}

/** A repeat of the same request is no second use; `tally_exceeded`: the code was used before. */
async function log(
  door: CodeDoor,
  key: string,
  use: Parameters<typeof factOf<'card.used'>>[2],
  {
    code,
    registry = [],
  }: { code?: HealthCardCode | undefined; registry?: RegistryChange[] | undefined } = {},
): Promise<EntryStatus> {
  const once = { amountFen: 0, count: 1, limitCount: 1, until: 'long' } as const;
  const { status } = await door.ledger.submit({
    id: idOf(MODULE, 'use', key),
    institution: '',
    fact: factOf('card.used', key, use),
    tallies: code?.type === 'D' ? [{ subject: codeSubject(code), ...once }] : [],
    registry,
  });
  return status;
}

export function isScene(text: string): text is CodeScene {
  return (CODE_SCENES as readonly string[]).includes(text);
}
