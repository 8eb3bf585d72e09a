import type { Label, Part, PositionLayout } from '../iso8583/dialect.ts';

/** Working keys in field 62 of the sign-in answer, UnionPay's own layouts and vendors'. */

const label = (zh: string, en: string): Label => ({ zh, en });

const wrappedKey = (id: string, zh: string, en: string, length: number): Part => ({
  id,
  name: label(`${zh}密文`, `${en}, encrypted`),
  length,
  safe: 'hidden',
});
const checkValue = (id: string, zh: string, en: string, length = 4): Part => ({
  id,
  name: label(`${zh}校验值`, `${en}, check value`),
  length,
});

/** One way to put working keys into F62 of the sign-in answer; lengths are bytes (notes section 7). */
export interface WorkingKeyLayout extends PositionLayout {
  readonly id: WorkingKeyLayoutId;
  readonly bytes: number;
}
export type WorkingKeyLayoutId = '24' | '40' | '60' | '56' | '84' | '57' | 'sm60';

const keyLayout = (
  id: WorkingKeyLayoutId,
  keyBytes: { readonly pin: number; readonly mac: number; readonly track?: number },
  checkBytes: number,
): WorkingKeyLayout => {
  const parts: Part[] = [
    wrappedKey('pinKey', 'PIN密钥', 'PIN key', keyBytes.pin),
    checkValue('pinCheck', 'PIN密钥', 'PIN key', checkBytes),
    wrappedKey('macKey', 'MAC密钥', 'MAC key', keyBytes.mac),
    checkValue('macCheck', 'MAC密钥', 'MAC key', checkBytes),
  ];
  if (keyBytes.track !== undefined) {
    parts.push(
      wrappedKey('trackKey', '磁道密钥', 'Track key', keyBytes.track),
      checkValue('trackCheck', '磁道密钥', 'Track key', checkBytes),
    );
  }
  const bytes = parts.reduce((sum, part) => sum + Number(part.length), 0);
  return { by: 'position', id, bytes, parts };
};

/** Layouts of working keys. In `40` and `60` the MAC key is 8 bytes and 8 zeros, or 16 bytes. */
export const WORKING_KEY_LAYOUTS: Readonly<Record<WorkingKeyLayoutId, WorkingKeyLayout>> = {
  '24': keyLayout('24', { pin: 8, mac: 8 }, 4),
  '40': keyLayout('40', { pin: 16, mac: 16 }, 4),
  '60': keyLayout('60', { pin: 16, mac: 16, track: 16 }, 4),
  '56': keyLayout('56', { pin: 24, mac: 24 }, 4),
  '84': keyLayout('84', { pin: 24, mac: 24, track: 24 }, 4),
  '57': keyLayout('57', { pin: 16, mac: 16, track: 16 }, 3),
  sm60: keyLayout('sm60', { pin: 16, mac: 16, track: 16 }, 4),
};

/** A vendor's F62 of the sign-in answer: every key says what it is (notes section 7). */
export const TAGGED_KEYS = {
  by: 'position',
  parts: [
    {
      id: 'keyKind',
      name: label('密钥标识', 'Key kind'),
      length: 1,
      repeats: true,
      values: {
        '00': label('终端主密钥', 'terminal master key'),
        '01': label('MAC密钥', 'MAC key'),
        '02': label('PIN密钥', 'PIN key'),
        '03': label('磁道密钥', 'track key'),
      },
    },
    wrappedKey('key', '密钥', 'Key', 16),
    checkValue('check', '密钥', 'Key', 8),
  ],
} as const satisfies PositionLayout;
