import t from 'tap';
import { configSchema, type HostConfig } from '../../config/schema.ts';
import type { Hsm, StoredKey } from '../../hsm/types.ts';
import { DIALECTS } from '../../protocols/dialects/index.ts';
import type { Message } from '../../protocols/iso8583/message.ts';
import type { BankHost, BankHostOptions } from '../../simulators/host/bank-host.ts';
import { Host } from '../../switch/hosts/host.ts';
import { HostMetrics } from '../../switch/hosts/host-metrics.ts';
import type { HostReply, HostRequest } from '../../switch/hosts/messages.ts';
import { createLog } from '../../switch/log.ts';
import { bankHost, simulatorHsm, until, ZONE_MASTER_KEY } from '../support/bank.ts';

const hsm: Hsm = await simulatorHsm();
const masterKey: StoredKey = await hsm.importKey({ algorithm: '3des', purpose: 'kek' }, [
  Buffer.from(ZONE_MASTER_KEY, 'hex'),
]);

/** A host link as the configuration makes it, with times for tests. */
function hostConfig(settings: object): HostConfig {
  const hosts = [
    {
      name: 'bank',
      answerTimeoutMs: 400,
      reconnect: { firstMs: 10, maxMs: 40 },
      ...settings,
    },
  ];
  const listeners = [{ name: 'terminals', port: 0 }];
  return configSchema.parse({ listeners, http: { port: 0 }, hosts }).hosts[0]!;
}

interface Linked {
  host: Host;
  bank: BankHost;
  /** References of late answers. */
  late: (number | null)[];
}

type Teardown = { teardown: (work: () => Promise<void>) => void };

/** A bank, and a link to it that is swept as the hub does. */
async function linked(
  t: Teardown,
  settings: object = {},
  options: Omit<BankHostOptions, 'keys'> = {},
): Promise<Linked> {
  const bank = await bankHost(hsm, options);
  const port = await bank.listen(0);
  const config = hostConfig({ connect: [{ address: '127.0.0.1', port }], ...settings });
  return { bank, ...(await opened(t, config, bank)) };
}

async function opened(t: Teardown, config: HostConfig, bank: BankHost | null) {
  const late: (number | null)[] = [];
  const host = new Host({
    config,
    hsm,
    masterKey: () => masterKey,
    log: createLog('test', 'silent'),
    metrics: new HostMetrics(),
    changed: () => {},
    late: (position) => late.push(position),
  });
  await host.start();
  const timer = setInterval(() => host.sweep(performance.now()), 20);
  t.teardown(async () => {
    clearInterval(timer);
    host.stop();
    await bank?.close();
  });
  return { host, late };
}

let traces = 0;

function request(more: object = {}): HostRequest {
  const trace = String(++traces).padStart(6, '0');
  const fields = {
    2: '6228480000000000018',
    3: '000000',
    4: '000000001000',
    7: '1122090741',
    11: trace,
    22: '022',
    25: '00',
    32: '48020000',
    35: '6228480000000000018D30122010000000000',
    37: trace.padStart(12, '0'),
    41: '10000001',
    42: '123456789012345',
    49: '156',
  };
  return { host: 'bank', messageType: '0200', fields, position: traces, ...more };
}

const said = (reply: HostReply) =>
  reply.state === 'answered' ? reply.fields[39] : `${reply.state} ${reply.reason}`;

for (const dialect of ['iso-1987-binary', 'iso-1987-ascii', 'iso-1987-ebcdic']) {
  t.test(`approved in ${dialect}`, async (t) => {
    const { host } = await linked(t, { dialect }, { dialect });
    await until(() => host.isUp, 'up');
    t.equal(said(await host.ask(request())), '00');
    t.ok(DIALECTS[dialect]);
  });
}

t.test('nobody listens: refused at once', async (t) => {
  const config = hostConfig({ connect: [{ address: '127.0.0.1', port: 1 }] });
  const { host } = await opened(t, config, null);
  t.equal(said(await host.ask(request())), 'not-sent no-link');
});

t.test('a sign-on that is refused is tried again', async (t) => {
  let code = '05';
  const { host, bank } = await linked(t, {}, { signOnCode: () => code });
  await until(() => bank.signOns > 1, 'two sign-ons');
  t.equal(said(await host.ask(request())), 'not-sent not-signed-on');
  code = '00';
  await until(() => host.isUp, 'up');
  t.equal(said(await host.ask(request())), '00');
});

t.test('a host that restarts is signed on to again', async (t) => {
  const { host, bank } = await linked(t);
  await until(() => host.isUp, 'up');
  bank.cut();
  await until(() => bank.signOns === 2 && host.isUp, 'second sign-on');
  t.equal(said(await host.ask(request())), '00');
});

t.test('keys that the host changes by itself are taken', async (t) => {
  const { host, bank } = await linked(t);
  await until(() => host.isUp, 'up');
  await bank.changeKeys();
  await until(async () => said(await host.ask(request())) === '00', 'the new keys are in use');
  t.equal(bank.signOns, 1);
});

t.test('with several links one may go', async (t) => {
  const { host, bank } = await linked(t, {
    links: 3,
    reconnect: { firstMs: 60_000, maxMs: 60_000 },
  });
  await until(() => host.status().links === 3 && host.isUp, 'three links');
  bank.cutOne();
  await until(() => host.status().links === 2, 'two links');
  t.equal(said(await host.ask(request())), '00');
  t.equal(bank.signOns, 1, 'the session goes on');
});

t.test('the host connects to us', async (t) => {
  const bank = await bankHost(hsm);
  const port = await bank.listen(0);
  await bank.close();
  const config = hostConfig({ listen: { address: '127.0.0.1', port } });
  const { host } = await opened(t, config, bank);
  bank.connectTo(port);
  await until(() => host.isUp, 'up');
  t.equal(said(await host.ask(request())), '00');
});

t.test('a host from another address is not served', async (t) => {
  const bank = await bankHost(hsm);
  const port = await bank.listen(0);
  await bank.close();
  const listen = { address: '127.0.0.1', port, sources: ['192.0.2.1'] };
  const { host } = await opened(t, hostConfig({ listen }), bank);
  bank.connectTo(port);
  await until(() => bank.refusedConnections > 0, 'it was cut off');
  t.notOk(host.isUp);
});

t.test('a connection for each message', async (t) => {
  const { host, bank } = await linked(t, { connection: 'short' });
  await until(() => host.isUp, 'up');
  const replies = await Promise.all([1, 2, 3].map(() => host.ask(request())));
  t.strictSame(replies.map(said), ['00', '00', '00']);
  await until(() => bank.connections === 0, 'all are closed');
});

t.test('too many time-outs: left alone, then probed', async (t) => {
  let silent = true;
  const behave = () => (silent ? 'silent' : 'approve') as 'silent' | 'approve';
  const { host } = await linked(t, { breaker: { timeouts: 2, openSeconds: 1 } }, { behave });
  await until(() => host.isUp, 'up');
  const unanswered = await Promise.all([host.ask(request()), host.ask(request())]);
  t.strictSame(unanswered.map(said), ['unanswered timeout', 'unanswered timeout']);
  t.equal(said(await host.ask(request())), 'not-sent breaker-open');
  silent = false;
  await until(() => host.isUp, 'the echo test was answered');
  t.equal(said(await host.ask(request())), '00');
});

t.test(
  'no more under way than allowed; the rest waits, and no more than allowed waits',
  async (t) => {
    const limits = { inFlightPerLink: 1, queued: 1, queueTimeoutMs: 5_000 };
    const wanted = { limits, answerTimeoutMs: 5_000 };
    const { host } = await linked(t, wanted, { behave: () => 'late', lateMs: 150 });
    await until(() => host.isUp, 'up');
    const replies = [request(), request(), request()].map((one) => host.ask(one));
    t.strictSame((await Promise.all(replies)).map(said), ['00', '00', 'not-sent queue-full']);
  },
);

t.test('what waits too long is not sent', async (t) => {
  const limits = { inFlightPerLink: 1, queued: 5, queueTimeoutMs: 50 };
  const wanted = { limits, answerTimeoutMs: 5_000 };
  const { host } = await linked(t, wanted, { behave: () => 'late', lateMs: 300 });
  await until(() => host.isUp, 'up');
  const replies = [request(), request()].map((one) => host.ask(one));
  t.strictSame((await Promise.all(replies)).map(said), ['00', 'not-sent queue-timeout']);
});

t.test('a late answer is handed on with the transaction that it belongs to', async (t) => {
  const { host, late } = await linked(t, {}, { behave: () => 'late', lateMs: 600 });
  await until(() => host.isUp, 'up');
  const asked = request();
  t.equal(said(await host.ask(asked)), 'unanswered timeout');
  await until(() => late.length > 0, 'it came late');
  t.strictSame(late, [asked.position]);
});

t.test('a wrong MAC is no answer, and the right one after it counts', async (t) => {
  let first = true;
  const behave = (_: Message) => {
    const behaviour = first ? 'wrong-mac' : 'approve';
    first = false;
    return behaviour as 'wrong-mac' | 'approve';
  };
  const { host } = await linked(t, {}, { behave });
  await until(() => host.isUp, 'up');
  t.equal(said(await host.ask(request())), 'unanswered timeout');
  t.equal(said(await host.ask(request())), '00');
});

t.test(
  'wrong MACs one after the other: the keys are out of step, and a sign-on brings new ones',
  async (t) => {
    let wrong = 5;
    const behave = () => (wrong-- > 0 ? 'wrong-mac' : 'approve') as 'wrong-mac' | 'approve';
    const { host, bank } = await linked(t, {}, { behave });
    await until(() => host.isUp, 'up');
    const replies = await Promise.all(Array.from({ length: 5 }, () => host.ask(request())));
    t.strictSame(new Set(replies.map(said)), new Set(['unanswered timeout']));
    await until(() => bank.signOns === 2 && host.isUp, 'signed on again');
    t.equal(said(await host.ask(request())), '00');
  },
);

t.test('a PIN is translated for the host, and an unreadable one never leaves', async (t) => {
  const { host } = await linked(t, {}, { pin: '123456' });
  await until(() => host.isUp, 'up');
  const pinKey = await hsm.generateKey({ algorithm: '3des', purpose: 'pin' });
  const pan = '6228480000000000018';
  const block = async (pin: string) =>
    new Uint8Array(await hsm.encryptPin(pinKey, { format: 0, pin, pan }));
  const ask = async (pinBlock: Uint8Array) =>
    said(await host.ask(request({ pin: { pinKey, format: 0, pinBlock } })));
  t.equal(await ask(await block('123456')), '00');
  t.equal(await ask(await block('654321')), '55');
  t.equal(await ask(new Uint8Array(8)), 'not-sent pin-unreadable');
});

t.test('a line that is silent is tested, and one without an answer is closed', async (t) => {
  const { host, bank } = await linked(
    t,
    { echoSeconds: 1 },
    { answersNetwork: (code) => code === '001' },
  );
  await until(() => bank.signOns === 1, 'signed on');
  await until(() => bank.signOns === 2, 'closed, connected, signed on again');
  await until(() => host.isUp, 'up');
  t.equal(said(await host.ask(request())), '00');
});
