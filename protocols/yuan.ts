/** Digits in fen as people read them: `000000012345` becomes `123.45`, thousands separated. */
export function yuanOf(digits: string): string {
  const whole = digits.slice(0, -2).replace(/^0+(?=\d)/, '');
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${digits.slice(-2)}`;
}
