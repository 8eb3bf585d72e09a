import type { Command } from 'commander';
import { HsmError } from '../../hsm/errors.ts';
import {
  cardMac,
  EPURSE_STEPS,
  epurseData,
  foldedTacKey,
  sessionInput,
  sessionKey,
} from '../../hsm/operations/epurse.ts';
import { ProcessKey } from '../../hsm/process-key.ts';
import type { EpurseFields, EpurseStep } from '../../hsm/types.ts';
import { action, UsageError } from '../command.ts';
import { answer, type CryptoOptions, oneOf, parseHex } from './input.ts';

/** Field names and forms are those of published examples: hexadecimal, big-endian, amounts in fen. */
type Fields = Record<string, string>;

const STEPS = [
  'session',
  'tac',
  ...(Object.keys(EPURSE_STEPS) as EpurseStep[]).filter((step) => !step.endsWith('-tac')),
] as const;

/** Which TAC a transaction type has. */
const TAC_OF_TYPE: Record<number, EpurseStep> = {
  1: 'load-tac',
  2: 'load-tac',
  4: 'purchase-tac',
  5: 'purchase-tac',
  6: 'purchase-tac',
  7: 'overdraft-tac',
  8: 'purchase-tac',
  9: 'purchase-tac',
};

/** The longest number among the fields: balances, amounts and the terminal's sequence. */
const MOST_BYTES = 4;

interface EpurseOptions extends CryptoOptions {
  step: string;
  key: string;
  fields: string;
  algorithm: string;
}

/** `posp crypto epurse`: session keys, MAC1, MAC2, MAC3 and TAC of the PBOC e-purse. */
export function addEpurseCommand(crypto: Command): void {
  crypto
    .command('epurse')
    .description('PBOC e-purse session key, MAC1, MAC2, MAC3 and TAC')
    .requiredOption('--step <name>', STEPS.join(', '))
    .requiredOption('--key <hex>', 'the card key (16 bytes), or the session or folded TAC key')
    .requiredOption(
      '--fields <json>',
      'rand, online_sn, offline_sn, terminal_sn, balance, amount, type, terminal, date, time, ' +
        'old_limit, new_limit, new_balance; or session_input, mac1_data, mac2_data, mac3_data, tac_data',
    )
    .option('--algorithm <name>', '3des or sm4', '3des')
    .option('--json', 'print {"value":"HEX"}')
    .addHelpText(
      'after',
      '\nExample:\n  posp crypto epurse --step load-mac1 --key 11223344556677888877665544332211 --fields ' +
        '\'{"rand":"11223344","online_sn":"0000","balance":"00000000","amount":"00001000","type":"01","terminal":"001122334455"}\'',
    )
    .action(action((options: EpurseOptions) => answer(options, () => inNamesOfFields(options))));
}

/** What the HSM calls its data elements, under the names of `--fields`. */
const NAMES: Record<string, string> = {
  balanceFen: 'balance',
  newBalanceFen: 'new_balance',
  amountFen: 'amount',
  oldLimitFen: 'old_limit',
  newLimitFen: 'new_limit',
  onlineSequence: 'online_sn',
  offlineSequence: 'offline_sn',
  terminalSequence: 'terminal_sn',
};

function inNamesOfFields(options: EpurseOptions): Buffer {
  try {
    return epurse(options);
  } catch (error) {
    if (!(error instanceof HsmError)) throw error;
    const text = error.message.replace(/^\w+/, (word) => NAMES[word] ?? word);
    throw new UsageError(`--fields: ${text}`);
  }
}

function epurse(options: EpurseOptions): Buffer {
  const step = oneOf(options.step, STEPS, '--step');
  const algorithm = oneOf(options.algorithm, ['3des', 'sm4'], '--algorithm');
  const key = parseHex(options.key, '--key');
  if (key.length !== 16 && !(algorithm === '3des' && key.length === 8)) {
    throw new UsageError('--key: expected 16 bytes, or 8 bytes of a session or folded TAC key');
  }
  const fields = parseFields(options.fields);
  if (step === 'session') return deriveSession(algorithm, key, fields, sessionKindOf(fields));
  if (step === 'tac') {
    const data = explicitData(fields, 'tac_data') ?? epurseData(tacStep(fields), typed(fields));
    const working = key.length === 8 ? key : foldedTacKey(algorithm, key);
    return cardMac(workingKey(algorithm, working), data);
  }
  const dataField = `${step.slice(-4)}_data`;
  const data = explicitData(fields, dataField) ?? epurseData(layoutOf(step, fields), typed(fields));
  return cardMac(workingKey(algorithm, stepKey(algorithm, key, step, fields)), data);
}

/** The overdraft update goes through the steps of a load, with limits in place of the amount. */
function layoutOf(step: EpurseStep, fields: Fields): EpurseStep {
  if (Number.parseInt(fields['type'] ?? '', 16) !== 0x07) return step;
  return step.replace('load-mac', 'overdraft-mac') as EpurseStep;
}

/** A key of 16 bytes is the card's, and the session key comes from it; SM4 session keys have 16 too. */
function stepKey(algorithm: '3des' | 'sm4', key: Buffer, step: EpurseStep, fields: Fields): Buffer {
  const namesSession = fields['session_input'] !== undefined || fields['rand'] !== undefined;
  if (key.length === 8 || (algorithm === 'sm4' && !namesSession)) return key;
  if (!namesSession) {
    throw new UsageError('--fields: a card key needs rand and a sequence number, or session_input');
  }
  const kind = EPURSE_STEPS[step].session === 'offline' ? 'offline' : 'online';
  return deriveSession(algorithm, key, fields, kind);
}

function deriveSession(
  algorithm: '3des' | 'sm4',
  key: Buffer,
  fields: Fields,
  kind: 'online' | 'offline',
): Buffer {
  if (key.length !== 16)
    throw new UsageError('--key: a session key comes from a card key, 16 bytes');
  const input = explicitData(fields, 'session_input') ?? sessionInput(kind, typed(fields));
  return sessionKey(new ProcessKey(algorithm, key), input);
}

function sessionKindOf(fields: Fields): 'online' | 'offline' {
  return fields['offline_sn'] === undefined ? 'online' : 'offline';
}

function workingKey(algorithm: '3des' | 'sm4', key: Buffer): ProcessKey {
  return new ProcessKey(algorithm === 'sm4' ? 'sm4' : 'des', key);
}

function tacStep(fields: Fields): EpurseStep {
  const type = Number.parseInt(fields['type'] ?? '', 16);
  const step = TAC_OF_TYPE[type];
  if (step === undefined) throw new UsageError('--fields: type names no transaction with a TAC');
  return step;
}

function parseFields(text: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UsageError('--fields: not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new UsageError('--fields: expected a JSON object');
  }
  for (const [name, value] of Object.entries(parsed)) {
    if (typeof value !== 'string') throw new UsageError(`--fields: ${name} is not a string`);
  }
  return parsed as Fields;
}

function explicitData(fields: Fields, name: string): Buffer | undefined {
  const text = fields[name];
  return text === undefined ? undefined : parseHex(text, name);
}

/** The same fields as numbers. The new balance follows from the old one when it is not given. */
function typed(fields: Fields): EpurseFields {
  const number = (name: string): number | undefined => {
    const text = fields[name];
    if (text === undefined) return undefined;
    const bytes = parseHex(text, name);
    if (bytes.length === 0 || bytes.length > MOST_BYTES) {
      throw new UsageError(`--fields: ${name} has 1 to ${MOST_BYTES} bytes in hexadecimal`);
    }
    return bytes.readUIntBE(0, bytes.length);
  };
  const type = number('type');
  const balance = number('balance');
  const amount = number('amount');
  const given = {
    terminal: fields['terminal'],
    random: explicitData(fields, 'rand'),
    onlineSequence: number('online_sn'),
    offlineSequence: number('offline_sn'),
    terminalSequence: number('terminal_sn'),
    balanceFen: balance,
    amountFen: amount,
    oldLimitFen: number('old_limit'),
    newLimitFen: number('new_limit'),
    newBalanceFen: number('new_balance') ?? newBalance(type, balance, amount, fields),
    date: fields['date'],
    time: fields['time'],
  };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return { type: type ?? -1, terminal: '', ...Object.fromEntries(present) };
}

function newBalance(
  type: number | undefined,
  balance: number | undefined,
  amount: number | undefined,
  fields: Fields,
): number | undefined {
  if (balance === undefined) return undefined;
  if (type === 0x07) {
    const limits = [fields['new_limit'], fields['old_limit']].map((text) =>
      Number.parseInt(text ?? '', 16),
    );
    return balance + limits[0]! - limits[1]!;
  }
  if (amount === undefined) return undefined;
  return type === 0x03 ? balance - amount : balance + amount;
}
