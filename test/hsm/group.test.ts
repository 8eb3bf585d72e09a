import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { HsmError } from '../../hsm/errors.ts';
import { openGroup } from '../../hsm/group.ts';
import { openHsm } from '../../hsm/open.ts';
import type { Hsm } from '../../hsm/types.ts';
import { bytes, codeOf } from './hex.ts';

const folder = mkdtempSync(join(tmpdir(), 'posp-group-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** Two software tokens with the same masters, whose cable can be pulled. */
async function twoTokens(mode: 'share' | 'failover') {
  const first = {
    provider: 'software',
    name: 'first',
    keyFile: join(folder, 'first.json'),
  } as const;
  const second = {
    provider: 'software',
    name: 'second',
    keyFile: join(folder, 'second.json'),
  } as const;
  (await openHsm(first)).close();
  for (const ending of ['', '.passphrase']) cpSync(first.keyFile + ending, second.keyFile + ending);
  const pulled = new Set<string>();
  const calls: Record<string, number> = { first: 0, second: 0 };
  const open = async (config: Parameters<Parameters<typeof openGroup>[1]>[0]): Promise<Hsm> => {
    const hsm = await openHsm(config);
    const name = config.name!;
    return new Proxy(hsm, {
      get(target, property) {
        const value = Reflect.get(target, property);
        if (typeof value !== 'function' || property === 'status' || property === 'close') {
          return typeof value === 'function' ? value.bind(target) : value;
        }
        return (...parameters: unknown[]) => {
          if (pulled.has(name)) throw new HsmError('unavailable', 'cable pulled');
          calls[name]!++;
          return value.apply(target, parameters);
        };
      },
    });
  };
  const group = await openGroup({ provider: 'group', members: [first, second], mode }, open);
  return { group, pulled, calls };
}

t.test('calls are shared, and go on with one token gone', async (t) => {
  const { group, pulled, calls } = await twoTokens('share');
  const key = await group.generateKey({ algorithm: 'des', purpose: 'mac' });
  const mac = await group.generateMac(key, 'cup-ecb', bytes('0102'));
  const before = { ...calls };
  for (let i = 0; i < 10; i++)
    t.equal(await group.verifyMac(key, 'cup-ecb', bytes('0102'), mac), true);
  t.equal(calls['first']! - before['first']!, 5);
  t.equal(calls['second']! - before['second']!, 5);
  pulled.add('first');
  for (let i = 0; i < 10; i++)
    t.equal(await group.verifyMac(key, 'cup-ecb', bytes('0102'), mac), true);
  t.match(await group.status(), { state: 'degraded', production: false, problem: 'cable pulled' });
  pulled.add('second');
  t.equal(await codeOf(() => group.verifyMac(key, 'cup-ecb', bytes('0102'), mac)), 'unavailable');
  t.match(await group.status(), { state: 'down' });
  pulled.clear();
  t.equal(await group.verifyMac(key, 'cup-ecb', bytes('0102'), mac), true, 'both are back');
  const components = [bytes('0123456789ABCDEF'), bytes('1111111111111111')];
  pulled.add('first');
  const imported = await group.importKey({ algorithm: 'des', purpose: 'mac' }, components);
  t.equal(await group.checkValue(imported), imported.checkValue, 'import survives a lost member');
  t.ok(components.every((component) => component.every((byte) => byte === 0)));
  await group.close();
});

t.test('failover stays with the first that works', async (t) => {
  const { group, pulled, calls } = await twoTokens('failover');
  const key = await group.generateKey({ algorithm: 'des', purpose: 'mac' });
  const before = { ...calls };
  for (let i = 0; i < 4; i++) await group.generateMac(key, 'cup-ecb', bytes('00'));
  t.match(calls, { first: before['first']! + 4, second: before['second']! });
  pulled.add('first');
  for (let i = 0; i < 4; i++) await group.generateMac(key, 'cup-ecb', bytes('00'));
  t.match(calls, { first: before['first']! + 4, second: before['second']! + 4 });
  t.equal(
    await codeOf(() => group.encryptTrack(key, '1')),
    'wrong_purpose',
    'a refusal is an answer',
  );
  await group.close();
});

t.test('tokens with different masters are refused', async (t) => {
  const members = ['a', 'b'].map((name) => ({
    provider: 'software' as const,
    name,
    keyFile: join(folder, `${name}.json`),
  }));
  t.equal(await codeOf(() => openHsm({ provider: 'group', members })), 'token_not_found');
  t.equal(await codeOf(() => openHsm({ provider: 'group', members: [] })), 'bad_input');
});
