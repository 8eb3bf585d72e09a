/**
 * The face as PDF, with the Chinese font embedded in the part that is used. The same bill gives the
 * same bytes: the date and the file's id come from the bill, nothing from the clock.
 */
import { createHash } from 'node:crypto';
import type { Bill } from '../bill/bill.ts';
import { billFace } from './face.ts';
import { chineseFont } from './font.ts';
import { facePages, type Mark, PAGE } from './layout.ts';

const RED = '#b00020';

/** What pdfkit keeps of a document and its type declarations do not tell. */
interface DocumentInside {
  _id: Buffer;
}

export async function billPdf(bill: Bill): Promise<Buffer> {
  const { default: PDFDocument } = await import('pdfkit');
  const pages = facePages(billFace(bill));
  const document = new PDFDocument({
    size: [PAGE.width, PAGE.height],
    autoFirstPage: false,
    margin: 0,
    info: {
      Title: `${bill.name} ${bill.billCode} ${bill.billNumber}`,
      Author: bill.unit.name,
      Producer: 'posp',
      Creator: 'posp',
      CreationDate: issuedAt(bill),
    },
  });
  const inside = document as unknown as DocumentInside;
  inside._id = createHash('md5').update(`${bill.billCode}${bill.billNumber}`).digest();
  // Parsed once and shared by all documents, which pdfkit's type declarations do not tell.
  document.registerFont('zh', (await chineseFont()) as unknown as Buffer);
  const chunks: Buffer[] = [];
  document.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((done) => document.on('end', done));
  for (const { marks } of pages) {
    document.addPage();
    document.font('zh');
    for (const mark of marks) draw(document, mark);
  }
  document.end();
  await ended;
  return Buffer.concat(chunks);
}

/** The instant of issue; its zone does not matter here, only that it is always the same. */
export function issuedAt({ issueDate, issueTime }: Bill): Date {
  const date = issueDate.replace(/^(....)(..)(..)$/, '$1-$2-$3');
  return new Date(`${date}T${issueTime}+08:00`);
}

function draw(document: PDFKit.PDFDocument, mark: Mark): void {
  if (mark.kind === 'line') {
    document.moveTo(mark.x1, mark.y1).lineTo(mark.x2, mark.y2).lineWidth(0.5).stroke('#444');
  } else if (mark.kind === 'square') {
    document.rect(mark.x, mark.y, mark.size, mark.size).fill('#000');
  } else if (mark.kind === 'ellipse') {
    document.ellipse(mark.x, mark.y, mark.radiusX, mark.radiusY).lineWidth(1).stroke(RED);
  } else {
    const { x, y, size, text, width, align, red } = mark;
    document.fontSize(size).fillColor(red ? RED : '#000');
    document.text(fitted(document, text, width), x, y, { width, align, lineBreak: false });
  }
}

/** The text as far as it fits: a cell never runs into its neighbour. */
function fitted(document: PDFKit.PDFDocument, text: string, width: number): string {
  if (document.widthOfString(text) <= width) return text;
  let kept = text;
  while (kept !== '' && document.widthOfString(`${kept}…`) > width) kept = kept.slice(0, -1);
  return `${kept}…`;
}
