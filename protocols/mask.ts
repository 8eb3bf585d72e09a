/**
 * How card data is shown to people. Everything that prints, logs or stores a card number for the
 * eye uses these functions, so the rule (first 6, last 4) has one home.
 */

/** Card numbers shorter than this are not shown in part: 6 + 4 would be most of the number. */
const SHORTEST_SHOWN_PAN = 13;

/** `6219990000000000010` becomes `621999*********0010`; short or odd values are hidden whole. */
export function maskPan(pan: string): string {
  if (pan.length < SHORTEST_SHOWN_PAN) return '*'.repeat(pan.length);
  return `${pan.slice(0, 6)}${'*'.repeat(pan.length - 10)}${pan.slice(-4)}`;
}

/** Track data is hidden except for the card number's first 6 and last 4, e.g. `621999*********0010=<17>`. */
export function maskTrack(track: string): string {
  const end = track.search(/[D=]/);
  if (end < 0) return hide(track.length, 'characters');
  return `${maskPan(track.slice(0, end))}=<${track.length - end - 1}>`;
}

/** Masks every run of digits in a free text that is long enough to be a card number. */
export function maskDigitRuns(text: string): string {
  return text.replace(/\d{13,}/g, maskPan);
}

/** Stands for a value that is not shown at all: `<8 bytes>`. */
export function hide(length: number, unit: 'bytes' | 'characters' | 'digits' = 'bytes'): string {
  return `<${length} ${length === 1 ? unit.slice(0, -1) : unit}>`;
}
