import t, { type Test } from 'tap';
import { factEntry } from '../../modules/invoicing/facts.ts';
import { SocketXmlFront } from '../../modules/invoicing/fiscal/socket-xml.ts';
import { managedItem } from '../../modules/invoicing/managed/sample.ts';
import type { InvoicingSettings } from '../../modules/invoicing/settings.ts';
import { checkStock } from '../../modules/invoicing/stock/check.ts';
import { countOf } from '../../modules/invoicing/stock/ranges.ts';
import { serveGateway } from '../../simulators/fiscal/http-gateway.ts';
import {
  CERTIFICATE_SERIAL,
  type FiscalFault,
  FiscalPlatform,
} from '../../simulators/fiscal/platform.ts';
import { serveSocket } from '../../simulators/fiscal/socket-xml.ts';
import { servePushGateway } from '../../simulators/push/gateway.ts';
import {
  charge,
  type Hospital,
  hospitalFor,
  INSTITUTION,
  pay,
  reference,
  until,
} from './hospital.ts';

process.env['POSP_TEST_FISCAL_KEY'] = 'fiscal-app-key';

type Style = 'gateway' | 'socket';

/** A platform in one of the two styles, and the settings that lead to it. */
async function platformFor(t: Test, style: Style) {
  const platform = new FiscalPlatform();
  const timeoutMs = 400;
  if (style === 'socket') {
    const server = await serveSocket(platform);
    t.teardown(() => server.close());
    const { port } = server;
    const fiscal = { style, host: '127.0.0.1', port, unitCode: '610000', timeoutMs };
    return { platform, settings: { fiscal } as Partial<InvoicingSettings> };
  }
  const server = await serveGateway(platform, 'fiscal-app-key');
  t.teardown(() => server.close());
  const names = { regionCode: '61', agencyCode: '4802', appId: 'posp' };
  const appKey = { environment: 'POSP_TEST_FISCAL_KEY' };
  const fiscal = { style, url: server.url, ...names, appKey, timeoutMs };
  return { platform, settings: { fiscal } as Partial<InvoicingSettings> };
}

/** The supervising body's key is known: its signatures are checked from now on. */
async function trust(hospital: Hospital, platform: FiscalPlatform): Promise<void> {
  const validity = { validFrom: '20200101', validTo: '20991231' };
  const certificate = {
    serial: CERTIFICATE_SERIAL,
    name: '财政监制',
    publicKey: platform.publicKey,
  };
  await hospital.desk.ask('managed', managedItem('certificate', { ...certificate, ...validity }));
}

async function sale(hospital: Hospital, busNo: string, amountFen: number): Promise<number> {
  const position = await pay(hospital, busNo, amountFen);
  const link = { reference: reference(position) };
  await hospital.desk.registerCharge(charge(busNo, amountFen), 'payment', [link]);
  return position;
}

function fiscalStates({ queries }: Hospital): string[] {
  const all = { from: '00000000', to: '99999999' };
  return [...queries.billsOfDays(INSTITUTION, all)].map(({ state }) => {
    return `${state.fiscal} ${state.supervisorSignature === null ? 'no seal' : 'sealed'}`;
  });
}

const accepted = (hospital: Hospital) =>
  fiscalStates(hospital).every((state) => state === 'accepted sealed');

for (const style of ['gateway', 'socket'] as const) {
  t.test(`${style}: bills, red bills, stock and bookings`, async (t) => {
    const { platform, settings } = await platformFor(t, style);
    const year = String(new Date(Date.now() + 8 * 3_600_000).getUTCFullYear()).slice(2);
    const code = `610601${year}`;
    const range = { billCode: code, from: 501, to: 600, reference: 'L1' };
    platform.giveSegment({ medium: 'electronic', ...range });
    const hospital = await hospitalFor(t, { ...settings, numbers: 0 });
    await trust(hospital, platform);
    await until('numbers have come from the fiscal side', () => {
      return hospital.queries.holdings(INSTITUTION).some(({ billCode }) => billCode === code);
    });
    const first = await sale(hospital, 'B1', 12_345);
    await pay(hospital, 'back', -12_345, { kind: 'refund', original: first });
    await sale(hospital, 'B2', 10);
    await until('all are accepted and sealed', () => accepted(hospital));
    t.equal(platform.bills.size, 3);
    t.equal(platform.bills.get(`${code}-0000000502`)?.totalFen, -12_345, 'the red bill');
    t.equal(platform.duplicates, 0);
    const left = () => {
      const holdings = hospital.queries.holdings(INSTITUTION);
      return countOf(holdings.find(({ billCode }) => billCode === code)!.free);
    };
    const before = left();
    await hospital.desk.ask('numbers-wanted', { billCode: code, count: 50 });
    await until('the numbers that were asked for have come', () => left() === before + 50);
    t.match(hospital.queries.list('stock-applications', INSTITUTION), [
      { billCode: code, count: 50, state: 'asked' },
    ]);
    t.strictSame(hospital.queries.openApplications(INSTITUTION), [], 'asked for once');
    t.strictSame(checkStock(hospital.queries, [INSTITUTION]), []);
  });

  t.test(`${style}: everything that goes wrong comes right`, async (t) => {
    const { platform, settings } = await platformFor(t, style);
    const hospital = await hospitalFor(t, settings);
    await trust(hospital, platform);
    platform.slowMs = 900;
    const faults: FiscalFault[] = [
      'time-out-after-issue',
      'time-out-before-issue',
      'duplicate',
      'slow',
      'wrong-signature',
      'garbage',
    ];
    let bills = 0;
    for (const fault of faults) {
      const before = platform.duplicates;
      // A synchronisation may take a fault for itself, so there is one more than is needed.
      platform.failNext(fault, fault);
      const original = await sale(hospital, fault, 777);
      await until(`${fault}: the bill is accepted`, () => {
        return fiscalStates(hospital).length === bills + 1 && accepted(hospital);
      });
      await pay(hospital, `${fault} back`, -777, { kind: 'refund', original });
      await until(`${fault}: the red bill is accepted`, () => {
        return fiscalStates(hospital).length === bills + 2 && accepted(hospital);
      });
      bills += 2;
      t.equal(platform.bills.size, bills, `${fault}: once each`);
      const duplicates = platform.duplicates - before;
      const asked = fault === 'duplicate' ? duplicates <= 2 : duplicates === 0;
      t.ok(asked, `${fault}: nothing is sent again without asking first`);
      platform.calm();
    }
  });
}

t.test('a refusal is kept for a person, who can have it tried again', async (t) => {
  const { platform, settings } = await platformFor(t, 'gateway');
  const hospital = await hospitalFor(t, settings);
  await trust(hospital, platform);
  const parked = () => {
    return [...hospital.queries.fiscalTasks(INSTITUTION)].find(
      ({ value }) => value.state === 'parked',
    );
  };
  platform.failSometimes('refuse', 1, () => 0);
  await sale(hospital, 'B1', 50);
  await until('the refusal is on record', () => parked() !== undefined);
  const task = parked()!.value;
  t.match(
    task,
    { attempts: 1, cause: /2001/, text: /error_message/ },
    'attempts, cause, original text',
  );
  platform.calm();
  await hospital.desk.ask('fiscal-retry', { task: task.id });
  await until('it is accepted then', () => accepted(hospital));
  t.equal(platform.bills.size, 1);
});

t.test('numbers on request: one by one from the fiscal side', async (t) => {
  const { platform, settings } = await platformFor(t, 'gateway');
  const hospital = await hospitalFor(t, { ...settings, numbers: 0 });
  await trust(hospital, platform);
  const unit = hospital.queries.managed(INSTITUTION, 'unit', 'unit')!.value;
  await hospital.desk.ask('managed', managedItem('unit', { ...unit, numbers: 'per-request' }));
  const position = await sale(hospital, 'B1', 60);
  await until(
    'the bill has the number that was given',
    () => accepted(hospital) && platform.bills.size === 1,
  );
  await pay(hospital, 'back', -60, { kind: 'refund', original: position });
  await until('and so has the red bill', () => accepted(hospital) && platform.bills.size === 2);
  const [bill, red] = hospital.queries.billsOfBusiness(INSTITUTION, 'B1');
  t.strictSame([bill?.bill.billNumber, red?.bill.billNumber], ['0000000001', '0000000002']);
  t.equal(hospital.desk.chargeAnswer('B1').reason, 'paid-back');
  t.strictSame(checkStock(hospital.queries, [INSTITUTION]), []);
});

t.test('booked at the fiscal side: learned at the next synchronisation', async (t) => {
  const { platform, settings } = await platformFor(t, 'gateway');
  const booking = { billCode: 'none', billNumber: '0', date: '20261122', fen: 5, unit: '某单位' };
  platform.bookings.push(booking);
  const hospital = await hospitalFor(t, settings);
  const id = factEntry('booked', INSTITUTION, 'none-0', {
    ...{ billCode: 'none', billNumber: '0', date: '20261122', amountFen: 5, by: '某单位' },
    who: '',
  }).id;
  await until('it was asked for', () => hospital.queries.outcome(id) !== null);
  t.equal(
    hospital.queries.outcome(id)?.code,
    'unknown-bill',
    'and a bill that is not ours is refused',
  );
});

t.test('XML of a fiscal side that is made to hurt is refused, and no answer', async (t) => {
  const platform = new FiscalPlatform();
  const server = await serveSocket(platform);
  t.teardown(() => server.close());
  const address = { host: '127.0.0.1', port: server.port, unitCode: '610000', timeoutMs: 5_000 };
  const front = new SocketXmlFront(address);
  const lines: [fault: FiscalFault, wrong: RegExp][] = [
    ['entity-bomb', /entities are refused/],
    ['external-entity', /entities are refused/],
    ['deep-xml', /deeper than 20 elements/],
    ['garbage', /no XML of ours/],
  ];
  for (const [fault, message] of lines) {
    platform.failNext(fault);
    await t.rejects(front.segments('610000'), { outcome: 'unknown', message }, fault);
  }
  t.strictSame(await front.segments('610000'), [], 'and the next answer is read');
});

t.test('patients are told: official account, SMS and mail, again when it fails', async (t) => {
  const gateway = await servePushGateway();
  t.teardown(() => gateway.close());
  const push = { url: gateway.url, timeoutMs: 1_000, retryMs: 20 };
  const hospital = await hospitalFor(t, { push });
  gateway.failNext(2);
  const payer = { name: '李四', phone: '13800000000', email: 'a@b.cn', openId: 'oABC' };
  const position = await pay(hospital, 'B1', 90);
  await hospital.desk.registerCharge(charge('B1', 90, { payer }), 'payment', [
    { reference: reference(position) },
  ]);
  await until('three messages', () => gateway.messages.length === 3);
  t.strictSame(gateway.messages.map(({ channel }) => channel).sort(), [
    'mail',
    'official-account',
    'sms',
  ]);
  t.match(gateway.messages[0], { text: /0\.90 元/, link: /,0000000001,[0-9a-f]{6}$/ });
  await pay(hospital, 'back', -90, { kind: 'refund', original: position });
  await until('every push is done', () => {
    return [...hospital.queries.pushTasks(INSTITUTION)].every(
      ({ value }) => value.state === 'done',
    );
  });
  t.equal(gateway.messages.length, 3, 'a red bill is not announced');
  const tasks = [...hospital.queries.pushTasks(INSTITUTION)].map(({ value }) => value.attempts);
  t.equal(
    tasks.reduce((sum, attempts) => sum + attempts, 0),
    5,
    'two attempts failed first',
  );
});
