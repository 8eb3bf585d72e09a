import type { Command } from 'commander';
import type { AesDukptUse, TdesDukptUse } from '../../hsm/operations/dukpt.ts';
import { aesDukptKey, tdesDukptKey } from '../../hsm/operations/dukpt.ts';
import { action } from '../command.ts';
import { answer, type CryptoOptions, oneOf, parseHex } from './input.ts';

// biome-ignore format: a list of names, one algorithm a line.
const TDES_USES: readonly TdesDukptUse[] = ['initial', 'session', 'pin', 'mac-request', 'mac-response', 'data-request', 'data-response'];
// biome-ignore format: a list of names, one algorithm a line.
const AES_USES: readonly AesDukptUse[] = ['initial', 'derivation', 'key-encryption', 'pin', 'mac-generation', 'mac-verification', 'mac-both', 'data-encryption', 'data-decryption', 'data-both'];

/** `posp crypto dukpt`: the key of a terminal at a key serial number. */
export function addDukptCommand(crypto: Command): void {
  crypto
    .command('dukpt')
    .description('DUKPT key derivation, ANSI X9.24-1 (3des) and X9.24-3 (aes)')
    .option('--algorithm <name>', '3des or aes', '3des')
    .requiredOption('--key <hex>', 'base derivation key')
    .requiredOption('--ksn <hex>', 'key serial number: 10 bytes (3des), 12 bytes (aes)')
    .option('--use <name>', `3des: ${TDES_USES.join(', ')}; aes: ${AES_USES.join(', ')}`, 'pin')
    .option('--json', 'print {"value":"HEX"}')
    .addHelpText(
      'after',
      '\nExample:\n  posp crypto dukpt --key 0123456789ABCDEFFEDCBA9876543210 --ksn FFFF9876543210E00001 --use pin',
    )
    .action(
      action(
        (options: CryptoOptions & { algorithm: string; key: string; ksn: string; use: string }) =>
          answer(options, () => {
            const base = parseHex(options.key, '--key');
            const ksn = parseHex(options.ksn, '--ksn');
            return oneOf(options.algorithm, ['3des', 'aes'], '--algorithm') === 'aes'
              ? aesDukptKey(base, ksn, oneOf(options.use, AES_USES, '--use'))
              : tdesDukptKey(base, ksn, oneOf(options.use, TDES_USES, '--use'));
          }),
      ),
    );
}
