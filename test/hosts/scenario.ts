/**
 * A small language for what may go wrong between terminal, switch and bank. A script is steps joined
 * by `;`, each a verb, what the bank does to its messages (`silent,lost`: to the first and the second;
 * later ones are approved), and what it does to reversals: `buy silent lost; again; reverse`. `wait`
 * waits until nothing is owed to the bank for this terminal.
 */
import type { Message } from '../../protocols/iso8583/message.ts';
import type { Behaviour } from '../../simulators/host/behaviour.ts';
import { amount, type OutsideTerminal } from '../support/outside-terminal.ts';

type Fields = Record<number, string | Buffer>;

/** What the bank does to the messages of one card. */
export class CardBehaviour {
  requests: Behaviour[] = [];
  /** For one reversal after the other; then they are approved. */
  reversals: Behaviour[] = [];
}

/** Behaviours by card number, for the simulated bank. */
export class Behaviours {
  readonly #cards = new Map<string, CardBehaviour>();

  of(card: string): CardBehaviour {
    let behaviour = this.#cards.get(card);
    if (behaviour === undefined) {
      behaviour = new CardBehaviour();
      this.#cards.set(card, behaviour);
    }
    return behaviour;
  }

  readonly behave = (request: Message): Behaviour =>
    this.of(request.get(2) ?? '').requests.shift() ?? 'approve';

  readonly behaveToReversal = (request: Message): Behaviour =>
    this.of(request.get(2) ?? '').reversals.shift() ?? 'approve';
}

/** What the last slip and the last frame of a script were. */
interface Progress {
  fields: Fields;
  messageType: string;
  frame: Buffer;
  /** The slips of approved steps, by verb. */
  slips: Map<string, { fields: Fields; reference: string; authorisation: string }>;
}

const AMOUNT_FEN = 1_000;

/** Runs a script on a signed-in terminal; gives field 39 of every answer, `-` for none. */
export async function runScript(
  script: string,
  card: string,
  terminal: OutsideTerminal,
  behaviours: Behaviours,
  settled: (terminalId: string) => Promise<void>,
): Promise<string> {
  const codes: string[] = [];
  const progress: Progress = {
    fields: {},
    messageType: '',
    frame: Buffer.alloc(0),
    slips: new Map(),
  };
  for (const step of script.split(';')) {
    const [verb = '', requests = '', ...reversals] = step.trim().split(/\s+/);
    if (verb === 'wait') {
      await settled(terminal.terminalId);
      continue;
    }
    const bank = behaviours.of(card);
    bank.requests = requests.split(',').filter(Boolean) as Behaviour[];
    bank.reversals.push(...(reversals as Behaviour[]));
    makeFrame(verb, card, terminal, progress);
    const answer = await terminal.ask(progress.frame);
    const code = answer?.fields.get(39) ?? '-';
    codes.push(code);
    if (code !== '00' || verb === 'reverse') continue;
    const reference = answer!.fields.get(37) ?? '';
    const authorisation = answer!.fields.get(38) ?? '';
    progress.slips.set(verb, { fields: progress.fields, reference, authorisation });
  }
  return codes.join(' ');
}

function makeFrame(
  verb: string,
  card: string,
  terminal: OutsideTerminal,
  progress: Progress,
): void {
  if (verb === 'again') return;
  if (verb === 'reverse') {
    progress.frame = terminal.reversal(progress.fields);
    return;
  }
  const { messageType, fields } = REQUESTS[verb]!(card, terminal, progress);
  progress.messageType = messageType;
  progress.fields = fields;
  progress.frame = terminal.frame(messageType, fields, 'right');
}

type Make = (
  card: string,
  terminal: OutsideTerminal,
  progress: Progress,
) => { messageType: string; fields: Fields };

const REQUESTS: Record<string, Make> = {
  buy: (card, terminal) => ({
    messageType: '0200',
    fields: terminal.purchaseFields(card, AMOUNT_FEN),
  }),
  void: (card, terminal, { slips }) =>
    refersTo(slips.get('buy'), card, terminal, ['0200', '200000', '00', '23', AMOUNT_FEN]),
  refund: (card, terminal, { slips }) =>
    refersTo(slips.get('buy'), card, terminal, ['0220', '200000', '00', '25', 400]),
  hold: (card, terminal) => ({
    messageType: '0100',
    fields: {
      ...terminal.purchaseFields(card, AMOUNT_FEN),
      3: '030000',
      25: '06',
      60: `10${terminal.batch}00050`,
    },
  }),
  complete: (card, terminal, { slips }) =>
    refersTo(slips.get('hold'), card, terminal, ['0200', '000000', '06', '20', 900]),
  notice: (card, terminal, { slips }) =>
    refersTo(slips.get('hold'), card, terminal, ['0220', '000000', '06', '24', 900]),
  cancel: (card, terminal, { slips }) =>
    refersTo(slips.get('hold'), card, terminal, ['0100', '200000', '06', '11', AMOUNT_FEN]),
  uncomplete: (card, terminal, { slips }) =>
    refersTo(slips.get('complete'), card, terminal, ['0200', '200000', '06', '21', 900]),
};

type Reference = { fields: Fields; reference: string; authorisation: string };
type Shape = [type: string, processing: string, condition: string, kind: string, fen: number];

/** A request that names an earlier slip; without one it names nothing that exists. */
function refersTo(
  slip: Reference | undefined,
  card: string,
  terminal: OutsideTerminal,
  [messageType, processing, condition, kind, fen]: Shape,
) {
  const trace = terminal.nextTrace();
  const originalTrace = String(slip?.fields[11] ?? '999999');
  const fields: Fields = {
    2: card,
    3: processing,
    4: amount(fen),
    11: trace,
    22: '012',
    25: condition,
    37: slip?.reference ?? '000000000001',
    38: slip?.authorisation ?? '000000',
    49: '156',
    60: `${kind}${terminal.batch}00050`,
    61: `${terminal.batch}${originalTrace}0101`,
  };
  return { messageType, fields };
}
