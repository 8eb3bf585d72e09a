import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { askControl } from '../../api/control.ts';
import { managedItem } from '../../modules/invoicing/managed/sample.ts';
import { InvoicingRefused } from '../../modules/invoicing/requests.ts';
import { ADMIN_PASSWORD, adminOf, signIn } from '../api/caller.ts';
import { daysAgo } from '../support/past.ts';
import { documentOf, posp } from '../support/posp.ts';
import { serve, temporaryFolder } from '../support/serve.ts';
import { charge, hospitalFor, INSTITUTION } from './hospital.ts';

/** A charge that the HIS settled itself, as `posp invoice issue -` reads it. */
const cash = (busNo: string) => {
  return JSON.stringify({
    content: charge(busNo, 50, { channels: [{ code: '02', amountFen: 50 }] }),
  });
};

t.test(
  'a year in the archive: packed, read, checked, destroyed by list and approval',
  async (t) => {
    const folder = temporaryFolder('invoice-archive');
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const data = join(folder, 'data');
    const invoice = async (args: string[], input = '') => {
      const ran = await posp(['invoice', ...args, '--data', data, '--json'], {}, input);
      return { code: ran.code, body: documentOf(ran) };
    };
    /** What the command line asks the running switch. */
    const ask = async (name: string, given: object): Promise<Record<string, unknown>> => {
      const answer = await askControl(data, `invoice/${name}`, { ...given });
      return (answer as { result: Record<string, unknown> }).result;
    };

    const past = await serve(data, {}, [], daysAgo(3 * 366));
    const first = await invoice(['issue', '-'], cash('A1'));
    const { billCode, billNumber } = first.body['bill'] as Record<string, string>;
    const name = [billCode!, billNumber!];
    await ask('issue', JSON.parse(cash('A2')));
    const red = await invoice(['red-letter', ...name, '--reason', '退费']);
    t.same([first.code, red.code], [0, 0]);
    const admin = await adminOf(past);
    const { body: units } = await admin('GET', '/v1/invoices/managed/unit');
    const [unit] = units['rows'] as unknown as { value: object }[];
    const short = { body: { ...unit!.value, retentionYears: 1 }, idempotencyKey: 'unit' };
    t.equal((await admin('PUT', '/v1/invoices/managed/unit', short)).status, 200);
    for (const busNo of ['A1', 'A2']) {
      let signed = false;
      while (!signed) {
        const { bills } = (await ask('status', { busNo })) as never;
        signed = (bills as { signed: boolean }[]).every((bill) => bill.signed);
      }
    }
    await past.stop();
    const offline = await invoice(['status', '--bus-no', 'A1']);
    t.match(offline, { code: 0, body: { bills: { length: 2 } } }, 'without a running switch');

    const served = await serve(data);
    t.teardown(() => served.kill());
    const session = await signIn(served, 'admin', ADMIN_PASSWORD);
    const year = `20${billCode!.slice(6)}`;
    const packed = await session('POST', '/v1/invoices/archive/packages', {
      body: { year },
      idempotencyKey: 'pack',
    });
    t.match(packed.body, {
      name: `${INSTITUTION}-${year}`,
      bills: 3,
      keepUntil: `${Number(year) + 1}1231`,
    });
    const names = String(packed.body['name']);
    t.same((await ask('archive-pack', { year }))['sha256'], packed.body['sha256'], 'packed once');
    const now = String(new Date().getFullYear());
    t.match(await ask('archive-pack', { year: now }), { refused: { code: 'year-not-over' } });
    t.match(await ask('archive-pack', { year: '2001' }), { refused: { code: 'nothing-to-pack' } });

    const inside = join(data, 'invoice-archive', INSTITUTION, year);
    const bill = `/v1/invoices/bills/${billCode}/${billNumber}`;
    const archived = `/v1/invoices/archive/packages/${names}/bills/${billCode}/${billNumber}`;
    t.match((await session('GET', bill)).body['archive'], { package: names, destroyed: '' });
    t.equal(
      (await session('GET', `${archived}/xml`)).text,
      (await session('GET', `${bill}/xml`)).text,
    );
    t.match(
      (await session('GET', `${archived}/metadata`)).text,
      /<TotalAmount>0\.50<.*<IsReversal>true</,
    );
    t.match((await session('GET', `${bill}/metadata`)).text, /<Type>xml<.*<Type>ofd</);
    const redName = red.body['redBill'] as Record<string, string>;
    const redPath = `/v1/invoices/bills/${redName['billCode']}/${redName['billNumber']}`;
    t.match(
      (await session('GET', `${redPath}/metadata`)).text,
      /<Remark>退费<.*<ItemAmount>-.*<AuxItemAmount>-2\.5000</,
      'a red bill gives its reason and takes everything back',
    );
    t.equal(
      (await session('GET', `${archived.replace(billNumber!, '0000000099')}/xml`)).status,
      404,
    );

    const check = () => ask('archive-verify', { name: names });
    t.match(await check(), { holds: true });
    const damage: [property: string, wrong: RegExp, harm: () => void, heal: () => void][] = [
      [
        'completeness',
        /volume-00001.zip was changed/,
        ...changed(join(inside, 'volume-00001.zip')),
      ],
      ['completeness', /index.csv was changed/, ...changed(join(inside, 'index.csv'))],
      ['authenticity', /is not what was packed/, ...changed(join(inside, 'hashes.txt'))],
      [
        'safety',
        /virus was not packed/,
        () => writeFileSync(join(inside, 'virus'), ''),
        () => rmSync(join(inside, 'virus')),
      ],
      ['safety', /others may read/, () => chmodSync(inside, 0o755), () => chmodSync(inside, 0o700)],
    ];
    for (const [property, wrong, harm, heal] of damage) {
      harm();
      const found = await check();
      t.equal(found['holds'], false);
      t.match(found[property], [wrong], property);
      heal();
    }
    t.match(await check(), { holds: true });

    const list = { id: 'X1', packages: [names], reason: '期满', who: 'zhang' };
    const steps: [name: string, given: object, refused: string][] = [
      ['carry-out', { id: 'X1' }, 'not-found'],
      ['list-destruction', list, ''],
      ['carry-out', { id: 'X1' }, 'not-approved'],
      ['approve', { id: 'X1', who: 'zhang' }, 'same-person'],
      ['approve', { id: 'X1', who: 'li' }, ''],
      ['carry-out', { id: 'X1', who: 'zhang' }, ''],
      ['carry-out', { id: 'X1', who: 'zhang' }, ''],
      ['verify', { name: names }, 'destroyed'],
      ['list-destruction', { ...list, id: 'X2' }, 'destroyed'],
    ];
    for (const [step, given, refused] of steps) {
      const answer = (await ask(`archive-${step}`, given)) as { refused?: { code: string } };
      t.equal(answer.refused?.code ?? '', refused, `${step} ${JSON.stringify(given)}`);
    }
    const gone = await invoice(['archive', 'verify', names]);
    t.match(gone, { code: 1, body: { refused: { code: 'destroyed' } } }, 'said with exit code 1');
    t.equal(existsSync(inside), false, 'it is gone');
    const { body } = await session('GET', '/v1/invoices/archive/destructions');
    t.match(body['rows'], [
      {
        listedBy: 'operator zhang',
        approvedBy: 'operator li',
        hashes: [{ sha256: packed.body['sha256'] }],
      },
    ]);
    t.match((await session('GET', bill)).body['archive'], { destroyed: 'X1' }, 'the record stays');
  },
);

/** A byte of the file changed, and put right again. */
function changed(path: string): [harm: () => void, heal: () => void] {
  const flip = () => {
    const bytes = readFileSync(path);
    bytes[20]! ^= 1;
    writeFileSync(path, bytes);
  };
  return [flip, flip];
}

t.test(
  'archives are kept, requests go their way, used points are only ever disabled',
  async (t) => {
    const { desk, queries } = await hospitalFor(t);
    const code = async (work: Promise<unknown>) => {
      try {
        await work;
        return 'done';
      } catch (error) {
        return error instanceof InvoicingRefused ? error.code : String(error);
      }
    };
    const packed = { sha256: '', sm3: '', bills: 1, signature: '', keyName: '' };
    const pack = (year: string) => {
      return code(desk.ask('archive-packed', { ...packed, year, file: `${INSTITUTION}-${year}` }));
    };
    t.equal(await pack(String(new Date().getFullYear())), 'year-not-over');
    t.equal(await pack('2020'), 'done');
    const early = { id: 'X1', packages: [`${INSTITUTION}-2020`], reason: '期满' };
    t.equal(await code(desk.ask('destruction-listed', early)), 'must-be-kept', '30 years first');
    t.equal(queries.archivePackage(INSTITUTION, `${INSTITUTION}-2020`)?.keepUntil, '20501231');

    await desk.ask('request-opened', {
      id: 'Q1',
      kind: 'fault',
      subject: '打印',
      text: '无法打印',
    });
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
  },
);
