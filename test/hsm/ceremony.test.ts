import '../support/plain-children.ts';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { importFromComponents, signProtocol, verifyProtocol } from '../../hsm/ceremony.ts';
import { bytes, codeOf } from './hex.ts';
import { eachProvider } from './providers.ts';

const folder = mkdtempSync(join(tmpdir(), 'posp-ceremony-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const PART_A = '138CE5B32C0E9126C291E970EA98764C';
const PART_B = '1FD3C2437F6EE6DCD9383E1A49E9674C';

function components(...parts: [string, string][]) {
  return parts.map(([holder, hex]) => ({ holder, bytes: bytes(hex) }));
}

t.test('a key from two people, with a protocol that says nothing secret', async (t) => {
  await eachProvider(t, async (t, hsm) => {
    const spec = { algorithm: '3des', purpose: 'kek' } as const;
    const people = components(['王芳', PART_A], ['李娜', PART_B]);
    const at = new Date('2026-11-20T02:00:00Z');
    const { key, protocol } = await importFromComponents(hsm, spec, people, at);
    t.equal(key.checkValue, '9BAE3E97', 'the published sum of the two');
    t.match(protocol, {
      made: 'key',
      at: '2026-11-20T02:00:00.000Z',
      components: [
        { holder: '王芳', checkValue: 'FA16CB8C' },
        { holder: '李娜', checkValue: '90625615' },
      ],
      checkValue: '9BAE3E97',
    });
    t.ok(
      people.every((person) => person.bytes.every((byte) => byte === 0)),
      'components are wiped',
    );
    const signingKey = await hsm.generateKey({ algorithm: 'sm2', purpose: 'sign' });
    const signed = await signProtocol(hsm, signingKey, protocol);
    t.notMatch(JSON.stringify(signed), /138CE5B3|1FD3C243|0C5F27F0/i);
    t.equal(await verifyProtocol(hsm, signed), true);
    const forged = { ...signed, protocol: { ...protocol, checkValue: '00000000' } };
    t.equal(await verifyProtocol(hsm, forged), false);
    // biome-ignore format: a table, one case a line.
    const refused: [string, ReturnType<typeof components>][] = [
      ['one person',                components(['a', PART_A])],
      ['four people',               components(['a', PART_A], ['b', PART_B], ['c', `${'11'.repeat(15)}12`], ['d', `${'22'.repeat(15)}23`])],
      ['the same person twice',     components(['Wang', PART_A], ['wang ', PART_B])],
      ['the same component twice',  components(['a', PART_A], ['b', PART_A])],
      ['a component of zeros',      components(['a', PART_A], ['b', '00'.repeat(16)])],
      ['a component too short',     components(['a', PART_A], ['b', PART_B.slice(2)])],
      ['a sum of ones',             components(['a', PART_A], ['b', 'EC731A4CD3F16ED93D6E168F156789B3'])],
      ['a left half of zeros',      components(['a', PART_A], ['b', PART_A.slice(0, 16) + PART_B.slice(16)])],
      ['zeros but for parity',      components(['a', PART_A], ['b', `138CE5B32C0E9127${PART_B.slice(16)}`])],
      ['a weak right half',         components(['a', PART_A], ['b', `${PART_B.slice(0, 16)}DD8EF66FE4967842`])],
      ['the same half twice',       components(['a', PART_A], ['b', `${PART_B.slice(0, 16)}CECECE80B9F801B6`])],
    ];
    for (const [name, parts] of refused) {
      t.equal(await codeOf(() => importFromComponents(hsm, spec, parts, at)), 'bad_input', name);
    }
  });
});

/** `posp hsm …` in a process of its own, which reads the components from its input. */
function posp(parameters: string[], input: string) {
  const script = `
    import { Command } from 'commander';
    const { addHsmCommand } = await import(${JSON.stringify(new URL('../../cli/hsm.js', import.meta.url).href)});
    const program = new Command('posp');
    addHsmCommand(program);
    await program.parseAsync(${JSON.stringify(['hsm', ...parameters])}, { from: 'user' });`;
  const options = ['--input-type=module', '--eval', script];
  return spawnSync(process.execPath, options, { input, encoding: 'utf8' });
}

t.test('posp hsm ceremony and status', async (t) => {
  const data = join(folder, 'data');
  const token = ['--hsm', 'software', '--data', data];
  const file = (name: string) => join(folder, name);
  const signing = ['--signing-key', file('signing.json'), '--holders', 'A,B'];
  const master = posp(
    ['ceremony', 'master', ...token, ...signing, '--protocol', file('master.json')],
    `${PART_A}${PART_B}\n${PART_B}${PART_A}\n`,
  );
  t.equal(master.status, 0, master.stderr);
  t.match(master.stderr, /check value of component 1: [0-9A-F]{8}/);
  const key = posp(
    [
      'ceremony',
      'key',
      ...token,
      ...signing,
      '--algorithm',
      '3des',
      '--purpose',
      'kek',
      '--out',
      file('tmk.json'),
      '--json',
    ],
    `${PART_A}\n${PART_B}\n`,
  );
  t.equal(key.status, 0, key.stderr);
  t.match(JSON.parse(key.stdout), { key: { checkValue: '9BAE3E97', purpose: 'kek' } });
  t.equal(posp(['ceremony', 'verify', file('master.json')], '').status, 0);
  const changed = readFileSync(file('master.json'), 'utf8').replace('"A"', '"C"');
  writeFileSync(file('changed.json'), changed);
  t.equal(posp(['ceremony', 'verify', file('changed.json')], '').status, 1);
  const again = posp(
    ['ceremony', 'master', ...token, ...signing],
    `${PART_A}${PART_B}\n${PART_B}${PART_A}\n`,
  );
  t.equal(again.status, 2);
  t.match(again.stderr, /master keys already/);
  const short = posp(
    ['ceremony', 'key', ...token, ...signing, '--algorithm', '3des', '--purpose', 'kek'],
    `${PART_A}\n`,
  );
  t.equal(short.status, 2, 'the second component is missing');
  const kek = ['--algorithm', '3des', '--purpose', 'kek'];
  const people = ['--holders', 'A,B'];
  // biome-ignore format: a table, one case a line.
  const refused: [string, string[], string, RegExp][] = [
    ['a digit too many',       people,                  `${PART_A}0\n`,             /of 2, A: \n.*32 hexadecimal digits/],
    ['letters at the end',     people,                  `${PART_A.slice(2)}zz\n`,   /of 2, A: \n.*32 hexadecimal digits/],
    ['one repeated byte',      people,                  `${'11'.repeat(16)}\n`,     /of 2, A: \n.*one repeated byte/],
    ['the same once more',     people,                  `${PART_A}\n${PART_A}\n`,   /of 2, B: \n.*cancel out/],
    ['one holder twice',       ['--holders', 'A,a'],    '',                         /^posp: .*another person/],
    ['a protocol nowhere',     [...people, '--protocol', '/nowhere/p'], '',         /^posp: --protocol: .* no such folder/],
    ['an output that is there', [...people, '--out', file('tmk.json')], '',         /^posp: --out: .* there already/],
    ['no signing key',         [...people, '--signing-key', file('changed.json')], '', /^posp: --signing-key: .* not a stored key/],
    ['89 million terminals',   [...people, '--terminals', '10000001-99999999'], '', /^posp: --terminals: more than 100000/],
    ['four holders',           ['--holders', 'A,B,C,D'], '',                        /^posp: .*two or three/],
  ];
  for (const [name, who, input, expected] of refused) {
    const ran = posp(['ceremony', 'key', ...token, ...kek, ...who], input);
    t.match(ran, { status: 2, stderr: expected }, name);
    t.notMatch(ran.stderr, /check value of component 2/, name);
  }
  const status = posp(['status', ...token, '--json'], '');
  t.match(JSON.parse(status.stdout), { provider: 'software', production: false, state: 'ready' });
  for (const { stdout, stderr } of [master, key, again, short, status]) {
    t.notMatch(stdout + stderr, new RegExp(`${PART_A}|${PART_B}|0C5F27F0536077FA`, 'i'));
  }
});
