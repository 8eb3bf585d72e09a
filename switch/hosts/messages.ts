/** What switch workers and the host hub say to each other, in batches, once for each turn of an event loop. */
import type { PinFormat, StoredKey } from '../../hsm/types.ts';
import type { FieldValues, Message } from '../../protocols/iso8583/message.ts';

/** A PIN block as the terminal encrypted it; the hub has it translated for the host. */
export interface TerminalPin {
  pinKey: StoredKey;
  format: PinFormat;
  pinBlock: Uint8Array;
}

/** A request to a host: everything but the PIN block and the MAC, which the hub makes. */
export interface HostRequest {
  host: string;
  messageType: string;
  fields: FieldValues;
  pin?: TerminalPin;
  /** The asked record; 0 for a request that moves no money. */
  position: number;
  /** The record of the earlier transaction that it refers to. */
  originalPosition?: number;
}

/** Why a request certainly did not reach the host. */
export type NotSentReason =
  | 'no-link'
  | 'not-signed-on'
  | 'breaker-open'
  | 'queue-full'
  | 'queue-timeout'
  /** The host has not been told yet what it must know first. */
  | 'earlier-message-owed'
  | 'pin-unreadable'
  | 'stopping';

/** Why there is no answer to a request that may have reached the host. */
export type UnansweredReason = 'timeout' | 'link-lost' | 'stopping';

export type HostReply =
  | { state: 'answered'; fields: Record<number, string> }
  | { state: 'not-sent'; reason: NotSentReason }
  | { state: 'unanswered'; reason: UnansweredReason };

export function notSent(reason: NotSentReason): HostReply {
  return { state: 'not-sent', reason };
}

/** Fields of an answer that somebody may want to know. */
const ANSWER_FIELDS = [4, 15, 37, 38, 39, 44, 48, 54, 55, 70] as const;

export function textFields(message: Message): Record<number, string> {
  const fields: Record<number, string> = {};
  for (const field of ANSWER_FIELDS) {
    const value = message.get(field);
    if (value !== undefined) fields[field] = value;
  }
  return fields;
}

export type ToHub =
  | { kind: 'ask'; call: number; request: HostRequest }
  /** A record obliges us to tell a host something: it is in the journal at this position. */
  | { kind: 'forward'; position: number };

export type FromHub = { kind: 'reply'; call: number; reply: HostReply };
