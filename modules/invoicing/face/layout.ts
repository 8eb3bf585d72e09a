/**
 * The face on paper: pages of texts, lines, squares and seals in points from the upper left corner. PDF and
 * OFD draw the same pages.
 */
import type { Face, Label } from './face.ts';
import { qrSquares } from './qr.ts';

export type Mark =
  | {
      kind: 'text';
      x: number;
      y: number;
      size: number;
      text: string;
      width: number;
      align: 'left' | 'right' | 'center';
      red?: boolean;
    }
  | { kind: 'line'; x1: number; y1: number; x2: number; y2: number }
  | { kind: 'square'; x: number; y: number; size: number }
  /** The outline of a seal, red. */
  | { kind: 'ellipse'; x: number; y: number; radiusX: number; radiusY: number };

export interface Page {
  marks: Mark[];
}

/** A4 in points. */
export const PAGE = { width: 595, height: 842 } as const;

const LEFT = 40;
const RIGHT = 555;
const MIDDLE = 300;
/** Between a table's sides and its texts. */
const INSET = 6;
const ROW = 16;
const SIZE = 9;
const LIST_ROWS_A_PAGE = 44;

export function facePages(face: Face): Page[] {
  const pages = [facePage(face)];
  for (let at = 0; at < face.list.length; at += LIST_ROWS_A_PAGE) {
    pages.push(listPage(face, at));
  }
  return pages;
}

function text(
  x: number,
  y: number,
  value: string,
  more: Partial<Extract<Mark, { kind: 'text' }>> = {},
): Mark {
  return { kind: 'text', x, y, size: SIZE, text: value, width: 250, align: 'left', ...more };
}

function rule(y: number): Mark {
  return { kind: 'line', x1: LEFT - INSET, y1: y, x2: RIGHT + INSET, y2: y };
}

/** The two sides of a table between its rules. */
function sides(top: number, bottom: number): Mark[] {
  return [LEFT - INSET, RIGHT + INSET].map((x) => {
    return { kind: 'line', x1: x, y1: top, x2: x, y2: bottom };
  });
}

function facePage(face: Face): Page {
  const marks: Mark[] = [];
  const wide = { width: RIGHT - LEFT, align: 'center' as const };
  marks.push(text(LEFT, 36, face.title, { ...wide, size: 16, red: true }));
  marks.push(text(LEFT, 65, face.supervisorSeal, { ...wide, size: 8, red: true }));
  if (face.supervisorSeal !== '') marks.push(ellipse(SUPERVISOR_SEAL));
  marks.push(...qr(face.link, RIGHT - 60, 26, 66));
  const top = labels(marks, face.head, 96);
  marks.push(rule(top));
  let y = lineRows(marks, face, top + 4);
  marks.push(rule(y));
  marks.push(text(LEFT, y + 4, `金额合计（大写）${face.total.capital}`));
  marks.push(text(MIDDLE, y + 4, `（小写）${face.total.figures}`, { width: 255, align: 'right' }));
  y += ROW + 4;
  marks.push(rule(y));
  y = labels(marks, face.others, y + 4);
  marks.push(rule(y), ...sides(top, y));
  labels(marks, face.foot, y + 6);
  marks.push(...unitSeal(face.unitSeal, RIGHT - 50, y));
  return { marks };
}

const SUPERVISOR_SEAL = { x: (LEFT + RIGHT) / 2, y: 70, radiusX: 66, radiusY: 13 };
const UNIT_SEAL_RADIUS = 40;
const UNIT_SEAL_CHARACTERS_A_LINE = 6;

function ellipse(shape: Omit<Extract<Mark, { kind: 'ellipse' }>, 'kind'>): Mark {
  return { kind: 'ellipse', ...shape };
}

/** Round, its middle on the last rule's right end, its name in lines. */
function unitSeal(name: string, x: number, y: number): Mark[] {
  if (name === '') return [];
  const characters = [...name];
  const lines: string[] = [];
  for (let at = 0; at < characters.length; at += UNIT_SEAL_CHARACTERS_A_LINE) {
    lines.push(characters.slice(at, at + UNIT_SEAL_CHARACTERS_A_LINE).join(''));
  }
  const radius = UNIT_SEAL_RADIUS;
  const middle = y + radius + INSET;
  const first = middle - (lines.length * 12) / 2;
  const wide = { width: 2 * radius, align: 'center' as const, red: true };
  return [
    ellipse({ x, y: middle, radiusX: radius, radiusY: radius }),
    ...lines.map((line, at) => text(x - radius, first + at * 12, line, wide)),
  ];
}

/** Labels in two columns; where it ends. */
function labels(marks: Mark[], rows: readonly Label[], top: number): number {
  rows.forEach(({ label, value }, index) => {
    const x = index % 2 === 0 ? LEFT : MIDDLE;
    marks.push(text(x, top + Math.floor(index / 2) * ROW, `${label}：${value}`));
  });
  return top + Math.ceil(rows.length / 2) * ROW;
}

function lineRows(marks: Mark[], face: Face, top: number): number {
  const row = (y: number, name: string, quantity: string, amount: string, remark: string) => {
    marks.push(text(LEFT, y, name, { width: 200 }));
    marks.push(text(250, y, quantity, { width: 70 }));
    marks.push(text(330, y, amount, { width: 80, align: 'right' }));
    marks.push(text(430, y, remark, { width: 125 }));
  };
  row(top, '项目名称', '数量/单位', '金额（元）', '备注');
  let y = top + ROW;
  marks.push(rule(y - 1));
  y += 2;
  for (const { name, quantity, amount, remark } of face.lines) {
    row(y, name, quantity, amount, remark);
    y += ROW;
  }
  if (face.overflow !== '') {
    marks.push(text(LEFT, y, face.overflow));
    y += ROW;
  }
  return y + 2;
}

function listPage(face: Face, from: number): Page {
  const wide = { width: RIGHT - LEFT, align: 'center' as const };
  const marks: Mark[] = [text(LEFT, 40, '医疗收费明细（电子）', { ...wide, size: 14 })];
  const bill = face.head
    .slice(0, 2)
    .map(({ label, value }) => `${label}：${value}`)
    .join('　');
  marks.push(text(LEFT, 64, bill, { width: RIGHT - LEFT }));
  marks.push(rule(80));
  let y = 84;
  const columns: [x: number, width: number, align: 'left' | 'right'][] = [
    [LEFT, 110, 'left'],
    [155, 190, 'left'],
    [350, 70, 'left'],
    [425, 50, 'right'],
    [480, 75, 'right'],
  ];
  const row = (values: string[]) => {
    values.forEach((value, index) => {
      const [x, width, align] = columns[index]!;
      marks.push(text(x, y, value, { width, align }));
    });
    y += ROW;
  };
  row(['收费项目', '名称', '规格', '数量/单位', '金额']);
  marks.push(rule(y - 1));
  for (const line of face.list.slice(from, from + LIST_ROWS_A_PAGE)) {
    row([line.group, line.name, line.specification, line.quantity, line.amount]);
  }
  marks.push(rule(y + 2), ...sides(80, y + 2));
  return { marks };
}

function qr(link: string, x: number, y: number, size: number): Mark[] {
  const squares = qrSquares(link);
  const step = size / squares.length;
  return squares.flatMap((row, down) =>
    row.flatMap((dark, right): Mark[] => {
      if (!dark) return [];
      return [{ kind: 'square', x: x + right * step, y: y + down * step, size: step }];
    }),
  );
}
