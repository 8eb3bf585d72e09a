import { APPLICATION_CLASSES, PROCESSING_REQUESTS, parseHeader } from '../framing/header.ts';
import type { Label } from '../iso8583/dialect.ts';
import type { ExplainedField, Explanation } from '../iso8583/explain.ts';
import type { ExplainedPart } from '../iso8583/explain-part.ts';
import { displayWidth, padDisplay } from './display-width.ts';
import type { FramePieces } from './layout.ts';

/** Raw bytes are wrapped after so many hex characters. */
const RAW_WIDTH = 32;
const GAP = '  ';

/** One row of the page: cells side by side. */
interface Row {
  readonly number: string;
  readonly name: string;
  readonly raw: string;
  readonly text: string;
}

/** A message explained on a page of text: one line a field, its parts below it, columns aligned. */
export function pageOf(explanation: Explanation, pieces: FramePieces | null): string {
  const rows = explanation.fields.flatMap(rowsOfField);
  const nameWidth = Math.max(
    ...rows.map((row) => displayWidth(row.name)),
    displayWidth('名称 Name'),
  );
  const head: Row = {
    number: 'F',
    name: '名称 Name',
    raw: '原始数据 Raw',
    text: '内容 Value · 含义 Meaning',
  };
  const lines = [head, ...rows].map((row) =>
    [
      row.number.padStart(3),
      padDisplay(row.name, nameWidth),
      padDisplay(row.raw, RAW_WIDTH),
      row.text,
    ]
      .join(GAP)
      .trimEnd(),
  );
  const rule = '─'.repeat(3 + nameWidth + RAW_WIDTH + 3 * GAP.length + 40);
  return [...titleOf(explanation, pieces), rule, lines[0]!, rule, ...lines.slice(1), rule].join(
    '\n',
  );
}

function titleOf(explanation: Explanation, pieces: FramePieces | null): string[] {
  const { mti, title, transaction, bitmap, fields } = explanation;
  const what = transaction === null ? title : transaction.name;
  const lines = [`${both(what)}   ${mti} ${both(title)}`, ''];
  if (pieces !== null) lines.push(...envelopeLines(pieces));
  const present = fields.map(({ field }) => field).join(' ');
  lines.push(line('MTI', mti, both(title)), line('位图 Bitmap', bitmap, present));
  return lines;
}

function envelopeLines(pieces: FramePieces): string[] {
  const lines: string[] = [];
  if (pieces.length !== null) {
    const hex = hexOf(pieces.prefix);
    lines.push(line('长度 Length', hex, `${pieces.length} 字节 bytes`));
  }
  if (pieces.tpdu !== null) {
    const tpdu = hexOf(pieces.tpdu);
    const addresses = `目的地址 to ${tpdu.slice(2, 6)} · 源地址 from ${tpdu.slice(6)}`;
    lines.push(line('TPDU', tpdu, addresses));
  }
  if (pieces.lri !== null) lines.push(line('拨号记录 LRI', '', `${pieces.lri.length} 字节 bytes`));
  if (pieces.header !== null)
    lines.push(line('报文头 Header', hexOf(pieces.header), headerText(pieces.header)));
  return lines;
}

function headerText(bytes: Uint8Array): string {
  const header = parseHeader(bytes);
  const application = APPLICATION_CLASSES[header.applicationClass];
  const request = PROCESSING_REQUESTS[header.processingRequest];
  return [
    application === undefined ? header.applicationClass : both(application),
    `版本 version ${header.softwareVersion}.${header.softwareSubVersion}`,
    header.terminalState === '0' ? '正常 normal' : `状态 state ${header.terminalState}`,
    `处理要求 processing ${header.processingRequest}${request === undefined ? '' : ` ${both(request)}`}`,
  ].join(' · ');
}

function line(name: string, raw: string, text: string): string {
  return `${padDisplay(name, 16)}${padDisplay(raw, RAW_WIDTH)}${GAP}${text}`.trimEnd();
}

function rowsOfField(field: ExplainedField): Row[] {
  const [first = '', ...further] = wrapped(field.raw);
  return [
    {
      number: String(field.field),
      name: both(field.name),
      raw: first,
      text: textOf(field.value, field.meaning),
    },
    ...further.map((raw) => ({ number: '', name: '', raw, text: '' })),
    ...field.parts.flatMap((part, index) => rowsOfPart(part, '', index === field.parts.length - 1)),
  ];
}

function rowsOfPart(part: ExplainedPart, indent: string, last: boolean): Row[] {
  const id = /^[0-9A-F.]{2,8}$/.test(part.id) ? `${part.id} ` : '';
  return [
    {
      number: '',
      name: `${indent}${last ? '└' : '├'} ${id}${both(part.name)}`,
      raw: '',
      text: textOf(part.value, part.meaning),
    },
    ...part.parts.flatMap((inner, index) =>
      rowsOfPart(inner, `${indent}${last ? ' ' : '│'} `, index === part.parts.length - 1),
    ),
  ];
}

function textOf(value: string, meaning: Label | null): string {
  return meaning === null ? value : `${value} · ${both(meaning)}`;
}

function both({ zh, en }: Label): string {
  return zh === en ? zh : `${zh} ${en}`.trim();
}

function wrapped(raw: string): string[] {
  return raw.match(new RegExp(`.{1,${RAW_WIDTH}}`, 'g')) ?? [''];
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase();
}
