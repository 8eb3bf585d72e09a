/** `posp ledger verify`, `export`, `import`, `backup` and `restore`: proving and keeping what the ledger holds. */
import { spawn } from 'node:child_process';
import { createPublicKey, verify as verifyWithKey } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, statSync } from 'node:fs';
import { sm2Verify } from '../../hsm/operations/sm2.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { exportJournal, importJournal, type TransferReport } from '../../ledger/ndjson.ts';
import { backUp } from '../../ledger/offline.ts';
import { openReader } from '../../ledger/reader.ts';
import { parseSeal, type VerifySignature } from '../../ledger/seal.ts';
import {
  reportBefore,
  type VerifyOptions,
  type VerifyReport,
  verify,
} from '../../ledger/verify.ts';
import { EXIT, type ExitCode, printJson, printLine, printNote, UsageError } from '../command.ts';
import { ledgerFolder, prepareDataFolder } from '../system/data-folder.ts';
import { deploymentOf } from '../system/deployment.ts';
import { ledgerKeyFile } from '../system/ledger-key.ts';
import { yuan } from '../table.ts';
import {
  type LedgerCommandOptions,
  type LedgerPlace,
  ledgerPlace,
  readText,
  refusingClearly,
} from './options.ts';

interface VerifyCommandOptions extends LedgerCommandOptions {
  seal?: string;
  publicKey?: string;
}

/** Set in the process that reads the ledger for `posp ledger verify`. */
const APART = 'POSP_VERIFY_APART';

/** A damaged page may end the process that reads it. So another one does, and this one tells its end. */
export async function runVerify(options: VerifyCommandOptions): Promise<ExitCode> {
  if (process.env[APART] !== undefined) return verifyHere(options);
  const env = { ...process.env, [APART]: '1' };
  const child = spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit', env });
  const [code, signal] = (await once(child, 'exit')) as [ExitCode | null, string | null];
  if (code !== null) return code;
  return reportDamage(`the ledger's file is damaged: reading it ended with ${signal}`, options);
}

function reportDamage(problem: string, { json }: VerifyCommandOptions): ExitCode {
  const report = { ...reportBefore(false), problems: [problem] };
  if (json) printJson(report);
  else printReport(report);
  return EXIT.failed;
}

function verifyHere(options: VerifyCommandOptions): Promise<ExitCode> {
  return refusingClearly(async () => {
    const place = await ledgerPlace(options);
    const seal = sealOption(options, place);
    const onProgress = (position: number) => {
      if (!options.json) printNote(`verified ${position} records`);
    };
    let report: VerifyReport;
    try {
      report = await verify(place.dataDir, { ...place, onProgress, seal });
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code !== 'storage_failed') throw error;
      return reportDamage(error.message, options);
    }
    const held = report.chainVerified && report.balancesVerified && report.sealVerified !== false;
    if (options.json) printJson(report);
    else printReport(report);
    return held ? EXIT.ok : EXIT.failed;
  });
}

function sealOption(
  { seal, publicKey }: VerifyCommandOptions,
  place: LedgerPlace,
): VerifyOptions['seal'] {
  if (seal === undefined) return undefined;
  const verifySignature = publicKey === undefined ? sm2Verifier(place) : pemVerifier(publicKey);
  return { seal: parseSeal(readText(seal)), verifySignature };
}

/** Checks signatures of the HSM's SM2 keys; the journal itself has their public halves. */
function sm2Verifier({ dataDir, encryptionKey }: LedgerPlace): VerifySignature {
  return (bytes, signature, keyName) => {
    const reader = openReader(dataDir, { encryptionKey });
    const key = reader.registry.get('key', keyName);
    void reader.close();
    if (key === null || key.value.publicKey === '') return false;
    return sm2Verify(key.value.publicKey, bytes, signature);
  };
}

/** Checks signatures with a public key of a PEM file: SHA-256 with RSA or ECDSA, or Ed25519. */
function pemVerifier(file: string): VerifySignature {
  const pem = readText(file);
  const key = publicKeyOf(pem, file);
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return (bytes, signature) => verifyWithKey(digest, bytes, key, signature);
}

function publicKeyOf(pem: string, file: string): ReturnType<typeof createPublicKey> {
  try {
    return createPublicKey(pem);
  } catch {
    throw new UsageError(`${file}: a public key in PEM is expected`);
  }
}

function printReport(report: VerifyReport): void {
  const lines = [
    ['records', String(report.positions)],
    ['hash chain', report.chainVerified ? 'verified' : 'BROKEN'],
    ['balances', report.balancesVerified ? 'verified' : 'WRONG'],
    ['debits', yuan(report.debitsFen)],
    ['credits', yuan(report.creditsFen)],
  ];
  if (report.sealVerified !== undefined) {
    lines.push(['seal', report.sealVerified ? 'verified' : 'DOES NOT HOLD']);
  }
  if (report.firstBadPosition !== null) {
    lines.push(['first bad record', String(report.firstBadPosition)]);
  }
  for (const [name, value] of lines) printLine(`${name!.padEnd(18)}${value}`);
  for (const problem of report.problems) printLine(`  ${problem}`);
}

export function runExport(file: string, options: LedgerCommandOptions): Promise<ExitCode> {
  return refusingClearly(async () => {
    const { dataDir, encryptionKey } = await ledgerPlace(options);
    printTransfer(await exportJournal(dataDir, file, encryptionKey), 'exported', options);
    printNote(`${file} holds card numbers in full: keep it as you keep the ledger`);
    return EXIT.ok;
  });
}

export function runImport(file: string, options: LedgerCommandOptions): Promise<ExitCode> {
  return refusingClearly(async () => {
    const { dataDir, encryptionKey } = await ledgerPlace(options);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      throw new UsageError(`${file} is no file that can be read`);
    }
    prepareDataFolder(deploymentOf(options).dataDir);
    printTransfer(await importJournal(file, dataDir, encryptionKey), 'imported', options);
    return EXIT.ok;
  });
}

function printTransfer(report: TransferReport, done: string, { json }: LedgerCommandOptions): void {
  if (json) printJson(report);
  else printLine(`${done} ${report.positions} records, chain hash ${report.chainHash}`);
}

/** The copy is a data folder without an HSM: what reads a ledger takes it with `--data`. */
export function runBackup(dir: string, options: LedgerCommandOptions): Promise<ExitCode> {
  return refusingClearly(async () => {
    const { dataDir, encryptionKey } = await ledgerPlace(options);
    refuseFull(dir);
    prepareDataFolder(dir);
    const { position } = await backUp(dataDir, ledgerFolder(dir), encryptionKey);
    copyKeyFile(deploymentOf(options).dataDir, dir);
    if (options.json) printJson({ position });
    else printLine(`copied the ledger at position ${position} to ${dir}`);
    printNote(`the HSM's keys are not in it; bring it back with: posp ledger restore ${dir}`);
    return EXIT.ok;
  });
}

/** Puts a backup into a data folder that has no ledger, after it has been verified where it lies. */
export function runRestore(dir: string, options: LedgerCommandOptions): Promise<ExitCode> {
  return refusingClearly(async () => {
    const target = deploymentOf(options).dataDir;
    if (existsSync(ledgerFolder(target))) {
      throw new LedgerError(
        'not_empty',
        `${target} has a ledger: move ${ledgerFolder(target)} away`,
      );
    }
    prepareDataFolder(target);
    copyKeyFile(dir, target);
    const { encryptionKey } = await ledgerPlace(options);
    const report = await verify(ledgerFolder(dir), { encryptionKey });
    if (!report.chainVerified || !report.balancesVerified) {
      printReport(report);
      return EXIT.failed;
    }
    const { position } = await backUp(ledgerFolder(dir), ledgerFolder(target), encryptionKey);
    if (options.json) printJson({ position });
    else printLine(`verified and restored the ledger at position ${position} into ${target}`);
    return EXIT.ok;
  });
}

function refuseFull(dir: string): void {
  if (existsSync(dir) && readdirSync(dir).length > 0) {
    throw new LedgerError('not_empty', `${dir} is not empty`);
  }
}

/** The key of an encrypted ledger, itself encrypted under the HSM's. */
function copyKeyFile(from: string, to: string): void {
  if (!existsSync(ledgerKeyFile(from))) return;
  copyFileSync(ledgerKeyFile(from), ledgerKeyFile(to));
}
