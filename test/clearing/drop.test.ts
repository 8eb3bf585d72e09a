/** A released day goes to a folder and to an SFTP server: whole, the manifest last, and again harmlessly. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import t from 'tap';
import { sm2KeyPair, sm2Sign } from '../../hsm/operations/sm2.ts';
import { deliver, fingerprintOf, type SftpDrop } from '../../modules/clearing/drop.ts';
import { sha256Of } from '../../modules/clearing/files/contents.ts';
import { type Manifest, statementOf } from '../../modules/clearing/manifest.ts';

const DATE = '20261120';
const MANIFEST = `manifest-${DATE}.json`;

/** A day of two files with a manifest that holds. */
function dayIn(folder: string): Manifest {
  const contents = { 'a.txt': 'first', 'b.csv': 'second' };
  const { privateKey, publicKey } = sm2KeyPair();
  const files = Object.entries(contents).map(([name, text]) => {
    writeFileSync(join(folder, name), text);
    return { name, sha256: sha256Of(Buffer.from(text)), records: 1, totalFen: 0 };
  });
  const format = 'posp-clearing-manifest-1' as const;
  const place = { institution: '4802', date: DATE, version: 1, position: 1, chainHash: '00' };
  const statement = { format, ...place, files };
  const signature = Buffer.from(sm2Sign(privateKey, publicKey, statementOf(statement))).toString(
    'hex',
  );
  const manifest = { ...statement, keyName: 'clearing-seal', publicKey, signature };
  writeFileSync(join(folder, MANIFEST), JSON.stringify(manifest));
  return manifest;
}

const { utils } = ssh2;
const hostKey = utils.generateKeyPairSync('ed25519');
const { STATUS_CODE } = utils.sftp;

/** An SFTP server that keeps its files in memory, and says in which order they got their names. */
async function sftpServer(t: { teardown: (work: () => Promise<void>) => void }) {
  const files = new Map<string, Buffer>();
  const folders = new Set(['/in']);
  const named: string[] = [];
  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) => {
    client.on('authentication', (asked) => {
      const isRight = asked.method === 'password' && asked.password === 'a-password';
      if (isRight) asked.accept();
      else asked.reject(['password']);
    });
    client.on('error', () => {});
    client.on('ready', () => {
      client.on('session', (accept) => {
        accept().on('sftp', (acceptSftp) => serveFiles(acceptSftp(), files, folders, named));
      });
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => new Promise<void>((closed) => server.close(() => closed())));
  return { port: (server.address() as AddressInfo).port, files, named };
}

function serveFiles(
  session: ssh2.SFTPWrapper,
  files: Map<string, Buffer>,
  folders: Set<string>,
  named: string[],
): void {
  const ok = (id: number) => session.status(id, STATUS_CODE.OK);
  const failed = (id: number) => session.status(id, STATUS_CODE.FAILURE);
  const open = new Map<number, string>();
  session.on('MKDIR', (id, path) => {
    if (folders.has(path)) return failed(id);
    folders.add(path);
    ok(id);
  });
  session.on('STAT', (id, path) => {
    if (!folders.has(path)) return session.status(id, STATUS_CODE.NO_SUCH_FILE);
    session.attrs(id, { mode: 0o40755, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 });
  });
  session.on('OPEN', (id, path) => {
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(open.size);
    open.set(open.size, path);
    files.set(path, Buffer.alloc(0));
    session.handle(id, handle);
  });
  session.on('WRITE', (id, handle, offset, data) => {
    const path = open.get(handle.readUInt32BE(0))!;
    files.set(path, Buffer.concat([files.get(path)!.subarray(0, offset), data]));
    ok(id);
  });
  session.on('FSETSTAT', ok);
  session.on('CLOSE', ok);
  session.on('REMOVE', (id, path) => (files.delete(path) ? ok(id) : failed(id)));
  session.on('RENAME', (id, from, to) => {
    if (files.has(to)) return failed(id);
    files.set(to, files.get(from)!);
    files.delete(from);
    named.push(to);
    ok(id);
  });
}

t.test('a folder', async (t) => {
  const place = t.testdir({ source: {}, target: {} });
  const source = join(place, 'source');
  const target = join(place, 'target');
  const manifest = dayIn(source);
  for (const time of ['once', 'again']) {
    await deliver(source, manifest, { folder: target });
    const names = readdirSync(join(target, DATE)).sort();
    t.strictSame(names, ['a.txt', 'b.csv', MANIFEST], time);
  }
  t.equal(readFileSync(join(target, DATE, 'b.csv'), 'utf8'), 'second');
});

t.test('a file that was changed goes nowhere', async (t) => {
  const place = t.testdir({ source: {} });
  const source = join(place, 'source');
  const manifest = dayIn(source);
  writeFileSync(join(source, 'a.txt'), 'changed');
  mkdirSync(join(place, 'target'));
  await t.rejects(deliver(source, manifest, { folder: join(place, 'target') }), /was changed/);
  t.strictSame(readdirSync(join(place, 'target')), []);
});

t.test('an SFTP server', async (t) => {
  const source = t.testdir();
  const manifest = dayIn(source);
  const { port, files, named } = await sftpServer(t);
  process.env['POSP_TEST_SFTP'] = 'a-password';
  const publicKey = utils.parseKey(hostKey.public);
  if (publicKey instanceof Error) throw publicKey;
  const settings: SftpDrop = {
    host: '127.0.0.1',
    port,
    username: 'finance',
    hostKeySha256: fingerprintOf(publicKey.getPublicSSH()),
    password: { environment: 'POSP_TEST_SFTP' },
    folder: '/in',
  };
  const path = (name: string) => `/in/${DATE}/${name}`;
  const order = ['a.txt', 'b.csv', MANIFEST].map(path);
  await deliver(source, manifest, { sftp: settings });
  t.strictSame(named, order, 'the manifest gets its name last');
  t.equal(files.get(path('a.txt'))?.toString(), 'first');
  await deliver(source, manifest, { sftp: settings });
  t.strictSame([...files.keys()].sort(), [...order].sort(), 'again: nothing else is left there');
  const other = { ...settings, hostKeySha256: fingerprintOf(Buffer.from('another key')) };
  await t.rejects(deliver(source, manifest, { sftp: other }), 'another server is not believed');
});
