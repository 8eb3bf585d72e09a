import '../support/plain-children.ts';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import t from 'tap';
import { askControl } from '../../api/control.ts';
import { CARD, OUTPATIENT } from '../support/cards.ts';
import { setRules } from '../support/control.ts';
import { Desk } from '../support/desk.ts';
import { OutsideTerminal } from '../support/outside-terminal.ts';
import { servedFor, temporaryFolder } from '../support/serve.ts';

t.test('only addresses on the list may connect', async (t) => {
  const served = await servedFor(t, 'sources');
  const desk = await Desk.at(served.port);
  t.equal(await desk.act('purchase', { pan: CARD.good, fen: 1 }), '00');
  await setRules(served, 'listener/terminals', { sources: ['10.0.0.0/8', '192.168.1.7'] });
  t.equal(await desk.next(), null, 'a connection from elsewhere is cut');
  const stranger = new OutsideTerminal('10000002', OUTPATIENT);
  await stranger.connect(served.port);
  t.equal(await stranger.next(), null, 'a new one is not let in');
  await setRules(served, 'listener/terminals', { sources: ['127.0.0.0/8'] });
  const again = await Desk.at(served.port, '10000003');
  t.equal(await again.act('purchase', { pan: CARD.good, fen: 2 }), '00', 'a listed one is');
  again.disconnect();
});

t.test('TLS with client certificates', async (t) => {
  const folder = temporaryFolder('tls');
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const files = certificates(folder);
  const served = await servedFor(t, 'tls', {
    POSP__LISTENERS__0__TLS__CERTIFICATE: files.server.certificate,
    POSP__LISTENERS__0__TLS__KEY: files.server.key,
    POSP__LISTENERS__0__TLS__CLIENT_AUTHORITY: files.authority,
    POSP__LISTENERS__0__TLS__CLIENT_NAMES__0: 'terminal-concentrator',
  });
  const terminal = new OutsideTerminal('10000001', OUTPATIENT);
  const ask = (client?: { certificate: string; key: string }) =>
    exchange(served.port, terminal.signInFrame(), files.authority, client);
  t.match(await ask(files.client), /^..6000000006/s, 'the right certificate gets an answer');
  t.equal(await ask(files.other), 'closed', 'another name does not');
  t.equal(await ask(files.stranger), 'closed', 'nor does another authority’s');
  t.equal(await ask(), 'closed', 'nor none');
  t.equal(await plain(served.port, terminal), null, 'nor somebody without TLS');

  const reload = () => askControl(served.dataDir, 'reload', {});
  const first = secured(served.port, files.authority, files.client);
  t.match(await said(first, terminal.signInFrame()), /^..6000000006/s);
  t.match(await reload(), { result: { changed: [] } });
  t.match(await said(first, terminal.signInFrame()), /^..6000000006/s, 'it outlives a reload');
  const second = secured(served.port, files.authority, files.client);
  t.match(await said(second, terminal.signInFrame()), /^..6000000006/s, 'beside a new one');
  const ended = said(first);
  await reload();
  t.equal(await ended, 'closed', 'the next reload ends it');
  t.match(await said(second, terminal.signInFrame()), /^..6000000006/s, 'the new one goes on');
  const metrics = await (await fetch(`http://127.0.0.1:${served.httpPort}/metrics`)).text();
  const signIns = /posp_requests_total\{kind="sign-in",response_code="00"\} (\d+)/.exec(metrics);
  t.equal(signIns?.[1], '5', 'every request is counted once, whichever worker had it');
  second.destroy();
});

type Client = { certificate: string; key: string };

/** Sends a frame over TLS; gives the answer's first bytes in hex, or `closed`. */
async function exchange(
  port: number,
  frame: Buffer,
  authority: string,
  client?: Client,
): Promise<string> {
  const socket = secured(port, authority, client);
  const answer = await said(socket, frame);
  socket.destroy();
  return answer;
}

function secured(port: number, authority: string, client?: Client): TLSSocket {
  const own =
    client === undefined
      ? {}
      : { cert: readFileSync(client.certificate), key: readFileSync(client.key) };
  const ca = readFileSync(authority);
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...own });
  return socket.on('error', () => {});
}

/** What comes next, after a frame was sent: its first bytes in hex, or `closed`. */
function said(socket: TLSSocket, frame?: Buffer): Promise<string> {
  return new Promise((resolve) => {
    if (frame !== undefined) socket.write(frame);
    socket.once('data', (data: Buffer) => resolve(`..${data.subarray(2, 7).toString('hex')}`));
    socket.once('close', () => resolve('closed'));
  });
}

async function plain(port: number, terminal: OutsideTerminal): Promise<unknown> {
  await terminal.connect(port);
  return terminal.ask(terminal.signInFrame());
}

/** An authority, and certificates made with openssl. */
function certificates(folder: string) {
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  for (const name of ['authority', 'elsewhere']) {
    const out = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
    openssl('req', '-x509', ...ec, '-subj', `/CN=${name}`, ...out);
  }
  const issue = (name: string, commonName: string, authority = 'authority') => {
    const out = ['-keyout', `${name}.key`, '-out', `${name}.csr`];
    openssl('req', '-new', ...ec.slice(0, 5), '-subj', `/CN=${commonName}`, ...out);
    writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost\n');
    const signer = ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-CAcreateserial'];
    const into = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-days', '2', '-extfile', 'names'];
    openssl('x509', '-req', ...signer, ...into);
    return { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  };
  return {
    authority: join(folder, 'authority.pem'),
    server: issue('server', 'localhost'),
    client: issue('client', 'terminal-concentrator'),
    other: issue('other', 'somebody'),
    stranger: issue('stranger', 'terminal-concentrator', 'elsewhere'),
  };
}
