import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openHsm } from '../../hsm/open.ts';
import {
  destroyPackages,
  packYear,
  verifyPackage,
} from '../../modules/invoicing/archive/package.ts';
import { managedItem } from '../../modules/invoicing/managed/sample.ts';
import { Desk, InvoicingRefused } from '../../modules/invoicing/requests.ts';
import { charge, hospitalFor, INSTITUTION, until } from './hospital.ts';

t.test(
  'a year in a package: whole, signed, kept, destroyed only with list and approval',
  async (t) => {
    const hospital = await hospitalFor(t);
    const { desk, queries, reader, folder, client, view } = hospital;
    const cash = { channels: [{ code: '02', amountFen: 50 }] };
    for (const busNo of ['A1', 'A2', 'A3'])
      await desk.registerCharge(charge(busNo, 50, cash), 'now', []);
    await until('all are signed', () => {
      const bills = [...queries.billsOfDays(INSTITUTION, { from: '0', to: '9' })];
      return bills.length === 3 && bills.every(({ key }) => queries.original(key) !== null);
    });
    const hsm = await openHsm({ provider: 'software', keyFile: join(folder, 'hsm-keys') });
    t.teardown(() => hsm.close());
    const parts = { desk, hsm, reader, archiveDir: join(folder, 'archive') };
    const [first] = [...queries.billsOfDays(INSTITUTION, { from: '0', to: '9' })];
    const year = first!.bill.businessDate.slice(0, 4);
    const packed = await packYear(parts, year);
    t.equal(packed.bills, 3);
    t.strictSame(await verifyPackage(parts, packed.file), []);
    const bytes = readFileSync(packed.path);
    const changed = Buffer.from(bytes);
    changed[200]! ^= 1;
    writeFileSync(packed.path, changed);
    t.match(await verifyPackage(parts, packed.file), [/is not the file that was packed/]);
    writeFileSync(packed.path, bytes);

    const code = async (work: Promise<unknown>) => {
      try {
        await work;
        return 'done';
      } catch (error) {
        return error instanceof InvoicingRefused ? error.code : String(error);
      }
    };
    const list = { id: 'X1', packages: [packed.file], reason: '期满' };
    t.equal(await code(desk.ask('destruction-listed', list)), 'must-be-kept', '30 years first');
    t.equal(await code(destroyPackages(parts, 'X1')), 'not-found');
    const row = queries.archivePackage(INSTITUTION, packed.file)!;
    t.equal(row.keepUntil, `${Number(year) + 30}1231`);
    t.equal(queries.managed(INSTITUTION, 'unit', 'unit')?.value.retentionYears, 30);
    const other = new Desk({
      ledger: client,
      view,
      institution: INSTITUTION,
      who: 'operator:other',
    });
    t.equal(await code(other.ask('destruction-approved', { id: 'X1' })), 'not-found');
  },
);

t.test('requests go their way, and used points are only ever disabled', async (t) => {
  const { desk, queries } = await hospitalFor(t);
  const code = async (work: Promise<unknown>) => {
    try {
      await work;
      return 'done';
    } catch (error) {
      return error instanceof InvoicingRefused ? error.code : String(error);
    }
  };
  await desk.ask('request-opened', { id: 'Q1', kind: 'fault', subject: '打印', text: '无法打印' });
  const step = (state: string) => {
    return code(desk.ask('request-moved', { id: 'Q1', state, text: '', assignee: '' }));
  };
  t.equal(await step('resolved'), 'wrong-step', 'not before it was accepted');
  for (const state of ['accepted', 'in-work', 'resolved', 'closed'])
    t.equal(await step(state), 'done', state);
  t.equal(queries.list('requests', INSTITUTION)[0]?.steps.length, 5, 'every step is kept');

  const cash = { channels: [{ code: '02', amountFen: 50 }] };
  await desk.registerCharge(charge('U1', 50, cash), 'now', []);
  const remove = { table: 'point' as const, key: 'outpatient', value: null };
  t.equal(await code(desk.ask('managed', remove)), 'in-use');
  const point = queries.managed(INSTITUTION, 'point', 'outpatient')!.value;
  await desk.ask('managed', managedItem('point', { ...point, enabled: false }));
  t.equal(await code(desk.registerCharge(charge('U2', 50, cash), 'now', [])), 'point-disabled');
  const fresh = managedItem('point', { code: 'new', name: '新开票点', parent: 'outpatient' });
  await desk.ask('managed', fresh);
  const circle = managedItem('point', { ...point, parent: 'new' });
  t.equal(await code(desk.ask('managed', circle)), 'point-below-itself');
  t.equal(await code(desk.ask('managed', { table: 'point', key: 'new', value: null })), 'done');
});
