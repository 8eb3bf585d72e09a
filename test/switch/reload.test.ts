import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { askControl } from '../../api/control.ts';
import { bankCard, bankHost, simulatorHsm, until, ZONE_MASTER_KEY } from '../support/bank.ts';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { documentOf, posp } from '../support/posp.ts';
import { serve, temporaryFolder } from '../support/serve.ts';

const RELOADS = Number(process.env['POSP_TEST_RELOADS'] ?? 12);
const TERMINALS = 8;

/** Hosts and routes as reloads change them, over and over. All bank cards have the BIN 622848. */
function configurations(text: string, [port, secondPort]: number[]): string[] {
  const host = (name: string, to: number, more = '') =>
    `  - { name: ${name}, connect: [{ address: 127.0.0.1, port: ${to} }], ${more}
      testZoneMasterKey: ${ZONE_MASTER_KEY}, reconnect: { firstMs: 20, maxMs: 100 } }\n`;
  const first = host('bank', port!);
  const second = host('second', secondPort!);
  const kept = text.slice(0, text.indexOf('# Bank cards go'));
  const rest = text.slice(text.indexOf('\nhttp:'));
  const made = (hosts: string, to: string) =>
    `${kept}hosts:\n${hosts}routes:\n  - { bins: ["622848"], host: ${to} }\n${rest}`;
  return [
    made(first, 'bank'),
    made(host('bank', port!, 'links: 3, answerTimeoutMs: 20000,'), 'bank'),
    made(first + second, 'bank'),
    made(first + second, 'second'),
    made(second, 'second'),
    made(host('second', secondPort!, 'connection: short,'), 'second'),
  ];
}

/** A port that nobody listens on. */
function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Pays until it is over; what was answered, and how often. */
async function payOn(terminal: OutsideTerminal, port: number, card: string, over: () => boolean) {
  await terminal.connect(port);
  await terminal.signIn();
  const codes = new Map<string, number>();
  while (!over()) {
    const frame = terminal.frame('0200', terminal.purchaseFields(card, 1), 'right');
    const answer = await terminal.ask(frame);
    const code = answer === null ? 'connection lost' : String(answer.fields.get(39));
    codes.set(code, (codes.get(code) ?? 0) + 1);
    if (answer === null) break;
  }
  terminal.disconnect();
  return codes;
}

t.test('reloads under load cost no connection and no transaction', async (t) => {
  const hsm = await simulatorHsm();
  // One answer in eight takes its time, so that something is under way at every change of hosts.
  let requests = 0;
  const options = {
    behave: () => (++requests % 8 === 0 ? 'late' : 'approve'),
    lateMs: 150,
  } as const;
  const banks = [await bankHost(hsm, options), await bankHost(hsm, options)];
  const ports = [await banks[0]!.listen(0), await banks[1]!.listen(0)];
  const folder = temporaryFolder('reload');
  const dataDir = join(folder, 'data');
  const file = join(folder, 'hospital.yaml');
  const sample = readFileSync(join(process.cwd(), 'config', 'sample.yaml'), 'utf8');
  const texts = configurations(sample, ports);
  writeFileSync(file, texts[0]!);
  const environment = { POSP__SWITCH_WORKERS: '2', POSP__LOG__LEVEL: 'warn' };
  const served = await serve(dataDir, environment, ['--config', file]);
  t.teardown(async () => {
    await served.kill();
    await Promise.all(banks.map((bank) => bank.close()));
  });
  await until(() => banks[0]!.signOns > 0, 'sign-on');
  let over = false;
  const lanes = Array.from({ length: TERMINALS }, (_, index) => {
    const terminal = new OutsideTerminal(String(10_000_001 + index), OUTPATIENT);
    const card = index < TERMINALS / 2 ? CARD.good : bankCard(index).number;
    return payOn(terminal, served.port, card, () => over);
  });
  let reloaded = 0;
  for (let round = 1; round <= RELOADS; round++) {
    writeFileSync(file, texts[round % texts.length]!);
    const answer = await askControl(dataDir, 'reload', {});
    if (answer !== null && 'result' in answer) reloaded++;
    else t.comment(JSON.stringify(answer));
  }
  over = true;
  const codes = await Promise.all(lanes);
  t.equal(reloaded, RELOADS, 'every reload was done');
  for (const [index, counted] of codes.entries()) {
    t.same([...counted.keys()], ['00'], `terminal ${index}: ${JSON.stringify([...counted])}`);
  }
  const paidBy = (lanes: Map<string, number>[]) =>
    lanes.reduce((sum, counted) => sum + (counted.get('00') ?? 0), 0);
  const metrics = await (await fetch(`http://127.0.0.1:${served.httpPort}/metrics`)).text();
  const counted = /posp_requests_total\{kind="purchase",response_code="00"\} (\d+)/.exec(metrics);
  t.equal(Number(counted?.[1]), paidBy(codes), 'what workers counted that are gone still counts');
  const owedFen = banks.map(({ books }) => books.owedFen);
  t.ok(owedFen[1]! > 0, `both banks had a part: ${owedFen}`);
  const fromBanks = paidBy(codes.slice(TERMINALS / 2));
  t.equal(owedFen[0]! + owedFen[1]!, fromBanks, 'the banks’ books say the same');
  t.equal(banks[0]!.books.reversals + banks[1]!.books.reversals, 0, 'and nothing was reversed');
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
  const listening = `  - { name: other, listen: { address: 127.0.0.1, port: ${served.httpPort} } }\n`;
  const another =
    '  - { name: other, connect: [{ address: 127.0.0.1, port: 1 }], signOn: false }\n';
  // biome-ignore format: a table, one change a line.
  const cases: [string, string, RegExp][] = [
    [good.replace('dialect: cup', 'dialect: morse'), 'unknown value', /hospital\.yaml:\d+: listeners\.0\.dialect/],
    [`${good}\nlisteners: [`,                        'no YAML',       /hospital\.yaml/],
    [good.replace('host: bank', 'host: nobody'),     'no such host',  /hospital\.yaml:\d+: routes\.0\.host: there is no host nobody/],
    [good.replace('routes:', `${listening}\nroutes:`), 'a host’s address is taken',     /EADDRINUSE/],
    [good.replace('routes:', `${another}\nroutes:`).replace('dialect: cup', `dialect: cup\n  - { name: more, port: ${served.httpPort} }`), 'a terminals’ address is taken', /EADDRINUSE|cannot/],
    [`${good}\nledger: { encrypted: true }\n`,       'needs restart', /ledger cannot change while posp runs/],
  ];
  for (const [text, name, reason] of cases) {
    writeFileSync(file, text);
    const ran = await posp(['reload', '--data', dataDir, '--json']);
    t.equal(ran.code, 1, name);
    t.match(documentOf(ran)['error'], reason, name);
    const frame = terminal.frame('0200', terminal.purchaseFields(CARD.good, 1), 'right');
    t.equal((await terminal.ask(frame))?.fields.get(39), '00', `${name}: it goes on`);
    const { result } = (await askControl(dataDir, 'hosts/status', {})) as { result: unknown[] };
    t.match(result, [{ name: 'bank' }], `${name}: the hosts are what they were`);
    t.equal(result.length, 1);
  }
  writeFileSync(file, good.replace('dialect: cup', 'dialect: cup\n    inFlightMax: 7'));
  const ran = await posp(['reload', '--data', dataDir, '--json']);
  t.same(documentOf(ran), { reloaded: true, changed: ['listeners'] });

  const port = await freePort();
  const withMore = good.replace('dialect: cup', `dialect: cup\n  - { name: more, port: ${port} }`);
  writeFileSync(file, withMore);
  t.equal((await posp(['reload', '--data', dataDir])).code, 0);
  const newcomer = new OutsideTerminal('10000002', OUTPATIENT);
  await newcomer.connect(port);
  await newcomer.signIn();
  const paid = await newcomer.ask(newcomer.purchase(CARD.good, 1));
  t.equal(paid?.fields.get(39), '00', 'a channel that was added serves');
  writeFileSync(file, good);
  t.equal((await posp(['reload', '--data', dataDir])).code, 0);
  t.equal(await newcomer.next(), null, 'one that was taken away ends its connections');
  await t.rejects(newcomer.connect(port), { code: 'ECONNREFUSED' }, 'and takes no more');
  const after = await terminal.ask(terminal.purchase(CARD.good, 1));
  t.equal(after?.fields.get(39), '00', 'the other channel has noticed nothing');
  terminal.disconnect();
});
