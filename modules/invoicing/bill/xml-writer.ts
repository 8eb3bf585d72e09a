/** Writes XML that is the same bytes every time: UTF-8, no white space between elements, no attributes. */

/** An element: its name and either text or elements in their order. */
export type Element = readonly [name: string, content: string | readonly Element[]];

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';

export function writeXml(root: Element): Buffer {
  const parts: string[] = [DECLARATION];
  writeElement(parts, root);
  return Buffer.from(parts.join(''), 'utf8');
}

function writeElement(parts: string[], [name, content]: Element): void {
  parts.push('<', name, '>');
  if (typeof content === 'string') parts.push(escapeText(content));
  else for (const child of content) writeElement(parts, child);
  parts.push('</', name, '>');
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Characters that XML 1.0 cannot hold at all are left out: a bill must never be unreadable for one. */
export function escapeText(text: string): string {
  let escaped = '';
  for (const character of text) {
    if (isWritable(character.codePointAt(0)!)) escaped += ESCAPES[character] ?? character;
  }
  return escaped;
}

function isWritable(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return code < 0xd800 || (code > 0xdfff && code !== 0xfffe && code !== 0xffff);
}
