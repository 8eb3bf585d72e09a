/**
 * PIX and PDQ of HL7 v2: the feed (ADT^A01, A04, A05, A08, A28, A31), the merge (ADT^A40), and the
 * queries.
 */
import { revisePerson } from '../../modules/empi/changes.ts';
import { type EmpiDoor, registerPerson, send } from '../../modules/empi/commands.ts';
import type { Demographics, MediumInput, Outcome, Person } from '../../modules/empi/types.ts';
import { acknowledge, Refused } from './answers.ts';
import { decodeMessage, encodeMessage } from './encoding.ts';
import { identifiers } from './identifiers.ts';
import { Hl7Error, Hl7Message } from './message.ts';
import { crossReference, demographicsQuery } from './queries.ts';

const FEED = new Set(['A01', 'A04', 'A05', 'A08', 'A28', 'A31']);

/** Answers one message in its own character set; never throws for what is wrong with it. */
export async function answerHl7(bytes: Buffer, door: EmpiDoor, nowMs: number): Promise<Buffer> {
  let message: Hl7Message;
  let encoding = 'utf8';
  try {
    const decoded = decodeMessage(bytes);
    encoding = decoded.encoding;
    message = new Hl7Message(decoded.text, decoded.charset);
  } catch (error) {
    if (!(error instanceof Hl7Error)) throw error;
    const refused = new Refused('AR', '100', 'MSH', error.message);
    return encodeMessage(acknowledge(null, nowMs, refused), encoding);
  }
  return encodeMessage(await answerTo(message, door, nowMs), encoding);
}

async function answerTo(message: Hl7Message, door: EmpiDoor, nowMs: number): Promise<string> {
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
  checkHead(message);
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

function checkHead(message: Hl7Message): void {
  if (message.get('MSH', 10) === '') throw new Refused('AR', '101', 'MSH^1^10', 'no control id');
  const processing = message.get('MSH', 11);
  if (!['', 'P', 'T', 'D'].includes(processing)) {
    throw new Refused('AR', '202', 'MSH^1^11', `${processing} is no processing id`);
  }
  const version = message.get('MSH', 12);
  if (version !== '' && !/^2(?:\.\d(?:\.\d)?)?$/.test(version)) {
    throw new Refused('AR', '203', 'MSH^1^12', `version ${version} is not taken here`);
  }
}

/** Sender and control id name the message: sent again, it does nothing twice. */
function keyOf(message: Hl7Message): string {
  return `hl7:${message.get('MSH', 3)}:${message.get('MSH', 4)}:${message.get('MSH', 10)}`;
}

async function feed(message: Hl7Message, door: EmpiDoor): Promise<void> {
  const by = senderOf(message);
  const media = identifiers(message, 'PID', 3, door);
  mayFeed(media, by, door);
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
  accepted(await revisePerson(door, key, person, { demographics, media, by }));
}

function senderOf(message: Hl7Message): string {
  return `hl7:${message.get('MSH', 3)}`;
}

/** One source a domain: nobody else feeds it. */
function mayFeed(media: MediumInput[], by: string, { queries }: EmpiDoor): void {
  for (const { domain } of media) {
    const { source } = queries.domain(domain)!;
    if (source === '' || source === by) continue;
    throw new Refused('AE', '207', 'MSH^1^3', `${domain} is fed by another source`);
  }
}

async function merge(message: Hl7Message, door: EmpiDoor): Promise<void> {
  const by = senderOf(message);
  const personOf = (segment: string, field: number): Person => {
    const media = identifiers(message, segment, field, door);
    mayFeed(media, by, door);
    const [medium] = media;
    const known = medium && door.queries.medium(medium.domain, medium.number);
    if (known === undefined) {
      throw new Refused('AE', '204', `${segment}^1^${field}`, 'unknown key identifier');
    }
    return door.queries.livePerson(known.personId)!;
  };
  const survivor = personOf('PID', 3).personId;
  const absorbed = personOf('MRG', 1).personId;
  if (survivor === absorbed) return;
  const command = { survivor, absorbed, reason: 'ADT^A40', by };
  accepted(await send(door, keyOf(message), 'person.merge', command));
}

function accepted(outcome: Outcome): void {
  if (outcome.status === 'done') return;
  throw new Refused('AE', '207', 'PID', `refused: ${outcome.code}`);
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
