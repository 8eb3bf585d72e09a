/** Messages that come again: sender and control id name a message, so it changes the index once. */
import { idOf, idToHex } from '../../ledger/id.ts';
import type { EmpiDoor } from '../../modules/empi/commands.ts';
import { outcomesUnder } from '../../modules/empi/outcomes.ts';
import { Refused } from './answers.ts';
import type { Hl7Message } from './message.ts';

const DIGEST_LENGTH = 32;
const TIME_FIELD = 7;

/**
 * What the keys of a message's commands begin with: its name and a digest of its content. The time at
 * which it was sent is no content. Throws Refused when the name was used for another content.
 */
export function keyOf(message: Hl7Message, { queries }: EmpiDoor): string {
  const [application, facility, control] = [3, 4, 10].map((field) => message.get('MSH', field));
  const name = `hl7:${idToHex(idOf('hl7', application!, facility!, control!))}:`;
  const content = idToHex(idOf(...contentOf(message)));
  for (const { key } of outcomesUnder(queries, name)) {
    if (key.slice(name.length, name.length + DIGEST_LENGTH) === content) continue;
    throw new Refused('AE', '207', 'MSH^1^10', 'the control id was used for another message');
  }
  return `${name}${content}`;
}

function contentOf({ segments }: Hl7Message): string[] {
  return segments.map(({ fields }) =>
    fields.map((text, at) => (fields[0] === 'MSH' && at === TIME_FIELD ? '' : text)).join('|'),
  );
}

/** What a refusal by the index is answered with. */
export function accepted({ status, code }: { status: string; code?: string }, place: string): void {
  if (status !== 'done') throw new Refused('AE', '207', place, `refused: ${code}`);
}
