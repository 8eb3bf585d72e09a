/**
 * PIX and PDQ of HL7 v2: the feed (ADT^A01, A04, A05, A08, A28, A31), the merge (ADT^A40), and the
 * queries.
 */
import type { EmpiDoor } from '../../modules/empi/commands.ts';
import { accept, QueryRefused, Refused, refuse } from './answers.ts';
import { crossReference } from './cross-reference.ts';
import { demographicsQuery } from './demographics-query.ts';
import { type DecodedMessage, decodeMessage, encodeMessage } from './encoding.ts';
import { feed } from './feed.ts';
import { merge } from './merge.ts';
import { Hl7Error, Hl7Message } from './message.ts';

const FEED = new Set(['A01', 'A04', 'A05', 'A08', 'A28', 'A31']);

/** Answers one message in its own character set; never throws for what is wrong with it. */
export async function answerHl7(bytes: Buffer, door: EmpiDoor, nowMs: number): Promise<Buffer> {
  const decoded = decodeMessage(bytes);
  return encodeMessage(await answerTo(decoded, door, nowMs), decoded.encoding);
}

async function answerTo(decoded: DecodedMessage, door: EmpiDoor, nowMs: number): Promise<string> {
  let message: Hl7Message | null = null;
  try {
    message = new Hl7Message(decoded.text, decoded.charset);
    checkHead(message, decoded);
    checkLengths(message);
    return await respond(message, door, nowMs);
  } catch (error) {
    return refuse(message, nowMs, refusalOf(error as Error));
  }
}

function refusalOf(error: Error): Refused {
  if (error instanceof Refused) return error;
  if (error instanceof Hl7Error) return new Refused('AR', '100', 'MSH', error.message);
  if (error.name !== 'IndexBehind') throw error;
  return new Refused('AE', '207', '', 'the index is behind');
}

async function respond(message: Hl7Message, door: EmpiDoor, nowMs: number): Promise<string> {
  const type = message.get('MSH', 9, 1);
  const event = message.get('MSH', 9, 2);
  if (type === 'ADT' && FEED.has(event)) {
    return accept(message, nowMs, await feed(message, door));
  }
  if (type === 'ADT' && event === 'A40') {
    await merge(message, door);
    return accept(message, nowMs, []);
  }
  if (type === 'QBP' && event === 'Q23') return crossReference(message, door, nowMs);
  if (type === 'QBP' && event === 'Q22') return demographicsQuery(message, door, nowMs);
  throw new Refused('AR', '200', 'MSH^1^9', `${type}^${event} is not taken here`);
}

function checkHead(message: Hl7Message, { unknown }: DecodedMessage): void {
  if (unknown !== undefined) {
    throw new Refused('AR', '103', 'MSH^1^18', `the character set ${unknown} is not known here`);
  }
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

/** Longer texts are no names, numbers or places, and have no room in the keys of the index. */
const TEXT_LENGTH_MAX = 200;
const READ = new Set(['PID', 'MRG', 'QPD']);

function checkLengths({ segments }: Hl7Message): void {
  for (const segment of segments) {
    const name = segment.fields[0]!;
    if (!READ.has(name)) continue;
    for (const field of segment.fields.keys()) {
      const isLong = segment.all(field).some((texts) => texts.some(isTooLong));
      if (!isLong) continue;
      const text = `longer than ${TEXT_LENGTH_MAX} characters`;
      const Kind = name === 'QPD' ? QueryRefused : Refused;
      throw new Kind('AE', '102', `${name}^1^${field}`, text);
    }
  }
}

function isTooLong(text: string): boolean {
  return text.length > TEXT_LENGTH_MAX;
}
