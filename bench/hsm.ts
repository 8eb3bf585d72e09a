import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findModule, openHsm } from '../hsm/open.ts';
import type { Hsm, HsmConfig, SoftwareConfig, StoredKey } from '../hsm/types.ts';
import type { Benchmark, BenchmarkLine, BenchmarkOptions } from './benchmark.ts';
import { type BareLoop, openCipherLoop, openTokenLoop } from './hsm/bare-loop.ts';
import { MESSAGE, type Operation, operationsOf } from './hsm/operations.ts';
import { concurrentRate, pairedRates, rate } from './hsm/rates.ts';

/**
 * Keys and cryptograms. Each operation is measured in turns with a bare loop that makes as many
 * encryptions over as many bytes as the operation asks of the token. What is worked out in this
 * process beside them (derived keys, SM2, SM4) has no target for the ratio.
 */
export const benchmark: Benchmark = async (options) => {
  const folder = mkdtempSync(join(tmpdir(), 'posp-bench-hsm-'));
  try {
    const lines: BenchmarkLine[] = [];
    for (const kind of ['nss', 'softhsm'] as const) {
      if (findModule(kind) === null) continue;
      lines.push(...(await measureToken(kind, join(folder, kind), options)));
    }
    const software: SoftwareConfig = { provider: 'software', keyFile: join(folder, 'keys.json') };
    lines.push(...(await measureOperations('software', software, options, openCipherLoop())));
    lines.push(...(await measureSigningPool(software, options)));
    lines.push(await measureSlowToken(folder, options));
    return lines;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const MANY_KEYS = 10_000;
const SIGNATURES_PER_SECOND = 850;
const SLOW_CALL_MS = 2;
const SLOW_SESSIONS = 32;
const SLOW_TRANSACTIONS_PER_SECOND = 5_000;

async function measureToken(
  kind: 'nss' | 'softhsm',
  dataDir: string,
  options: BenchmarkOptions,
): Promise<BenchmarkLine[]> {
  const config: HsmConfig = { provider: 'pkcs11', module: kind, dataDir };
  const keeper = await openHsm(config);
  options.progress(`${kind}: bare C_Encrypt loop`);
  const { token } = await keeper.status();
  const bareLoop = await openTokenLoop(findModule(kind)!, token!.label);
  const name = `${kind}: bare loop of C_EncryptInit and C_Encrypt, 8 bytes of 3DES-ECB`;
  const value = await rate(options.seconds, () => bareLoop.run([8]));
  const line: BenchmarkLine = { name, value, unit: 'operations/s' };
  const lines = [line, ...(await measureOperations(kind, config, options, bareLoop))];
  await keeper.close();
  return lines;
}

async function measureOperations(
  provider: string,
  config: HsmConfig,
  options: BenchmarkOptions,
  bareLoop: BareLoop,
): Promise<BenchmarkLine[]> {
  const hsm = await openHsm(config);
  const lines: BenchmarkLine[] = [];
  try {
    const operations = [await transaction(hsm), ...(await operationsOf(hsm))];
    for (const operation of operations) {
      options.progress(`${provider}: ${operation.name}`);
      lines.push(await measureOperation(provider, operation, options.seconds, bareLoop));
    }
    lines.push(await measureManyKeys(provider, hsm, options));
  } finally {
    await hsm.close();
  }
  return lines;
}

async function measureOperation(
  provider: string,
  { name, work, calls, inside }: Operation,
  seconds: number,
  bareLoop: BareLoop,
): Promise<BenchmarkLine> {
  const rates = await pairedRates(seconds, work, () => bareLoop.run(calls));
  const hasTarget = inside === true && provider !== 'software';
  const baseline = { name: `${bareLoop.name}, ${calls.join(' + ')} bytes`, value: rates.baseline };
  return {
    name: `${provider}: ${name}`,
    value: rates.value,
    unit: 'operations/s',
    baseline,
    ratio: rates.value / rates.baseline,
    ...(hasTarget ? { target: { atLeast: 0.8, aim: 0.95 } } : {}),
  };
}

/** What each transaction asks of the HSM: the request's MAC verified, the answer's generated. */
async function transaction(hsm: Hsm): Promise<Operation> {
  const key = await hsm.generateKey({ algorithm: 'des', purpose: 'mac' });
  const mac = await hsm.generateMac(key, 'cup-ecb', MESSAGE);
  return {
    name: 'verify a MAC and generate one, 150 bytes, one terminal',
    calls: [16, 16],
    inside: true,
    work: () => {
      hsm.verifyMac(key, 'cup-ecb', MESSAGE, mac);
      return hsm.generateMac(key, 'cup-ecb', MESSAGE);
    },
  };
}

async function measureManyKeys(
  provider: string,
  hsm: Hsm,
  options: BenchmarkOptions,
): Promise<BenchmarkLine> {
  options.progress(`${provider}: ${MANY_KEYS} terminals`);
  const keys: StoredKey[] = [];
  for (let i = 0; i < MANY_KEYS; i++) {
    keys.push(await hsm.generateKey({ algorithm: 'des', purpose: 'mac' }));
  }
  const macs: Uint8Array[] = [];
  for (const key of keys) macs.push(await hsm.generateMac(key, 'cup-ecb', MESSAGE));
  let at = 0;
  const value = await rate(options.seconds, () => {
    at = (at + 7_919) % MANY_KEYS;
    hsm.verifyMac(keys[at]!, 'cup-ecb', MESSAGE, macs[at]!);
    return hsm.generateMac(keys[at]!, 'cup-ecb', MESSAGE);
  });
  return {
    name: `${provider}: verify a MAC and generate one, 150 bytes, 10,000 terminals`,
    value,
    unit: 'transactions/s',
  };
}

async function measureSigningPool(
  software: SoftwareConfig,
  options: BenchmarkOptions,
): Promise<BenchmarkLine[]> {
  options.progress('SM2 signatures and verifications on two threads');
  const hsm = await openHsm({ ...software, threads: { pool: 2 } });
  const key = await hsm.generateKey({ algorithm: 'sm2', purpose: 'sign' });
  const publicKey = key.publicKey!;
  const signature = await hsm.sign(key, MESSAGE);
  const signed = await concurrentRate(options.seconds, 16, () => hsm.sign(key, MESSAGE));
  const verified = await concurrentRate(options.seconds, 16, () =>
    hsm.verify(publicKey, MESSAGE, signature),
  );
  await hsm.close();
  return [
    {
      name: 'SM2 signatures, pool of two threads',
      value: signed,
      unit: 'signatures/s',
      target: { atLeast: SIGNATURES_PER_SECOND },
    },
    {
      name: 'SM2 verifications, pool of two threads',
      value: verified,
      unit: 'verifications/s',
    },
  ];
}

/** A network HSM that takes 2 ms a call, with 32 sessions: how many transactions pass. */
async function measureSlowToken(folder: string, options: BenchmarkOptions): Promise<BenchmarkLine> {
  options.progress('a token of 2 ms a call with 32 sessions');
  const keyFile = join(folder, 'slow.json');
  const hsm = await openHsm({
    provider: 'software',
    keyFile,
    simulatedCallMs: SLOW_CALL_MS,
    threads: { pool: SLOW_SESSIONS },
  });
  const key = await hsm.generateKey({ algorithm: 'des', purpose: 'mac' });
  const mac = await hsm.generateMac(key, 'cup-ecb', MESSAGE);
  const value = await concurrentRate(options.seconds, 8 * SLOW_SESSIONS, async () => {
    await hsm.verifyMac(key, 'cup-ecb', MESSAGE, mac);
    await hsm.generateMac(key, 'cup-ecb', MESSAGE);
  });
  await hsm.close();
  return {
    name: `MAC both ways on a token of ${SLOW_CALL_MS} ms a call, pool of ${SLOW_SESSIONS} sessions`,
    value,
    unit: 'transactions/s',
    target: { atLeast: SLOW_TRANSACTIONS_PER_SECOND },
  };
}
