import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { findModule } from '../../hsm/open.ts';
import { documentOf, posp } from '../support/posp.ts';
import { temporaryFolder } from '../support/serve.ts';

const PART_A = '138CE5B32C0E9126C291E970EA98764C1FD3C2437F6EE6DCD9383E1A49E9674C';
const PART_B = '2FD3C2437F6EE6DCD9383E1A49E9674C338CE5B32C0E9126C291E970EA98764C';

t.test('posp hsm works on the HSM of a configuration: here a group, all of it', async (t) => {
  const folder = temporaryFolder('hsm-config');
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'secret'), 'a passphrase for the test\n');
  const config = join(folder, 'posp.yaml');
  const member = (name: string) =>
    `{ provider: software, name: ${name}, masters: ceremony, passphrase: { file: ${folder}/secret } }`;
  writeFileSync(
    config,
    `dataDir: ${folder}/data
listeners: [{ name: terminals, port: 0 }]
http: { port: 0 }
hsm:
  provider: group
  mode: failover
  members: [${member('left')}, ${member('right')}]
`,
  );
  const hsm = (parameters: string[], input = '') =>
    posp(['hsm', ...parameters, '--config', config], {}, input);
  const before = await hsm(['status']);
  t.match(before, { code: 2, stderr: /no master keys: run posp hsm ceremony/ });
  const people = ['ceremony', 'master', '--holders', '王芳,李娜'];
  const made = await hsm(people, `${PART_A}\n${PART_B}\n`);
  t.equal(made.code, 0, made.stderr);
  const status = await hsm(['status', '--json']);
  t.equal(status.code, 0, status.stderr);
  t.match(documentOf(status), {
    provider: 'group',
    state: 'ready',
    masters: [1],
    members: [
      { name: 'left', state: 'ready' },
      { name: 'right', state: 'ready' },
    ],
  });
  const next = await hsm([...people, '--next'], `${PART_B}\n${PART_A}\n`);
  t.equal(next.code, 0, next.stderr);
  t.match(documentOf(await hsm(['status', '--json'])), { masters: [1, 2] }, 'both have the next');
  const random = await hsm(['rewrap', '--new-master']);
  t.match(random, { code: 2, stderr: /from components/ }, 'at random they would differ');
});

t.test('looking at the HSM of a data folder that is not there makes none', async (t) => {
  const folder = temporaryFolder('hsm-none');
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, 'data');
  for (const named of [[], ['--hsm', 'software']]) {
    const ran = await posp(['hsm', 'status', '--data', data, '--json', ...named]);
    t.match(ran, {
      code: 2,
      stdout: '',
      stderr: /^posp: there is no data folder .*posp serve.*\n$/,
    });
  }
  t.notOk(existsSync(data));
});

// biome-ignore format: a table, one module a line: its name, what --hsm says, and what holds its token.
const MODULES = [
  ['nss',     'nss',                 'key4.db'],
  ['softhsm', findModule('softhsm'), 'tokens'],
] as const;

for (const [kind, named, holder] of MODULES) {
  const skip = findModule(kind) === null ? `the ${kind} module is not installed` : false;
  t.test(`${kind}: a token is made once, and missed when it is gone`, { skip }, async (t) => {
    const folder = temporaryFolder(`hsm-${kind}`);
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const data = join(folder, 'data');
    mkdirSync(data);
    const hsm = (parameters: string[], ...lines: string[]) =>
      posp(['hsm', ...parameters, '--hsm', named!, '--data', data], {}, lines.join('\n'));
    const people = ['--holders', '王芳,李娜'];
    const key = ['ceremony', 'key', '--algorithm', 'aes', '--length', '32', '--purpose', 'kek'];
    const looked = await hsm(['status']);
    t.match(looked, { code: 2, stderr: /there is no token in .* posp hsm ceremony master/ });
    const weak = PART_A.replace(/^.{16}/, PART_B.slice(0, 16));
    t.match(await hsm([...key, ...people], weak, PART_B), { code: 2, stderr: /weak key/ });
    t.strictSame(readdirSync(data), [], 'who looks or is refused makes nothing');

    const first = ['a', 'b', 'c'].map((name) =>
      hsm([...key, ...people, '--signing-key', join(folder, name)], PART_A, PART_B),
    );
    for (const ran of await Promise.all(first)) t.equal(ran.code, 0, ran.stderr);
    const status = documentOf(await hsm(['status', '--json']));
    t.match(status, { state: 'ready', masters: [1], token: { label: /^posp-/ } });
    const second = await hsm(['ceremony', 'master', ...people]);
    t.match(second, { code: 2, stderr: /^posp: .* master keys already/ }, 'before anybody types');

    const token = join(data, 'hsm', kind);
    rmSync(join(token, holder), { recursive: true });
    for (const command of [['status'], [...key, ...people], ['ceremony', 'master', ...people]]) {
      t.match(await hsm(command), { code: 2, stderr: /^posp: .* is gone: .*token_not_found/ });
    }
    t.notOk(existsSync(join(token, holder)), 'nothing took its place');
    rmSync(token, { recursive: true });
    const unknown = await hsm([...key, ...people], PART_A, PART_B);
    t.match(unknown, { code: 2, stderr: /^posp: there is no token/ }, 'the data folder remembers');
    const made = await hsm(
      ['ceremony', 'master', ...people, '--signing-key', join(folder, 'd')],
      PART_A,
      PART_B,
    );
    t.equal(made.code, 0, made.stderr);
  });
}
