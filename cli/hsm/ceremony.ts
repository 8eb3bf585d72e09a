import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import {
  type CeremonyProtocol,
  importFromComponents,
  MASTER_BYTES,
  masterProtocol,
  type SignedProtocol,
  signProtocol,
  verifyProtocol,
} from '../../hsm/ceremony.ts';
import { HsmError } from '../../hsm/errors.ts';
import { createMasters, openHsm, requireMakeable, withoutMaking } from '../../hsm/open.ts';
import { sm2Verify } from '../../hsm/operations/sm2.ts';
import { completeSpec } from '../../hsm/purposes.ts';
import { storedKeyFromJson, storedKeyToJson } from '../../hsm/stored-key.ts';
import type { Hsm, HsmConfig, KeyAlgorithm, KeyPurpose, StoredKey } from '../../hsm/types.ts';
import { action, EXIT, type ExitCode, printJson, printLine, UsageError } from '../command.ts';
import { requireNewFile, writeNewFile } from '../output-file.ts';
import { rememberHsm } from '../system/hsm-choice.ts';
import { withKeyAdministration } from '../system/keys/commands.ts';
import { ceremonySigningKeyFile } from '../system/keys/places.ts';
import { type KeyPlace, keepPending } from '../system/keys/record.ts';
import { enterComponents, holdersOf } from './components.ts';
import { placeOf } from './key-place.ts';
import { addHsmOptions, type HsmOptions, hsmDeployment, hsmOf, withHsmErrors } from './options.ts';
import { recordNow } from './record-now.ts';

interface CeremonyOptions extends HsmOptions {
  holders: string;
  protocol?: string;
  signingKey?: string;
}

interface MasterOptions extends CeremonyOptions {
  next?: boolean;
}

interface KeyOptions extends CeremonyOptions {
  algorithm: string;
  purpose: string;
  length?: string;
  keyVersion?: string;
  exportable?: boolean;
  name?: string;
  terminals?: string;
  out?: string;
}

/** `posp hsm ceremony master|key|verify`: keys from components that different people enter. */
export function addCeremonyCommand(hsm: Command): void {
  const ceremony = hsm
    .command('ceremony')
    .description('make master keys, or import a key, from components that different people enter')
    .addHelpText('after', '\nExample:\n  posp hsm ceremony master --holders "Wang Fang,Li Na"');
  addCeremonyOptions(ceremony.command('master'))
    .description(`make the master keys of a new token from components of ${MASTER_BYTES} bytes`)
    .option(
      '--next',
      'make the next master keys of a token that has some; then run posp hsm rewrap',
    )
    .addHelpText(
      'after',
      '\nExample:\n  posp hsm ceremony master --holders "Wang Fang,Li Na" --protocol master.json',
    )
    .action(action((options: MasterOptions) => withHsmErrors(() => makeMasters(options))));
  addKeyCommand(ceremony);
  ceremony
    .command('verify <file>')
    .description('check the signature of a protocol; exit 1 when it is wrong')
    .option('--json', 'print {"value":true|false}')
    .addHelpText('after', '\nExample:\n  posp hsm ceremony verify master.json')
    .action(
      action((file: string, options: { json?: boolean }) =>
        withHsmErrors(() => verify(file, options)),
      ),
    );
}

function addKeyCommand(ceremony: Command): void {
  addCeremonyOptions(ceremony.command('key'))
    .description('import a terminal, zone or issuer key')
    .requiredOption('--algorithm <name>', 'des, 3des, aes or sm4')
    .requiredOption('--purpose <name>', 'kek (TMK, ZMK), pin, mac, data, epurse-load, …')
    .option('--length <bytes>', 'key length; left out: the usual one')
    .option('--key-version <number>', 'version of the key; left out: one more than what is there')
    .option('--exportable', 'the key may leave under a kek')
    .option('--name <name>', 'put it into the registry under this name, e.g. epurse-load')
    .option('--terminals <ids>', 'make it the master key of these, e.g. 10000001,10000003-10000016')
    .option('--out <file>', 'write the stored key (wrapped, no secret) as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  posp hsm ceremony key --algorithm 3des --purpose kek --holders "Wang Fang,Li Na" --terminals 10000001-10000016',
    )
    .action(action((options: KeyOptions) => withHsmErrors(() => importKey(options))));
}

function addCeremonyOptions(command: Command): Command {
  return addHsmOptions(command)
    .requiredOption(
      '--holders <names>',
      'who enters the components, separated by commas: two or three',
    )
    .option('--protocol <file>', 'write the signed protocol; left out: it is printed')
    .option(
      '--signing-key <file>',
      'stored SM2 key that signs the protocol, made when it does not exist (default: in the data folder)',
    );
}

async function makeMasters(options: MasterOptions): Promise<ExitCode> {
  const holders = holdersOf(options.holders);
  requireFiles(options);
  const config = hsmOf(options);
  const number = options.next ? (await newestOf(config)) + 1 : 1;
  await requireMakeable(config, number);
  const entered = await enterComponents(holders, 'aes', MASTER_BYTES);
  const components = entered.map(({ component }) => component);
  const { hsm, checkValue } = await createMasters(config, components, number);
  try {
    const parts = entered.map(({ component, checkValue: value }) => ({
      holder: component.holder,
      checkValue: value,
    }));
    const protocol = await masterProtocol(hsm, number, parts, checkValue, new Date());
    return await finish(hsm, options, protocol, { subject: hsm.name });
  } finally {
    await hsm.close();
  }
}

async function newestOf(config: HsmConfig): Promise<number> {
  const hsm = await openHsm(withoutMaking(config));
  try {
    return (await hsm.status()).masters.at(-1) ?? 0;
  } finally {
    await hsm.close();
  }
}

async function importKey(options: KeyOptions): Promise<ExitCode> {
  const holders = holdersOf(options.holders);
  requireFiles(options);
  const place = placeOf(options);
  const spec = completeSpec({
    algorithm: options.algorithm as KeyAlgorithm,
    purpose: options.purpose as KeyPurpose,
    version: Number(options.keyVersion ?? (await nextVersion(options, place))),
    exportable: options.exportable ?? false,
    ...(options.length === undefined ? {} : { lengthBytes: Number(options.length) }),
  });
  if (place?.terminals !== undefined && spec.purpose !== 'kek') {
    throw new UsageError('the master key of a terminal is a kek');
  }
  if (spec.algorithm === 'sm2') {
    throw new UsageError('--algorithm: signing keys are generated, not brought');
  }
  const config = hsmOf(options);
  let hsm = await openBefore(config);
  try {
    const entered = await enterComponents(holders, spec.algorithm, spec.lengthBytes);
    hsm ??= await openHsm(config);
    const components = entered.map(({ component }) => component);
    const { key, protocol } = await importFromComponents(hsm, spec, components, new Date());
    if (options.out !== undefined) {
      const text = `${JSON.stringify(storedKeyToJson(key), null, 2)}\n`;
      writeNewFile('--out', options.out, text);
    }
    const subject = options.name ?? options.terminals ?? 'a key in a file';
    return await finish(hsm, options, protocol, { subject, key, ...(place ? { place } : {}) });
  } finally {
    await hsm?.close();
  }
}

/**
 * The HSM is tried before people enter anything. Null where the first key of a new deployment makes
 * the masters as well: that waits for good components, so that a refused ceremony makes nothing.
 */
async function openBefore(config: HsmConfig): Promise<Hsm | null> {
  try {
    return await openHsm(withoutMaking(config));
  } catch (error) {
    const makesMasters = config.provider !== 'group' && config.masters !== 'ceremony';
    if (makesMasters && error instanceof HsmError && error.code === 'no_masters') return null;
    throw error;
  }
}

/** Asked before people enter anything: whether the place is there, and which version comes next. */
async function nextVersion(options: KeyOptions, place: KeyPlace | undefined): Promise<number> {
  if (place === undefined) return 1;
  return withKeyAdministration(hsmDeployment(options), async (administration) => {
    if (administration === null) {
      throw new UsageError('there is no ledger yet that could hold the key: start the switch once');
    }
    const { version } = (await administration.run('hsm/check-place', place)) as { version: number };
    return version;
  });
}

interface Outcome {
  /** What the journal calls it. */
  subject: string;
  key?: StoredKey;
  place?: KeyPlace;
}

/** Signs the protocol, records it, and shows it. */
async function finish(
  hsm: Hsm,
  options: CeremonyOptions,
  protocol: CeremonyProtocol,
  { subject, key, place }: Outcome,
): Promise<ExitCode> {
  const deployment = hsmDeployment(options);
  const { dataDir } = deployment;
  rememberHsm(deployment);
  const signed = await signProtocol(hsm, await signingKey(hsm, signingKeyFile(options)), protocol);
  keepPending(dataDir, {
    event: { kind: 'ceremony', subject, signed },
    ...(key === undefined || place === undefined ? {} : { key: storedKeyToJson(key), place }),
  });
  if (options.protocol !== undefined) {
    writeNewFile('--protocol', options.protocol, `${JSON.stringify(signed, null, 2)}\n`);
  }
  if (options.json) {
    printJson({ ...signed, ...(key === undefined ? {} : { key: storedKeyToJson(key) }) });
  } else {
    printLine(`check value ${protocol.checkValue}`);
    if (options.protocol === undefined) printLine(JSON.stringify(signed, null, 2));
  }
  return recordNow(deployment);
}

function signingKeyFile(options: CeremonyOptions): string {
  return options.signingKey ?? ceremonySigningKeyFile(hsmDeployment(options).dataDir);
}

async function signingKey(hsm: Hsm, file: string): Promise<StoredKey> {
  const stored = storedSigningKey(file);
  if (stored !== undefined) return stored;
  const key = await hsm.generateKey({ algorithm: 'sm2', purpose: 'sign' });
  mkdirSync(dirname(file), { recursive: true });
  writeNewFile('--signing-key', file, `${JSON.stringify(storedKeyToJson(key), null, 2)}\n`);
  return key;
}

/** Undefined when it has to be made first. */
function storedSigningKey(file: string): StoredKey | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return storedKeyFromJson(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new UsageError(`--signing-key: ${file} is not a stored key`);
  }
}

/** Asked before people enter anything: what they made must not be lost for want of a file. */
function requireFiles(options: CeremonyOptions & { out?: string }): void {
  const { out, protocol } = options;
  requireNewFile('--out', out);
  requireNewFile('--protocol', protocol);
  if (out !== undefined && protocol !== undefined && resolve(out) === resolve(protocol)) {
    throw new UsageError('--out and --protocol name one file');
  }
  storedSigningKey(signingKeyFile(options));
}

async function verify(file: string, options: { json?: boolean }): Promise<ExitCode> {
  let signed: SignedProtocol;
  try {
    signed = JSON.parse(readFileSync(file, 'utf8')) as SignedProtocol;
  } catch {
    throw new UsageError(`${file} is not a signed protocol`);
  }
  const value = await verifyProtocol({ verify: sm2Verify }, signed);
  if (options.json) printJson({ value });
  else printLine(value ? 'valid' : 'not valid');
  return value ? EXIT.ok : EXIT.failed;
}
