/** Tables for people: columns line up although a Chinese character is two columns wide. */

/** Columns that a text takes in a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += isWide(character.codePointAt(0)!) ? 2 : 1;
  return width;
}

/** Rows under a head line, two spaces between columns. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly ('left' | 'right')[],
): string {
  const lines = [head, ...rows];
  const widths = head.map((_, at) =>
    Math.max(...lines.map((line) => displayWidth(line[at] ?? ''))),
  );
  return lines
    .map((line) =>
      line
        .map((cell, at) => pad(cell, widths[at]!, align[at] ?? 'left'))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Fen as yuan with two decimals and thousands apart: `1,234.50`. */
export function yuan(amountFen: number): string {
  const absolute = Math.abs(amountFen);
  const whole = Math.floor(absolute / 100).toLocaleString('en-US');
  const sign = amountFen < 0 ? '-' : '';
  return `${sign}${whole}.${String(absolute % 100).padStart(2, '0')}`;
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** The blocks of East Asian wide characters that Chinese texts use. */
function isWide(code: number): boolean {
  return (
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}
