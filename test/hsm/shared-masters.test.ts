import '../support/plain-children.ts';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { createMasters, findModule, openHsm } from '../../hsm/open.ts';
import type { Pkcs11Config, SoftwareConfig } from '../../hsm/types.ts';
import { bytes, codeOf } from './hex.ts';

const folder = mkdtempSync(join(tmpdir(), 'posp-masters-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const PART_A = '138CE5B32C0E9126C291E970EA98764C';
const PART_B = '1FD3C2437F6EE6DCD9383E1A49E9674C';

function components(...parts: [string, string][]) {
  return parts.map(([holder, hex]) => ({ holder, bytes: bytes(hex) }));
}

const masterParts = () =>
  components(['a', PART_A + PART_B], ['b', `${PART_B}${PART_A}`], ['c', `${'01'.repeat(31)}02`]);

t.test('two tokens with masters from the same components stand in for each other', async (t) => {
  const software = (name: string): SoftwareConfig => ({
    provider: 'software',
    name,
    masters: 'ceremony',
    keyFile: join(folder, `${name}.json`),
  });
  const pairs: [string, SoftwareConfig | Pkcs11Config, SoftwareConfig | Pkcs11Config][] = [
    ['software', software('one'), software('two')],
  ];
  const module = findModule('softhsm');
  if (module !== null) pairs.push(['softhsm', ...twoSoftHsmTokens(module)]);
  for (const [name, first, second] of pairs) {
    t.equal(await codeOf(() => openHsm(first)), 'no_masters', `${name}: no masters yet`);
    const made = [
      await createMasters(first, masterParts()),
      await createMasters(second, masterParts()),
    ];
    t.equal(made[0]!.checkValue, made[1]!.checkValue);
    t.equal(await codeOf(() => createMasters(first, masterParts())), 'bad_input', 'never replaced');
    const [one, two] = made.map(({ hsm }) => hsm);
    const key = await one!.generateKey({ algorithm: '3des', purpose: 'mac' });
    t.equal(await two!.checkValue(key), key.checkValue, `${name}: one makes, the other uses`);
    const group = await openHsm({ provider: 'group', members: [first, second] });
    const mac = await group.generateMac(key, 'x9.19', bytes('00'));
    for (let i = 0; i < 4; i++)
      t.equal(await group.verifyMac(key, 'x9.19', bytes('00'), mac), true);
    t.match(await group.status(), { state: 'ready' });
    for (const hsm of [group, one!, two!]) await hsm.close();
  }
});

/** Two tokens made by SoftHSM's own tool: found by module path, label and a PIN from a variable. */
function twoSoftHsmTokens(module: string): [Pkcs11Config, Pkcs11Config] {
  const tokens = join(folder, 'tokens');
  mkdirSync(tokens);
  const configuration = join(folder, 'softhsm2.conf');
  writeFileSync(configuration, `directories.tokendir = ${tokens}\nobjectstore.backend = file\n`);
  process.env['SOFTHSM2_CONF'] = configuration;
  process.env['POSP_TEST_PIN'] = '4711-4711';
  const token = (tokenLabel: string): Pkcs11Config => {
    spawnSync('softhsm2-util', [
      '--init-token',
      '--free',
      '--label',
      tokenLabel,
      '--so-pin',
      '12345678',
      '--pin',
      '4711-4711',
    ]);
    return {
      provider: 'pkcs11',
      module,
      tokenLabel,
      masters: 'ceremony',
      pinSource: { environment: 'POSP_TEST_PIN' },
    };
  };
  return [token('left'), token('right')];
}
