import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { askControl } from '../../api/control.ts';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { documentOf, posp } from '../support/posp.ts';
import { serve, temporaryFolder } from '../support/serve.ts';

const RELOADS = Number(process.env['POSP_TEST_RELOADS'] ?? 12);
const TERMINALS = 8;

t.test('reloads under load cost no connection and no transaction', async (t) => {
  const dataDir = join(temporaryFolder('reload'), 'data');
  const served = await serve(dataDir, { POSP__SWITCH_WORKERS: '2', POSP__LOG__LEVEL: 'warn' });
  t.teardown(() => served.kill());
  let over = false;
  const lanes = Array.from({ length: TERMINALS }, async (_, index) => {
    const terminal = new OutsideTerminal(String(10_000_001 + index), OUTPATIENT);
    await terminal.connect(served.port);
    await terminal.signIn();
    const codes = new Map<string, number>();
    while (!over) {
      const frame = terminal.frame('0200', terminal.purchaseFields(CARD.good, 1), 'right');
      const answer = await terminal.ask(frame);
      const code = answer === null ? 'connection lost' : String(answer.fields.get(39));
      codes.set(code, (codes.get(code) ?? 0) + 1);
      if (answer === null) break;
    }
    terminal.disconnect();
    return codes;
  });
  let reloaded = 0;
  for (let round = 0; round < RELOADS; round++) {
    const answer = await askControl(dataDir, 'reload', {});
    if (answer !== null && 'result' in answer) reloaded++;
  }
  over = true;
  const codes = await Promise.all(lanes);
  t.equal(reloaded, RELOADS, 'every reload was done');
  for (const [index, counted] of codes.entries()) {
    t.same([...counted.keys()], ['00'], `terminal ${index}: ${JSON.stringify([...counted])}`);
  }
  const paid = codes.reduce((sum, counted) => sum + (counted.get('00') ?? 0), 0);
  const metrics = await (await fetch(`http://127.0.0.1:${served.httpPort}/metrics`)).text();
  const counted = /posp_requests_total\{kind="purchase",response_code="00"\} (\d+)/.exec(metrics);
  t.equal(Number(counted?.[1]), paid, 'what workers counted that are gone still counts');
  t.equal(await served.stop(), 0);
  const verified = await posp(['ledger', 'verify', '--data', dataDir, '--json']);
  t.equal(documentOf(verified)['balancesVerified'], true);
});

t.test('half a frame that one worker read is finished by the next', async (t) => {
  const dataDir = join(temporaryFolder('reload-half'), 'data');
  const served = await serve(dataDir);
  t.teardown(() => served.kill());
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  for (const cut of [1, 2, 40]) {
    const frame = terminal.frame('0200', terminal.purchaseFields(CARD.good, 1), 'right');
    terminal.write(frame.subarray(0, cut));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const ran = await posp(['reload', '--data', dataDir, '--json']);
    t.equal(ran.code, 0);
    const answer = await terminal.ask(frame.subarray(cut));
    t.equal(answer?.fields.get(39), '00', `${cut} byte(s) before the reload`);
  }
  terminal.disconnect();
});

t.test('a wrong configuration is refused with its line, and nothing changes', async (t) => {
  const folder = temporaryFolder('reload-wrong');
  const file = join(folder, 'hospital.yaml');
  copyFileSync(join(process.cwd(), 'config', 'sample.yaml'), file);
  const dataDir = join(folder, 'data');
  const served = await serve(dataDir, {}, ['--config', file]);
  t.teardown(() => served.kill());
  const good = readFileSync(file, 'utf8');
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  // biome-ignore format: a table, one change a line.
  const cases: [string, string, RegExp][] = [
    [good.replace('dialect: cup', 'dialect: morse'), 'unknown value', /hospital\.yaml:\d+: listeners\.0\.dialect/],
    [`${good}\nlisteners: [`,                        'no YAML',       /hospital\.yaml/],
    [`${good}\nledger: { encrypted: true }\n`,       'needs restart', /ledger cannot change while posp runs/],
  ];
  for (const [text, name, reason] of cases) {
    writeFileSync(file, text);
    const ran = await posp(['reload', '--data', dataDir, '--json']);
    t.equal(ran.code, 1, name);
    t.match(documentOf(ran)['error'], reason, name);
    const frame = terminal.frame('0200', terminal.purchaseFields(CARD.good, 1), 'right');
    t.equal((await terminal.ask(frame))?.fields.get(39), '00', `${name}: it goes on`);
  }
  writeFileSync(file, good.replace('dialect: cup', 'dialect: cup\n    inFlightMax: 7'));
  const ran = await posp(['reload', '--data', dataDir, '--json']);
  t.same(documentOf(ran), { reloaded: true, changed: ['listeners'] });
  terminal.disconnect();
});
