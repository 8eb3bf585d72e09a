/**
 * What happened to keys, as facts of the journal: who, what, when and check values; never a value.
 * A ceremony's event holds its signed protocol, so that anybody can check it later.
 */
import { createHash } from 'node:crypto';
import type { SignedProtocol } from '../../../hsm/ceremony.ts';
import { idOf } from '../../../ledger/id.ts';
import type { Entry, ModuleFact } from '../../../ledger/types.ts';

/** The module that these facts name. */
export const KEY_MODULE = 'hsm';

/** The components of people became a key or the masters of a token. */
interface Ceremony {
  kind: 'ceremony';
  /** The registry's name of the key, the terminals that it is the master key of, or the HSM. */
  subject: string;
  signed: SignedProtocol;
}

/** The masters of a token were made at random inside, or destroyed. */
interface MasterChange {
  kind: 'master-made' | 'master-destroyed';
  subject: string;
  at: string;
  masterNumber: number;
}

/** Every stored key is under this master now. */
interface Rewrapped {
  kind: 'keys-rewrapped';
  subject: string;
  at: string;
  masterNumber: number;
  keys: number;
}

export type KeyEvent = Ceremony | MasterChange | Rewrapped;

/** The entry of an event. The same event has the same id: recording it twice is harmless. */
export function keyEventEntry(event: KeyEvent): Entry {
  const payload = Buffer.from(JSON.stringify(event));
  const id = idOf('key event', createHash('sha256').update(payload).digest('hex'));
  const fact = { module: KEY_MODULE, kind: event.kind, key: event.subject, payload };
  return { id, institution: '', fact: { module: fact } };
}

/** One line for people; null for a fact that is none of these. */
export function describeKeyEvent(fact: ModuleFact): string | null {
  if (fact.module !== KEY_MODULE || fact.payload === undefined) return null;
  const event = JSON.parse(Buffer.from(fact.payload).toString()) as KeyEvent;
  const { subject } = event;
  switch (event.kind) {
    case 'ceremony': {
      const { made, algorithm, purpose, version, masterNumber, checkValue, components } =
        event.signed.protocol;
      const people = components.map(({ holder }) => holder).join(', ');
      const what =
        made === 'master'
          ? `master key ${masterNumber ?? 1} of ${subject}`
          : `${subject}: ${algorithm} ${purpose} key, version ${version}`;
      return `key ceremony; ${what}; check value ${checkValue}; by ${people}`;
    }
    case 'master-made':
      return `master key ${event.masterNumber} of ${subject} made at random inside`;
    case 'master-destroyed':
      return `master key ${event.masterNumber} of ${subject} destroyed`;
    case 'keys-rewrapped':
      return `${event.keys} keys wrapped under master key ${event.masterNumber} of ${subject}`;
  }
}
