/** What a host's reply means: to the ledger, to the terminal, and to the host itself. */
import { isAccepted } from '../../protocols/dialects/cup-responses.ts';
import type { HostReply, NotSentReason } from '../hosts/messages.ts';

export interface Verdict {
  approved: boolean;
  /** Field 39 for the terminal. */
  responseCode: string;
  rule: string;
  /** The host may have approved what we do not take as approved: it must be told to undo it. */
  undoAtHost: boolean;
  /** Field 39 of the host. */
  hostCode?: string;
  /** Fields of the host's answer that the terminal gets. */
  answer?: Record<string, string>;
}

/** Fields of a host's answer that go on to the terminal, whatever the code; 38 with an approval alone. */
const ANSWER_FIELDS = [38, 44, 55] as const;

/** A part of the amount (部分承兑): nobody here asks for that, so it is undone, and the card has not enough. */
export const PART_APPROVED = '10';

/**
 * What terminals are told for codes that mean something else to them than to a switch: a terminal
 * that reads 97, 99, A0 or 77 would sign in again, though nothing is wrong between it and us.
 */
const TERMINAL_CODES: Readonly<Record<string, string>> = {
  [PART_APPROVED]: '51',
  '09': '98',
  '30': '96',
  '77': '96',
  '94': '96',
  '97': '96',
  '99': '55',
  A0: '96',
};

/** Codes by which a switch in between says that it does not know what the issuer did. */
const UNCERTAIN: ReadonlySet<string> = new Set(['09', PART_APPROVED, '68', '98']);

const NOT_SENT_CODES: Readonly<Record<NotSentReason, string>> = {
  'no-link': '91',
  'not-signed-on': '91',
  'breaker-open': '91',
  'queue-full': '96',
  'queue-timeout': '96',
  'earlier-message-owed': '91',
  'pin-unreadable': '99',
  stopping: '91',
};

/** `amount`: field 4 of the request, which the answer must repeat when it has one. */
export function verdictOf(
  reply: HostReply,
  amount: string | undefined,
  ownCodes: Readonly<Record<string, string>>,
): Verdict {
  if (reply.state === 'not-sent') {
    const responseCode = NOT_SENT_CODES[reply.reason];
    return { approved: false, responseCode, rule: `host-${reply.reason}`, undoAtHost: false };
  }
  if (reply.state === 'unanswered') {
    const rule = `host-${reply.reason}`;
    return { approved: false, responseCode: '98', rule, undoAtHost: true };
  }
  const { fields } = reply;
  const hostCode = fields[39] ?? '';
  const approved = isAccepted(hostCode) && hostCode !== PART_APPROVED;
  if (approved && fields[4] !== undefined && amount !== undefined && fields[4] !== amount) {
    const rule = 'host-answer-amount-differs';
    return { approved: false, responseCode: '96', rule, undoAtHost: true, hostCode };
  }
  const responseCode = approved
    ? '00'
    : (ownCodes[hostCode] ?? TERMINAL_CODES[hostCode] ?? hostCode);
  return {
    approved,
    responseCode: /^[0-9A-Z]{2}$/.test(responseCode) ? responseCode : '05',
    rule: approved ? '' : declineRule(hostCode),
    undoAtHost: UNCERTAIN.has(hostCode),
    hostCode,
    answer: answerFields(fields, approved),
  };
}

function declineRule(hostCode: string): string {
  return hostCode === PART_APPROVED ? 'host-approved-a-part' : 'host-declined';
}

function answerFields(fields: Record<number, string>, approved: boolean): Record<string, string> {
  const answer: Record<string, string> = {};
  for (const field of ANSWER_FIELDS) {
    const value = fields[field];
    if (value !== undefined && (field !== 38 || approved)) answer[field] = value;
  }
  return answer;
}
