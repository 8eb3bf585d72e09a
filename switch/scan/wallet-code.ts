/**
 * Payment codes of our own cards, as a telephone shows them: 19 digits, `81`, the wallet's number (10),
 * and 7 digits that only the HSM can make for this wallet and this minute. Nothing is stored for a code
 * that is shown; a code that was used is remembered for the day.
 */
import { createHash } from 'node:crypto';
import type { Hsm } from '../../hsm/types.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import type { Reader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Id } from '../../ledger/types.ts';
import type { Settings } from '../controls/settings.ts';
import { KEY_NAME, sharedKey } from '../keys.ts';

export const WALLET_CODE = /^81(\d{10})(\d{7})$/;

const WALLET_DIGITS = 10;
const PROOF_DIGITS = 7;
/** A number that is taken is tried again with another one. */
const ATTEMPTS_MAX = 8;

export interface WalletParts {
  hsm: Hsm;
  reader: Reader;
  ledger: LedgerClient;
  settings: Settings;
}

/** The code that a card's wallet shows now. Throws Error for an unknown card. */
export async function issueWalletCode(
  cardNumber: string,
  nowMs: number,
  parts: WalletParts,
): Promise<{ code: string; validSeconds: number }> {
  const wallet = await walletOf(cardNumber, parts);
  const { seconds } = parts.settings.get('wallet-code');
  const step = Math.floor(nowMs / 1_000 / seconds);
  return { code: `81${wallet}${await proofOf(wallet, step, parts)}`, validSeconds: seconds };
}

/** The card whose wallet made the code; null when it is wrong or too old. */
export async function cardOfWalletCode(
  code: string,
  nowMs: number,
  parts: Pick<WalletParts, 'hsm' | 'reader' | 'settings'>,
): Promise<string | null> {
  const [, wallet, proof] = WALLET_CODE.exec(code) ?? [];
  if (wallet === undefined || proof === undefined) return null;
  const item = parts.reader.registry.get('setting', walletKey(wallet));
  if (item === null) return null;
  const { seconds } = parts.settings.get('wallet-code');
  const step = Math.floor(nowMs / 1_000 / seconds);
  for (const candidate of [step, step - 1]) {
    if ((await proofOf(wallet, candidate, parts)) === proof) return item.value.value;
  }
  return null;
}

/** The tally that lets a code be used once. */
export function walletCodeSubject(code: string): Id {
  return idOf('wallet-code', code);
}

async function walletOf(cardNumber: string, { reader, ledger }: WalletParts): Promise<string> {
  const card = reader.registry.get('card', cardNumber);
  if (card === null) throw new Error('there is no such card');
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const wallet = walletNumber(cardNumber, attempt);
    const item = reader.registry.get('setting', walletKey(wallet));
    if (item?.value.value === cardNumber) return wallet;
    if (item !== null) continue;
    const by = { expectedVersion: 0, who: 'posp', why: 'first payment code' };
    const { status } = await ledger.submit({
      id: idOf('wallet', wallet, cardNumber),
      institution: card.value.institution,
      registry: [registryChange('setting', walletKey(wallet), { value: cardNumber }, by)],
    });
    if (status === 'applied' || status === 'exists') return wallet;
    attempt--;
  }
  throw new Error('no wallet number is free for this card');
}

function walletNumber(cardNumber: string, attempt: number): string {
  const digest = createHash('sha256').update(`wallet ${attempt} ${cardNumber}`).digest();
  return String(digest.readUIntBE(0, 6) % 10 ** WALLET_DIGITS).padStart(WALLET_DIGITS, '0');
}

async function proofOf(
  wallet: string,
  step: number,
  { hsm, reader }: Pick<WalletParts, 'hsm' | 'reader'>,
): Promise<string> {
  const key = sharedKey(KEY_NAME.walletCode, reader);
  const mac = await hsm.generateMac(key, 'cmac-aes', Buffer.from(`${wallet}/${step}`));
  const number = Buffer.from(mac).readUIntBE(0, 6) % 10 ** PROOF_DIGITS;
  return String(number).padStart(PROOF_DIGITS, '0');
}

function walletKey(wallet: string): string {
  return `wallet/${wallet}`;
}
