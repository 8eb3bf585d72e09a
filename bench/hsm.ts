import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type PkcsModule from 'pkcs11js';
import { findModule, openHsm } from '../hsm/open.ts';
import { CKK, CKM } from '../hsm/pkcs11/constants.ts';
import { embeddedLabel } from '../hsm/pkcs11/module.ts';
import { secretKeyTemplate } from '../hsm/pkcs11/templates.ts';
import type { Hsm, HsmConfig, KeyPurpose, KeySpec, StoredKey } from '../hsm/types.ts';
import type { Benchmark, BenchmarkLine, BenchmarkOptions } from './benchmark.ts';

/**
 * Keys and cryptograms. Each PKCS #11 token is measured beside the bare loop of C_EncryptInit and
 * C_Encrypt over 8 bytes on the same token in the same run.
 */
export const benchmark: Benchmark = async (options) => {
  const folder = mkdtempSync(join(tmpdir(), 'posp-bench-hsm-'));
  try {
    const lines: BenchmarkLine[] = [];
    for (const kind of ['nss', 'softhsm'] as const) {
      if (findModule(kind) === null) continue;
      lines.push(...(await measureToken(kind, join(folder, kind), options)));
    }
    const software: HsmConfig = { provider: 'software', keyFile: join(folder, 'keys.json') };
    lines.push(...(await measureOperations('software', software, options, undefined)));
    lines.push(await measureSigningPool(software, options));
    lines.push(await measureSlowToken(folder, options));
    return lines;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const PAN = '6219990000000000010';
const MESSAGE = Buffer.alloc(150, 0x37);
const CALLS_BETWEEN_CLOCK_READS = 50;
const MANY_KEYS = 10_000;
const SIGNATURES_PER_SECOND = 850;
const SLOW_CALL_MS = 2;
const SLOW_SESSIONS = 32;
const SLOW_TRANSACTIONS_PER_SECOND = 5_000;

/** Calls `work` again and again and returns calls a second, after a warm-up of a tenth of the time. */
async function rate(seconds: number, work: () => unknown): Promise<number> {
  await repeat(seconds / 10, work);
  const { calls, elapsedMs } = await repeat(seconds, work);
  return Math.round((calls * 1000) / elapsedMs);
}

async function repeat(
  seconds: number,
  work: () => unknown,
): Promise<{ calls: number; elapsedMs: number }> {
  const startMs = performance.now();
  let calls = 0;
  let elapsedMs = 0;
  do {
    for (let i = 0; i < CALLS_BETWEEN_CLOCK_READS; i++) {
      const answer = work();
      if (answer instanceof Promise) await answer;
    }
    calls += CALLS_BETWEEN_CLOCK_READS;
    elapsedMs = performance.now() - startMs;
  } while (elapsedMs < seconds * 1000);
  return { calls, elapsedMs };
}

/** Slices of a pair, taken in turns, so that whatever else the machine does meets both alike. */
const PAIRED_SLICES = 5;

async function pairedRates(
  seconds: number,
  work: () => unknown,
  baseline: () => unknown,
): Promise<{ value: number; baseline: number }> {
  const totals = { value: { calls: 0, elapsedMs: 0 }, baseline: { calls: 0, elapsedMs: 0 } };
  await repeat(seconds / 10, work);
  for (let slice = 0; slice < PAIRED_SLICES; slice++) {
    for (const [name, measured] of [
      ['value', work],
      ['baseline', baseline],
    ] as const) {
      const { calls, elapsedMs } = await repeat(seconds / PAIRED_SLICES, measured);
      totals[name].calls += calls;
      totals[name].elapsedMs += elapsedMs;
    }
  }
  const perSecond = ({ calls, elapsedMs }: { calls: number; elapsedMs: number }) =>
    Math.round((calls * 1000) / elapsedMs);
  return { value: perSecond(totals.value), baseline: perSecond(totals.baseline) };
}

async function measureToken(
  kind: 'nss' | 'softhsm',
  dataDir: string,
  options: BenchmarkOptions,
): Promise<BenchmarkLine[]> {
  const config: HsmConfig = { provider: 'pkcs11', module: kind, dataDir };
  const keeper = await openHsm(config);
  options.progress(`${kind}: bare C_Encrypt loop`);
  const bareLoop = await openBareLoop(findModule(kind)!, embeddedLabel(dataDir));
  const name = `${kind}: bare loop of C_EncryptInit and C_Encrypt, 8 bytes of 3DES-ECB`;
  const value = await rate(options.seconds, bareLoop);
  const line: BenchmarkLine = { name, value, unit: 'operations/s' };
  const lines = [line, ...(await measureOperations(kind, config, options, bareLoop))];
  await keeper.close();
  return lines;
}

/** What the token gives to a caller that does nothing else: one encryption a call. */
async function openBareLoop(path: string, label: string): Promise<() => void> {
  const imported = (await import('pkcs11js')) as unknown as { default: typeof PkcsModule };
  const module = new imported.default.PKCS11();
  module.load(path);
  const slot = module
    .C_GetSlotList(true)
    .find((candidate) => module.C_GetTokenInfo(candidate).label.startsWith(label));
  const session = module.C_OpenSession(slot!, 0x6);
  const key = module.C_CreateObject(
    session,
    secretKeyTemplate({
      keyType: CKK.DES3,
      value: Buffer.from('0123456789ABCDEFFEDCBA98765432100123456789ABCDEF', 'hex'),
      encrypt: true,
    }),
  );
  const mechanism = { mechanism: CKM.DES3_ECB };
  const input = Buffer.alloc(8);
  const output = Buffer.alloc(8);
  return () => {
    module.C_EncryptInit(session, mechanism, key);
    module.C_Encrypt(session, input, output);
  };
}

interface Keys {
  mac: StoredKey;
  mac16: StoredKey;
  sm4Mac: StoredKey;
  aesMac: StoredKey;
  pin: StoredKey;
  otherPin: StoredKey;
  reference: StoredKey;
  data: StoredKey;
  kek: StoredKey;
  load: StoredKey;
  tac: StoredKey;
  emv: StoredKey;
  sign: StoredKey;
}

async function makeKeys(hsm: Hsm): Promise<Keys> {
  const make = (algorithm: KeySpec['algorithm'], purpose: KeyPurpose) =>
    hsm.generateKey({ algorithm, purpose });
  return {
    mac: await make('des', 'mac'),
    mac16: await make('3des', 'mac'),
    sm4Mac: await make('sm4', 'mac'),
    aesMac: await make('aes', 'mac'),
    pin: await make('3des', 'pin'),
    otherPin: await make('3des', 'pin'),
    reference: await make('aes', 'pin-reference'),
    data: await make('3des', 'data'),
    kek: await make('3des', 'kek'),
    load: await make('3des', 'epurse-load'),
    tac: await make('3des', 'epurse-tac'),
    emv: await make('3des', 'emv-ac'),
    sign: await make('sm2', 'sign'),
  };
}

interface Operation {
  name: string;
  work: () => unknown;
  /** Calls of the bare loop that its work in the token is worth; none: no comparison. */
  rawCalls?: number;
}

async function operationsOf(hsm: Hsm): Promise<Operation[]> {
  const keys = await makeKeys(hsm);
  const mac = await hsm.generateMac(keys.mac, 'cup-ecb', MESSAGE);
  const pinBlock = await hsm.encryptPin(keys.pin, { format: 0, pin: '123456', pan: PAN });
  const pin = { pinKey: keys.pin, format: 0, pinBlock, pan: PAN } as const;
  const reference = await hsm.createPinReference(keys.reference, { pan: PAN, pin: '123456' });
  const against = { referenceKey: keys.reference, reference };
  const wrapped = await hsm.exportKey(keys.mac16, keys.kek);
  const fields = {
    type: 2,
    terminal: '100000000001',
    random: Buffer.from('A1B2C3D4', 'hex'),
    onlineSequence: 5,
    balanceFen: 1_000,
    newBalanceFen: 11_000,
    amountFen: 10_000,
    date: '20250305',
    time: '101112',
  };
  const factors = [Buffer.alloc(8, 0x43), Buffer.alloc(8, 0x11)];
  const signature = await hsm.sign(keys.sign, MESSAGE);
  const arqc = {
    master: keys.emv,
    pan: PAN,
    panSequence: '01',
    atc: Buffer.from([0, 21]),
    session: 'pboc',
    data: MESSAGE.subarray(0, 37),
    padding: '80',
  } as const;
  const track = '6219990000000000010D30122010000000000';
  const spec: KeySpec = { algorithm: '3des', purpose: 'mac' };
  const card = (master: StoredKey) => ({ master, factors });
  // biome-ignore format: a table, one operation a line.
  return [
    { name: 'MAC cup-ecb of 150 bytes', rawCalls: 1,       work: () => hsm.generateMac(keys.mac, 'cup-ecb', MESSAGE) },
    { name: 'MAC x9.9 of 150 bytes',                       work: () => hsm.generateMac(keys.mac, 'x9.9', MESSAGE) },
    { name: 'MAC x9.19 of 150 bytes',                      work: () => hsm.generateMac(keys.mac16, 'x9.19', MESSAGE) },
    { name: 'MAC cmac-aes of 150 bytes',                   work: () => hsm.generateMac(keys.aesMac, 'cmac-aes', MESSAGE) },
    { name: 'MAC cup-sm4 of 150 bytes',                    work: () => hsm.generateMac(keys.sm4Mac, 'cup-sm4', MESSAGE) },
    { name: 'encrypt a PIN block', rawCalls: 1,            work: () => hsm.encryptPin(keys.pin, { format: 0, pin: '123456', pan: PAN }) },
    { name: 'translate a PIN block', rawCalls: 2,          work: () => hsm.translatePin(pin, { pinKey: keys.otherPin, format: 0 }) },
    { name: 'verify a PIN', rawCalls: 3,                   work: () => hsm.verifyPin(pin, against) },
    { name: 'encrypt a track', rawCalls: 1,                work: () => hsm.encryptTrack(keys.data, track) },
    { name: 'e-purse load MAC1, two levels',               work: () => hsm.generateEpurseMac(card(keys.load), 'load-mac1', fields) },
    { name: 'e-purse load TAC, two levels',                work: () => hsm.generateEpurseMac(card(keys.tac), 'load-tac', fields) },
    { name: 'verify an ARQC',                              work: () => hsm.verifyArqc(arqc, mac) },
    { name: 'generate a working key',                      work: () => hsm.generateKey(spec) },
    { name: 'export a key under a master key',             work: () => hsm.exportKey(keys.mac16, keys.kek) },
    { name: 'import a wrapped key',                        work: () => hsm.importWrapped(spec, keys.kek, wrapped.cryptogram) },
    { name: 'SM2 signature',                               work: () => hsm.sign(keys.sign, MESSAGE) },
    { name: 'SM2 verification',                            work: () => hsm.verify(keys.sign.publicKey!, MESSAGE, signature) },
  ];
}

async function measureOperations(
  provider: string,
  config: HsmConfig,
  options: BenchmarkOptions,
  bareLoop: (() => void) | undefined,
): Promise<BenchmarkLine[]> {
  const hsm = await openHsm(config);
  const lines: BenchmarkLine[] = [];
  try {
    lines.push(await measureTransaction(provider, hsm, options));
    for (const operation of await operationsOf(hsm)) {
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
  { name, work, rawCalls }: Operation,
  seconds: number,
  bareLoop: (() => void) | undefined,
): Promise<BenchmarkLine> {
  const line = { name: `${provider}: ${name}`, unit: 'operations/s' };
  if (bareLoop === undefined || rawCalls === undefined) {
    return { ...line, value: await rate(seconds, work) };
  }
  const rates = await pairedRates(seconds, work, () => {
    for (let call = 0; call < rawCalls; call++) bareLoop();
  });
  return {
    ...line,
    value: rates.value,
    baseline: {
      name: `bare C_Encrypt loop, ${rawCalls} a time`,
      value: rates.baseline,
    },
    ratio: rates.value / rates.baseline,
    target: { atLeast: 0.8, aim: 0.95 },
  };
}

/** What each transaction asks of the HSM: the request's MAC verified, the answer's generated. */
async function measureTransaction(
  provider: string,
  hsm: Hsm,
  options: BenchmarkOptions,
): Promise<BenchmarkLine> {
  options.progress(`${provider}: MAC both ways`);
  const key = await hsm.generateKey({ algorithm: 'des', purpose: 'mac' });
  const mac = await hsm.generateMac(key, 'cup-ecb', MESSAGE);
  const value = await rate(options.seconds, () => {
    hsm.verifyMac(key, 'cup-ecb', MESSAGE, mac);
    return hsm.generateMac(key, 'cup-ecb', MESSAGE);
  });
  return {
    name: `${provider}: verify a MAC and generate one, 150 bytes, one terminal`,
    value,
    unit: 'transactions/s',
    target: { atLeast: 50_000 },
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
  software: HsmConfig & { provider: 'software' },
  options: BenchmarkOptions,
): Promise<BenchmarkLine> {
  options.progress('SM2 signatures on two threads');
  const hsm = await openHsm({ ...software, threads: { pool: 2 } });
  const key = await hsm.generateKey({ algorithm: 'sm2', purpose: 'sign' });
  const value = await concurrentRate(options.seconds, 16, () => hsm.sign(key, MESSAGE));
  await hsm.close();
  return {
    name: 'SM2 signatures, pool of two threads',
    value,
    unit: 'signatures/s',
    target: { atLeast: SIGNATURES_PER_SECOND },
  };
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

/** Calls a second with a number of callers that each wait for their answer, after a warm-up. */
async function concurrentRate(
  seconds: number,
  callers: number,
  work: () => unknown,
): Promise<number> {
  await callForSeconds(seconds / 2, callers, work);
  return callForSeconds(seconds, callers, work);
}

async function callForSeconds(
  seconds: number,
  callers: number,
  work: () => unknown,
): Promise<number> {
  const startMs = performance.now();
  let calls = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() - startMs < seconds * 1000) {
        await work();
        calls++;
      }
    }),
  );
  return Math.round((calls * 1000) / (performance.now() - startMs));
}
