import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import {
  type CeremonyProtocol,
  type Component,
  componentCheckValue,
  importFromComponents,
  MASTER_BYTES,
  masterProtocol,
  type SignedProtocol,
  signProtocol,
  verifyProtocol,
} from '../../hsm/ceremony.ts';
import { createMasters, openHsm } from '../../hsm/open.ts';
import { sm2Verify } from '../../hsm/operations/sm2.ts';
import { completeSpec } from '../../hsm/purposes.ts';
import { storedKeyFromJson, storedKeyToJson } from '../../hsm/stored-key.ts';
import type { Hsm, KeyAlgorithm, KeyPurpose, StoredKey } from '../../hsm/types.ts';
import {
  action,
  EXIT,
  type ExitCode,
  printJson,
  printLine,
  printNote,
  UsageError,
} from '../command.ts';
import { HiddenInput } from '../hidden-input.ts';
import { addHsmOptions, type HsmOptions, hsmOf, withHsmErrors } from './options.ts';

interface CeremonyOptions extends HsmOptions {
  holders: string;
  protocol?: string;
  signingKey?: string;
}

interface KeyOptions extends CeremonyOptions {
  algorithm: string;
  purpose: string;
  length?: string;
  keyVersion: string;
  exportable?: boolean;
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
    .addHelpText(
      'after',
      '\nExample:\n  posp hsm ceremony master --holders "Wang Fang,Li Na" --protocol master.json',
    )
    .action(action((options: CeremonyOptions) => withHsmErrors(() => makeMasters(options))));
  addCeremonyOptions(ceremony.command('key'))
    .description('import a terminal, zone or issuer key')
    .requiredOption('--algorithm <name>', 'des, 3des, aes or sm4')
    .requiredOption('--purpose <name>', 'kek (TMK, ZMK), pin, mac, data, epurse-load, …')
    .option('--length <bytes>', 'key length; left out: the usual one')
    .option('--key-version <number>', 'version of the key', '1')
    .option('--exportable', 'the key may leave under a kek')
    .option('--out <file>', 'write the stored key (wrapped, no secret) as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  posp hsm ceremony key --algorithm 3des --purpose kek --holders "Wang Fang,Li Na" --out tmk.json',
    )
    .action(action((options: KeyOptions) => withHsmErrors(() => importKey(options))));
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

function addCeremonyOptions(command: Command): Command {
  return addHsmOptions(command)
    .requiredOption(
      '--holders <names>',
      'who enters the components, separated by commas: two or three',
    )
    .option('--protocol <file>', 'write the signed protocol; left out: it is printed')
    .option(
      '--signing-key <file>',
      'stored SM2 key that signs the protocol; made when it does not exist',
      'ceremony-signing-key.json',
    );
}

async function makeMasters(options: CeremonyOptions): Promise<ExitCode> {
  const entered = await enterComponents(options.holders, 'aes', MASTER_BYTES);
  const components = entered.map(({ component }) => component);
  const { hsm, checkValue } = await createMasters(hsmOf(options), components);
  try {
    const parts = entered.map(({ component, checkValue: value }) => ({
      holder: component.holder,
      checkValue: value,
    }));
    const protocol = await masterProtocol(hsm, parts, checkValue, new Date());
    return await finish(hsm, options, protocol, undefined);
  } finally {
    await hsm.close();
  }
}

async function importKey(options: KeyOptions): Promise<ExitCode> {
  const spec = completeSpec({
    algorithm: options.algorithm as KeyAlgorithm,
    purpose: options.purpose as KeyPurpose,
    version: Number(options.keyVersion),
    exportable: options.exportable ?? false,
    ...(options.length === undefined ? {} : { lengthBytes: Number(options.length) }),
  });
  const hsm = await openHsm(hsmOf(options));
  try {
    const entered = await enterComponents(options.holders, spec.algorithm, spec.lengthBytes);
    const components = entered.map(({ component }) => component);
    const { key, protocol } = await importFromComponents(hsm, spec, components, new Date());
    if (options.out !== undefined) {
      writeFileSync(options.out, `${JSON.stringify(storedKeyToJson(key), null, 2)}\n`, {
        flag: 'wx',
      });
    }
    return await finish(hsm, options, protocol, key);
  } finally {
    await hsm.close();
  }
}

/** Asks each holder in turn, without showing what is typed; shows the check value after each. */
async function enterComponents(
  holders: string,
  algorithm: KeyAlgorithm,
  lengthBytes: number,
): Promise<{ component: Component; checkValue: string }[]> {
  const names = holders.split(',').map((name) => name.trim());
  const input = new HiddenInput();
  try {
    const entered = [];
    for (const [at, holder] of names.entries()) {
      const text = await input.line(`component ${at + 1} of ${names.length}, ${holder}: `);
      const bytes = Buffer.from(text.replace(/\s/g, ''), 'hex');
      if (bytes.length !== lengthBytes) {
        throw new UsageError(`a component has ${lengthBytes} bytes in hexadecimal`);
      }
      const checkValue = componentCheckValue(algorithm, bytes);
      printNote(`check value of component ${at + 1}: ${checkValue}`);
      entered.push({ component: { holder, bytes }, checkValue });
    }
    return entered;
  } finally {
    input.close();
  }
}

async function finish(
  hsm: Hsm,
  options: CeremonyOptions,
  protocol: CeremonyProtocol,
  key: StoredKey | undefined,
): Promise<ExitCode> {
  const signed = await signProtocol(hsm, await signingKey(hsm, options.signingKey!), protocol);
  if (options.protocol !== undefined) {
    writeFileSync(options.protocol, `${JSON.stringify(signed, null, 2)}\n`, { flag: 'wx' });
  }
  if (options.json) {
    printJson({ ...signed, ...(key === undefined ? {} : { key: storedKeyToJson(key) }) });
  } else {
    printLine(`check value ${protocol.checkValue}`);
    if (options.protocol === undefined) printLine(JSON.stringify(signed, null, 2));
  }
  return EXIT.ok;
}

async function signingKey(hsm: Hsm, file: string): Promise<StoredKey> {
  if (existsSync(file)) return storedKeyFromJson(JSON.parse(readFileSync(file, 'utf8')));
  const key = await hsm.generateKey({ algorithm: 'sm2', purpose: 'sign' });
  writeFileSync(file, `${JSON.stringify(storedKeyToJson(key), null, 2)}\n`, { flag: 'wx' });
  return key;
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
