/**
 * A small language for what may go wrong between terminal, switch, chip and bank.
 *
 * A script is steps joined by `;`. A step is a verb and words:
 *
 *   buy silent lost      the first plain word is what the bank does to the message (`silent,lost`: to its
 *                        first and second arrival), the others what it does to reversals, one by one
 *   void =900            another amount (fen)
 *   buy @lost            a card with something special (test/support/cards.ts)
 *   buy +pin             with the right PIN
 *   complete +code       names its original by field 38 and the date alone
 *   buy !cut             a fault on the terminal's side:
 *     !cut                 the line breaks before the answer; the terminal connects again
 *     !go                  the same, as soon as the bank has the message
 *     !mac !pin !batch     wrong MAC, wrong PIN, a batch that is not open
 *     !mac1 !tac           the chip's MAC1, the chip's proof is wrong
 *     !code !receiver      a forged payment code, a receiver that is reported lost
 *     !date                another day's date with it
 *     !said !track         a PIN is said to be entered and is not; the track is another card's
 *     !expiry              an expiry in no month of the year
 *     !totals              totals of a settlement that are not the switch's
 *
 * Besides the transactions (messages.ts) there are these verbs:
 *
 *   again        the last message again, byte for byte
 *   reverse      the last transaction is reversed;  reverse:buy  the last one of that verb
 *   early buy    a transaction is made up and reversed, but never sent;  arrive  now it is sent
 *   wait         until nothing is owed to the bank for this terminal
 *   told         until the bank has done all that it is to do to this card's messages
 *   kill         the switch is killed and started again; the terminal connects again
 *   signin       the terminal signs in
 *   pay          the patient's app pays the last order
 *   block        an operator puts the card on the black list
 *   accept       an operator pays the card's grey record;  reject  an operator rejects it
 *
 * `player.ts` plays a script and gives field 39 of every answer, `-` for an answer that never came.
 */

export interface Step {
  verb: string;
  /** What `reverse` and `early` are about. */
  about: string;
  fen: number | undefined;
  card: string | undefined;
  pin: boolean;
  byCode: boolean;
  faults: ReadonlySet<string>;
  requests: string[];
  reversals: string[];
}

export function stepsOf(script: string): Step[] {
  return script.split(';').map(stepOf);
}

function stepOf(text: string): Step {
  const [first = '', ...words] = text.trim().split(/\s+/);
  const [verb = '', about = ''] = first.split(':');
  const marked = (mark: string) =>
    words.filter((word) => word.startsWith(mark)).map((word) => word.slice(1));
  const plain = words.filter((word) => /^[a-z]/.test(word));
  const named = verb === 'early' ? (plain.shift() ?? '') : about;
  const [requests = '', ...reversals] = plain;
  const [fen] = marked('=');
  return {
    verb,
    about: named,
    fen: fen === undefined ? undefined : Number(fen),
    card: marked('@')[0],
    pin: marked('+').includes('pin'),
    byCode: marked('+').includes('code'),
    faults: new Set(marked('!')),
    requests: requests.split(',').filter(Boolean),
    reversals,
  };
}
