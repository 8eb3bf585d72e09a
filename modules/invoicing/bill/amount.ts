/** Fen and the decimal texts that bills carry. Never through a floating point number. */

/** `-1234` becomes `-12.34`. */
export function yuanText(amountFen: number): string {
  const digits = String(Math.abs(amountFen)).padStart(3, '0');
  const sign = amountFen < 0 ? '-' : '';
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** `12.3`, `12.30`, `-12.3400` become fen; null for anything else, also for a part of a fen. */
export function fenOf(text: string): number | null {
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,6}))?$/.exec(text);
  if (match === null) return null;
  const fraction = (match[3] ?? '').padEnd(2, '0');
  if (/[1-9]/.test(fraction.slice(2))) return null;
  const fen = Number(match[2]) * 100 + Number(fraction.slice(0, 2));
  return match[1] === '-' ? 0 - fen : fen;
}

const DIGITS = '零壹贰叁肆伍陆柒捌玖';
const PLACES = ['', '拾', '佰', '仟'];
const GROUPS = ['', '万', '亿', '万亿'];

/** The amount in capital characters as a bill's face has it (大写): `壹拾贰元叁角肆分`, red ones 负…. */
export function capitalAmount(amountFen: number): string {
  const absolute = Math.abs(amountFen);
  const yuan = Math.floor(absolute / 100);
  const jiao = Math.floor(absolute / 10) % 10;
  const fen = absolute % 10;
  let text = yuan > 0 ? `${capitalInteger(yuan)}元` : '';
  if (jiao > 0) text += `${DIGITS[jiao]}角`;
  else if (fen > 0 && yuan > 0) text += '零';
  if (fen > 0) text += `${DIGITS[fen]}分`;
  else text += text === '' ? '零元整' : '整';
  return (amountFen < 0 ? '负' : '') + text;
}

function capitalInteger(value: number): string {
  const digits = String(value);
  let text = '';
  let zero = false;
  let groupHasDigit = false;
  for (let at = 0; at < digits.length; at++) {
    const place = digits.length - 1 - at;
    const digit = Number(digits[at]);
    if (digit === 0) {
      zero = text !== '';
    } else {
      text += (zero ? '零' : '') + DIGITS[digit] + PLACES[place % 4];
      zero = false;
      groupHasDigit = true;
    }
    if (place % 4 === 0) {
      if (groupHasDigit) text += GROUPS[place / 4];
      groupHasDigit = false;
    }
  }
  return text;
}
