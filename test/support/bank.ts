/** A simulated bank for a test, and terminals that pay with its cards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHsm } from '../../hsm/open.ts';
import type { Hsm } from '../../hsm/types.ts';
import { BankHost, type BankHostOptions } from '../../simulators/host/bank-host.ts';
import { BankKeys } from '../../simulators/host/host-keys.ts';
import type { SimulatedCard } from '../../simulators/terminal/exchange.ts';
import { PosTerminal } from '../../simulators/terminal/pos-terminal.ts';
import { TerminalKeys } from '../../simulators/terminal/terminal-keys.ts';
import { cardNumberOf } from '../../switch/card-numbers.ts';
import { OUTPATIENT } from './cards.ts';

export const ZONE_MASTER_KEY = 'FEDCBA98765432100123456789ABCDEF';
const TERMINAL_MASTER_KEY = '0123456789ABCDEFFEDCBA9876543210';

/** The card with this serial of the bank whose BIN the sample routes to its host. */
export function bankCard(serial: number, pin?: string): SimulatedCard {
  const card = { number: cardNumberOf('622848000000', 6, serial), expiry: '3012' };
  return pin === undefined ? card : { ...card, pin };
}

/** One software HSM for all simulators of a test. */
export async function simulatorHsm(): Promise<Hsm> {
  const folder = mkdtempSync(join(tmpdir(), 'posp-test-simulators-'));
  const hsm = await openHsm({ provider: 'software', keyFile: join(folder, 'keys.json') });
  rmSync(folder, { recursive: true, force: true });
  return hsm;
}

export async function bankHost(
  hsm: Hsm,
  options: Omit<BankHostOptions, 'keys'> = {},
): Promise<BankHost> {
  const keys = await BankKeys.inject(hsm, ZONE_MASTER_KEY, 'x9.19');
  return new BankHost({ keys, ...options });
}

/** Settings of the sample's bank link for tests: its port, and short times. */
export function bankSettings(
  port: number,
  more: Record<string, string> = {},
): Record<string, string> {
  return {
    POSP__HOSTS__0__CONNECT__0__PORT: String(port),
    POSP__HOSTS__0__ANSWER_TIMEOUT_MS: '1500',
    POSP__HOSTS__0__RECONNECT__FIRST_MS: '20',
    POSP__HOSTS__0__RECONNECT__MAX_MS: '100',
    POSP__HOSTS__0__BREAKER__TIMEOUTS: '1000',
    POSP__HOSTS__0__STORE_AND_FORWARD__FIRST_MS: '100',
    POSP__HOSTS__0__STORE_AND_FORWARD__MAX_MS: '400',
    ...more,
  };
}

export async function signedInTerminal(
  hsm: Hsm,
  port: number,
  terminalId: string,
  timeoutMs = 20_000,
): Promise<PosTerminal> {
  const keys = await TerminalKeys.inject(hsm, TERMINAL_MASTER_KEY, '3des');
  const host = '127.0.0.1';
  const terminal = new PosTerminal({
    host,
    port,
    terminalId,
    merchantId: OUTPATIENT,
    keys,
    timeoutMs,
  });
  const { responseCode } = await terminal.signIn();
  if (responseCode !== '00') throw new Error(`${terminalId} cannot sign in: ${responseCode}`);
  return terminal;
}

/** Waits for what must become true; gives up after a minute. */
export async function until(what: () => boolean | Promise<boolean>, name: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await what())) {
    if (performance.now() > end) throw new Error(`it never came true: ${name}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
