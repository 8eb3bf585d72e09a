/**
 * The face as OFD (GB/T 33190), the archiving format: a ZIP of XML with the pages of the PDF, the
 * signed original attached as it is, and no time but the bill's own. Fonts are named, not embedded:
 * readers of OFD bring 宋体.
 */
import { type Zippable, zipSync } from 'fflate';
import type { Bill } from '../bill/bill.ts';
import { type Element, escapeText } from '../bill/xml-writer.ts';
import { billFace } from './face.ts';
import { facePages, type Mark, PAGE, type Page } from './layout.ts';

const NAMESPACE = 'http://www.ofdspec.org/2016';
const FONT_ID = 3;
/** Points to millimetres, with three decimals. */
const MILLIMETRE = 25.4 / 72;
/** ZIP knows no time before 1980; this one is always the same. */
const ZIP_TIME = new Date('1980-01-01T00:00:00');

/** The layout file; `original` is the XML that was signed, `signature` its Base64. */
export function billOfd(
  bill: Bill,
  { original, signature }: { original: Uint8Array; signature: string },
): Buffer {
  const pages = facePages(billFace(bill));
  const attachments: Element[] = [attachment('1', 'original', 'original.xml')];
  if (signature !== '') attachments.push(attachment('2', 'unit-signature', 'signature.txt'));
  const files: Record<string, Uint8Array> = {
    'OFD.xml': xml(rootElement(bill)),
    'Doc_0/Document.xml': xml(documentElement(pages)),
    'Doc_0/PublicRes.xml': xml(resourcesElement()),
    'Doc_0/Attachs/Attachments.xml': xml(
      element('Attachments', namespace(), attachments.map(node)),
    ),
    'Doc_0/Attachs/original.xml': original,
  };
  if (signature !== '') files['Doc_0/Attachs/signature.txt'] = Buffer.from(signature, 'ascii');
  pages.forEach((page, index) => {
    files[`Doc_0/Pages/Page_${index}/Content.xml`] = xml(pageElement(page, index));
  });
  const entries: Zippable = {};
  for (const [name, bytes] of Object.entries(files)) {
    entries[name] = [bytes, { mtime: ZIP_TIME, level: 6 }];
  }
  return Buffer.from(zipSync(entries));
}

type Attributes = Record<string, string | number>;

function namespace(): Attributes {
  return { 'xmlns:ofd': NAMESPACE };
}

function xml(text: string): Uint8Array {
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${text}`, 'utf8');
}

function element(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const list = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escapeText(String(value))}"`,
  );
  return `<ofd:${name}${list.join('')}>${children.join('')}</ofd:${name}>`;
}

function node([name, content]: Element): string {
  const inner = typeof content === 'string' ? [escapeText(content)] : content.map(node);
  return `<ofd:${name}>${inner.join('')}</ofd:${name}>`;
}

/** An attachment's entry: told by name, found by its place. */
function attachment(id: string, name: string, file: string): Element {
  return [
    'Attachment',
    [
      ['ID', id],
      ['Name', name],
      ['FileLoc', file],
    ],
  ];
}

function rootElement(bill: Bill): string {
  const info: Element = [
    'DocInfo',
    [
      ['DocID', `${bill.billCode}${bill.billNumber}`.padStart(32, '0')],
      ['Title', bill.name],
      ['Author', bill.unit.name],
      ['CreationDate', bill.issueDate.replace(/^(....)(..)(..)$/, '$1-$2-$3')],
    ],
  ];
  const body = element('DocBody', {}, [node(info), node(['DocRoot', 'Doc_0/Document.xml'])]);
  return element('OFD', { ...namespace(), DocType: 'OFD', Version: '1.1' }, [body]);
}

function documentElement(pages: readonly Page[]): string {
  const box = `0 0 ${millimetres(PAGE.width)} ${millimetres(PAGE.height)}`;
  const common = element('CommonData', {}, [
    node(['MaxUnitID', '1000000']),
    element('PageArea', {}, [node(['PhysicalBox', box])]),
    node(['PublicRes', 'PublicRes.xml']),
  ]);
  const list = pages.map((_, index) =>
    element('Page', { ID: 10 + index, BaseLoc: `Pages/Page_${index}/Content.xml` }),
  );
  return element('Document', namespace(), [
    common,
    element('Pages', {}, list),
    node(['Attachments', 'Attachs/Attachments.xml']),
  ]);
}

function resourcesElement(): string {
  const font = element('Font', { ID: FONT_ID, FontName: '宋体', FamilyName: '宋体' });
  return element('Res', { ...namespace(), BaseLoc: 'Res' }, [element('Fonts', {}, [font])]);
}

function pageElement({ marks }: Page, index: number): string {
  const first = (index + 1) * 10_000;
  const objects = marks.map((mark, at) => markElement(mark, first + at + 1));
  const layer = element('Layer', { ID: first }, objects);
  return element('Page', namespace(), [element('Content', {}, [layer])]);
}

function markElement(mark: Mark, id: number): string {
  if (mark.kind === 'text') return textElement(mark, id);
  if (mark.kind === 'square') {
    const size = millimetres(mark.size);
    const boundary = `${millimetres(mark.x)} ${millimetres(mark.y)} ${size} ${size}`;
    const path = `M 0 0 L ${size} 0 L ${size} ${size} L 0 ${size} C`;
    const attributes = { ID: id, Boundary: boundary, Fill: 'true', Stroke: 'false' };
    return element('PathObject', attributes, [node(['AbbreviatedData', path])]);
  }
  if (mark.kind === 'ellipse') return ellipseElement(mark, id);
  const width = millimetres(mark.x2 - mark.x1);
  const height = millimetres(mark.y2 - mark.y1);
  const size = `${width === '0' ? '0.3' : width} ${height === '0' ? '0.3' : height}`;
  const boundary = `${millimetres(mark.x1)} ${millimetres(mark.y1)} ${size}`;
  const attributes = { ID: id, Boundary: boundary, LineWidth: 0.2 };
  const path = `M 0 0 L ${width} ${height}`;
  return element('PathObject', attributes, [node(['AbbreviatedData', path])]);
}

/** Two arcs from the left to the right and back. */
function ellipseElement(mark: Extract<Mark, { kind: 'ellipse' }>, id: number): string {
  const { x, y, radiusX, radiusY } = mark;
  const [width, height] = [millimetres(2 * radiusX), millimetres(2 * radiusY)];
  const [wide, high] = [millimetres(radiusX), millimetres(radiusY)];
  const boundary = `${millimetres(x - radiusX)} ${millimetres(y - radiusY)} ${width} ${height}`;
  const arc = `A ${wide} ${high} 0 0 1`;
  const path = `M 0 ${high} ${arc} ${width} ${high} ${arc} 0 ${high} C`;
  return element('PathObject', { ID: id, Boundary: boundary, LineWidth: 0.35 }, [
    element('StrokeColor', { Value: '176 0 32' }),
    node(['AbbreviatedData', path]),
  ]);
}

function textElement(mark: Extract<Mark, { kind: 'text' }>, id: number): string {
  const size = millimetres(mark.size);
  const widths = [...mark.text].map((character) => advance(character, mark.size));
  const whole = widths.reduce((sum, width) => sum + width, 0);
  const shift = { left: 0, center: (mark.width - whole) / 2, right: mark.width - whole }[
    mark.align
  ];
  const x = millimetres(mark.x + Math.max(0, shift));
  const boundary = `${x} ${millimetres(mark.y)} ${millimetres(mark.width)} ${millimetres(mark.size * 1.4)}`;
  const deltas = widths.slice(0, -1).map(millimetres).join(' ');
  const attributes: Attributes = { X: 0, Y: size, ...(deltas === '' ? {} : { DeltaX: deltas }) };
  const code = element('TextCode', attributes, [escapeText(mark.text)]);
  const colour = mark.red ? [element('FillColor', { Value: '176 0 32' })] : [];
  return element('TextObject', { ID: id, Boundary: boundary, Font: FONT_ID, Size: size }, [
    ...colour,
    code,
  ]);
}

/** A Chinese character is as wide as high, others half of it. */
function advance(character: string, size: number): number {
  return character.codePointAt(0)! > 0x2e7f ? size : size / 2;
}

function millimetres(points: number): string {
  return String(Math.round(points * MILLIMETRE * 1_000) / 1_000);
}
