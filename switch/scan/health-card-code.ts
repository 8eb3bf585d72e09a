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
  parseCode,
} from '../../protocols/records/health-card-code.ts';
import { toStoredKey } from '../keys.ts';
import { Refusal, require } from '../refusal.ts';
import type { Services } from '../services.ts';

/** Response codes of the reasons; every other one is 14, an invalid card. */
const RESPONSE_CODES: Partial<Record<CodeRefusal, string>> = {
  'card-cancelled': '62',
  'card-blacklisted': '41',
  'wrong-scene': '57',
  'static-not-enough': '57',
};

/** The ledger card that pays, and the tally that lets the code be used once. Throws Refusal. */
export async function payingHealthCard(
  text: string,
  nowMs: number,
  { reader, hsm }: Pick<Services, 'reader' | 'hsm'>,
): Promise<{ payCard: string; subject: Id; healthCard: string }> {
  const parsed = parseCode(text);
  require(parsed !== null, '14', 'health-card-code-malformed');
  const { code, body, proof } = parsed;
  const key = reader.registry.get('key', CODE_KEY);
  require(key !== null, '14', 'health-card-code-forged');
  const isTrue = await hsm.verifyMac(toStoredKey(key.value), 'cmac-aes', Buffer.from(body), proof);
  require(isTrue, '14', 'health-card-code-forged');
  const item = reader.registry.get('setting', cardSettingKey(code.cardNumber));
  const setting = item === null ? null : (JSON.parse(item.value.value) as CardSetting);
  const nowSeconds = Math.floor(nowMs / 1000);
  const outpatient = codeRefusal(code, setting, 'outpatient-payment', nowSeconds);
  const refusal =
    outpatient === 'wrong-scene'
      ? codeRefusal(code, setting, 'inpatient-payment', nowSeconds)
      : outpatient;
  if (refusal !== null) {
    throw new Refusal(RESPONSE_CODES[refusal] ?? '14', `health-card-code-${refusal}`);
  }
  require(setting!.payCard !== '', '14', 'health-card-without-pay-card');
  const subject = idOf('health-card-code', code.cardNumber, code.nonce);
  return { payCard: setting!.payCard, subject, healthCard: code.cardNumber };
}
