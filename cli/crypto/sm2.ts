import type { Command } from 'commander';
import { sm2PublicKey, sm2Sign, sm2Verify } from '../../hsm/operations/sm2.ts';
import { action, EXIT, printJson, printLine, UsageError } from '../command.ts';
import { answer, type CryptoOptions, parseHex, usageOf } from './input.ts';

interface Sm2Options extends CryptoOptions {
  key: string;
  data: string;
  userId?: string;
}

/** `posp crypto sm2 sign|verify|public-key`: SM2 with SM3 and a user id (GM/T 0003, GM/T 0009). */
export function addSm2Command(crypto: Command): void {
  const sm2 = crypto
    .command('sm2')
    .description('SM2 signatures over SM3, r and s as 64 bytes')
    .addHelpText('after', '\nExample:\n  posp crypto sm2 sign --key <private key> --data 616263');
  withCommonOptions(sm2.command('sign').description('sign with a private key of 32 bytes'))
    .addHelpText(
      'after',
      '\nExample:\n  posp crypto sm2 sign --key 3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8 --data 616263',
    )
    .action(
      action((options: Sm2Options) =>
        answer(options, () => {
          const key = parseHex(options.key, '--key');
          return sm2Sign(key, sm2PublicKey(key), parseHex(options.data, '--data'), options.userId);
        }),
      ),
    );
  withCommonOptions(sm2.command('verify').description('check a signature; exit 1 when it is wrong'))
    .requiredOption('--signature <hex>', 'r and s, 64 bytes')
    .addHelpText(
      'after',
      '\nExample:\n  posp crypto sm2 verify --key 04<x><y> --data 616263 --signature <r><s>',
    )
    .action(action(verify));
  sm2
    .command('public-key')
    .description('the public key of a private key: 04, x and y')
    .requiredOption('--key <hex>', 'the private key, 32 bytes')
    .option('--json', 'print {"value":"HEX"}')
    .addHelpText('after', '\nExample:\n  posp crypto sm2 public-key --key <private key>')
    .action(
      action((options: Sm2Options) =>
        answer(options, () => sm2PublicKey(parseHex(options.key, '--key'))),
      ),
    );
}

function withCommonOptions(command: Command): Command {
  return command
    .requiredOption('--key <hex>', 'sign: private key, 32 bytes; verify: public key, 04 x y or x y')
    .requiredOption('--data <hex>', 'the message')
    .option('--user-id <text>', 'the signer id in the digest', '1234567812345678')
    .option('--json', 'print the value as JSON');
}

function verify(options: Sm2Options & { signature: string }) {
  const key = parseHex(options.key, '--key');
  if (key.length !== 64 && key.length !== 65) {
    throw new UsageError('--key: a public key has 64 bytes, or 65 with 04 in front');
  }
  const publicKey = (key.length === 64 ? '04' : '') + key.toString('hex');
  const data = parseHex(options.data, '--data');
  const signature = parseHex(options.signature, '--signature');
  const value = usageOf(() => sm2Verify(publicKey, data, signature, options.userId));
  if (options.json) printJson({ value });
  else printLine(value ? 'valid' : 'not valid');
  return value ? EXIT.ok : EXIT.failed;
}
