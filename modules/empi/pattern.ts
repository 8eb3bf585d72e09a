/** Texts that are asked for by a part of them: `JON*`. */

export interface Pattern {
  fits(text: string | undefined): boolean;
  /** What a fitting text starts with. */
  start: string;
  /** Only this one text fits. */
  isWhole: boolean;
}

/** `*` stands for anything. Null when what is left says nothing: everybody would fit. */
export function patternOf(
  asked: string,
  normalise: (text: string | undefined) => string,
): Pattern | null {
  const pieces = asked.split('*').map(normalise);
  const [start, ...others] = pieces as [string, ...string[]];
  if (pieces.every((piece) => piece === '')) return null;
  const end = others.pop();
  const fits = (text: string | undefined) => {
    const held = normalise(text);
    if (end === undefined) return held === start;
    if (!held.startsWith(start)) return false;
    let from = start.length;
    for (const piece of others) {
      const at = held.indexOf(piece, from);
      if (at < 0) return false;
      from = at + piece.length;
    }
    return held.length - end.length >= from && held.endsWith(end);
  };
  return { fits, start, isWhole: end === undefined };
}
