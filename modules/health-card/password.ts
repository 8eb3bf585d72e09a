/**
 * The second factor of printed codes: six digits that the holder chose. Of them there is a proof in the
 * card's setting that only the HSM can make, so nobody who sees the setting can try them out; wrong ones
 * are counted there, and after so many in a row the password has to be set anew.
 */
import type { Hsm } from '../../hsm/types.ts';
import type { CardSetting, CodeRefusal } from '../../protocols/records/health-card-code.ts';
import { moduleKey } from '../frame/module-key.ts';
import { activeAccount, type CardDoor, record } from './card-record.ts';

const PASSWORD_KEY = {
  name: 'health-card-password',
  spec: { algorithm: 'aes', purpose: 'mac', exportable: false },
} as const;

const WRONG_MAX = 5;

export type PasswordDoor = CardDoor & { hsm: Hsm };

export async function setPassword(
  door: PasswordDoor,
  key: string,
  cardNumber: string,
  password: string,
): Promise<void> {
  activeAccount(door, cardNumber);
  const passwordProof = await proofOf(door, cardNumber, password);
  await record(
    door,
    key,
    'password.set',
    { cardNumber },
    { cardNumber, setting: (was) => ({ ...was!, passwordProof, wrongPasswords: 0 }) },
  );
}

/** Why a password does not do, and how many wrong ones there are in a row then. */
export async function judgePassword(
  door: PasswordDoor,
  cardNumber: string,
  { passwordProof, wrongPasswords = 0 }: CardSetting,
  password: string,
): Promise<{ refusal: CodeRefusal | null; wrongPasswords: number }> {
  if (passwordProof === undefined || password === '')
    return { refusal: 'password-needed', wrongPasswords };
  if (wrongPasswords >= WRONG_MAX) return { refusal: 'password-blocked', wrongPasswords };
  const isRight = (await proofOf(door, cardNumber, password)) === passwordProof;
  if (isRight) return { refusal: null, wrongPasswords: 0 };
  return { refusal: 'password-wrong', wrongPasswords: wrongPasswords + 1 };
}

async function proofOf(door: PasswordDoor, cardNumber: string, password: string): Promise<string> {
  const key = await moduleKey(door, PASSWORD_KEY);
  const proof = await door.hsm.generateMac(
    key,
    'cmac-aes',
    Buffer.from(`${cardNumber}/${password}`),
  );
  return Buffer.from(proof).toString('hex');
}
