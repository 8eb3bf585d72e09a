import fc from 'fast-check';
import iconv from 'iconv-lite';
import t from 'tap';
import type { RecordFile, RecordLayout } from '../../protocols/records/layout.ts';
import { BANK_PIPE, UNIONPAY_COM } from '../../protocols/records/layouts.ts';
import { LineRecordReader, readRecords } from '../../protocols/records/reader.ts';
import { writeRecords } from '../../protocols/records/writer.ts';
import { SEED } from './seed.ts';

const title = { zh: '测试', en: 'test' };

const FIXED: RecordLayout = {
  name: 'fixed',
  title,
  encoding: 'gbk',
  format: { kind: 'fixed', gapBytes: 0 },
  header: {
    columns: [
      { id: 'kind', type: 'text', width: 1, constant: 'H' },
      { id: 'count', type: 'digits', width: 6 },
    ],
  },
  detail: {
    columns: [
      { id: 'kind', type: 'text', width: 1, constant: 'D' },
      { id: 'name', type: 'text', width: 8, optional: true },
      { id: 'amountFen', type: 'fen', width: 12 },
      { id: 'feeFen', type: 'yuan', width: 8, optional: true },
    ],
  },
  trailer: {
    columns: [
      { id: 'kind', type: 'text', width: 1, constant: 'T' },
      { id: 'totalFen', type: 'fen', width: 12 },
    ],
  },
  checks: [
    { at: 'header', column: 'count', is: 'count' },
    { at: 'trailer', column: 'totalFen', is: { sumOf: 'amountFen' } },
  ],
};
const CSV: RecordLayout = {
  name: 'csv',
  title,
  encoding: 'utf8',
  format: { kind: 'delimited', separator: ',', quote: '"' },
  detail: {
    columns: [
      { id: 'orderId', type: 'text' },
      { id: 'remark', type: 'text', optional: true },
      { id: 'amountFen', type: 'yuan' },
    ],
  },
};
const NAMED: RecordLayout = {
  name: 'named',
  title,
  encoding: 'gbk',
  comment: '#',
  format: { kind: 'delimited', separator: ',', trim: true, mark: '`', named: true },
  detail: {
    columns: [
      { id: 'orderId', title: '商户订单号', type: 'text' },
      { id: 'amountFen', title: '订单金额（元）', type: 'yuan' },
      { id: 'remark', title: '备注', type: 'text', optional: true },
    ],
  },
};
const JSON_FILE: RecordLayout = {
  name: 'json',
  title,
  encoding: 'utf8',
  format: { kind: 'json', records: 'data.items' },
  header: { columns: [{ id: 'count', type: 'digits' }] },
  detail: {
    columns: [
      { id: 'orderId', title: 'order.no', type: 'text' },
      { id: 'amountFen', title: 'amt', type: 'fen' },
    ],
  },
  checks: [{ at: 'header', column: 'count', is: 'count' }],
};
const XML_FILE: RecordLayout = {
  name: 'xml',
  title,
  encoding: 'gbk',
  format: { kind: 'xml', records: 'bill.row' },
  detail: {
    columns: [
      { id: 'orderId', title: '@no', type: 'text' },
      { id: 'name', title: '名称', type: 'text', optional: true },
      { id: 'amountFen', title: 'amount', type: 'yuan' },
    ],
  },
};
const LINES_OF_JSON: RecordLayout = {
  ...CSV,
  name: 'ndjson',
  format: { kind: 'json', records: 'lines' },
};

const row = (orderId: string, amountFen: number, more = {}) => ({ orderId, amountFen, ...more });
const file = (details: RecordFile['details']): RecordFile => ({
  header: null,
  details,
  trailer: null,
});

const WRITTEN: readonly (readonly [layout: RecordLayout, file: RecordFile, text: string])[] = [
  [
    FIXED,
    file([
      { name: '药房', amountFen: 12_345, feeFen: -38 },
      { name: '门诊收费处', amountFen: 5 },
    ]),
    'H000002\nD药房    000000012345   -0.38\nD门诊收费000000000005        \nT000000012350\n',
  ],
  [
    CSV,
    file([row('1', -1, { remark: 'a,b "c"\nd' }), row('2', 100)]),
    '1,"a,b ""c""\nd",-0.01\n2,,1.00\n',
  ],
  [NAMED, file([row('1', 5)]), '商户订单号,订单金额（元）,备注\n`1,`0.05,`\n'],
  [JSON_FILE, file([row('1', 5)]), '{"count":1,"data":{"items":[{"order":{"no":"1"},"amt":5}]}}\n'],
  [
    XML_FILE,
    file([row('<1>', 5, { name: '药房' }), row('2', 100)]),
    '<?xml version="1.0" encoding="GBK"?>\n<bill>\n  <row no="&lt;1&gt;">\n    <名称>药房</名称>\n    <amount>0.05</amount>\n  </row>\n  <row no="2">\n    <amount>1.00</amount>\n  </row>\n</bill>\n',
  ],
  [LINES_OF_JSON, file([row('1', 5)]), '{"orderId":"1","amountFen":"0.05"}\n'],
];
for (const [layout, given, text] of WRITTEN) {
  t.test(`${layout.name}: written and read again`, async (t) => {
    const bytes = writeRecords(layout, given);
    t.equal(iconv.decode(bytes, layout.encoding), text);
    const read = readRecords(layout, bytes);
    for (const [index, expected] of given.details.entries()) {
      const name =
        typeof expected['name'] === 'string' ? { name: expected['name'].slice(0, 4) } : {};
      t.match(read.details[index], { ...expected, ...name });
    }
    t.equal(read.details.length, given.details.length);
  });
}

t.test('named columns may stand in any order, with others between, comments around', async (t) => {
  const text = [
    '#支付宝业务明细',
    '备注, 订单金额（元） ,服务费,商户订单号',
    ' 门诊\t,"`1,234.50"'.replaceAll('"', '').replace('1,234', '1234'),
  ].join('\n');
  const full = `${text},0.01,\`A1\t\n\n#结束`;
  const { details } = readRecords(NAMED, iconv.encode(full, 'gbk'));
  t.same(details, [{ orderId: 'A1', amountFen: 123_450, remark: '门诊' }]);
});

t.test('a Chinese character whose second byte is the separator is not cut', async (t) => {
  const character = iconv.decode(Buffer.from([0x84, 0x7c]), 'gbk');
  t.equal(character.length, 1);
  const layout: RecordLayout = { ...BANK_PIPE, header: BANK_PIPE.header! };
  const given: RecordFile = {
    header: { date: '20261120', merchantId: '123456789012345' },
    details: [
      {
        orderId: 'A',
        channelId: 'B',
        occurredAt: '2026',
        amountFen: 100,
        feeFen: 1,
        remark: `${character}店`,
      },
    ],
    trailer: null,
  };
  const { details, trailer } = readRecords(layout, writeRecords(layout, given));
  t.equal(details[0]?.['remark'], `${character}店`);
  t.same(trailer, { kind: 'T', count: 1, totalFen: 100 });
});

t.test('UnionPay COM flow: 299 bytes a line, one blank between columns', async (t) => {
  const detail = Object.fromEntries(
    UNIONPAY_COM.detail.columns.map((column) => [
      column.id,
      column.type === 'fen' ? 12_345 : column.optional ? null : '1'.repeat(column.width!),
    ]),
  );
  const bytes = writeRecords(UNIONPAY_COM, file([detail]));
  t.equal(bytes.length, 299 + 2);
  t.equal(bytes.toString('latin1', 62, 74), '000000012345');
  t.equal(bytes[11], 0x20);
  t.same(readRecords(UNIONPAY_COM, bytes).details, [detail]);
});

t.test('a file may be cut anywhere', async (t) => {
  const bytes = writeRecords(FIXED, WRITTEN[0]![1]);
  const whole = readRecords(FIXED, bytes);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (sizes) => {
      const details: unknown[] = [];
      const reader = new LineRecordReader(FIXED, (detail) => details.push(detail));
      for (let start = 0, turn = 0; start < bytes.length; turn++) {
        const end = start + sizes[turn % sizes.length]!;
        reader.push(bytes.subarray(start, end));
        start = end;
      }
      const { header, trailer } = reader.end();
      t.same({ header, details, trailer }, whole);
    }),
    { seed: SEED, numRuns: 50 },
  );
});

const WRONG: readonly (readonly [
  what: string,
  layout: RecordLayout,
  text: string,
  message: RegExp,
])[] = [
  [
    'the count of the header',
    FIXED,
    'H000003\nDabc     000000000001    0.00\nT000000000001\n',
    /header says count is 3, the details give 1/,
  ],
  [
    'the sum of the trailer',
    FIXED,
    'H000001\nDabc     000000000001    0.00\nT000000000002\n',
    /trailer says totalFen is 2, the details give 1/,
  ],
  ['a trailer that is missing', FIXED, 'H000000\n', /the trailer is missing/],
  ['a header that is missing', FIXED, '', /is missing/],
  [
    'a line that ends early',
    FIXED,
    'H000001\nDabc\nT000000000001\n',
    /line 2: ends at byte 4, inside of column name|line 2: ends at byte 4, inside of column amountFen/,
  ],
  [
    'a letter in an amount',
    FIXED,
    'H000001\nDabc     00000000000X    0.00\nT000000000001\n',
    /line 2: column amountFen is not a whole number/,
  ],
  [
    'another record type',
    FIXED,
    'H000001\nXabc     000000000001    0.00\nT000000000001\n',
    /line 2: column kind does not hold what it must/,
  ],
  ['three decimals', CSV, '1,a,1.005\n', /line 1: column amountFen is not an amount in yuan/],
  ['too many values', CSV, '1,a,1.00,9\n', /line 1: has 4 values for 3 columns/],
  ['an empty value', CSV, ',a,1.00\n', /line 1: column orderId is empty/],
  ['an open quote', CSV, '1,"a,1.00\n', /a quote does not close/],
  ['text behind a quote', CSV, '1,"a"b,1.00\n', /line 1: something stands behind a closing quote/],
  ['a column that is missing', NAMED, '商户订单号,备注\n', /there is no column 订单金额/],
  ['JSON that is none', JSON_FILE, '{', /is not a JSON object/],
  [
    'a record that is no object',
    JSON_FILE,
    '{"count":1,"data":{"items":[1]}}',
    /record 1: is not an object/,
  ],
  ['XML that is none', XML_FILE, '<bill><row>', /not well-formed/],
  ['a DOCTYPE', XML_FILE, '<!DOCTYPE b [<!ENTITY a "b">]><bill/>', /DOCTYPE is not allowed/],
];
for (const [what, layout, text, message] of WRONG) {
  t.test(`wrong: ${what}`, async (t) => {
    const bytes = iconv.encode(text, layout.encoding);
    t.throws(() => readRecords(layout, bytes), {
      name: 'ProtocolError',
      code: 'bad-record',
      message,
    });
  });
}

const UNWRITABLE: readonly (readonly [
  what: string,
  layout: RecordLayout,
  detail: RecordFile['details'][number],
  message: RegExp,
])[] = [
  ['an amount that is no integer', CSV, row('1', 0.5), /column amountFen is not a whole number/],
  ['a missing value', CSV, { orderId: '1' }, /column amountFen has no value/],
  ['a number where text is', CSV, { orderId: 1, amountFen: 1 }, /column orderId is not a text/],
  ['a separator without quotes', NAMED, row('1,2', 1), /holds the separator/],
  ['a character that GBK lacks', NAMED, row('\u{1F600}', 1), /cannot be written in gbk/],
  [
    'a number wider than its column',
    FIXED,
    { amountFen: 1_234_567_890_123 },
    /amountFen is too long/,
  ],
];
for (const [what, layout, detail, message] of UNWRITABLE) {
  t.test(`not written: ${what}`, async (t) => {
    t.throws(() => writeRecords(layout, file([detail])), { code: 'bad-record', message });
  });
}
