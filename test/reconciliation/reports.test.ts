/** Reports that people open: nothing in them runs, and their totals are the result's. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSheet } from 'read-excel-file/node';
import t from 'tap';
import { posp } from '../support/posp.ts';

t.setTimeout(300_000);

const folder = mkdtempSync(join(tmpdir(), 'posp-test-reports-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string): string => join(folder, name);

/** What spreadsheets and browsers would like to run; they come from our own side, unchecked. */
const DANGERS = [
  '=cmd|/c calc!A0',
  '+1+1',
  '-1+1',
  '@SUM(1)',
  '\t=1+1',
  '＝1+1',
  '"><script>alert(1)</script>',
];

t.test('reports', async (t) => {
  const heading = 'orderId,refundId,channelId,type,status,amountFen,feeFen,occurredAt\n';
  writeFileSync(file('bill.csv'), heading);
  const records = DANGERS.map((orderId, at) =>
    JSON.stringify({
      orderId,
      type: 'pay',
      amountFen: 100 + at,
      status: 'success',
      department: at % 2 ? '内科' : '外科',
    }),
  );
  writeFileSync(file('ours.ndjson'), `${records.join('\n')}\n`);
  const words = ['reconcile', '--source', 'bank-csv', '--file', file('bill.csv')];
  const against = ['--against', file('ours.ndjson'), '--json'];
  const ran = await posp([
    ...words,
    ...against,
    '--out',
    file('d.csv'),
    '--report',
    file('d.html'),
  ]);
  t.equal(ran.code, 1, ran.stderr);
  const again = await posp([
    ...words,
    ...against,
    '--out',
    file('d.xlsx'),
    '--report',
    file('e.html'),
  ]);
  t.equal(again.stdout, ran.stdout);

  await t.test('CSV', async (t) => {
    const csv = readFileSync(file('d.csv'), 'utf8');
    t.ok(csv.startsWith('\uFEFF'), 'Excel sees that it is UTF-8');
    for (const line of csv.split('\r\n').slice(1, -1)) {
      for (const cell of line.split(',')) t.notMatch(cell, /^"?\s*[=+@＝]/, cell);
    }
    t.match(csv, /'=cmd/);
  });

  await t.test('XLSX', async (t) => {
    const rows = await readSheet(file('d.xlsx'), 2);
    t.equal(rows.length, DANGERS.length + 1);
    t.strictSame(
      rows
        .slice(1)
        .map((row) => row[6])
        .sort(),
      [1, 1.01, 1.02, 1.03, 1.04, 1.05, 1.06],
    );
    for (const row of rows) for (const cell of row) t.notMatch(String(cell), /^[=+@]/);
  });

  await t.test('HTML', async (t) => {
    const html = readFileSync(file('d.html'), 'utf8');
    t.notMatch(html, '<script');
    t.match(html, /default-src 'none'/);
    t.notMatch(html, /(src|href)=/, 'nothing from outside');
    t.ok(html.indexOf('笔数 Lines') < html.indexOf('差异明细'), 'the totals come first');
    t.match(html, /按科室 By department/);
    t.match(html, />7\.21</, 'the sum of what is only ours');
    t.equal(readFileSync(file('e.html'), 'utf8'), html, 'the same bytes again');
  });
});
