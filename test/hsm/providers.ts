import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { findModule, openHsm } from '../../hsm/open.ts';
import type { Hsm, HsmConfig } from '../../hsm/types.ts';

/** What every test of this folder runs against. A further Cryptoki module is one more line. */
interface Provider {
  name: string;
  /** Why it cannot run here, or undefined. */
  missing: () => string | undefined;
  config: (folder: string) => HsmConfig;
}

// biome-ignore format: a table, one provider a line.
export const PROVIDERS: Provider[] = [
  { name: 'software', missing: () => undefined,             config: (folder) => ({ provider: 'software', keyFile: join(folder, 'keys.json') }) },
  { name: 'nss',      missing: () => missingModule('nss'),     config: (folder) => ({ provider: 'pkcs11', module: 'nss', dataDir: join(folder, 'nss') }) },
  { name: 'softhsm',  missing: () => missingModule('softhsm'), config: (folder) => ({ provider: 'pkcs11', module: 'softhsm', dataDir: join(folder, 'softhsm') }) },
  { name: 'other',    missing: missingOtherModule,          config: () => otherModule() },
];

/** One fresh token a provider and test file: a process runs a Cryptoki module with one folder only. */
export const testFolder = mkdtempSync(join(tmpdir(), 'posp-hsm-'));
process.on('exit', () => rmSync(testFolder, { recursive: true, force: true }));

/** Runs a test against each provider. `test` gets the HSM and the configuration to open it again. */
export async function eachProvider(
  parent: Test,
  test: (t: Test, hsm: Hsm, config: HsmConfig) => Promise<void>,
): Promise<void> {
  for (const provider of PROVIDERS) {
    const missing = provider.missing();
    await parent.test(provider.name, { skip: missing ?? false }, async (t) => {
      const config = provider.config(testFolder);
      const hsm = await openHsm(config);
      t.teardown(() => hsm.close());
      await test(t, hsm, config);
    });
  }
}

function missingModule(kind: 'nss' | 'softhsm'): string | undefined {
  return findModule(kind) === null ? `the ${kind} module is not installed` : undefined;
}

/** Any module by path: POSP_TEST_HSM_MODULE, with POSP_HSM_TOKEN and POSP_HSM_PIN. */
function missingOtherModule(): string | undefined {
  return process.env['POSP_TEST_HSM_MODULE'] === undefined
    ? 'POSP_TEST_HSM_MODULE names no further Cryptoki module'
    : undefined;
}

function otherModule(): HsmConfig {
  const tokenLabel = process.env['POSP_HSM_TOKEN'];
  return {
    provider: 'pkcs11',
    module: process.env['POSP_TEST_HSM_MODULE'] ?? '',
    pinSource: { environment: 'POSP_HSM_PIN' },
    ...(tokenLabel === undefined ? {} : { tokenLabel }),
  };
}
