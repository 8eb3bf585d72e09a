/** Answers of the HL7 v2 door: acknowledgements, refusals and the rows of a query. */
import { escaped, type Hl7Message, writeMessage } from './message.ts';

/** Why a message was not accepted: code of table 0357 and where. */
export class Refused extends Error {
  readonly ack: 'AE' | 'AR';
  readonly code: string;
  readonly location: string;

  constructor(ack: 'AE' | 'AR', code: string, location: string, text: string) {
    super(text);
    this.ack = ack;
    this.code = code;
    this.location = location;
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

export function acknowledge(
  message: Hl7Message | null,
  nowMs: number,
  refused: Refused | null,
): string {
  const id = escaped(message?.get('MSH', 10) ?? '');
  const event = message?.get('MSH', 9, 2) ?? '';
  const isQuery = message?.get('MSH', 9, 1) === 'QBP' && refused instanceof QueryRefused;
  const type = isQuery
    ? event === 'Q23'
      ? 'RSP^K23^RSP_K23'
      : 'RSP^K22^RSP_K21'
    : `ACK^${escaped(event) || 'ACK'}^ACK`;
  const segments = [head(message, nowMs, type), ['MSA', refused?.ack ?? 'AA', id]];
  if (refused !== null) {
    const { location, code } = refused;
    segments.push(['ERR', '', location, code, 'E', '', '', '', escaped(refused.message)]);
    const query = message?.segment('QPD');
    if (isQuery && query !== undefined) {
      segments.push(['QAK', escaped(message!.get('QPD', 2)), 'AE'], [...query]);
    }
  }
  return writeMessage(segments);
}

export interface QueryAnswer {
  type: string;
  rows: string[][];
  /** Where the next part begins; left out when there is none. */
  continuation?: string;
}

export function response(
  message: Hl7Message,
  nowMs: number,
  { type, rows, continuation }: QueryAnswer,
): string {
  return writeMessage([
    head(message, nowMs, type),
    ['MSA', 'AA', escaped(message.get('MSH', 10))],
    ['QAK', escaped(message.get('QPD', 2)), rows.length > 0 ? 'OK' : 'NF'],
    [...message.segment('QPD')!],
    ...rows,
    ...(continuation === undefined ? [] : [['DSC', continuation, 'I']]),
  ]);
}
