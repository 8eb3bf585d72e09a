/**
 * PIX and PDQ of HL7 v2: the feed (ADT^A01, A04, A05, A08, A28, A31), the merge (ADT^A40), the cross
 * reference query (QBP^Q23 to RSP^K23) and the demographics query (QBP^Q22 to RSP^K22).
 */
import { type EmpiDoor, registerPerson, send } from '../../modules/empi/commands.ts';
import { FIELD } from '../../modules/empi/matching/fields.ts';
import type {
  Demographics,
  Domain,
  MediumInput,
  Outcome,
  Person,
} from '../../modules/empi/types.ts';
import { escaped, Hl7Error, Hl7Message, writeMessage } from './message.ts';

/** Why a message was not accepted: code of table 0357 and where. */
class Refused extends Error {
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

const FEED = new Set(['A01', 'A04', 'A05', 'A08', 'A28', 'A31']);
const RESULTS = 50;

/** Answers one message; never throws for what is wrong with it. */
export async function answerHl7(text: string, door: EmpiDoor, nowMs: number): Promise<string> {
  let message: Hl7Message;
  try {
    message = new Hl7Message(text);
  } catch (error) {
    if (!(error instanceof Hl7Error)) throw error;
    return acknowledge(null, nowMs, new Refused('AR', '100', 'MSH', error.message));
  }
  try {
    return await respond(message, door, nowMs);
  } catch (error) {
    if (error instanceof Refused) return acknowledge(message, nowMs, error);
    if ((error as Error).name !== 'IndexBehind') throw error;
    return acknowledge(message, nowMs, new Refused('AE', '207', '', 'the index is behind'));
  }
}

async function respond(message: Hl7Message, door: EmpiDoor, nowMs: number): Promise<string> {
  const type = message.get('MSH', 9, 1);
  const event = message.get('MSH', 9, 2);
  if (message.get('MSH', 10) === '') throw new Refused('AR', '101', 'MSH^1^10', 'no control id');
  if (type === 'ADT' && FEED.has(event)) {
    await feed(message, door);
    return acknowledge(message, nowMs, null);
  }
  if (type === 'ADT' && event === 'A40') {
    await merge(message, door);
    return acknowledge(message, nowMs, null);
  }
  if (type === 'QBP' && event === 'Q23') return crossReference(message, door, nowMs);
  if (type === 'QBP' && event === 'Q22') return demographicsQuery(message, door, nowMs);
  throw new Refused('AR', '200', 'MSH^1^9', `${type}^${event} is not taken here`);
}

/** Sender and control id name the message: sent again, it does nothing twice. */
function keyOf(message: Hl7Message): string {
  return `hl7:${message.get('MSH', 3)}:${message.get('MSH', 4)}:${message.get('MSH', 10)}`;
}

async function feed(message: Hl7Message, door: EmpiDoor): Promise<void> {
  const media = identifiers(message, 'PID', 3, door);
  const by = `hl7:${message.get('MSH', 3)}`;
  const demographics = demographicsOf(message);
  const [first] = media;
  if (first === undefined) throw new Refused('AE', '101', 'PID^1^3', 'no patient identifier');
  const known = door.queries.medium(first.domain, first.number);
  const key = keyOf(message);
  if (known === undefined) {
    accepted(await registerPerson(door, key, { demographics, media, by }));
    return;
  }
  const person = door.queries.livePerson(known.personId)!;
  const merged = { ...person.demographics, ...demographics };
  accepted(
    await send(door, key, 'person.change', { personId: person.personId, demographics: merged, by }),
  );
}

async function merge(message: Hl7Message, door: EmpiDoor): Promise<void> {
  const personOf = (segment: string, field: number): Person => {
    const [medium] = identifiers(message, segment, field, door);
    const known = medium && door.queries.medium(medium.domain, medium.number);
    if (known === undefined) {
      throw new Refused('AE', '204', `${segment}^1^${field}`, 'unknown key identifier');
    }
    return door.queries.livePerson(known.personId)!;
  };
  const survivor = personOf('PID', 3).personId;
  const absorbed = personOf('MRG', 1).personId;
  if (survivor === absorbed) return;
  const by = `hl7:${message.get('MSH', 3)}`;
  accepted(
    await send(door, keyOf(message), 'person.merge', { survivor, absorbed, reason: 'ADT^A40', by }),
  );
}

function accepted(outcome: Outcome): void {
  if (outcome.status === 'done') return;
  throw new Refused('AE', '207', 'PID', `refused: ${outcome.code}`);
}

/** CX: number in component 1, its domain in component 4, `code&oid&ISO`. */
function identifiers(
  message: Hl7Message,
  segment: string,
  field: number,
  door: EmpiDoor,
): MediumInput[] {
  return message.all(segment, field).map((components, at) => {
    const [number = ''] = components;
    const domain = domainOf(components[3] ?? '', door);
    const place = `${segment}^1^${field}^${at + 1}`;
    if (number === '')
      throw new Refused('AE', '101', `${place}^1`, 'an identifier without a value');
    if (domain === undefined) {
      throw new Refused('AE', '204', `${place}^4`, 'unknown key identifier: the domain');
    }
    return { domain: domain.code, number, type: domain.kind === 'card' ? 'card' : 'record' };
  });
}

function domainOf(authority: string, { queries }: EmpiDoor): Domain | undefined {
  const [code = '', oid = ''] = authority.split('&');
  const byOid = oid === '' ? undefined : queries.domainOfSystem(`urn:oid:${oid}`);
  return byOid ?? (oid === '' ? queries.domain(code) : undefined);
}

function demographicsOf(message: Hl7Message): Demographics {
  const found: Record<string, string> = {
    surname: message.get('PID', 5, 1),
    givenName: message.get('PID', 5, 2),
    birthDate: message.get('PID', 7).slice(0, 8),
    sex: message.get('PID', 8),
    address: message.get('PID', 11, 1),
    suburb: message.get('PID', 11, 3),
    state: message.get('PID', 11, 4),
    postcode: message.get('PID', 11, 5),
    phone: message.get('PID', 13, 1) || message.get('PID', 13, 12),
    idNumber: message.get('PID', 19),
    mothersMaidenName: message.get('PID', 6, 1),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== ''));
}

function crossReference(message: Hl7Message, door: EmpiDoor, nowMs: number): string {
  const { queries } = door;
  const number = message.get('QPD', 3, 1);
  const domain = domainOf(message.get('QPD', 3, 4), door);
  if (domain === undefined) {
    throw queryError(message, 'AE', '204', 'QPD^1^3^1^4', 'unknown domain');
  }
  const targets = message.all('QPD', 4).map((components, at) => {
    const target = domainOf(components[3] ?? '', door);
    if (target !== undefined) return target.code;
    throw queryError(message, 'AE', '204', `QPD^1^4^${at + 1}^4`, 'unknown target domain');
  });
  const wanted = targets.length === 0 ? undefined : new Set(targets);
  const others = queries.crossIndex(domain.code, number, wanted);
  if (others === null)
    throw queryError(message, 'AE', '204', 'QPD^1^3^1^1', 'unknown key identifier');
  const cx = others.map((medium) => cxOf(medium.number, queries.domain(medium.domain)!));
  const status = others.length > 0 ? 'OK' : 'NF';
  return response(
    message,
    nowMs,
    'RSP^K23^RSP_K23',
    status,
    others.length === 0 ? [] : [['PID', '', '', cx.join('~'), '', ' ']],
  );
}

/** Fields that a demographics query may name, and the item that they ask for. */
const QUERY_ITEMS: Readonly<Record<string, string>> = {
  '@PID.5.1': 'surname',
  '@PID.5.1.1': 'surname',
  '@PID.5.2': 'givenName',
  '@PID.7': 'birthDate',
  '@PID.7.1': 'birthDate',
  '@PID.8': 'sex',
  '@PID.11.1': 'address',
  '@PID.11.5': 'postcode',
  '@PID.13.1': 'phone',
  '@PID.19': 'idNumber',
};

function demographicsQuery(message: Hl7Message, door: EmpiDoor, nowMs: number): string {
  const { queries } = door;
  const asked: Record<string, string> = {};
  let byIdentifier = '';
  for (const [name = '', value = ''] of message.all('QPD', 3)) {
    if (name === '@PID.3.1') byIdentifier = value;
    else if (QUERY_ITEMS[name] !== undefined) asked[QUERY_ITEMS[name]] = value;
    else if (!name.startsWith('@PID.3.4')) {
      throw queryError(message, 'AE', '204', 'QPD^1^3', `${name} cannot be asked for`);
    }
  }
  const found =
    byIdentifier === ''
      ? queries.search(asked as Demographics, RESULTS)
      : queries.domains().flatMap(({ code }) => {
          const medium = queries.medium(code, byIdentifier);
          return medium === undefined ? [] : [queries.livePerson(medium.personId)!];
        });
  const rows = found.map((person, at) => pidOf(person, at + 1, door));
  return response(message, nowMs, 'RSP^K22^RSP_K21', rows.length > 0 ? 'OK' : 'NF', rows);
}

function pidOf(person: Person, number: number, { queries }: EmpiDoor): string[] {
  const { values } = person.normalised;
  const { demographics } = person;
  const cx = queries
    .mediaOf(person)
    .map((medium) => cxOf(medium.number, queries.domain(medium.domain)!));
  const name = [values[FIELD.surname]!, values[FIELD.givenName]!].map(escaped).join('^');
  return [
    'PID',
    String(number),
    '',
    cx.join('~'),
    '',
    name,
    '',
    values[FIELD.birthDate]!,
    values[FIELD.sex]!,
    '',
    '',
    escaped(demographics.address ?? ''),
    '',
    escaped(demographics.phone ?? ''),
  ];
}

function cxOf(number: string, { code, system }: Domain): string {
  const oid = /^urn:oid:(.+)$/.exec(system)?.[1];
  return `${escaped(number)}^^^${code}${oid === undefined ? '' : `&${oid}&ISO`}`;
}

class QueryRefused extends Refused {}

function queryError(
  _message: Hl7Message,
  ack: 'AE' | 'AR',
  code: string,
  location: string,
  text: string,
): Refused {
  return new QueryRefused(ack, code, location, text);
}

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
    'UNICODE UTF-8',
  ];
}

function acknowledge(message: Hl7Message | null, nowMs: number, refused: Refused | null): string {
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
    if (isQuery) {
      const tag = escaped(message!.get('QPD', 2));
      segments.push(['QAK', tag, 'AE'], [...message!.segment('QPD')!]);
    }
  }
  return writeMessage(segments);
}

function response(
  message: Hl7Message,
  nowMs: number,
  type: string,
  status: 'OK' | 'NF',
  rows: string[][],
): string {
  return writeMessage([
    head(message, nowMs, type),
    ['MSA', 'AA', escaped(message.get('MSH', 10))],
    ['QAK', escaped(message.get('QPD', 2)), status],
    [...message.segment('QPD')!],
    ...rows,
  ]);
}
