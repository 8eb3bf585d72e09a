import t from 'tap';
import { DIALECTS } from '../../protocols/dialects/index.ts';
import { fieldsOf } from '../../protocols/dialects/notation.ts';
import { compile } from '../../protocols/iso8583/compile.ts';
import type { Dialect, Field } from '../../protocols/iso8583/dialect.ts';
import { dialectFromText, dialectToText } from '../../protocols/iso8583/dialect-file.ts';
import { EVERYTHING } from './test-dialects.ts';

const label = { zh: '域', en: 'field' };

/** The test dialect with one field put in. */
function withField(number: number, field: Omit<Field, 'name'>): Dialect {
  return { ...EVERYTHING, fields: { ...EVERYTHING.fields, [number]: { name: label, ...field } } };
}

const POSITION = { by: 'position' } as const;
const IMPOSSIBLE: readonly (readonly [what: string, number: number, field: Omit<Field, 'name'>])[] =
  [
    ['neither length nor max', 30, { type: 'n' }],
    ['both length and max', 30, { type: 'n', length: 3, max: 5, prefix: 'LL' }],
    ['max without prefix', 30, { type: 'n', max: 5 }],
    ['prefix without max', 30, { type: 'n', length: 5, prefix: 'LL' }],
    ['length 0', 30, { type: 'n', length: 0 }],
    [
      'a prefix that cannot say max',
      30,
      { type: 'an', max: 100, prefix: 'LL', prefixEncoding: 'bcd' },
    ],
    ['a binary prefix that cannot', 30, { type: 'an', max: 300, prefix: 'LL' }],
    ['prefix encoding of a fixed field', 30, { type: 'an', length: 3, prefixEncoding: 'bcd' }],
    ['a number in GBK', 30, { type: 'n', length: 4, encoding: 'gbk' }],
    ['text packed', 30, { type: 'an', length: 4, encoding: 'bcd' }],
    ['bytes as ASCII', 30, { type: 'b', length: 4, encoding: 'ascii' }],
    ['a filler nibble in text', 30, { type: 'an', length: 4, filler: 'left' }],
    [
      'a prefix that counts digits of bytes',
      30,
      { type: 'b', max: 8, prefix: 'LL', prefixCounts: 'digits' },
    ],
    ['padding of a variable field', 30, { type: 'an', max: 8, prefix: 'LL', pad: 'left' }],
    ['TLV in text', 30, { type: 'ans', max: 99, prefix: 'LL', safe: 'tlv' }],
    ['a variable signed amount', 30, { type: 'x+n', max: 9, prefix: 'LL' }],
    ['a MAC of variable length', 64, { type: 'b', max: 8, prefix: 'LL' }],
    ['field 1', 1, { type: 'b', length: 8 }],
    ['field 65 beside three bitmaps', 65, { type: 'b', length: 8 }],
    ['field 193', 193, { type: 'b', length: 8 }],
    [
      'a part behind the one that takes the rest',
      30,
      {
        type: 'an',
        length: 9,
        subfields: [
          {
            layout: {
              ...POSITION,
              parts: [
                { id: 'a', name: label, length: 'rest' },
                { id: 'b', name: label, length: 2 },
              ],
            },
          },
        ],
      },
    ],
  ];
for (const [what, number, field] of IMPOSSIBLE) {
  t.test(`refused with the field's number: ${what}`, async (t) => {
    t.throws(() => compile(withField(number, field)), {
      name: 'ProtocolError',
      code: 'bad-dialect',
      field: number,
    });
  });
}

t.test('the real dialects and the one with everything are possible', async (t) => {
  for (const { dialect } of Object.values(DIALECTS)) t.equal(compile(dialect).name, dialect.name);
  t.equal(compile(EVERYTHING).name, 'everything');
});

t.test('dialects survive YAML and JSON', async (t) => {
  for (const dialect of [...Object.values(DIALECTS).map((known) => known.dialect), EVERYTHING]) {
    for (const format of ['yaml', 'json'] as const) {
      const again = dialectFromText(dialectToText(dialect, format));
      t.same(again, JSON.parse(JSON.stringify(dialect)), `${dialect.name} ${format}`);
      t.equal(compile(again).name, dialect.name);
    }
  }
});

const WRONG_FILES: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['not YAML', 'a: [', /not YAML/],
  ['a list', '- 1', /dialect is a group of values/],
  ['empty', '', /dialect is a group of values/],
  ['no bitmap', dialectText({ bitmap: undefined }), /bitmap is a group of values/],
  [
    'wrong maximum',
    dialectText({ bitmap: { encoding: 'binary', maximum: 100 } }),
    /maximum is one of 64, 128, 192/,
  ],
  ['unknown key', dialectText({ speed: 'fast' }), /dialect speed is not known/],
  [
    'wrong type of field 3',
    dialectText({ fields: { 3: { name: label, type: 'q', length: 1 } } }),
    /field 3 type is one of/,
  ],
  [
    'text as length',
    dialectText({ fields: { 3: { name: label, type: 'n', length: 'six' } } }),
    /field 3 length is a whole number/,
  ],
  [
    'no name',
    dialectText({ fields: { 3: { type: 'n', length: 6 } } }),
    /field 3 name is a group of values/,
  ],
];
for (const [what, text, message] of WRONG_FILES) {
  t.test(`a wrong file says what is expected: ${what}`, async (t) => {
    t.throws(() => dialectFromText(text), { code: 'bad-dialect', message });
  });
}

function dialectText(change: Record<string, unknown>): string {
  return JSON.stringify({ ...EVERYTHING, ...change });
}

t.test('the notation of field tables', async (t) => {
  const fields = fieldsOf([
    [3, 'n6', '交易处理码', 'Processing code'],
    [35, 'z..37', '2磁道数据', 'Track 2', 'track'],
    [48, 'ans...999', '附加数据', 'Additional data'],
    [28, 'x+n8', '手续费', 'Fee'],
  ]);
  t.match(fields[3], { type: 'n', length: 6 });
  t.match(fields[35], { type: 'z', max: 37, prefix: 'LL', safe: 'track' });
  t.match(fields[48], { type: 'ans', max: 999, prefix: 'LLL' });
  t.match(fields[28], { type: 'x+n', length: 8 });
  t.throws(() => fieldsOf([[3, 'q6', '', '']]), /field 3: q6 is no format/);
});
