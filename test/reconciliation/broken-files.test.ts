/** Bills that must not be used: one sentence that names file and line, and nothing is left behind. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import iconv from 'iconv-lite';
import t from 'tap';
import { reconcile } from '../../modules/reconciliation/reconcile.ts';
import { BillRefused } from '../../modules/reconciliation/record.ts';
import { sourceNamed } from '../../modules/reconciliation/sources/index.ts';
import { Random } from '../ledger/random.ts';
import { documentOf, posp } from '../support/posp.ts';
import { alipay, alipayZip } from './bills/alipay.ts';
import { wechat } from './bills/wechat.ts';
import { dayFor, FORMATS } from './bills.ts';
import { type Line, plantedDay } from './day.ts';

t.setTimeout(300_000);

const folder = mkdtempSync(join(tmpdir(), 'posp-test-broken-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const ours = join(folder, 'ours.ndjson');
const OURS =
  '{"orderId":"A","type":"pay","amountFen":100,"feeFen":1,"status":"success","occurredAt":"2026-11-20T10:00:00+08:00"}\n';
writeFileSync(ours, OURS);

const abilities = { fees: true, cancels: false, failed: false };
const lines: Line[] = plantedDay(new Random(1), 3, abilities).theirs.slice(0, 3);
const WECHAT = wechat(lines);
const ALIPAY = alipay(lines);
const COM_FORMAT = FORMATS.find(({ file }) => file === 'IND20112101ACOMN')!;
const COM = COM_FORMAT.write(dayFor(COM_FORMAT, { theirs: lines, ours: [], planted: [] }).theirs);
const PIPE = iconv.decode(
  FORMATS.find(({ source }) => source === 'bank-pipe')!.write(lines),
  'gbk',
);
const CSV = [
  'orderId,refundId,channelId,type,status,amountFen,occurredAt',
  'A,,C1,pay,success,100,2026-11-20T10:00:00+08:00',
  'B,R1,C2,refund,pending,40,2026-11-20T11:00:00+08:00',
  '',
].join('\n');
const INSURANCE = [
  'psn_no\tmdtrt_id\tsetl_id\tmsgid\tstmt_rslt\trefd_setl_flag\tmemo\tmedfee_sumamt\tfund_pay_sumamt\tacct_pay',
  'P1\tM1\tA\tC1\t0\t0\t\t1.00\t0.00\t0.00',
  '',
].join('\n');
const gbk = (text: string): Buffer => iconv.encode(text, 'gbk');
const row = (text: string, number: number): string => text.split('\r\n')[number - 1]!;

/** The lines from a number on with the first column behind the last one. */
function turned(text: string, separator: string, from = 1): string {
  const turn = (line: string): string => {
    const [first, ...others] = line.split(separator);
    return line === '' || line.startsWith('#') ? line : [...others, first].join(separator);
  };
  return text
    .split('\n')
    .map((line, at) => (at + 1 < from ? line : turn(line.replace('\r', ''))))
    .join('\n');
}

function without(text: string, ...numbers: number[]): string {
  return text
    .split('\r\n')
    .filter((_, at) => !numbers.includes(at + 1))
    .join('\r\n');
}

function changed(text: string, number: number, change: (line: string) => string): string {
  return text
    .split('\r\n')
    .map((line, at) => (at + 1 === number ? change(line) : line))
    .join('\r\n');
}

/** A refund as the only line whose time is that of its order, the day before. */
const refunded = plantedDay(new Random(1), 3, abilities).theirs.find(
  ({ kind }) => kind === 'refund',
)!;
const OLDER = wechat([...lines, { ...refunded, time: '2026-11-19 23:00:00' }]);
const TITLES = row(WECHAT, 1);
const TOTALS = row(WECHAT, 5);
/** The total of a column as a bill states it. */
const total = (of: string, title: string): string =>
  row(of, of.split('\r\n').length - 1).split(',')[TOTALS.split(',').indexOf(title)]!;
const lastTotals = (of: string, title: string, said: string): string => {
  const number = of.split('\r\n').length - 1;
  const at = TOTALS.split(',').indexOf(title);
  return changed(of, number, (line) =>
    line
      .split(',')
      .map((value, index) => (index === at ? said : value))
      .join(','),
  );
};

const noEnd = without(ALIPAY, 9, 10, 11, 12);
const badUtf8 = Buffer.from(changed(WECHAT, 3, (line) => line.replace('Q9z', 'Q\0z')));
badUtf8[badUtf8.indexOf(0)] = 0xff;
const badGbk = gbk(changed(ALIPAY, 7, (line) => line.replace('*小', '\0')));
badGbk[badGbk.indexOf(0)] = 0xff;

// biome-ignore format: one line a case.
const CASES: [what: string, source: string, bytes: Buffer | string, said: RegExp][] = [
  ['empty file',               'wechat',       '',                                                           /bill: the heading \(交易时间, …\) is missing/],
  ['no heading',               'wechat',       without(WECHAT, 1),                                           /bill: line 1: the heading/],
  ['GBK instead of UTF-8',     'wechat',       gbk(WECHAT),                                                  /bill: line 1: is GBK, UTF-8 is expected/],
  ['one byte not UTF-8',       'wechat',       badUtf8,                                                      /bill: line 3: is not UTF-8/],
  ['UTF-16',                   'wechat',       Buffer.from(`\uFEFF${WECHAT}`, 'utf16le'),                     /bill: line 1: is (not UTF-8|UTF-16)/],
  ['another day',              'wechat',       WECHAT.replaceAll('2026-11-20', '2026-11-19'),                /^FILE bill: line 2: is of 2026-11-19, the bill of 2026-11-20 is expected/],
  ['one line of another day',  'wechat',       changed(WECHAT, 3, (line) => line.replace('11-20', '11-21')), /^FILE bill: line 3: is of 2026-11-21/],
  ['no date',                  'wechat',       changed(WECHAT, 3, (line) => line.replace('2026-11-20', 'x')), /bill: line 3: 交易时间 is not a date/],
  ['a value too few',          'wechat',       changed(WECHAT, 3, (line) => line.replace(/,`[^`]*$/, '')),   /bill: line 3: has 26 values for 27 columns/],
  ['cut off in a line',        'wechat',       `${row(WECHAT, 1)}\r\n${row(WECHAT, 2).slice(0, 90)}`,       /bill: line 2: has \d+ values for 27 columns/],
  ['amount no number',         'wechat',       changed(WECHAT, 2, (line) => line.replace(/`[\d.]+,`0.00,`$/, '`abc,`0.00,`')), /bill: line 2: 订单金额 is not an amount/],
  ['half a fen',               'wechat',       changed(WECHAT, 2, (line) => line.replace(/`[\d.]+,`0.00,`$/, '`1.005,`0.00,`')), /bill: line 2: 订单金额 is not an amount/],
  ['unknown state',            'wechat',       changed(WECHAT, 2, (line) => line.replace('SUCCESS', 'MAYBE')), /bill: line 2: 交易状态 and 退款状态 say nothing that is known/],
  ['formula',                  'wechat',       changed(WECHAT, 4, (line) => line.replace('`wx', '`=cmd|\'/c calc\'!A0 wx')), /bill: line 4: value 2 is a formula/],
  ['formula behind a plus',    'wechat',       changed(WECHAT, 4, (line) => line.replace('`wx', '`+SUM(1+1)wx')), /bill: line 4: value 2 is a formula/],
  ['no trailer',               'wechat',       without(WECHAT, 5, 6),                                        /^FILE bill: line 4: the trailer is missing/],
  ['no totals',                'wechat',       without(WECHAT, 6),                                           /^FILE bill: line 5: the trailer is missing/],
  ['wrong count',              'wechat',       changed(WECHAT, 6, (line) => line.replace('`3,', '`4,')),     /^FILE bill: line 6: the trailer says 总交易单数 4, the file has 3 lines/],
  ['a line missing',           'wechat',       without(WECHAT, 3),                                           /^FILE bill: line 5: the trailer says 总交易单数 3, the file has 2 lines/],
  ['wrong sum',                'wechat',       changed(WECHAT, 6, (line) => line.replace(/[\d.]+(,`[\d.]+)$/, '1.00$1')), /^FILE bill: line 6: the trailer says 订单总金额 1.00, the lines give/],
  ['line behind the trailer',  'wechat',       `${WECHAT}${row(WECHAT, 2)}\r\n`,                             /^FILE bill: line 7: stands behind the end of the list/],
  ['no amount column',         'wechat',       WECHAT.replace(',订单金额,', ',甲,').replace(',应结订单金额,代金', ',乙,代金'), /bill: line 1: there is no column 订单金额/],
  ['UTF-8 instead of GBK',     'alipay',       ALIPAY,                                                       /bill: line 5: is UTF-8, GBK is expected/],
  ['byte not GBK',             'alipay',       badGbk,                                                       /bill: line 7: is not GBK/],
  ['header of another day',    'alipay',       gbk(ALIPAY.replace('[2026年11月20', '[2026年11月18')),        /^FILE bill: line 3: says 2026-11-18, the bill of 2026-11-20 is expected/],
  ['no end of the list',       'alipay',       gbk(noEnd),                                                   /^FILE bill: line 8: the trailer is missing/],
  ['wrong count in words',     'alipay',       gbk(ALIPAY.replace('合计：3笔', '合计：4笔')),                  /^FILE bill: line 10: the trailer says 4 lines of pay, the file has 3/],
  ['wrong sum in words',       'alipay',       gbk(ALIPAY.replace(/实收共[\d.]+元/, '实收共1.00元')),          /^FILE bill: line 10: the trailer says 1.00 for pay/],
  ['open quote',               'alipay',       gbk(changed(ALIPAY, 6, (line) => `"${line}`)),                /bill: line 6: a quote does not close/],
  ['summary of the ZIP',       'alipay',       alipayZip(lines, 7),                                          /^FILE bill\/.*汇总.*: line 3: 退款订单总笔数 is 7, the bill has 0/],
  ['ZIP without a bill',       'alipay',       Buffer.from(zipSync({ 'readme.pdf': gbk('x') })),             /bill: holds no bill/],
  ['ZIP cut off',              'alipay',       alipayZip(lines).subarray(0, 300),                            /bill: is a broken/],
  ['GZIP cut off',             'wechat',       Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 75]),         /bill: is a broken archive|heading/],
  ['ZIP that is a bomb',       'wechat',       Buffer.from(zipSync({ 'bill.csv': new Uint8Array(65 << 20) })),  /bill: unpacks to far more than a bill holds/],
  ['a workbook',               'wechat',       Buffer.from(zipSync({ 'xl/workbook.xml': gbk('<workbook/>') })), /bill\/workbook.xml: line 1: the heading/],
  ['a mark of UTF-8 in GBK',   'alipay',       Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), gbk(ALIPAY.replace('#', ''))]), /bill: line 1: the heading/],
  ['GBK cut in a character',   'alipay',       gbk(ALIPAY).subarray(0, gbk(ALIPAY).indexOf(gbk('业务明细列表结束')) + 5), /^FILE bill: line 9: the trailer is missing/],
  ['a refund of a later day',  'wechat',       OLDER.replace('2026-11-19', '2026-11-22'),                    /^FILE bill: line 5: is of 2026-11-22/],
  ['a refund total of zero',   'wechat',       lastTotals(OLDER, '退款总金额', '`0.00'),                     /^FILE bill: line 7: the trailer says 退款总金额 0.00/],
  ['short line',               'unionpay-com', COM.subarray(0, 401),                                         /bill: line 2: has 100 bytes, at least 263 are needed/],
  ['columns shifted',          'unionpay-com', Buffer.concat([Buffer.from('x'), COM]),                       /bill: line 1: byte \d+ must be blank/],
  ['another day, fixed',       'unionpay-com', Buffer.from(COM.toString('latin1').replaceAll(' 1120', ' 1117'), 'latin1'), /^FILE bill: line 1: is of 11-17/],
  ['letters in an amount',     'unionpay-com', Buffer.from(COM.toString('latin1').replace(/ 0000(\d{8}) {2}/, ' 00x0$1  '), 'latin1'), /bill: line 1: amountFen is not an amount/],
  ['count of the trailer',     'bank-pipe',    gbk(PIPE.replace('T|3', 'T|2')),                              /^FILE bill: line 5: the trailer says count 2, the file has 3 lines/],
  ['sum of the trailer',       'bank-pipe',    gbk(PIPE.replace(/T\|3\|.*/, 'T|3|0.01')),                    /^FILE bill: line 5: the trailer says amountFen 0.01/],
  ['no trailer, pipes',        'bank-pipe',    gbk(PIPE.replace(/T\|.*\n/, '')),                             /^FILE bill: line 4: the trailer is missing/],
  ['neither header nor line',  'bank-pipe',    gbk(PIPE.replace('D|', 'X|')),                                /bill: line 2: is no header, detail or trailer/],
  ['no header, pipes',         'bank-pipe',    gbk(PIPE.replace(/H\|.*\n/, '')),                              /^FILE bill: line 1: the header that says the date is missing/],
  ['unknown state, CSV',       'bank-csv',     CSV.replace('success', 'FAIL'),                               /bill: line 2: type and status say nothing that is known/],
  ['unknown type, CSV',        'bank-csv',     CSV.replace(',pay,', ',PAY,'),                                /bill: line 2: type and status say nothing that is known/],
  ['unknown flag, insurance',  'insurance',    INSURANCE.replace('\t0\t\t', '\t9\t\t'),                      /bill: line 2: refd_setl_flag say nothing that is known/],
  ['header of another day',    'bank-pipe',    gbk(PIPE.replace('H|20261120', 'H|20261119')),                /^FILE bill: line 1: says 2026-11-19/],
];

const paidFees = wechat(lines);
// biome-ignore format: one line a case.
const LEGAL: [what: string, source: string, bytes: Buffer | string][] = [
  ['WeChat',                                 'wechat',       WECHAT],
  ['WeChat, an empty day',                   'wechat',       [TITLES, TOTALS, '`0,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00', ''].join('\r\n')],
  ['line feeds only, the last one missing',  'wechat',       WECHAT.replaceAll('\r\n', '\n').trimEnd()],
  ['line ends of both kinds',                'wechat',       WECHAT.replace('\r\n', '\n')],
  ['a mark of UTF-8 in front',               'wechat',       `\uFEFF${WECHAT}`],
  ['tabs behind values and empty lines',     'wechat',       `${WECHAT.replaceAll(',`', '\t,`').replaceAll('\r\n', '\t\r\n')}\r\n\r\n`],
  ['titles with back-ticks',                 'wechat',       changed(WECHAT, 1, (line) => `\`${line.replaceAll(',', ',`')}`)],
  ['a refund with the time of its order',    'wechat',       OLDER],
  ['fees of the payments alone in the total', 'wechat',      lastTotals(OLDER, '手续费总金额', total(paidFees, '手续费总金额'))],
  ['Alipay',                                 'alipay',       gbk(ALIPAY)],
  ['Alipay without totals in words',         'alipay',       gbk(without(ALIPAY, 10, 11, 12))],
  ['Alipay, an empty day',                   'alipay',       gbk(alipay([]))],
  ['Alipay in its archive',                  'alipay',       alipayZip(lines)],
  ['COM',                                    'unionpay-com', COM],
  ['COM, an empty day',                      'unionpay-com', ''],
  ['COM, line feeds, blanks cut off',        'unionpay-com', COM.toString('latin1').replace(/ *\r\n/g, '\n')],
  ['pipes',                                  'bank-pipe',    gbk(PIPE)],
  ['CSV',                                    'bank-csv',     CSV],
  ['CSV, other order of columns',            'bank-csv',     turned(CSV, ',')],
  ['CSV of payments that succeeded alone',   'bank-csv',     'orderId,amountFen,occurredAt\nA,100,2026-11-20T10:00:00+08:00\n'],
  ['Alipay, other order of columns',         'alipay',       gbk(turned(ALIPAY, ','))],
  ['insurance',                              'insurance',    INSURANCE],
  ['insurance, other order of columns',      'insurance',    turned(INSURANCE, '\t')],
  ['insurance without titles',               'insurance',    INSURANCE.replace(/.*\n/, '')],
];

async function refusal(source: string, bill: string, against = ours): Promise<string> {
  try {
    await reconcile({ source: sourceNamed(source)!, file: bill, against, day: 20261120 });
  } catch (error) {
    if (error instanceof BillRefused)
      return [error.difference ?? [], error.message].flat().join(' ');
    throw error;
  }
  return 'was accepted';
}

t.test('the whole ones are accepted', async (t) => {
  for (const [what, source, bytes] of LEGAL) {
    const bill = join(folder, 'bill');
    writeFileSync(bill, bytes);
    t.equal(await refusal(source, bill), 'was accepted', what);
  }
});

t.test('broken bills', async (t) => {
  const before = temporaryFolders();
  for (const [what, source, bytes, said] of CASES) {
    const bill = join(folder, 'bill');
    writeFileSync(bill, bytes);
    const found = await refusal(source, bill);
    t.match(found, said, what);
    t.equal(found.startsWith('FILE '), said.source.startsWith('^FILE '), what);
  }
  t.strictSame(temporaryFolders(), before, 'nothing unpacked is left');
});

// biome-ignore format: one line a case.
const OWN_CASES: [what: string, text: string | Buffer, said: RegExp][] = [
  ['no JSON',            '{"orderId":"A"',                                                   /ours\.ndjson: line 2: is not JSON/],
  ['an array',           '[1]',                                                              /line 2: is not a JSON object/],
  ['a word',             'hello',                                                            /line 2: is not JSON/],
  ['no order',           '{"type":"pay","amountFen":1,"status":"success"}',                  /line 2: has no orderId/],
  ['no type',            '{"orderId":"A","amountFen":1,"status":"success"}',                 /line 2: type is not pay or refund/],
  ['unknown status',     '{"orderId":"A","type":"pay","amountFen":1,"status":"ok"}',         /line 2: status is not success, pending or failed/],
  ['no amount',          '{"orderId":"A","type":"pay","status":"success"}',                  /line 2: has no amountFen/],
  ['yuan',               '{"orderId":"A","type":"pay","amountFen":1.5,"status":"success"}',  /line 2: amountFen is not an integer of fen/],
  ['amount as text',     '{"orderId":"A","type":"pay","amountFen":"1","status":"success"}',  /line 2: amountFen is not an integer of fen/],
  ['too large',          '{"orderId":"A","type":"pay","amountFen":1e300,"status":"success"}', /line 2: amountFen is not an integer of fen/],
  ['negative payment',   '{"orderId":"A","type":"pay","amountFen":-1,"status":"success"}',   /line 2: amountFen is negative/],
  ['order as number',    '{"orderId":7,"type":"pay","amountFen":1,"status":"success"}',      /line 2: orderId is not a text/],
  ['not UTF-8',          Buffer.from([0x7b, 0xff, 0x7d]),                                    /line 2: is not UTF-8/],
];

t.test('broken own sides', async (t) => {
  const bill = join(folder, 'bill');
  writeFileSync(bill, WECHAT);
  const broken = join(folder, 'broken');
  for (const [what, text, said] of OWN_CASES) {
    const path = join(folder, 'ours.ndjson');
    writeFileSync(path, Buffer.concat([Buffer.from(OURS), Buffer.from(text)]));
    t.match(await refusal('wechat', bill, path), said, what);
  }
  t.match(await refusal('wechat', bill, broken), /broken: cannot be read \(ENOENT\)/);
  writeFileSync(ours, OURS);
});

// biome-ignore format: one line a case.
const USAGE: [what: string, words: string[], said: RegExp][] = [
  ['unknown source',   ['--source', 'paypal', '--file', ours],                                        /^posp: there is no source paypal; there are: wechat, alipay/],
  ['no such bill',     ['--source', 'wechat', '--file', '/nowhere/bill', '--against', ours],          /^posp: \/nowhere\/bill does not exist\n$/],
  ['a folder',         ['--source', 'wechat', '--file', folder, '--against', ours],                   /is not a file\n$/],
  ['no date at all',   ['--source', 'wechat', '--file', ours, '--against', ours, '--date', 'monday'], /^posp: --date: monday is not a date/],
  ['no such day',      ['--source', 'wechat', '--file', ours, '--against', ours, '--date', '2026-02-30'], /is not a date/],
  ['not a bill',       ['--source', 'wechat', '--file', ours, '--against', ours, '--json'],           /^posp: ours\.ndjson: line 1: the heading .* is missing\n$/],
  ['no ledger',        ['--source', 'wechat', '--file', ours, '--date', '2026-11-20', '--data', folder], /^posp: there is no ledger in/],
];

t.test('the command says it in one line and exits with 2', async (t) => {
  for (const [what, words, said] of USAGE) {
    const ran = await posp(['reconcile', ...words]);
    t.equal(ran.code, 2, what);
    t.match(ran.stderr, said, what);
    t.equal(ran.stdout, '', what);
  }
});

t.test('a bill that is not whole is a difference', async (t) => {
  const bill = join(folder, 'short.csv');
  writeFileSync(bill, without(WECHAT, 3));
  const words = ['reconcile', '--source', 'wechat', '--file', bill, '--against', ours];
  const out = join(folder, 'out.csv');
  const report = join(folder, 'report.html');
  const files = ['--out', out, '--report', report];
  const ran = await posp([...words, '--date', '2026-11-20', '--json', ...files]);
  t.match(ran, { code: 1, stderr: '' });
  const message = /^short\.csv: line 5: the trailer says 总交易单数 3, the file has 2 lines$/;
  t.match(documentOf(ran), {
    source: 'wechat',
    date: '2026-11-20',
    matched: 0,
    differences: [{ code: 'FILE', orderId: '', oursFen: null, theirsFen: null, message }],
    counts: { FILE: 1, OUR_ONLY: 0, CH_ONLY: 0 },
    totals: { ours: { lines: 0 }, theirs: { lines: 0 }, netDifferenceFen: 0 },
  });
  t.match(readFileSync(out, 'utf8'), /FILE,.*the trailer says 总交易单数 3/);
  t.match(readFileSync(report, 'utf8'), /the trailer says 总交易单数 3/);
  const people = await posp([...words, '--date', '2026-11-21']);
  t.match(people, { code: 1, stderr: '', stdout: /FILE .* the bill of 2026-11-21 is expected\n/ });
});

function temporaryFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => /^posp-(bill|reconcile|ours)-/.test(name));
}
