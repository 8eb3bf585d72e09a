import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
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

const softhsm = findModule('softhsm');

t.test('the path of a module that can run embedded is enough', { skip: !softhsm }, async (t) => {
  const folder = temporaryFolder('hsm-path');
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const ran = await posp(['hsm', 'status', '--hsm', softhsm!, '--data', folder, '--json']);
  t.match(documentOf(ran), { state: 'ready', token: { label: /^posp-/ } }, ran.stderr);
});
