/** How many bills a second get the unit's signature (compose, sign, pack), beside the bare signature of as many bytes. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { openHsm } from '../../hsm/open.ts';
import type { Hsm, StoredKey } from '../../hsm/types.ts';
import type { Bill } from '../../modules/invoicing/bill/bill.ts';
import { contentSchema } from '../../modules/invoicing/bill/content.ts';
import { billXml } from '../../modules/invoicing/bill/xml.ts';
import type { BenchmarkLine, BenchmarkOptions } from '../benchmark.ts';

const THREADS = 2;
const AT_ONCE = 64;
/** What a signature server for hospitals has to do. */
const WANTED_PER_SECOND = 850;

export async function signed(
  folder: string,
  { seconds, progress }: BenchmarkOptions,
): Promise<BenchmarkLine[]> {
  mkdirSync(folder, { recursive: true });
  const hsm = await openHsm({
    provider: 'software',
    keyFile: join(folder, 'keys'),
    threads: { pool: THREADS },
  });
  try {
    const key = await hsm.generateKey({ algorithm: 'sm2', purpose: 'sign' });
    const original = billXml(sampleBill(0));
    progress('bare signatures');
    await rate(0.5, () => sign(hsm, key, original));
    const bare = await rate(seconds, () => sign(hsm, key, original));
    progress('bills signed');
    let number = 0;
    const bills = await rate(seconds, async () => {
      const xml = billXml(sampleBill(++number));
      await sign(hsm, key, xml);
      deflateRawSync(xml).toString('base64');
    });
    const unit = 'bills/s';
    return [
      {
        name: `bills composed, signed and packed, ${THREADS} threads`,
        value: bills,
        unit,
        baseline: { name: 'bare SM2 signatures', value: bare },
        ratio: bills / bare,
        target: { atLeast: 0.7 },
      },
      {
        name: 'the same beside what a signature server must do',
        value: bills,
        unit,
        baseline: { name: 'wanted', value: WANTED_PER_SECOND },
        ratio: bills / WANTED_PER_SECOND,
        target: { atLeast: 1 },
      },
    ];
  } finally {
    await hsm.close();
  }
}

async function sign(hsm: Hsm, key: StoredKey, bytes: Uint8Array): Promise<void> {
  await hsm.sign(key, bytes);
}

/** Runs the work so many at once for so long; how often it was done in a second. */
async function rate(seconds: number, work: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now();
  const endAtMs = startedAtMs + seconds * 1_000;
  let done = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (performance.now() < endAtMs) {
        await work();
        done++;
      }
    }),
  );
  return done / ((performance.now() - startedAtMs) / 1_000);
}

function sampleBill(number: number): Bill {
  const none = { id: '', name: '', hash: '' };
  const lines = Array.from({ length: 6 }, (_, index) => ({
    code: `0${index + 1}`,
    name: `收费项目${index + 1}`,
    amountFen: 1_000 + index,
  }));
  const totalFen = lines.reduce((sum, { amountFen }) => sum + amountFen, 0);
  const content = contentSchema.parse({
    busNo: `B${number}`,
    busType: '02',
    busDateTime: '20261122093000000',
    pointCode: 'outpatient',
    cashier: 'C01',
    author: '张三',
    payer: { name: '李四', code: '610621199001011234' },
    totalFen,
    channels: [{ code: '07', amountFen: totalFen }],
    lines,
  });
  const receiver = { receiverName: '', receiverAccount: '', receiverBank: '' };
  return {
    institution: '4802',
    billCode: '61060126',
    billNumber: String(number).padStart(10, '0'),
    kind: 'normal',
    billType: 'outpatient',
    name: '陕西省医疗门诊收费票据（电子）',
    specimenCode: '6100001001',
    regionCode: '61',
    checkCode: 'abcdef',
    issueDate: '20261122',
    issueTime: '09:30:00',
    businessDate: '20261122',
    position: number,
    generation: 1,
    busNo: content.busNo,
    content,
    original: null,
    reason: '',
    operator: '',
    handled: { cashier: 'C01', pointCode: 'outpatient', busDateTime: content.busDateTime },
    face: { faceLinesMax: 12, pageAddress: '' },
    unit: { code: '610000', name: '示例医院', ...receiver, seal: none, supervisorSeal: none },
    voucher: false,
  };
}
