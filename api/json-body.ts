/**
 * JSON bodies, taken strictly. JSON.parse keeps the last of several members of one name, so two
 * readers of one body may see two cards or two amounts: such a body is refused.
 */

/** An object or a list that is open: the names it has had, and where the scan is in it. */
interface Level {
  readonly names: Set<string> | null;
  at: string | number;
}

/** Throws SyntaxError or TypeError when the bytes are not JSON in UTF-8. */
export function jsonOf(bytes: Uint8Array): { value: unknown; repeated: string | null } {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  const value: unknown = JSON.parse(text);
  return { value, repeated: repeatedMember(text) };
}

/** The path of the first member whose name its object has already, of a text that is JSON. */
export function repeatedMember(text: string): string | null {
  const levels: Level[] = [];
  for (let index = 0; index < text.length; index++) {
    const level = levels.at(-1);
    switch (text[index]) {
      case '{':
        levels.push({ names: new Set(), at: '' });
        break;
      case '[':
        levels.push({ names: null, at: 0 });
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ',':
        if (typeof level?.at === 'number') level.at++;
        break;
      case '"': {
        const end = endOfString(text, index);
        if (level?.names && isName(text, end)) {
          level.at = nameOf(text.slice(index, end));
          if (level.names.has(level.at)) return levels.map(({ at }) => at).join('.');
          level.names.add(level.at);
        }
        index = end - 1;
      }
    }
  }
  return null;
}

/** The place behind the closing quote: the first one that an even number of backslashes precedes. */
function endOfString(text: string, start: number): number {
  for (let quote = start + 1; ; quote++) {
    quote = text.indexOf('"', quote);
    let before = quote;
    while (text[before - 1] === '\\') before--;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
}

/** Most names are written as they are; `\u0061` is an `a` all the same. */
function nameOf(quoted: string): string {
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
}

/** Whether a colon follows: in JSON only a name of a member has one. */
function isName(text: string, from: number): boolean {
  let index = from;
  for (;;) {
    const character = text[index++];
    if (character === ':') return true;
    if (character === undefined || !' \t\r\n'.includes(character)) return false;
  }
}
