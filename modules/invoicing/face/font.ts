/** The Chinese font of the PDF: read and parsed once, when it is first needed. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const FONT_PACKAGE = '@embedpdf/fonts-sc';
const FONT_FILE = '../fonts/NotoSansHans-Regular.otf';

/** What pdfkit parses a font to; its type declarations do not tell. */
export interface ParsedFont {
  hasGlyphForCodePoint(codePoint: number): boolean;
}

let parsed: ParsedFont | null = null;

export async function chineseFont(): Promise<ParsedFont> {
  if (parsed !== null) return parsed;
  const { default: PDFDocument } = await import('pdfkit');
  const document = new PDFDocument({ autoFirstPage: false });
  const main = createRequire(import.meta.url).resolve(FONT_PACKAGE);
  document.registerFont('zh', readFileSync(join(dirname(main), FONT_FILE)));
  document.font('zh');
  parsed = (document as unknown as { _font: { font: ParsedFont } })._font.font;
  return parsed;
}

/** Outside of what the font surely has (ASCII, the usual Chinese characters and their marks). */
const UNUSUAL = /[^\u0020-\u007e\u3001-\u3011\u3400-\u4db5\u4e00-\u9fa5\uff01-\uff5e\s]/gu;

/** Characters that the font has no picture for: the PDF shows an empty box for each. */
export async function missingCharacters(text: string): Promise<string[]> {
  const unusual = new Set(text.match(UNUSUAL));
  if (unusual.size === 0) return [];
  const font = await chineseFont();
  return [...unusual].filter((character) => !font.hasGlyphForCodePoint(character.codePointAt(0)!));
}
