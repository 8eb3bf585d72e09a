import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Command } from 'commander';
import t from 'tap';
import { addDecodeCommand } from '../../cli/decode.ts';
import { addEncodeCommand } from '../../cli/encode.ts';
import { addExplainCommand } from '../../cli/explain.ts';
import { ISO_1987_ASCII } from '../../protocols/dialects/iso-1987.ts';
import { dialectToText } from '../../protocols/iso8583/dialect-file.ts';
import { cupFrame } from './fixtures.ts';

interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command in this process; gives its exit code and what it printed. */
async function posp(...argv: string[]): Promise<Ran> {
  const program = new Command('posp');
  addDecodeCommand(program);
  addEncodeCommand(program);
  addExplainCommand(program);
  const out = t.capture(process.stdout, 'write', () => true);
  const err = t.capture(process.stderr, 'write', () => true);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } finally {
    out.restore();
    err.restore();
  }
  const text = (calls: ReturnType<typeof out>): string =>
    calls.map(({ args }) => String(args[0])).join('');
  const exit = Number(process.exitCode ?? 0);
  process.exitCode = 0;
  return { exit, out: text(out()), err: text(err()) };
}

/** The same with lines on stdin. */
async function pospWithInput(input: string, ...argv: string[]): Promise<Ran> {
  const stdin = t.intercept(process, 'stdin', { value: Readable.from([input]) });
  try {
    return await posp(...argv);
  } finally {
    stdin.restore();
  }
}

const SALE = cupFrame('syn_sale_request').toString('hex').toUpperCase();

t.test('decode and encode are inverse', async (t) => {
  const decoded = await posp('decode', '--json', SALE);
  t.equal(decoded.exit, 0);
  t.match(JSON.parse(decoded.out), {
    layout: 'len2+tpdu5+header6+body',
    mti: '0200',
    trailingBytes: 0,
  });
  t.equal(decoded.out.trim().split('\n').length, 1);
  const encoded = await posp('encode', decoded.out);
  t.equal(encoded.out.trim(), SALE);
  t.same(JSON.parse((await posp('encode', '--json', decoded.out)).out), { hex: SALE });
});

t.test('a frame that was cut: exit 1, the error and what was read', async (t) => {
  const { exit, out } = await posp('decode', '--json', SALE.slice(0, -24));
  t.equal(exit, 1);
  t.match(JSON.parse(out), {
    error: { code: 'truncated', field: 60, offset: 112, message: String },
    decoded: { mti: '0200', fields: { 11: '000002' } },
  });
});

/** Field 4 begins with a letter. */
const BAD_DIGIT = SALE.replace('000000000000012345', '000000A00000012345');

t.test('a frame with a letter in a number: exit 1, the error and what was read', async (t) => {
  const { bitmap } = JSON.parse((await posp('decode', '--json', SALE)).out) as { bitmap: string };
  const { exit, out } = await posp('decode', '--json', BAD_DIGIT);
  t.equal(exit, 1);
  const { error, decoded } = JSON.parse(out) as Record<
    'error' | 'decoded',
    Record<string, unknown>
  >;
  t.match(error, { code: 'bad-digit', field: 4 });
  const fields = { 2: '6219990000000000010', 3: '000000' };
  t.strictSame({ bitmap: decoded['bitmap'], fields: decoded['fields'] }, { bitmap, fields });
  const page = await posp('explain', BAD_DIGIT);
  t.match(page, { exit: 1, out: /处理码|Processing/, err: /bad-digit at byte/ });
  const json = JSON.parse((await posp('explain', '--json', BAD_DIGIT)).out);
  t.match(json, {
    error: { code: 'bad-digit', field: 4 },
    bitmap,
    fields: [{ field: 2 }, { field: 3 }],
  });
});

t.test('a header of zeros is a header', async (t) => {
  const frame = '0018600006000000000000000008000020000000000000000001';
  t.match(JSON.parse((await posp('decode', '--json', frame)).out), {
    layout: 'len2+tpdu5+header6+body',
    header: '000000000000',
    mti: '0800',
    fields: { 11: '000001' },
  });
});

t.test('a frame that was cut before its message: exit 1', async (t) => {
  const { exit, out } = await posp('decode', '--json', SALE.slice(0, 20));
  t.equal(exit, 1);
  t.match(JSON.parse(out), { error: { code: 'truncated', field: null }, decoded: { fields: {} } });
  const inBitmap = await posp('decode', '--json', SALE.slice(0, 40));
  t.match(JSON.parse(inBitmap.out), {
    error: { code: 'truncated', field: null, offset: 15 },
    decoded: { layout: 'len2+tpdu5+header6+body', tpdu: '6000060000', mti: '0200', fields: {} },
  });
});

t.test('a length prefix that lies: exit 1, and all that was read', async (t) => {
  for (const [prefix, code] of [
    ['007E', 'bad-length'],
    ['0001', 'bad-length'],
    ['0080', 'truncated'],
  ] as const) {
    const { exit, out } = await posp('decode', '--json', prefix + SALE.slice(4));
    t.equal(exit, 1, prefix);
    t.match(JSON.parse(out), { error: { code, field: null, offset: 0 }, decoded: { mti: '0200' } });
  }
});

t.test('bytes that are no message: exit 1', async (t) => {
  const { exit, out } = await posp('decode', '--json', 'DEADBEEF');
  t.equal(exit, 1);
  t.match(JSON.parse(out), { error: { code: String }, decoded: { fields: {} } });
});

t.test('lines on stdin: a document each, also for the one that is no hex', async (t) => {
  const lines = `${SALE}\n\nxyz\r\n${SALE.slice(0, -24)}\n${SALE.toLowerCase()}\n`;
  const { exit, out, err } = await pospWithInput(lines, 'decode', '-');
  t.equal(exit, 2);
  t.equal(err, 'posp: line 3: the frame is not hex\n');
  const [first, second, third, last] = out.split('\n').map((line) => JSON.parse(line || 'null'));
  t.match(first, { mti: '0200' });
  t.match(second, { error: { code: 'bad-hex' }, decoded: { fields: {} } });
  t.match(third, { error: { code: 'truncated', field: 60 } });
  t.same(last, first);
  const encoded = await pospWithInput(`{}\nno json\n${JSON.stringify(first)}\n`, 'encode', '-');
  t.match(encoded, { exit: 2, out: `${SALE}\n`, err: /line 2/ });
  const pretty = JSON.stringify(first, null, 2);
  const mixed = `${pretty}\n${JSON.stringify(first)}\n{"mti":\n"0200",\n${pretty}\n{"a":[\n`;
  const many = await pospWithInput(mixed, 'encode', '-');
  t.equal(many.out, `${SALE}\n`.repeat(3), 'documents over several lines');
  t.match(many, { exit: 2, err: /^posp: line \d+: [^\n]+\nposp: line \d+: [^\n]+\n$/ });
  const nothing = await pospWithInput('\n', 'explain', '-');
  t.match(nothing, { exit: 2, out: '', err: /nothing to read/ });
});

const UNREADABLE = [
  ['decode', 'xyz'],
  ['decode', 'ABC'],
  ['decode', '--dialect', 'klingon', 'AB'],
  ['decode', '--dialect', '/nowhere/dialect.yaml', 'AB'],
  ['encode', 'no json'],
  ['encode', '[1]'],
  ['explain', ''],
];
for (const argv of UNREADABLE) {
  t.test(`exit 2 and one line on stderr: ${argv.join(' ')}`, async (t) => {
    const { exit, out, err } = await posp(...argv);
    t.equal(exit, 2);
    t.equal(out, '');
    t.match(err, /^posp: [^\n]+\n$/);
  });
}

t.test('packed digits of ISO 8583 stand at the right', async (t) => {
  const fields = { 19: '156', 22: '021', 32: '12345' };
  const document = JSON.stringify({ layout: 'body', mti: '0200', fields });
  const { out } = await posp('encode', '--dialect', 'iso-1987-binary', document);
  t.equal(out.trim(), '020000002401000000000156002105012345');
  const decoded = await posp('decode', '--dialect', 'iso-1987-binary', '--json', out.trim());
  t.match(JSON.parse(decoded.out), { fields });
});

t.test('a document that cannot be encoded: exit 1', async (t) => {
  const odd = [
    { 4: 'x' },
    { 7: '1' },
    { 999: '1' },
    { PAN: '1' },
    { 4: 5 },
    { '04': '1' },
    { '4.0': '1' },
  ];
  for (const fields of odd) {
    const { exit } = await posp('encode', '--json', JSON.stringify({ mti: '0200', fields }));
    t.equal(exit, 1, JSON.stringify(fields));
  }
});

// biome-ignore format: one line a case.
const CONTRADICTIONS: [what: string, document: object, said: RegExp][] = [
  ['a layout without its TPDU',     { layout: 'len2+tpdu5+header6+body' },                                        /has a tpdu of 5 bytes, it is missing/],
  ['a layout without its header',   { layout: 'tpdu5+header6+body', tpdu: '6000060000' },                         /has a header of 6 bytes, it is missing/],
  ['half a TPDU',                   { layout: 'tpdu5+body', tpdu: '600006' },                                     /has a tpdu of 5 bytes, 3 are given/],
  ['a TPDU without a place',        { layout: 'body', tpdu: '6000060000' },                                       /layout body has no tpdu/],
  ['a header, no layout',           { header: '603100311234' },                                                   /layout body has no header/],
  ['a length without a place',      { layout: 'body', length: 9 },                                                /layout body has no length/],
  ['a bitmap of no field',          { bitmap: '0000000000000000' },                                               /bitmap of these fields is 0020000000000000, not 0000000000000000/],
  ['a bitmap of one more',          { bitmap: '0020000000800000' },                                               /bitmap of these fields/],
  ['a head of another type',        { head: '02000020000000000000' },                                             /head and fields contradict/],
];
for (const [what, document, said] of CONTRADICTIONS) {
  t.test(`a document that contradicts itself: ${what}`, async (t) => {
    const full = { mti: '0800', fields: { 11: '000001' }, ...document };
    const { exit, out, err } = await posp('encode', JSON.stringify(full));
    t.match({ exit, out }, { exit: 1, out: '' });
    t.match(err, said);
  });
}

t.test('explain prints a page, or a document', async (t) => {
  const page = await posp('explain', SALE);
  t.equal(page.exit, 0);
  t.match(page.out, /消费 Sale/);
  t.notMatch(page.out, /6219990000000000010/);
  const json = await posp('explain', '--json', SALE);
  t.match(JSON.parse(json.out), { layout: 'len2+tpdu5+header6+body', transaction: { id: 'sale' } });
  const cut = await posp('explain', SALE.slice(0, -24));
  t.equal(cut.exit, 1);
  t.match(cut.err, /truncated at byte 112/);
  t.match(cut.out, /消费|Financial/);
});

t.test('other dialects by name and from a file', async (t) => {
  const document = JSON.stringify({
    layout: 'len4+body',
    mti: '0800',
    fields: { 7: '1120101112', 11: '000001', 70: '301' },
  });
  const { out } = await posp('encode', '--dialect', 'iso-1987-ascii', document);
  const text = Buffer.from(out.trim(), 'hex').toString('latin1');
  t.equal(text, '005508008220000000000000040000000000000011201011120000013010'.slice(0, 59));
  const file = join(mkdtempSync(join(tmpdir(), 'posp-dialect-')), 'host.yaml');
  writeFileSync(file, dialectToText(ISO_1987_ASCII, 'yaml'));
  const again = await posp('decode', '--json', '--dialect', file, out.trim());
  t.match(JSON.parse(again.out), { layout: 'len4+body', mti: '0800', fields: { 70: '301' } });
  const cut = await posp('decode', '--dialect', file, '00146000060000603100311234303830303832');
  t.match(JSON.parse(cut.out), { error: { code: 'truncated' }, decoded: { mti: '0800' } });
});
