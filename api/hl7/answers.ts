/** Answers of the HL7 v2 door: acknowledgements, refusals and the rows of a query. */
import { escaped, type Hl7Message, writeMessage } from './message.ts';

/** What is wrong with a message: code of table 0357 and where. */
export interface Finding {
  code: string;
  location: string;
  text: string;
}

/** Why a message was not accepted. */
export class Refused extends Error {
  readonly ack: 'AE' | 'AR';
  readonly finding: Finding;

  constructor(ack: 'AE' | 'AR', code: string, location: string, text: string) {
    super(text);
    this.ack = ack;
    this.finding = { code, location, text };
  }
}

/** What a query is refused for: its answer has the query's form. */
export class QueryRefused extends Refused {}

function head(message: Hl7Message | null, nowMs: number, type: string): string[] {
  const stamp = new Date(nowMs).toISOString().replace(/\D/g, '').slice(0, 14);
  const part = (field: number) => escaped(message?.get('MSH', field) ?? '');
  return [
    'MSH',
    '^~\\&',
    part(5),
    part(6),
    part(3),
    part(4),
    `${stamp}+0000`,
    '',
    type,
    `P${part(10)}`,
    part(11) || 'P',
    part(12) || '2.5',
    '',
    '',
    '',
    '',
    '',
    message?.charset ?? 'UNICODE UTF-8',
  ];
}

/** The message was taken; `warnings` say what of it was not. */
export function accept(message: Hl7Message, nowMs: number, warnings: readonly Finding[]): string {
  return writeMessage([
    head(message, nowMs, acknowledgementOf(message)),
    ['MSA', 'AA', escaped(message.get('MSH', 10))],
    ...warnings.map((finding) => errorSegment(finding, 'W')),
  ]);
}

/** `message` is null when the bytes are none. */
export function refuse(message: Hl7Message | null, nowMs: number, refused: Refused): string {
  const query = message?.segment('QPD');
  const isQuery = message?.get('MSH', 9, 1) === 'QBP' && refused instanceof QueryRefused;
  const isDemographics = message?.get('MSH', 9, 2) !== 'Q23';
  const queryType = isDemographics ? 'RSP^K22^RSP_K21' : 'RSP^K23^RSP_K23';
  const segments = [
    head(message, nowMs, isQuery ? queryType : acknowledgementOf(message)),
    ['MSA', refused.ack, escaped(message?.get('MSH', 10) ?? '')],
    errorSegment(refused.finding, 'E'),
  ];
  if (isQuery && query !== undefined) {
    segments.push(['QAK', escaped(query.get(2)), 'AE'], [...query.fields]);
  }
  return writeMessage(segments);
}

function acknowledgementOf(message: Hl7Message | null): string {
  return `ACK^${escaped(message?.get('MSH', 9, 2) ?? '') || 'ACK'}^ACK`;
}

function errorSegment({ code, location, text }: Finding, severity: 'E' | 'W'): string[] {
  return ['ERR', '', location, code, severity, '', '', '', escaped(text)];
}

export interface QueryAnswer {
  type: string;
  rows: string[][];
  /** How many there are in all, and behind these rows; left out when nobody knows. */
  hits?: { total: number; remaining: number };
  /** Where the next part begins; left out when there is none. */
  continuation?: string;
  warnings?: readonly Finding[];
}

export function response(
  message: Hl7Message,
  nowMs: number,
  { type, rows, hits, continuation, warnings = [] }: QueryAnswer,
): string {
  const counts = hits && ['', hits.total, rows.length, hits.remaining].map(String);
  return writeMessage([
    head(message, nowMs, type),
    ['MSA', 'AA', escaped(message.get('MSH', 10))],
    ...warnings.map((finding) => errorSegment(finding, 'W')),
    ['QAK', escaped(message.get('QPD', 2)), rows.length > 0 ? 'OK' : 'NF', ...(counts ?? [])],
    [...message.segment('QPD')!.fields],
    ...rows,
    ...(continuation === undefined ? [] : [['DSC', continuation, 'I']]),
  ]);
}
