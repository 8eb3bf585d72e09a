import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { findModule } from '../../hsm/open.ts';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { documentOf, posp } from '../support/posp.ts';
import { serve, temporaryFolder } from '../support/serve.ts';

const PART_A = '138CE5B32C0E9126C291E970EA98764C';
const PART_B = '1FD3C2437F6EE6DCD9383E1A49E9674C';
const PEOPLE = ['--holders', '王芳,李娜'];

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const status = statSync(path);
    if (status.isDirectory()) return filesBelow(path);
    return status.isFile() ? [path] : [];
  });
}

function sum(one: string, other: string): string {
  const [a, b] = [Buffer.from(one, 'hex'), Buffer.from(other, 'hex')];
  return Buffer.from(a.map((byte, at) => byte ^ b[at]!))
    .toString('hex')
    .toUpperCase();
}

for (const module of ['software', 'nss'] as const) {
  const skip = module === 'nss' && findModule('nss') === null ? 'nss is not installed' : false;
  t.test(
    `${module}: keys from people, then a change of masters under load`,
    { skip },
    async (t) => {
      const folder = temporaryFolder(`keys-${module}`);
      t.teardown(() => rmSync(folder, { recursive: true, force: true }));
      const data = join(folder, 'data');
      const hsm = (parameters: string[], lines: string[] = []) =>
        posp(['hsm', ...parameters, '--data', data], {}, lines.map((line) => `${line}\n`).join(''));

      const master = await hsm(
        ['ceremony', 'master', '--hsm', module, ...PEOPLE],
        [PART_A + PART_B, PART_B + PART_A],
      );
      t.equal(master.code, 0, master.stderr);
      t.match(master.stderr, /no ledger yet/);
      let served = await serve(data);
      t.teardown(() => served.kill());
      const journal = async () => (await posp(['ledger', 'journal', '--data', data])).stdout;
      t.match(
        await journal(),
        /key ceremony; master key 1 of \w+; check value [0-9A-F]{8}; by 王芳, 李娜/,
      );

      const key = ['ceremony', 'key', '--algorithm', '3des', '--purpose', 'kek', ...PEOPLE];
      const unknown = await hsm([...key, '--terminals', '10009999']);
      t.equal(unknown.code, 2, 'before anybody enters anything');
      t.match(unknown.stderr, 'there is no terminal 10009999');
      const imported = await hsm(
        [...key, '--terminals', '10000001-10000002', '--json'],
        [PART_A, PART_B],
      );
      t.equal(imported.code, 0, imported.stderr);
      t.match(documentOf(imported), { key: { checkValue: '9BAE3E97', version: 2 } });
      t.match(
        await journal(),
        /10000001-10000002: 3des kek key, version 2; check value 9BAE3E97; by 王芳, 李娜; terminal\/10000001/,
      );

      const terminal = new OutsideTerminal('10000001', OUTPATIENT, sum(PART_A, PART_B));
      const buys = async (what: string) => {
        await terminal.connect(served.port);
        const answer = await terminal.ask(terminal.purchase(CARD.good, 100, '123456'));
        t.equal(answer?.fields.get(39), '00', what);
        t.equal(answer?.macIsRight, true, what);
        terminal.disconnect();
      };
      await terminal.connect(served.port);
      t.equal(
        (await terminal.signIn()).fields.get(39),
        '00',
        'the new master key is the terminal’s',
      );
      terminal.disconnect();
      await buys('before the change');

      const rewrapped = await hsm(['rewrap', '--new-master', '--json']);
      t.equal(rewrapped.code, 0, rewrapped.stderr);
      const { keys } = documentOf(rewrapped) as { keys: number };
      t.match(documentOf(rewrapped), { masterNumber: 2, destroyed: [] });
      t.ok(keys >= 20, `${keys} keys: those of 20 terminals, and others`);
      await buys('with the keys from before, under the new master now');
      const again = await hsm(['rewrap', '--json']);
      t.match(documentOf(again), { masterNumber: 2, keys: 0 }, 'there is nothing left to do');
      await terminal.connect(served.port);
      t.equal((await terminal.signIn()).fields.get(39), '00', 'a sign-in');
      terminal.disconnect();
      const running = await hsm(['rewrap', '--destroy-old']);
      t.match(running, { code: 2, stderr: /stop the switch first/ });
      t.match(await journal(), /master key 2 of \w+ made at random inside/);
      t.match(await journal(), new RegExp(`${keys} keys wrapped under master key 2`));

      t.equal(await served.stop(), 0);
      const destroyed = await hsm(['rewrap', '--destroy-old', '--json']);
      t.equal(destroyed.code, 0, destroyed.stderr);
      t.match(documentOf(destroyed), { masterNumber: 2, destroyed: [1] });
      t.match(await journal(), /master key 1 of \w+ destroyed/);
      served = await serve(data);
      await buys('the old master is gone and nothing needed it');
      t.equal(await served.stop(), 0);
      const verified = await posp(['ledger', 'verify', '--data', data, '--json']);
      t.equal(verified.code, 0);
      for (const secret of [PART_A, PART_B, sum(PART_A, PART_B)]) {
        const forms = [
          Buffer.from(secret),
          Buffer.from(secret.toLowerCase()),
          Buffer.from(secret, 'hex'),
        ];
        for (const file of filesBelow(data)) {
          const content = readFileSync(file);
          for (const form of forms) t.notOk(content.includes(form), `a component in ${file}`);
        }
      }
    },
  );
}
