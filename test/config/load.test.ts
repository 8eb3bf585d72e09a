import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ConfigError, loadConfig } from '../../config/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'posp-test-config-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const GOOD = `production: false
listeners:
  - name: terminals
    port: 8583
http:
  port: 8580
`;

function file(text: string): string {
  const path = join(folder, 'posp.yaml');
  writeFileSync(path, text);
  return path;
}

function faults(text: string, environment: Record<string, string> = {}): string {
  try {
    loadConfig(file(text), environment);
    return 'no fault';
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(`${folder}/`, '');
    throw error;
  }
}

t.test('the sample hospital is a good configuration', async (t) => {
  const config = loadConfig('config/sample.yaml', {});
  t.equal(config.listeners[0]?.port, 8583);
  t.equal(config.http.port, 8580);
  t.equal(config.firstStart?.institution.timeZone, 'Asia/Shanghai');
  t.equal(config.firstStart?.institution.cutOff, '23:00');
});

t.test('what is left out has a meaning', async (t) => {
  const config = loadConfig(file(GOOD), {});
  t.equal(config.listeners[0]?.address, '127.0.0.1');
  t.equal(config.listeners[0]?.framing.bytesMax, 2048);
  t.strictSame(config.hsm, { provider: 'auto' });
});

t.test('an environment variable overrides any key', async (t) => {
  const environment = {
    POSP__HTTP__PORT: '9000',
    POSP__LISTENERS__0__IDLE_TIMEOUT_SECONDS: '5',
    POSP__DATA_DIR: '/var/lib/posp',
    POSP__HSM__PROVIDER: 'software',
  };
  const config = loadConfig(file(GOOD), environment);
  t.equal(config.http.port, 9000);
  t.equal(config.listeners[0]?.idleTimeoutSeconds, 5);
  t.equal(config.dataDir, '/var/lib/posp');
  t.equal(config.hsm.provider, 'software');
});

t.test('an override of digits is text where text is wanted', async (t) => {
  const environment = { POSP__FIRST_START__INSTITUTION__ID: '4803' };
  t.equal(loadConfig('config/sample.yaml', environment).firstStart?.institution.id, '4803');
});

t.test('a wrong file is refused whole, with file, line and expectation', async (t) => {
  const cases: [what: string, text: string, environment: Record<string, string>, fault: RegExp][] =
    [
      [
        'a wrong type',
        GOOD.replace('false', 'maybe'),
        {},
        /^posp\.yaml:1: production: .*expected boolean/,
      ],
      [
        'a large port',
        GOOD.replace('8583', '99999'),
        {},
        /^posp\.yaml:4: listeners\.0\.port: .*65535/,
      ],
      [
        'an unknown key',
        `${GOOD}prot: 1\n`,
        {},
        /^posp\.yaml:7: the file: "prot" is .*expected: production, .*, http/,
      ],
      [
        'a missing key',
        GOOD.replace('    port: 8583\n', ''),
        {},
        /^posp\.yaml:3: listeners\.0\.port: .*expected number/,
      ],
      ['no YAML', 'listeners: [', {}, /^posp\.yaml: /],
      ['an empty file', '', {}, /listeners: .*expected array/],
      [
        'a bad variable',
        GOOD,
        { POSP__HTTP__PORT: 'many' },
        /^POSP__HTTP__PORT: http\.port: .*expected number/,
      ],
      [
        'an unknown variable',
        GOOD,
        { POSP__HTTP__PROT: '1' },
        /^POSP__HTTP__PROT: http: "prot" is .*expected: address, port$/,
      ],
    ];
  for (const [what, text, environment, fault] of cases)
    t.match(faults(text, environment), fault, what);
  t.match(
    (() => {
      try {
        return loadConfig(join(folder, 'nowhere.yaml'), {});
      } catch (error) {
        return (error as Error).message;
      }
    })(),
    /nowhere\.yaml: cannot be read/,
  );
});

t.test('the HSM of a deployment', async (t) => {
  const hsm = (text: string) => `${GOOD}hsm:\n${text}`;
  const group = `  provider: group
  mode: failover
  members:
    - { provider: pkcs11, module: /opt/hsm.so, tokenLabel: left, pin: { file: /run/pin }, masters: ceremony }
    - provider: pkcs11
      module: /opt/hsm.so
      tokenLabel: right
      pin: { environment: HSM_PIN }
      pool: { threads: 32, queueLimit: 500, timeoutMs: 1000 }
      mechanisms: { sm4KeyType: 0x80000001, sm4KeyGen: 0x80000002, sm4Ecb: 0x80000003, sm4Cbc: 0x80000004 }
`;
  const config = loadConfig(file(hsm(group)), {});
  t.match(config.hsm, {
    provider: 'group',
    mode: 'failover',
    members: [
      { tokenLabel: 'left', masters: 'ceremony', openStreams: 1_024 },
      {
        pool: { threads: 32, queueLimit: 500, timeoutMs: 1_000 },
        mechanisms: { sm4KeyType: 0x8000_0001, sm4Cbc: 0x8000_0004 },
      },
    ],
  });
  // biome-ignore format: a table, one fault a line.
  const wrong: [string, RegExp][] = [
    ['  provider: group\n  members: [{ provider: software }]\n',              /hsm\.members: /],
    ['  provider: pkcs11\n  module: nss\n  pin: "1234"\n',                    /hsm\.pin: /],
    ['  provider: pkcs11\n  module: nss\n  mechanisms: { sm4Ecb: 1 }\n',      /hsm\.mechanisms\.sm4KeyType: /],
    ['  provider: pkcs11\n  module: nss\n  pool: { threads: 0 }\n',           /hsm\.pool\.threads: /],
  ];
  for (const [text, fault] of wrong) t.match(faults(hsm(text)), fault);
});

t.test('the HSM that the documentation shows', async (t) => {
  const [, sample] = /```yaml\n(hsm:[\s\S]*?)```/.exec(readFileSync('docs/hsm.md', 'utf8')) ?? [];
  const { hsm } = loadConfig(file(GOOD + sample), {});
  t.match(hsm, { provider: 'group', members: [{ name: 'left' }, { name: 'right' }] });
});
