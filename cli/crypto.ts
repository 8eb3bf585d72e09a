import { createHash, createHmac } from 'node:crypto';
import type { Command } from 'commander';
import { checkValueOf } from '../hsm/operations/check-value.ts';
import { diversify } from '../hsm/operations/epurse.ts';
import { computeMac } from '../hsm/operations/mac.ts';
import { clearBlock, encryptPinBlock, pinDigits } from '../hsm/operations/pin.ts';
import type { KeyAlgorithm, MacAlgorithm, PinFormat } from '../hsm/types.ts';
import { action, UsageError } from './command.ts';
import { addDukptCommand } from './crypto/dukpt.ts';
import { addEpurseCommand } from './crypto/epurse.ts';
import { answer, type CryptoOptions, oneOf, parseHex, parseKey } from './crypto/input.ts';
import { addSm2Command } from './crypto/sm2.ts';

/** The key each MAC algorithm takes. */
const MAC_KEYS: Record<MacAlgorithm, KeyAlgorithm> = {
  'cup-ecb': '3des',
  'cup-sm4': 'sm4',
  'x9.9': '3des',
  'x9.9-pad80': '3des',
  'x9.19': '3des',
  'x9.19-pad80': '3des',
  'cmac-3des': '3des',
  'cmac-aes': 'aes',
  'cmac-sm4': 'sm4',
};

const BLOCK_CIPHERS = ['3des', 'aes', 'sm4'] as const;

/** `posp crypto`: the cryptograms of the trade as a calculator, for test keys only. */
export function addCryptoCommand(program: Command): void {
  const crypto = program
    .command('crypto')
    .description('cryptogram calculator (test keys only: a key on a command line is no secret)')
    .addHelpText(
      'after',
      '\nExample:\n  posp crypto kcv --algorithm 3des --key 0123456789ABCDEFFEDCBA9876543210',
    );
  addMac(crypto);
  addKcv(crypto);
  addPinBlock(crypto);
  addEpurseCommand(crypto);
  addDiversify(crypto);
  addSm3(crypto);
  addSm4(crypto);
  addSm2Command(crypto);
  addDukptCommand(crypto);
}

function addMac(crypto: Command): void {
  const algorithms = Object.keys(MAC_KEYS) as MacAlgorithm[];
  crypto
    .command('mac')
    .description('message authentication code; cup-ecb and cup-sm4 give field 64 as it is sent')
    .requiredOption('--algorithm <name>', algorithms.join(', '))
    .requiredOption('--key <hex>', 'the MAC key')
    .requiredOption('--data <hex>', 'the message from its type up to the field before the MAC')
    .option('--json', 'print {"value":"HEX"}')
    .addHelpText(
      'after',
      '\nExample:\n  posp crypto mac --algorithm cup-ecb --key C24A8FB57AA20123 --data 4D08F434464FE7BF',
    )
    .action(
      action((options: CryptoOptions & { algorithm: string; key: string; data: string }) =>
        answer(options, () => {
          const algorithm = oneOf(options.algorithm, algorithms, '--algorithm');
          const key = parseKey(options.key, MAC_KEYS[algorithm]);
          if (algorithm.startsWith('x9.19') && key.algorithm === 'des') {
            throw new UsageError(`--key: ${algorithm} takes 16 bytes, not 8`);
          }
          return computeMac(key, algorithm, parseHex(options.data, '--data'));
        }),
      ),
    );
}

function addKcv(crypto: Command): void {
  crypto
    .command('kcv')
    .description('key check value: first 4 bytes of a zero block encrypted with the key')
    .requiredOption('--algorithm <name>', BLOCK_CIPHERS.join(', '))
    .requiredOption('--key <hex>', 'the key; 8 bytes under 3des are a single DES key')
    .option('--json', 'print {"value":"HEX"}')
    .addHelpText('after', '\nExample:\n  posp crypto kcv --algorithm 3des --key 1111111111111111')
    .action(
      action((options: CryptoOptions & { algorithm: string; key: string }) =>
        answer(options, () =>
          checkValueOf(
            parseKey(options.key, oneOf(options.algorithm, BLOCK_CIPHERS, '--algorithm')),
          ),
        ),
      ),
    );
}

interface PinBlockOptions extends CryptoOptions {
  format: string;
  pin: string;
  pan: string;
  key?: string;
  algorithm?: string;
  fill?: string;
}

function addPinBlock(crypto: Command): void {
  crypto
    .command('pin-block')
    .description('ISO 9564 PIN block, encrypted when a key is given')
    .requiredOption('--format <number>', '0, 1, 3 or 4')
    .requiredOption('--pin <digits>', '4 to 12 digits')
    .option('--pan <digits>', 'card number with its check digit', '')
    .option('--key <hex>', 'the PIN key; without it the clear block (format 4: the PIN field)')
    .option('--algorithm <name>', 'cipher of the key: 3des, sm4; format 4 is always aes', '3des')
    .option(
      '--fill <hex>',
      '8 bytes in place of the random part of formats 1, 3 (digits A to F) and 4',
    )
    .option('--json', 'print {"value":"HEX"}')
    .addHelpText(
      'after',
      '\nExample:\n  posp crypto pin-block --format 0 --pin 123456 --pan 6219990000000000010',
    )
    .action(action((options: PinBlockOptions) => answer(options, () => pinBlock(options))));
}

function pinBlock(options: PinBlockOptions): Buffer {
  const format = Number(oneOf(options.format, ['0', '1', '3', '4'], '--format')) as PinFormat;
  const algorithm =
    format === 4 ? 'aes' : oneOf(options.algorithm ?? '3des', BLOCK_CIPHERS, '--algorithm');
  const fill = options.fill === undefined ? undefined : parseHex(options.fill, '--fill');
  const { pin, pan } = options;
  if (options.key !== undefined) {
    return encryptPinBlock(parseKey(options.key, algorithm), { format, pin, pan }, fill);
  }
  const blockBytes = algorithm === '3des' ? 8 : 16;
  return clearBlock(pinDigits(pin), format, pan, blockBytes, fill);
}

function addDiversify(crypto: Command): void {
  crypto
    .command('diversify')
    .description('one level of key diversification: factor and its complement, encrypted')
    .requiredOption('--key <hex>', 'the master, 16 bytes')
    .requiredOption('--data <hex>', 'the factor, 8 bytes: usually the end of the card serial')
    .option('--algorithm <name>', '3des or sm4', '3des')
    .option('--json', 'print {"value":"HEX"}')
    .addHelpText(
      'after',
      '\nExample:\n  posp crypto diversify --key 0123456789ABCDEFFEDCBA9876543210 --data 1122334455667788',
    )
    .action(
      action((options: CryptoOptions & { key: string; data: string; algorithm: string }) =>
        answer(options, () => {
          const algorithm = oneOf(options.algorithm, ['3des', 'sm4'], '--algorithm');
          const master = parseKey(options.key, algorithm);
          if (master.lengthBytes !== 16) throw new UsageError('--key: the master has 16 bytes');
          return diversify(master, parseHex(options.data, '--data'));
        }),
      ),
    );
}

function addSm3(crypto: Command): void {
  crypto
    .command('sm3')
    .description('SM3 digest, or HMAC-SM3 when a key is given')
    .requiredOption('--data <hex>', 'the data, may be empty')
    .option('--key <hex>', 'the HMAC key')
    .option('--json', 'print {"value":"HEX"}')
    .addHelpText('after', '\nExample:\n  posp crypto sm3 --data 616263')
    .action(
      action((options: CryptoOptions & { data: string; key?: string }) =>
        answer(options, () => {
          const data = parseHex(options.data, '--data');
          if (options.key === undefined) return createHash('sm3').update(data).digest();
          return createHmac('sm3', parseHex(options.key, '--key')).update(data).digest();
        }),
      ),
    );
}

interface Sm4Options extends CryptoOptions {
  key: string;
  data: string;
  decrypt?: boolean;
  iv?: string;
}

function addSm4(crypto: Command): void {
  crypto
    .command('sm4')
    .description('SM4 over whole blocks: ECB, or CBC when an initial value is given')
    .requiredOption('--key <hex>', '16 bytes')
    .requiredOption('--data <hex>', 'whole blocks of 16 bytes')
    .option('--decrypt', 'decrypt instead of encrypting')
    .option('--iv <hex>', 'initial value of CBC, 16 bytes')
    .option('--json', 'print {"value":"HEX"}')
    .addHelpText(
      'after',
      '\nExample:\n  posp crypto sm4 --key 0123456789ABCDEFFEDCBA9876543210 --data 0123456789ABCDEFFEDCBA9876543210',
    )
    .action(action((options: Sm4Options) => answer(options, () => sm4(options))));
}

function sm4(options: Sm4Options): Buffer {
  const key = parseKey(options.key, 'sm4');
  const data = parseHex(options.data, '--data');
  if (options.iv === undefined) {
    return options.decrypt ? key.decryptEcb(data) : key.encryptEcb(data);
  }
  const initial = parseHex(options.iv, '--iv');
  if (initial.length !== 16) throw new UsageError('--iv: expected 16 bytes');
  return options.decrypt ? key.decryptCbc(data, initial) : key.encryptCbc(data, initial);
}
