import { HsmError, type HsmErrorCode } from './errors.ts';
import { callByName, type ForwardedOperation, forwardingTo, wipeComponents } from './forwarding.ts';
import type { GroupConfig, Hsm, HsmStatus, Pkcs11Config, SoftwareConfig } from './types.ts';

type MemberConfig = SoftwareConfig | Pkcs11Config;

interface Member {
  config: MemberConfig;
  hsm: Hsm | undefined;
  problem: string | undefined;
  retryAtMs: number;
}

/** The member could not do it now; another one may. Any other error is the caller's answer. */
const PASSED_ON: ReadonlySet<HsmErrorCode> = new Set<HsmErrorCode>([
  'unavailable',
  'timeout',
  'queue_full',
  'module_missing',
  'login_failed',
  'token_not_found',
  'no_masters',
  'closed',
]);

const RETRY_MS = 1_000;

/**
 * Several tokens with the same master keys behind one interface. `share` spreads the calls,
 * `failover` uses the first that works. A member that fails is left out for a second at a time;
 * every operation may be done twice without harm, so a failed call goes to the next member.
 */
export async function openGroup(
  config: GroupConfig,
  open: (config: MemberConfig) => Promise<Hsm>,
): Promise<Hsm> {
  if (config.members.length === 0)
    throw new HsmError('bad_input', 'a group has at least one member');
  const group = new HsmGroup(config, open);
  await group.openAll();
  return {
    name: config.name ?? 'group',
    ...forwardingTo((operation, parameters) => group.call(operation, parameters)),
    status: () => group.status(config.name ?? 'group'),
    close: () => group.close(),
  };
}

class HsmGroup {
  readonly #members: Member[];
  readonly #mode: 'share' | 'failover';
  readonly #open: (config: MemberConfig) => Promise<Hsm>;
  #turn = 0;

  constructor(config: GroupConfig, open: (config: MemberConfig) => Promise<Hsm>) {
    this.#members = config.members.map((member) => ({
      config: member,
      hsm: undefined,
      problem: undefined,
      retryAtMs: 0,
    }));
    this.#mode = config.mode ?? 'share';
    this.#open = open;
  }

  /** At least one member must open, and all that do must hold the same master keys. */
  async openAll(): Promise<void> {
    let lastError: unknown;
    for (const member of this.#members) {
      try {
        member.hsm = await this.#open(member.config);
      } catch (error) {
        lastError = error;
        this.#leaveOut(member, error);
      }
    }
    const opened = this.#members.flatMap(({ hsm }) => hsm ?? []);
    const [first, ...others] = opened;
    if (first === undefined) throw lastError;
    const spec = { algorithm: '3des', purpose: 'mac' } as const;
    const probe = await first.generateKey(spec);
    for (const other of others) {
      try {
        await other.checkValue(probe);
        await first.checkValue(await other.generateKey(spec));
      } catch (error) {
        await this.close();
        if (!(error instanceof HsmError) || error.code !== 'tampered') throw error;
        throw new HsmError(
          'token_not_found',
          `${other.name} does not hold the master keys of ${first.name}: make both from the same components`,
        );
      }
    }
  }

  async call(operation: ForwardedOperation, parameters: unknown[]): Promise<unknown> {
    try {
      return await this.#callMembers(operation, parameters);
    } finally {
      if (operation === 'importKey') wipeComponents(parameters);
    }
  }

  async #callMembers(operation: ForwardedOperation, parameters: unknown[]): Promise<unknown> {
    let lastError: unknown = new HsmError('unavailable', 'no token of the group works');
    for (const member of this.#inTurn()) {
      try {
        member.hsm ??= await this.#open(member.config);
        const value = await callByName(
          member.hsm,
          operation,
          keepComponents(operation, parameters),
        );
        member.problem = undefined;
        return value;
      } catch (error) {
        if (!(error instanceof HsmError) || !PASSED_ON.has(error.code)) throw error;
        lastError = error;
        this.#leaveOut(member, error);
      }
    }
    throw lastError;
  }

  async status(name: string): Promise<HsmStatus> {
    const members = await Promise.all(this.#members.map(memberStatus));
    const ready = members.filter(({ state }) => state === 'ready');
    const problem = this.#members.find((member) => member.problem !== undefined)?.problem;
    return {
      name,
      provider: 'group',
      production: members.every(({ production }) => production),
      state: ready.length === members.length ? 'ready' : ready.length > 0 ? 'degraded' : 'down',
      ...(problem === undefined ? {} : { problem }),
      capabilities: members[0]!.capabilities.filter((capability) =>
        members.every(({ capabilities }) => capabilities.includes(capability)),
      ),
      operations: members.flatMap(({ operations }) => operations),
      masters: members[0]!.masters.filter((number) =>
        members.every(({ masters }) => masters.includes(number)),
      ),
      cachedKeys: members.reduce((sum, { cachedKeys }) => sum + cachedKeys, 0),
      reconnects: members.reduce((sum, { reconnects }) => sum + reconnects, 0),
      members,
    };
  }

  async close(): Promise<void> {
    for (const member of this.#members) await member.hsm?.close();
  }

  /** Members in the order to try them; those left out come last, for there may be no other. */
  #inTurn(): Member[] {
    const start = this.#mode === 'share' ? this.#turn++ % this.#members.length : 0;
    const order = [...this.#members.slice(start), ...this.#members.slice(0, start)];
    const nowMs = performance.now();
    const isIn = (member: Member) => member.problem === undefined || member.retryAtMs <= nowMs;
    return [...order.filter(isIn), ...order.filter((member) => !isIn(member))];
  }

  #leaveOut(member: Member, error: unknown): void {
    member.problem = error instanceof Error ? error.message : 'failed';
    member.retryAtMs = performance.now() + RETRY_MS;
  }
}

/** Importing wipes its components: the next member would get zeros if this one failed. */
function keepComponents(operation: ForwardedOperation, parameters: unknown[]): unknown[] {
  if (operation !== 'importKey') return parameters;
  const [spec, components] = parameters as [unknown, Uint8Array[]];
  return [spec, components.map((component) => Uint8Array.from(component))];
}

async function memberStatus(member: Member): Promise<HsmStatus> {
  const status = await member.hsm?.status();
  if (status === undefined) {
    return {
      name: member.config.name ?? member.config.provider,
      provider: member.config.provider,
      production: member.config.provider === 'pkcs11',
      state: 'down',
      problem: member.problem ?? 'not opened yet',
      capabilities: [],
      operations: [],
      masters: [],
      cachedKeys: 0,
      reconnects: 0,
    };
  }
  return member.problem === undefined
    ? status
    : { ...status, state: 'down', problem: member.problem };
}
