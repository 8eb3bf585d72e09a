/**
 * The text of an e-health-card QR code (电子健康卡二维码): a record of fixed width, so that whoever scans
 * it can read it before anything is asked.
 *
 *     HC1 D 6230000000000018 0007 68f1c2a0 012c 9f…(16 hex) ~ 3c…(32 hex)
 *     version, type, card, scenes, issue time, seconds it lives, nonce, proof
 *
 * The proof is a CMAC over everything in front of it, under a key that stays in the HSM.
 */

/** S: printed, no end; D: on a telephone, ends soon and is used once. */
export type CodeType = 'S' | 'D';

export interface HealthCardCode {
  type: CodeType;
  /** Number of the e-health-card (erhcCardNo), 16 digits. */
  cardNumber: string;
  /** Bits of CODE_SCENES. */
  scenes: number;
  issuedAtSeconds: number;
  /** 0: no end. */
  lifeSeconds: number;
  /** 16 hex digits of chance. */
  nonce: string;
}

/** What a code is shown for; each has its bit. The order is on paper and in telephones: only add. */
export const CODE_SCENES = [
  'registration',
  'visit',
  'pharmacy',
  'ward',
  'record-query',
  'outpatient-payment',
  'inpatient-payment',
  'admission',
  'nurse-station',
  'ward-doctor',
] as const;
export type CodeScene = (typeof CODE_SCENES)[number];

/** Records and money: a static code is never enough. */
export const CRITICAL_SCENES: ReadonlySet<CodeScene> = new Set([
  'record-query',
  'outpatient-payment',
  'inpatient-payment',
]);

/** Scenes in which a code pays: where a till stands says which of them it is for. */
export const PAYMENT_SCENES = ['outpatient-payment', 'inpatient-payment'] as const;
export type PaymentScene = (typeof PAYMENT_SCENES)[number];

/** How every code of ours begins, right or wrong. */
export const HEALTH_CARD_PREFIX = 'HC';

export const HEALTH_CARD_CODE =
  /^HC1([SD])(\d{16})([0-9a-f]{4})([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{16})~([0-9a-f]{32})$/;

export function sceneBits(scenes: readonly CodeScene[]): number {
  return scenes.reduce((bits, scene) => bits | (1 << CODE_SCENES.indexOf(scene)), 0);
}

/** A code for the whole ward is one for both of its desks. */
const WIDER: Partial<Record<CodeScene, CodeScene>> = {
  'nurse-station': 'ward',
  'ward-doctor': 'ward',
};

export function hasScene({ scenes }: HealthCardCode, scene: CodeScene): boolean {
  const wider = WIDER[scene];
  return (scenes & sceneBits(wider === undefined ? [scene] : [scene, wider])) !== 0;
}

/** The part that the proof is made over. */
export function codeBody(code: HealthCardCode): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  const life = hex(code.lifeSeconds, 4);
  const times = hex(code.issuedAtSeconds, 8) + life;
  return `HC1${code.type}${code.cardNumber}${hex(code.scenes, 4)}${times}${code.nonce}`;
}

/** Null when the text is no health-card code. */
export function parseCode(
  text: string,
): { code: HealthCardCode; body: string; proof: Uint8Array } | null {
  const parts = HEALTH_CARD_CODE.exec(text);
  if (parts === null) return null;
  const [, type, cardNumber, scenes, issued, life, nonce, proof] = parts as unknown as string[];
  const code: HealthCardCode = {
    type: type as CodeType,
    cardNumber: cardNumber!,
    scenes: Number.parseInt(scenes!, 16),
    issuedAtSeconds: Number.parseInt(issued!, 16),
    lifeSeconds: Number.parseInt(life!, 16),
    nonce: nonce!,
  };
  return { code, body: text.slice(0, text.indexOf('~')), proof: Buffer.from(proof!, 'hex') };
}

/** Registry name of the key that proves codes. */
export const CODE_KEY = 'health-card-code';

/** Setting of a card: what switch and hospital need to know to take its codes. */
export function cardSettingKey(cardNumber: string): string {
  return `health-card/${cardNumber}`;
}

export interface CardSetting {
  status: 'active' | 'cancelled' | 'blacklisted';
  /** Static codes issued before this second are void. */
  staticSinceSeconds: number;
  /** Every code issued before this second is void: revoked, or the card was restored. */
  codesSinceSeconds: number;
  /** Ledger card that a dynamic code pays with; empty: none. */
  payCard: string;
  /** What the HSM made of the holder's password; left out: there is none. */
  passwordProof?: string;
  /** Wrong passwords in a row. */
  wrongPasswords?: number;
}

/** Why a code is not taken; null when it is. The proof and the one use are the caller's to check. */
export function codeRefusal(
  code: HealthCardCode,
  setting: CardSetting | null,
  scene: CodeScene,
  nowSeconds: number,
): CodeRefusal | null {
  if (setting === null) return 'card-unknown';
  if (setting.status !== 'active') return `card-${setting.status}`;
  if (code.issuedAtSeconds > nowSeconds + CLOCK_SECONDS) return 'not-yet-valid';
  if (code.lifeSeconds > 0 && nowSeconds > code.issuedAtSeconds + code.lifeSeconds)
    return 'expired';
  if (code.type === 'D' && code.lifeSeconds === 0) return 'expired';
  const since = code.type === 'S' ? setting.staticSinceSeconds : setting.codesSinceSeconds;
  if (code.issuedAtSeconds < Math.max(since, setting.codesSinceSeconds)) return 'revoked';
  if (!hasScene(code, scene)) return 'wrong-scene';
  if (code.type === 'S' && CRITICAL_SCENES.has(scene)) return 'static-not-enough';
  return null;
}

/** How far clocks may be apart. */
const CLOCK_SECONDS = 5;

export type CodeRefusal =
  | 'malformed'
  | 'forged'
  | 'card-unknown'
  | 'card-cancelled'
  | 'card-blacklisted'
  | 'not-yet-valid'
  | 'expired'
  | 'revoked'
  | 'wrong-scene'
  | 'static-not-enough'
  | 'password-needed'
  | 'password-wrong'
  | 'password-blocked'
  | 'used';
