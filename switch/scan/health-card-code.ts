/**
 * Dynamic codes of e-health-cards at the till. The proof is checked with the HSM, the card's state is
 * a setting of the registry that the health-card module keeps; nothing else of that module is needed.
 */
import { idOf } from '../../ledger/id.ts';
import type { Id } from '../../ledger/types.ts';
import {
  type CardSetting,
  CODE_KEY,
  type CodeRefusal,
  cardSettingKey,
  codeRefusal,
  hasScene,
  type PaymentScene,
  parseCode,
} from '../../protocols/records/health-card-code.ts';
import { toStoredKey } from '../keys.ts';
import { Refusal, require } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Request } from '../transactions/row.ts';

/** Response codes of the reasons; every other one is 14, an invalid card. */
const RESPONSE_CODES: Partial<Record<CodeRefusal, string>> = {
  'card-cancelled': '62',
  'card-blacklisted': '41',
  'wrong-scene': '57',
  'static-not-enough': '57',
};

/** Where the till stands by its merchant's category; a category that is not here is outpatient business. */
const SCENES_OF_CATEGORY: Record<string, readonly PaymentScene[]> = {
  inpatient: ['inpatient-payment'],
};

/**
 * The ledger card that pays, and the tally that lets the code be used once. Throws Refusal. What was
 * shown is noted in the request first, so that a refused use is in the journal as well.
 */
export async function payingHealthCard(
  text: string,
  nowMs: number,
  request: Request,
  { reader, hsm, controls }: Pick<Services, 'reader' | 'hsm' | 'controls'>,
): Promise<{ payCard: string; subject: Id }> {
  const scenes = scenesOf(request, controls);
  const noted = { channel: 'health-card', healthCard: '', codeType: '', scene: scenes[0]! };
  request.noted = noted;
  const parsed = parseCode(text);
  require(parsed !== null, '14', 'health-card-code-malformed');
  const { code, body, proof } = parsed;
  noted.codeType = code.type;
  const key = reader.registry.get('key', CODE_KEY);
  require(key !== null, '14', 'health-card-code-forged');
  const isTrue = await hsm.verifyMac(toStoredKey(key.value), 'cmac-aes', Buffer.from(body), proof);
  require(isTrue, '14', 'health-card-code-forged');
  const scene = scenes.find((allowed) => hasScene(code, allowed)) ?? scenes[0]!;
  noted.scene = scene;
  noted.healthCard = code.cardNumber;
  const item = reader.registry.get('setting', cardSettingKey(code.cardNumber));
  const setting = item === null ? null : (JSON.parse(item.value.value) as CardSetting);
  const refusal = codeRefusal(code, setting, scene, Math.floor(nowMs / 1000));
  if (refusal !== null) {
    throw new Refusal(RESPONSE_CODES[refusal] ?? '14', `health-card-code-${refusal}`);
  }
  require(setting!.payCard !== '', '14', 'health-card-without-pay-card');
  const subject = idOf('health-card-code', code.cardNumber, code.nonce);
  return { payCard: setting!.payCard, subject };
}

/** What a code must be made for to pay here: the terminal's rule, the merchant's, or its category. */
function scenesOf(
  { terminalId, merchantId, merchant }: Request,
  controls: Services['controls'],
): readonly PaymentScene[] {
  const ruled = controls.any
    ? (controls.terminal(terminalId)?.scenes ?? controls.merchant(merchantId)?.scenes)
    : undefined;
  return ruled ?? SCENES_OF_CATEGORY[merchant.category] ?? ['outpatient-payment'];
}
