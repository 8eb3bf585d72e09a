/**
 * A hospital in a folder of the test's own: a running ledger, invoicing following it in its thread,
 * and a till that pays and refunds as the switch does.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  accountId,
  accountInput,
  TransferCode,
  YUAN_LEDGER,
} from '../../ledger/chart-of-accounts.ts';
import type { LedgerClient } from '../../ledger/client.ts';
import { idOf } from '../../ledger/id.ts';
import { openReader, type Reader } from '../../ledger/reader.ts';
import { registryChange } from '../../ledger/registry.ts';
import type { Entry } from '../../ledger/types.ts';
import { type Ledger, startLedger } from '../../ledger/writer-host.ts';
import { Modules } from '../../modules/frame/host.ts';
import { type ModuleQueries, openModuleQueries } from '../../modules/frame/queries.ts';
import type { BillContent, BillContentInput } from '../../modules/invoicing/bill/content.ts';
import { contentSchema } from '../../modules/invoicing/bill/content.ts';
import { factEntry } from '../../modules/invoicing/facts.ts';
import { sampleManaged } from '../../modules/invoicing/managed/sample.ts';
import { createInvoicing } from '../../modules/invoicing/module.ts';
import type { InvoicingQueries } from '../../modules/invoicing/queries.ts';
import { Desk } from '../../modules/invoicing/requests.ts';
import type { InvoicingSettings } from '../../modules/invoicing/settings.ts';
import { NO_SETTINGS } from '../../modules/invoicing/settings.ts';
import { temporaryFolder } from '../support/serve.ts';

export const INSTITUTION = '4802';
export const OUTPATIENT = '123456789012345';
export const INPATIENT = '123456789012346';
const CARD = '6219990000000000010';

export interface Hospital {
  readonly folder: string;
  readonly ledger: Ledger;
  readonly client: LedgerClient;
  readonly reader: Reader;
  readonly modules: Modules;
  readonly view: ModuleQueries<InvoicingQueries>;
  readonly queries: InvoicingQueries;
  readonly desk: Desk;
  /** Lines of the modules' log. */
  readonly lines: string[];
  /** Stops everything; the folder stays. */
  stop(): Promise<void>;
}

export async function openHospital(
  folder: string,
  settings: Partial<InvoicingSettings> = {},
): Promise<Hospital> {
  const ledgerDir = join(folder, 'ledger');
  const ledger = await startLedger({ dataDir: ledgerDir });
  const client = ledger.client();
  await client.submit(openingEntry());
  const lines: string[] = [];
  const modules = await Modules.start({
    list: new URL('./modules-list.js', import.meta.url).href,
    dataDir: folder,
    ledgerDir,
    encryptionKey: undefined,
    ledger,
    hsm: { provider: 'software', keyFile: join(folder, 'hsm-keys') },
    configs: { invoicing: { ...NO_SETTINGS, ...settings } },
    log: {
      info: (_, message) => lines.push(`info ${message}`),
      warn: (fields, message) => lines.push(`warn ${JSON.stringify(fields)} ${message}`),
      error: (fields, message) => lines.push(`error ${JSON.stringify(fields)} ${message}`),
    },
  });
  const view = openModuleQueries(createInvoicing(), folder);
  const reader = openReader(ledgerDir, { generation: ledger.generation });
  const desk = new Desk({ ledger: client, view, institution: INSTITUTION, who: 'test' });
  return {
    folder,
    ledger,
    client,
    reader,
    modules,
    view,
    queries: view.queries,
    desk,
    lines,
    async stop() {
      await modules.stop();
      await view.close();
      await reader.close();
      client.close();
      await ledger.stop();
    },
  };
}

/** A hospital with sample data and numbers, gone when the test ends. */
export async function hospitalFor(
  t: { teardown: (work: () => Promise<void>) => void },
  settings: Partial<InvoicingSettings> & { numbers?: number } = {},
): Promise<Hospital> {
  const { numbers = 1_000, ...rest } = settings;
  const folder = temporaryFolder('invoicing');
  const hospital = await openHospital(folder, rest);
  t.teardown(async () => {
    await hospital.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await setUp(hospital, numbers);
  return hospital;
}

export async function setUp(hospital: Hospital, numbers: number): Promise<void> {
  const items = sampleManaged({
    institution: INSTITUTION,
    name: '示例医院',
    regionCode: '61',
    province: '陕西省',
    merchants: [
      { id: OUTPATIENT, name: '门诊收费处', category: 'outpatient' },
      { id: INPATIENT, name: '住院收费处', category: 'inpatient' },
    ],
  });
  const results = items.map((item) =>
    hospital.client.submit(
      factEntry('managed', INSTITUTION, `sample|${item.table}|${item.key}`, {
        ...item,
        who: 'test',
      }),
    ),
  );
  const last = Math.max(...(await Promise.all(results)).map(({ position }) => position));
  await hospital.view.reached(last);
  if (numbers === 0) return;
  for (const kind of ['01', '02', '21']) {
    await receiveNumbers(hospital, billCodeOf(kind), 1, numbers);
  }
}

/** The bill code of a kind in the year of the wall clock. */
export function billCodeOf(kind: string): string {
  const local = new Date(Date.now() + 8 * 3_600_000);
  return `6106${kind}${String(local.getUTCFullYear()).slice(2)}`;
}

export async function receiveNumbers(
  { desk }: Hospital,
  billCode: string,
  from: number,
  to: number,
  medium: 'electronic' | 'paper' = 'electronic',
): Promise<void> {
  const range = { medium, billCode, from, to };
  await desk.ask('numbers-received', { ...range, source: 'manual', reference: 'test' });
}

function openingEntry(): Entry {
  const merchant = (id: string) => ({
    id,
    institution: INSTITUTION,
    nameZh: id,
    accountId: accountId('merchant', INSTITUTION, id),
  });
  const by = { who: 'test', why: 'test' };
  const institution = {
    id: INSTITUTION,
    nameZh: '示例医院',
    timeZone: 'Asia/Shanghai',
    cutOff: '23:59',
    openingDate: '20261120',
  };
  return {
    id: idOf('opening'),
    institution: INSTITUTION,
    accounts: [
      { ...accountInput('card', INSTITUTION, CARD), flags: 0 },
      accountInput('merchant', INSTITUTION, OUTPATIENT),
      accountInput('merchant', INSTITUTION, INPATIENT),
    ],
    registry: [
      registryChange('institution', INSTITUTION, institution, by),
      registryChange('merchant', OUTPATIENT, merchant(OUTPATIENT), by),
      registryChange('merchant', INPATIENT, merchant(INPATIENT), by),
    ],
  };
}

/** A purchase, or with a negative amount money back to the card holder. */
export function paymentEntry(
  name: string,
  amountFen: number,
  more: {
    kind?: string;
    original?: number;
    merchant?: string;
    trace?: string;
    businessNumber?: string;
  } = {},
): Entry {
  const { kind = 'purchase', original = 0, merchant = OUTPATIENT, trace = '000000' } = more;
  const accounts = [
    accountId('card', INSTITUTION, CARD),
    accountId('merchant', INSTITUTION, merchant),
  ] as const;
  const [debitAccount, creditAccount] =
    amountFen > 0 ? accounts : ([accounts[1], accounts[0]] as const);
  const extra = more.businessNumber === undefined ? {} : { businessNumber: more.businessNumber };
  return {
    id: idOf('payment', name),
    institution: INSTITUTION,
    transfers: [
      {
        debitAccount,
        creditAccount,
        amountFen: Math.abs(amountFen),
        ledger: YUAN_LEDGER,
        code: TransferCode.purchase,
      },
    ],
    fact: {
      transaction: {
        kind,
        merchantId: merchant,
        terminalId: '10000001',
        batchNumber: '000001',
        traceNumber: trace,
        cardNumber: CARD,
        amountFen: Math.abs(amountFen),
        currency: '156',
        responseCode: '00',
        originalPosition: original,
        extra,
      },
    },
  };
}

export async function pay(
  hospital: Hospital,
  name: string,
  amountFen: number,
  more: Parameters<typeof paymentEntry>[2] = {},
): Promise<number> {
  const { status, position } = await hospital.client.submit(paymentEntry(name, amountFen, more));
  if (status !== 'applied') throw new Error(`payment ${name}: ${status}`);
  await hospital.view.reached(position);
  return position;
}

export function reference(position: number): string {
  return String(position).padStart(12, '0');
}

/** A charge of two lines, paid by card. */
export function charge(
  busNo: string,
  totalFen: number,
  more: Partial<BillContentInput> = {},
): BillContent {
  const half = Math.floor(totalFen / 2);
  const line = (code: string, name: string, amountFen: number) => ({ code, name, amountFen });
  return contentSchema.parse({
    busNo,
    busType: '02',
    busDateTime: '20261122093000000',
    pointCode: 'outpatient',
    cashier: 'C01',
    author: '张三',
    payer: { type: '1', name: '李四', code: '610621199001011234' },
    card: { type: '1', number: 'V0001' },
    visit: { department: '内科', patientNumber: 'P0001', sex: '男', age: '36' },
    totalFen,
    channels: totalFen === 0 ? [] : [{ code: '07', amountFen: totalFen }],
    lines: [line('03', '检查费', half), line('09', '西药费', totalFen - half)],
    details: [
      { chargeCode: '09', name: '阿莫西林胶囊', quantity: '2', price: '1.2500', amount: '2.5000' },
    ],
    ...more,
  });
}

/** Waits until it is so, or fails after a long time. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const endAtMs = performance.now() + 60_000;
  while (!isSo()) {
    if (performance.now() > endAtMs) throw new Error(`it never came to: ${what}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
