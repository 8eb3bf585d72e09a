/**
 * What hosts must still be told, as the journal says it.
 *
 * A record obliges us in one of two ways: the fact of a transaction says so itself (`extra.forward`:
 * the same record that gives up a transaction, or takes it back, also owes the host a reversal, so
 * that no crash comes between), or, for a request that is asked again until it is answered, a module
 * fact of this file does, as for a reversal that is owed once more. A second module fact ends it.
 */
import { idOf, idToHex } from '../../ledger/id.ts';
import type { Entry, Id, JournalRecord } from '../../ledger/types.ts';
import { EXTRA } from '../routed/asked.ts';

export const MODULE = 'store-and-forward';

/** `reversal`: undo it. `advice`: it happened. `repeat`: the request again, until it is answered. */
export type ForwardSort = 'reversal' | 'advice' | 'repeat';

/** Something that a host must still be told. */
export interface Obligation {
  /** Of the record that obliges us: its name everywhere. */
  position: number;
  timestampUs: number;
  sort: ForwardSort;
  host: string;
  institution: string;
  terminalId: string;
  /** The record of the transaction that it is about. */
  subject: number;
  /** The first transaction that all this began with (`rootOf`). */
  root: number;
}

/** How an obligation ended. */
export interface Ending {
  /** Position of the obligation. */
  obligation: number;
  how: 'answered' | 'closed-by-hand' | 'handed-to-operator';
  reason: string;
  responseCode?: string;
  who?: string;
}

/** The id of the record that says a request is asked again in the background. */
export function forwardId(askedId: Id): Id {
  return idOf('host-repeat', idToHex(askedId));
}

export function repeatEntry(asked: JournalRecord): Entry {
  return {
    id: forwardId(asked.entry.id),
    institution: asked.entry.institution,
    fact: { module: { module: MODULE, kind: 'repeat', key: String(asked.position) } },
  };
}

/**
 * A host approved late what it had been told to undo: it may have refused the reversal, because there
 * was nothing to undo yet. So it is told once more.
 */
export function reverseAgainEntry(asked: JournalRecord): Entry {
  return {
    id: idOf('host-reverse-again', idToHex(asked.entry.id)),
    institution: asked.entry.institution,
    fact: { module: { module: MODULE, kind: 'reverse-again', key: String(asked.position) } },
  };
}

export type RecordAt = (position: number) => JournalRecord | null;

/**
 * Where the story of a transaction began: a void, a refund, or a completion leads to its original, an
 * adjustment to what it replaced. What a host is told of one story must reach it in order.
 */
export function rootOf(position: number, recordAt: RecordAt): number {
  let root = position;
  for (;;) {
    const fact = recordAt(root)?.entry.fact?.transaction;
    const before = Number(fact?.extra?.[EXTRA.asked] ?? fact?.originalPosition ?? 0);
    if (before <= 0 || before >= root) return root;
    root = before;
  }
}

/** What the record obliges us to, or null. */
export function obligationOf(record: JournalRecord, recordAt: RecordAt): Obligation | null {
  if (record.status !== 'applied') return null;
  const { transaction, module } = record.entry.fact ?? {};
  const { position, timestampUs } = record;
  const { institution } = record.entry;
  const sort = transaction?.extra?.[EXTRA.forward];
  if (transaction !== undefined && sort !== undefined) {
    const host = transaction.extra?.[EXTRA.host] ?? '';
    const subject = Number(transaction.extra?.[EXTRA.forwardOf] ?? position);
    const terminalId = transaction.terminalId ?? '';
    const root = rootOf(subject, recordAt);
    const base = { position, timestampUs, institution, subject, root, terminalId, host };
    return { ...base, sort: sort as ForwardSort };
  }
  if (module?.module !== MODULE) return null;
  const owed = OWED_BY_MODULE_FACT[module.kind];
  if (owed === undefined) return null;
  const subject = Number(module.key);
  const fact = recordAt(subject)?.entry.fact?.transaction;
  const host = fact?.extra?.[EXTRA.host] ?? '';
  const terminalId = fact?.terminalId ?? '';
  const root = rootOf(subject, recordAt);
  return { position, timestampUs, institution, subject, root, terminalId, host, sort: owed };
}

const OWED_BY_MODULE_FACT: Readonly<Record<string, ForwardSort>> = {
  repeat: 'repeat',
  'reverse-again': 'reversal',
};

/** The record that ends an obligation. What was handed to an operator may still be closed by hand. */
export function endingEntry({ position, institution }: Obligation, ending: Ending): Entry {
  const { obligation: _, how, ...details } = ending;
  const payload = Buffer.from(JSON.stringify(details));
  return {
    id: idOf(
      'store-and-forward-end',
      String(position),
      how === 'handed-to-operator' ? 'handed' : 'end',
    ),
    institution,
    fact: { module: { module: MODULE, kind: how, key: String(position), payload } },
  };
}

/** The ending that a record says, or null. */
export function endingOf(record: JournalRecord): Ending | null {
  const module = record.status === 'applied' ? record.entry.fact?.module : undefined;
  if (module?.module !== MODULE || module.payload === undefined) return null;
  const { kind } = module;
  if (kind !== 'answered' && kind !== 'closed-by-hand' && kind !== 'handed-to-operator')
    return null;
  const details = JSON.parse(Buffer.from(module.payload).toString('utf8')) as Omit<Ending, 'how'>;
  return { ...details, obligation: Number(module.key), how: kind };
}

/** The record that keeps a host's answer that came after its transaction was given up. */
export function lateAnswerEntry(
  asked: JournalRecord,
  answer: { responseCode: string; finding: string },
): Entry {
  const payload = Buffer.from(JSON.stringify(answer));
  return {
    id: idOf('host-late-answer', idToHex(asked.entry.id)),
    institution: asked.entry.institution,
    fact: { module: { module: MODULE, kind: 'late-answer', key: String(asked.position), payload } },
  };
}
