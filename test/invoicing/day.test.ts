import '../support/plain-children.ts';
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { sm2Verify } from '../../hsm/operations/sm2.ts';
import { openModuleQueries } from '../../modules/frame/queries.ts';
import { billXml } from '../../modules/invoicing/bill/xml.ts';
import { billPdf } from '../../modules/invoicing/face/pdf.ts';
import { createInvoicing } from '../../modules/invoicing/module.ts';
import { REPORTS } from '../../modules/invoicing/reports/index.ts';
import { reconcile } from '../../modules/invoicing/reports/reconcile.ts';
import { checkStock } from '../../modules/invoicing/stock/check.ts';
import { rebuilt } from '../frame/rebuild.ts';
import { temporaryFolder } from '../support/serve.ts';
import { INSTITUTION } from './hospital.ts';

const PAYMENTS = Number(process.env['POSP_INVOICE_DAY'] ?? '240');
const PDFS = Number(process.env['POSP_INVOICE_PDFS'] ?? '5');
const KILLS = 3;
/** A longer day is cut short later, too. */
const KILL_WINDOW_MS = Math.max(3_000, PAYMENTS * 2);
const seed = Number(process.env['POSP_TEST_SEED'] ?? Date.now() % 1_000_000);
const CHILD = fileURLToPath(new URL('./day-child.js', import.meta.url));

/** One run of the child; killed after so long, or to its end. */
function run(folder: string, killAfterMs: number | null): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, folder, String(PAYMENTS), String(seed)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let through = false;
    child.stdout.on('data', (text) => {
      if (String(text).includes('through')) through = true;
    });
    if (killAfterMs !== null) setTimeout(() => child.kill('SIGKILL'), killAfterMs).unref();
    child.once('exit', (code) => {
      if (through || killAfterMs !== null) resolve(through);
      else reject(new Error(`the day ended with ${code}`));
    });
  });
}

t.test(`a day of ${PAYMENTS} payments with crashes, seed ${seed}`, async (t) => {
  const folder = temporaryFolder('invoice-day');
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  let kills = 0;
  for (; kills < KILLS; kills++) {
    const killAfterMs = 1_500 + ((seed * (kills + 7) * 1_009) % KILL_WINDOW_MS);
    if (await run(folder, killAfterMs)) break;
  }
  await run(folder, null);
  t.comment(`killed ${kills} times`);

  const view = openModuleQueries(createInvoicing(), folder);
  const { queries } = view;
  const all = { from: '00000000', to: '99999999' };

  const { merchants, differences, holds, bills } = reconcile(queries, INSTITUTION);
  t.ok(holds, 'what the ledger moved is billed, per category');
  t.strictSame(differences, []);
  t.ok(merchants.length === 2 && merchants.every(({ billedFen }) => billedFen > 0));
  const billedFen = merchants.reduce((sum, row) => sum + row.billedFen, 0);
  t.equal(bills.netFen, billedFen, 'bills less red bills are the live bills');
  t.ok(bills.red > 0, 'there were refunds');
  t.strictSame(checkStock(queries, [INSTITUTION]), [], 'every number is in one place');

  let unsigned = 0;
  let wrong = 0;
  let rewritten = 0;
  for (const { key, bill, state } of queries.billsOfDays(INSTITUTION, all)) {
    const original = queries.original(key);
    const { unitSignature } = state;
    if (original === null || unitSignature === null) {
      unsigned++;
      continue;
    }
    const value = Buffer.from(unitSignature.value, 'base64');
    if (!sm2Verify(unitSignature.publicKey, original, value)) wrong++;
    if (!billXml(bill).equals(original)) rewritten++;
  }
  t.strictSame({ unsigned, wrong, rewritten }, { unsigned: 0, wrong: 0, rewritten: 0 });
  let same = 0;
  for (const { bill } of [...queries.billsOfDays(INSTITUTION, all)].slice(0, PDFS)) {
    const [first, second] = [await billPdf(bill), await billPdf(bill)];
    if (first.equals(second) && first.subarray(0, 5).toString() === '%PDF-') same++;
  }
  t.equal(same, PDFS, 'PDFs made again are the same bytes');

  const scope = { institution: INSTITUTION, ...all };
  const net = Number(REPORTS.detail(queries, scope).totals['totalFen']);
  for (const name of ['summary', 'channels', 'points', 'cashiers'] as const) {
    t.equal(REPORTS[name](queries, scope).totals['totalFen'], net, `the sum of ${name}`);
  }
  t.equal(net, billedFen);

  await view.close();
  const again = await rebuilt(folder, createInvoicing());
  t.ok(again.same, 'the journal, followed again, gives the same view, byte by byte');
});
