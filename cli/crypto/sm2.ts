import type { Command } from 'commander';
import { sm2PublicKey, sm2Sign, sm2Verify } from '../../hsm/operations/sm2.ts';
import { signatureBytes } from '../../hsm/signed-data/verify.ts';
import { action, EXIT, type ExitCode, printJson, printLine, UsageError } from '../command.ts';
import { answer, type CryptoOptions, parseHex, usageOf } from './input.ts';
import { type SignOptions, signPkcs7, type VerifyOptions, verifyPkcs7 } from './sm2-pkcs7.ts';

/** `posp crypto sm2 sign|verify|public-key`: SM2 with SM3 and a user id (GM/T 0003, GM/T 0009). */
export function addSm2Command(crypto: Command): void {
  const sm2 = crypto
    .command('sm2')
    .description('SM2 signatures over SM3: r and s as 64 bytes, or signed data (PKCS #7)')
    .addHelpText('after', '\nExample:\n  posp crypto sm2 sign --key <private key> --data 616263');
  addSign(sm2);
  addVerify(sm2);
  sm2
    .command('public-key')
    .description('the public key of a private key: 04, x and y')
    .requiredOption('--key <hex>', 'the private key, 32 bytes')
    .option('--json', 'print {"value":"HEX"}')
    .addHelpText('after', '\nExample:\n  posp crypto sm2 public-key --key <private key>')
    .action(
      action((options: CryptoOptions & { key: string }) =>
        answer(options, () => sm2PublicKey(parseHex(options.key, '--key'))),
      ),
    );
}

const USER_ID = [
  '--user-id <text>',
  'the signer id in the digest, at most 8191 bytes',
  '1234567812345678',
] as const;

function addSign(sm2: Command): void {
  sm2
    .command('sign')
    .description('sign with a private key of 32 bytes')
    .requiredOption('--key <hex>', 'private key, 32 bytes')
    .requiredOption('--data <hex>', 'the message')
    .option(...USER_ID)
    .option('--pkcs7', 'signed data in DER, after GM/T 0010')
    .option('--certificate <file>', 'with --pkcs7: the certificate to enclose, PEM or DER')
    .option('--detached', 'with --pkcs7: leave the message out')
    .option('--signing-time <time>', 'with --pkcs7: sign attributes with this time, as ISO 8601')
    .option('--profile <name>', 'with --pkcs7: gmt0010, or pkcs7 for general tools', 'gmt0010')
    .option('--out <file>', 'with --pkcs7: write the DER into a file, too')
    .option('--json', 'print {"value":"HEX"}')
    .addHelpText(
      'after',
      '\nExample:\n  posp crypto sm2 sign --key 3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8 --data 616263',
    )
    .action(action(sign));
}

function addVerify(sm2: Command): void {
  sm2
    .command('verify')
    .description('check a signature; exit 1 when it is wrong')
    .option('--key <hex>', 'public key, 04 x y or x y; a certificate in signed data names its own')
    .option('--data <hex>', 'the message; not for signed data that encloses it')
    .option('--signature <hex>', 'r and s, 64 bytes or DER')
    .option('--pkcs7 <hex|file>', 'instead: signed data in DER')
    .option(...USER_ID)
    .option('--json', 'print the value as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  posp crypto sm2 verify --key 04<x><y> --data 616263 --signature <r><s>' +
        '\n  posp crypto sm2 verify --pkcs7 signed.p7s --key 04<x><y>',
    )
    .action(action(verify));
}

async function sign(options: SignOptions & { pkcs7?: boolean }): Promise<ExitCode> {
  const key = parseHex(options.key, '--key');
  const data = parseHex(options.data, '--data');
  const publicKey = usageOf(() => sm2PublicKey(key));
  const signer = {
    publicKey,
    sign: (bytes: Uint8Array) => sm2Sign(key, publicKey, bytes, options.userId),
  };
  const signed = options.pkcs7 ? await signPkcs7(data, signer, options) : undefined;
  return answer(options, () => signed ?? signer.sign(data));
}

function verify(options: VerifyOptions & { signature?: string }): ExitCode {
  if (options.pkcs7 !== undefined) return verifyPkcs7(options, publicKeyOption(options.key));
  const publicKey = publicKeyOption(options.key);
  const { data, signature } = options;
  if (publicKey === undefined || data === undefined || signature === undefined) {
    throw new UsageError('--key, --data and --signature are needed, or --pkcs7');
  }
  const message = parseHex(data, '--data');
  const bytes = signatureOption(signature);
  const value = usageOf(() => sm2Verify(publicKey, message, bytes, options.userId));
  if (options.json) printJson({ value });
  else printLine(value ? 'valid' : 'not valid');
  return value ? EXIT.ok : EXIT.failed;
}

function signatureOption(text: string): Buffer {
  const bytes = parseHex(text, '--signature');
  if (bytes.length === 64) return bytes;
  try {
    return signatureBytes(bytes);
  } catch {
    throw new UsageError('--signature: r and s have 64 bytes, or stand in DER');
  }
}

function publicKeyOption(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const key = parseHex(text, '--key');
  if (key.length !== 64 && key.length !== 65) {
    throw new UsageError('--key: a public key has 64 bytes, or 65 with 04 in front');
  }
  return (key.length === 64 ? '04' : '') + key.toString('hex').toUpperCase();
}
