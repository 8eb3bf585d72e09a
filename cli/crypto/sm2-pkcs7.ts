/** The part of `posp crypto sm2` that makes and reads signed data. */
import { existsSync, readFileSync } from 'node:fs';
import { HsmError } from '../../hsm/errors.ts';
import { readCertificate, type Sm2Certificate } from '../../hsm/signed-data/certificate.ts';
import { PROFILES, type SignedDataProfile } from '../../hsm/signed-data/oids.ts';
import { makeSignedData, type Signer } from '../../hsm/signed-data/sign.ts';
import { type VerifiedData, verifySignedData } from '../../hsm/signed-data/verify.ts';
import { EXIT, type ExitCode, printJson, printLine, UsageError } from '../command.ts';
import { writeOutputFile } from '../output-file.ts';
import { type CryptoOptions, oneOf, parseHex, usageOf } from './input.ts';

export interface SignOptions extends CryptoOptions {
  key: string;
  data: string;
  userId?: string;
  certificate?: string;
  detached?: boolean;
  signingTime?: string;
  profile: string;
  out?: string;
}

export interface VerifyOptions extends CryptoOptions {
  key?: string;
  data?: string;
  userId?: string;
  pkcs7?: string;
}

export async function signPkcs7(
  data: Buffer,
  signer: Signer,
  options: SignOptions,
): Promise<Buffer> {
  const { certificate, detached, signingTime, out } = options;
  const names = Object.keys(PROFILES) as SignedDataProfile[];
  try {
    const signed = await makeSignedData(data, signer, {
      profile: oneOf(options.profile, names, '--profile'),
      detached: detached ?? false,
      ...(certificate === undefined ? {} : { certificate: certificateFile(certificate) }),
      ...(signingTime === undefined ? {} : { signingTime: timeOption(signingTime) }),
    });
    if (out !== undefined) writeOutputFile('--out', out, signed);
    return signed;
  } catch (error) {
    if (error instanceof HsmError) throw new UsageError(error.message);
    throw error;
  }
}

export function verifyPkcs7(options: VerifyOptions, publicKey: string | undefined): ExitCode {
  const bytes = signedBytes(options.pkcs7!);
  const result = usageOf(() =>
    verifySignedData(bytes, {
      ...(options.data === undefined ? {} : { content: parseHex(options.data, '--data') }),
      ...(publicKey === undefined ? {} : { publicKey }),
      ...(options.userId === undefined ? {} : { userId: options.userId }),
    }),
  );
  if (options.json) printJson(documentOf(result));
  else printResult(result, publicKey !== undefined);
  return result.valid ? EXIT.ok : EXIT.failed;
}

/** A file in DER or in hexadecimal, or the hexadecimal itself. */
function signedBytes(text: string): Buffer {
  if (!existsSync(text)) return parseHex(text, '--pkcs7');
  const file = readableFile('--pkcs7', text);
  const asText = file.toString('latin1').trim();
  return /^[0-9A-Fa-f\s]+$/.test(asText) ? parseHex(asText, '--pkcs7') : file;
}

function certificateFile(path: string): Sm2Certificate {
  return readCertificate(readableFile('--certificate', path));
}

function readableFile(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    throw new UsageError(`${option}: ${path} cannot be read`);
  }
}

function timeOption(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new UsageError(`--signing-time: ${text} is no time`);
  return at;
}

function documentOf({ valid, profile, content, signers }: VerifiedData): object {
  const hex = (bytes: Buffer | undefined) => bytes?.toString('hex').toUpperCase();
  return {
    value: valid,
    profile,
    content: hex(content) ?? null,
    signers: signers.map((signer) => ({ ...signer, certificate: hex(signer.certificate) })),
  };
}

function printResult({ valid, profile, signers }: VerifiedData, keyGiven: boolean): void {
  printLine(`${valid ? 'valid' : 'not valid'} (${profile})`);
  for (const { publicKey, signingTime, problem } of signers) {
    printLine(`signer   ${publicKey ?? 'unknown'}`);
    if (signingTime !== undefined) printLine(`time     ${signingTime.toISOString()}`);
    if (problem !== undefined) printLine(`problem  ${problem}`);
  }
  if (valid && !keyGiven) printLine('The enclosed certificate itself was not checked.');
}
