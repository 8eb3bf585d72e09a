import { complement, pad80, requireThat, xor } from '../bytes.ts';
import { HsmError } from '../errors.ts';
import { withProcessKey } from '../process-key.ts';
import { requireAlgorithm } from '../purposes.ts';
import type { EpurseFields, EpurseStep, KeyAlgorithm, KeyPurpose } from '../types.ts';
import type { CipherKey } from '../vault.ts';
import { computeMac } from './mac.ts';

/**
 * PBOC e-purse and e-deposit (电子钱包, 电子存折): MAC1, MAC2, MAC3 and TAC.
 *
 * The issuer's master stays in the vault; the card key, the session key and the folded TAC key
 * exist in this process for one call and are wiped. The SM4 rules are the customary reading, no
 * published example confirms them (docs/hsm.md).
 */
type Session = 'online' | 'offline' | 'tac';
type Element =
  | 'balance'
  | 'newBalance'
  | 'amount'
  | 'type'
  | 'terminal'
  | 'date'
  | 'time'
  | 'onlineSequence'
  | 'terminalSequence'
  | 'oldLimit'
  | 'newLimit';

interface StepRow {
  purpose: KeyPurpose;
  session: Session;
  layout: readonly Element[];
}

// biome-ignore format: a table, one cryptogram a line, as the specification prints it.
export const EPURSE_STEPS: Record<EpurseStep, StepRow> = {
  'load-mac1':      { purpose: 'epurse-load',      session: 'online',  layout: ['balance', 'amount', 'type', 'terminal'] },
  'load-mac2':      { purpose: 'epurse-load',      session: 'online',  layout: ['amount', 'type', 'terminal', 'date', 'time'] },
  'load-tac':       { purpose: 'epurse-tac',       session: 'tac',     layout: ['newBalance', 'onlineSequence', 'amount', 'type', 'terminal', 'date', 'time'] },
  'unload-mac1':    { purpose: 'epurse-unload',    session: 'online',  layout: ['balance', 'amount', 'type', 'terminal'] },
  'unload-mac2':    { purpose: 'epurse-unload',    session: 'online',  layout: ['amount', 'type', 'terminal', 'date', 'time'] },
  'unload-mac3':    { purpose: 'epurse-unload',    session: 'online',  layout: ['newBalance', 'onlineSequence', 'amount', 'type', 'terminal', 'date', 'time'] },
  'purchase-mac1':  { purpose: 'epurse-purchase',  session: 'offline', layout: ['amount', 'type', 'terminal', 'date', 'time'] },
  'purchase-mac2':  { purpose: 'epurse-purchase',  session: 'offline', layout: ['amount'] },
  'purchase-tac':   { purpose: 'epurse-tac',       session: 'tac',     layout: ['amount', 'type', 'terminal', 'terminalSequence', 'date', 'time'] },
  'overdraft-mac1': { purpose: 'epurse-overdraft', session: 'online',  layout: ['balance', 'oldLimit', 'type', 'terminal'] },
  'overdraft-mac2': { purpose: 'epurse-overdraft', session: 'online',  layout: ['newLimit', 'type', 'terminal', 'date', 'time'] },
  'overdraft-tac':  { purpose: 'epurse-tac',       session: 'tac',     layout: ['newBalance', 'onlineSequence', 'newLimit', 'type', 'terminal', 'date', 'time'] },
};

const MAC_BYTES = 4;

/** The cryptogram of one step, 4 bytes. `master` is diversified by each factor in turn. */
export function epurseMac(
  master: CipherKey,
  factors: readonly Uint8Array[],
  step: EpurseStep,
  fields: EpurseFields,
): Buffer {
  const data = epurseData(step, fields);
  const row = EPURSE_STEPS[step];
  if (row.session === 'tac') {
    const folded = foldedCardKey(master, factors);
    return withProcessKey(workingAlgorithm(master), folded, (key) => cardMac(key, data));
  }
  const input = sessionInput(row.session, fields);
  const session = withCardKey(master, factors, (cardKey) => sessionKey(cardKey, input));
  return withProcessKey(workingAlgorithm(master), session, (key) => cardMac(key, data));
}

/** The bytes that a step's MAC is over. Throws `bad_input` with the name of a missing element. */
export function epurseData(step: EpurseStep, fields: EpurseFields): Buffer {
  const row = EPURSE_STEPS[step];
  requireThat(row !== undefined, 'unknown e-purse step');
  return Buffer.concat(row.layout.map((element) => elementBytes(element, fields)));
}

/** Session and TAC keys of a 3DES card work in single DES. */
function workingAlgorithm(master: CipherKey): KeyAlgorithm {
  return master.algorithm === 'sm4' ? 'sm4' : 'des';
}

/** The session key (过程密钥) of a card key: what `posp crypto epurse --step session` shows. */
export function sessionKey(cardKey: CipherKey, input: Uint8Array): Buffer {
  requireThat(input.length === 8, 'a session key is derived from 8 bytes');
  return cardKey.encryptEcb(cardKey.algorithm === 'sm4' ? pad80(input, 16) : input);
}

/** Card random 4, sequence 2, and 8000 online or the low half of the terminal's serial offline. */
export function sessionInput(session: 'online' | 'offline', fields: EpurseFields): Buffer {
  const random = fields.random;
  requireThat(random?.length === 4, 'the card random has 4 bytes');
  const input = Buffer.alloc(8);
  input.set(random);
  if (session === 'online') {
    input.set(unsigned(fields.onlineSequence, 2, 'onlineSequence'), 4);
    input[6] = 0x80;
  } else {
    input.set(unsigned(fields.offlineSequence, 2, 'offlineSequence'), 4);
    const serial = unsigned(fields.terminalSequence, 4, 'terminalSequence');
    input.set(serial.subarray(2), 6);
  }
  return input;
}

/** MAC of the e-purse: CBC from zero, padding 80 always, the leftmost 4 bytes of the last block. */
export function cardMac(key: CipherKey, data: Uint8Array): Buffer {
  return key.cbcMac(pad80(data, key.blockBytes)).subarray(0, MAC_BYTES);
}

/** The TAC key: both halves of a 3DES key folded into one DES key; an SM4 key as it is. */
export function foldedTacKey(algorithm: KeyAlgorithm, key: Uint8Array): Buffer {
  return algorithm === 'sm4' ? Buffer.from(key) : xor(key.subarray(0, 8), key.subarray(8, 16));
}

/** One level of diversification (分散): factor and its complement, encrypted. 16 bytes. */
export function diversify(master: CipherKey, factor: Uint8Array): Buffer {
  requireAlgorithm(master, '3des', 'sm4');
  requireThat(factor.length === 8, 'a diversification factor has 8 bytes');
  return master.encryptEcb(Buffer.concat([factor, complement(factor)]));
}

/**
 * MAC of a command that updates a card's file: the chain starts from the card's random, zero-padded
 * to a block, and ends like X9.19 under the card's maintenance key. Leftmost 4 bytes.
 */
export function cardUpdateMac(
  master: CipherKey,
  factors: readonly Uint8Array[],
  initial: Uint8Array,
  command: Uint8Array,
): Buffer {
  const blockBytes = master.blockBytes;
  requireThat(initial.length <= blockBytes, `the initial value has at most ${blockBytes} bytes`);
  const data = pad80(command, blockBytes);
  for (let i = 0; i < initial.length; i++) data[i]! ^= initial[i]!;
  return withCardKey(master, factors, (cardKey) => {
    if (cardKey.algorithm === 'sm4') return cardKey.cbcMac(data).subarray(0, MAC_BYTES);
    return computeMac(cardKey, 'x9.19', data).subarray(0, MAC_BYTES);
  });
}

/** Calls `use` with the card key that the factors lead to; a derived key is wiped afterwards. */
export function withCardKey<T>(
  master: CipherKey,
  factors: readonly Uint8Array[],
  use: (cardKey: CipherKey) => T,
): T {
  const [factor, ...deeper] = factors;
  if (factor === undefined) return use(master);
  return withProcessKey(master.algorithm, diversify(master, factor), (key) =>
    withCardKey(key, deeper, use),
  );
}

/** The bytes of the TAC key: they exist only when the last level is derived here. */
function foldedCardKey(master: CipherKey, factors: readonly Uint8Array[]): Buffer {
  const last = factors.at(-1);
  if (last === undefined) {
    throw new HsmError('unsupported', 'a TAC key is folded from a derived card key: give factors');
  }
  return withCardKey(master, factors.slice(0, -1), (upper) => {
    const cardKey = diversify(upper, last);
    const folded = foldedTacKey(upper.algorithm, cardKey);
    cardKey.fill(0);
    return folded;
  });
}

function elementBytes(element: Element, fields: EpurseFields): Buffer {
  switch (element) {
    case 'balance':
      return unsigned(fields.balanceFen, 4, 'balanceFen');
    case 'newBalance':
      return unsigned(fields.newBalanceFen, 4, 'newBalanceFen');
    case 'amount':
      return unsigned(fields.amountFen, 4, 'amountFen');
    case 'type':
      return unsigned(fields.type, 1, 'type');
    case 'terminal':
      return digits(fields.terminal, 12, 'terminal');
    case 'date':
      return digits(fields.date, 8, 'date');
    case 'time':
      return digits(fields.time, 6, 'time');
    case 'onlineSequence':
      return unsigned(fields.onlineSequence, 2, 'onlineSequence');
    case 'terminalSequence':
      return unsigned(fields.terminalSequence, 4, 'terminalSequence');
    case 'oldLimit':
      return unsigned(fields.oldLimitFen, 3, 'oldLimitFen');
    case 'newLimit':
      return unsigned(fields.newLimitFen, 3, 'newLimitFen');
  }
}

function unsigned(value: number | undefined, lengthBytes: number, name: string): Buffer {
  requireThat(
    value !== undefined && Number.isInteger(value) && value >= 0 && value < 256 ** lengthBytes,
    `${name} is missing or does not fit ${lengthBytes} bytes`,
  );
  const bytes = Buffer.alloc(lengthBytes);
  bytes.writeUIntBE(value, 0, lengthBytes);
  return bytes;
}

/** Packed BCD; hexadecimal letters pass, for PSAM terminal ids have them now and then. */
function digits(value: string | undefined, count: number, name: string): Buffer {
  requireThat(
    value !== undefined && value.length === count && /^[0-9A-Fa-f]*$/.test(value),
    `${name} is missing or has not ${count} digits`,
  );
  return Buffer.from(value, 'hex');
}
