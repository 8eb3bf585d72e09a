/**
 * The citizen identity number (公民身份号码, GB 11643-1999): six digits of region, eight of birth date,
 * three of order (odd for men), one check character by ISO 7064 MOD 11-2. Numbers of the first
 * generation have 15 digits: no century and no check character.
 */

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS = '10X98765432';

/** The check character of the first 17 digits. */
export function checkCharacter(body: string): string {
  let sum = 0;
  for (let i = 0; i < 17; i++) sum += (body.charCodeAt(i) - 48) * WEIGHTS[i]!;
  return CHECK_CHARACTERS[sum % 11]!;
}

/**
 * 15 digits become 18: the century goes in and the check character behind. Orders 996 to 999 were
 * kept for people born in the century before.
 */
export function upgrade15(number: string): string {
  const century = Number(number.slice(12)) >= 996 ? '18' : '19';
  const body = number.slice(0, 6) + century + number.slice(6);
  return body + checkCharacter(body);
}

export interface IdNumberFacts {
  birthDate: string;
  sex: 'M' | 'F';
}

/** What a valid number of 18 characters says about its owner; null when it is not valid. */
export function readIdNumber(number: string): IdNumberFacts | null {
  if (!/^[1-9]\d{16}[\dX]$/.test(number)) return null;
  if (checkCharacter(number) !== number[17]) return null;
  const birthDate = number.slice(6, 14);
  if (!isCalendarDate(birthDate)) return null;
  return { birthDate, sex: Number(number[16]) % 2 === 1 ? 'M' : 'F' };
}

/** Whether YYYYMMDD is a day that there was, from 1800 on. */
export function isCalendarDate(date: string): boolean {
  const year = Number(date.slice(0, 4));
  const month = Number(date.slice(4, 6));
  const day = Number(date.slice(6, 8));
  if (year < 1800 || year > 2199 || month < 1 || month > 12 || day < 1) return false;
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}
