import type { Input } from './frame-input.ts';

/**
 * JSON documents out of lines: one a line, or pretty-printed over several. A document goes on until
 * its brackets are closed; one that is never closed ends where the next one begins, so that a broken
 * line costs its own document only.
 */
export async function* jsonInputs(lines: AsyncIterable<Input>): AsyncIterable<Input> {
  let open: Input | null = null;
  let depth = 0;
  for await (const { text, line } of lines) {
    if (open !== null && text.startsWith('{') && !open.text.trimEnd().endsWith(':')) {
      yield open;
      open = null;
    }
    if (open === null) depth = 0;
    open = open === null ? { text, line } : { text: `${open.text}\n${text}`, line: open.line };
    depth += depthOf(text);
    if (depth > 0) continue;
    yield open;
    open = null;
  }
  if (open !== null) yield open;
}

/** Brackets that a line opens less those that it closes. No string of JSON goes over a line's end. */
function depthOf(text: string): number {
  let depth = 0;
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
  }
  return depth;
}
