import '../support/plain-children.ts';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { CLI, type Served, servedFor } from '../support/serve.ts';

const MASTER_KEYS = ['0123456789ABCDEFFEDCBA9876543210', '00112233445566778899AABBCCDDEEFF'];
const TRACK = `${CARD.good}D30122010000000000`;

/** Every file below a folder, as one byte string each. */
function files(folder: string): { name: string; bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile())
    .map((name) => ({ name, bytes: readFileSync(name) }));
}

/** A secret as it could have been written: bytes, hex in both cases, text. */
function forms(secret: Buffer): Buffer[] {
  const hex = secret.toString('hex');
  return [secret, Buffer.from(hex), Buffer.from(hex.toUpperCase())];
}

async function day(served: Served): Promise<OutsideTerminal> {
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  await terminal.connect(served.port);
  await terminal.signIn();
  const answer = await terminal.ask(terminal.purchase(CARD.good, 100, '123456'));
  t.equal(answer?.fields.get(39), '00');
  await terminal.ask(terminal.purchase(CARD.lost, 100, '123456'));
  await terminal.ask(terminal.frame('0200', terminal.purchaseFields(CARD.good, 1), 'wrong'));
  terminal.disconnect();
  return terminal;
}

for (const provider of ['software', 'nss', 'softhsm']) {
  t.test(`no clear key, PIN or track on disk or in the log, ${provider}`, async (t) => {
    const pkcs11 = { POSP__HSM__PROVIDER: 'pkcs11', POSP__HSM__MODULE: provider };
    const environment = provider === 'software' ? { POSP__HSM__PROVIDER: provider } : pkcs11;
    const served = await servedFor(t, 'secrets', { ...environment, POSP__LOG__LEVEL: 'trace' });
    const terminal = await day(served);
    const pinBlock = terminal.pinBlock('123456', CARD.good);
    const secrets: [what: string, forms: Buffer[]][] = [
      ...MASTER_KEYS.map((key): [string, Buffer[]] => [
        'a master key',
        forms(Buffer.from(key, 'hex')),
      ]),
      ['the PIN key', forms(terminal.pik)],
      ['the MAC key', forms(terminal.mak)],
      ['the encrypted PIN block', forms(pinBlock)],
      ['the clear PIN block', forms(Buffer.from('06123456FFFFFFFE', 'hex'))],
      ['track 2', [Buffer.from(TRACK), Buffer.from(`${TRACK}0`, 'hex')]],
    ];
    const metrics = await (await fetch(`http://127.0.0.1:${served.httpPort}/metrics`)).text();
    const health = await (await fetch(`http://127.0.0.1:${served.httpPort}/healthz`)).text();
    t.equal(await served.stop(), 0);
    const journal = execFileSync(process.execPath, [
      CLI,
      'ledger',
      'journal',
      '--data',
      served.dataDir,
      '--json',
    ]);
    const places = [
      ...files(served.dataDir),
      { name: 'the log', bytes: Buffer.from(served.log()) },
      { name: 'the metrics', bytes: Buffer.from(metrics) },
      { name: 'the health page', bytes: Buffer.from(health) },
      { name: 'posp ledger journal', bytes: journal },
    ];
    t.ok(places.length > 6, `${places.length} places were searched`);
    for (const [what, written] of secrets) {
      const found = places.filter(({ bytes }) => written.some((form) => bytes.includes(form)));
      t.strictSame(
        found.map(({ name }) => name),
        [],
        `${what} is nowhere`,
      );
    }
    for (const { name, bytes } of places.slice(-4)) {
      t.notOk(bytes.includes(Buffer.from(CARD.good)), `${name} shows no card number in full`);
    }
  });
}
