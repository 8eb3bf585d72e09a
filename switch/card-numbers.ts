/** Card numbers of a series: prefix, serial, and the check digit of ISO/IEC 7812 (Luhn). */

/** The card number with this serial: `621999000000000`, 3 digits, 1 gives `6219990000000000010`. */
export function cardNumberOf(prefix: string, serialDigits: number, serial: number): string {
  const body = prefix + String(serial).padStart(serialDigits, '0');
  return body + checkDigit(body);
}

function checkDigit(body: string): string {
  let sum = 0;
  for (let index = 0; index < body.length; index++) {
    const digit = Number(body[body.length - 1 - index]);
    const doubled = index % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return String((10 - (sum % 10)) % 10);
}
