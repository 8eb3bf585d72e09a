import t from 'tap';
import { cup } from '../../protocols/dialects/cup.ts';
import { DIALECTS } from '../../protocols/dialects/index.ts';
import type { ProtocolError } from '../../protocols/error.ts';
import { documentOf, frameOf } from '../../protocols/inspect/document.ts';
import { readFrame } from '../../protocols/inspect/frame.ts';
import { cupBody } from './fixtures.ts';

const CUP = DIALECTS['cup']!;

const BAD: readonly (readonly [what: string, hex: string, expected: Partial<ProtocolError>])[] = [
  ['nothing', '', { code: 'truncated', field: null, needed: 2, had: 0 }],
  ['half an MTI', '02', { code: 'truncated', needed: 2, had: 1 }],
  ['an MTI with letters', '02A00000000000000000', { code: 'bad-mti' }],
  ['half a bitmap', '020070200000', { code: 'truncated', offset: 2, needed: 8, had: 4 }],
  ['a second bitmap', '02008000000000000000', { code: 'bad-bitmap', offset: 2 }],
  [
    'field 7, which terminals do not have',
    '02000200000000000000',
    { code: 'unknown-field', field: 7, offset: 10 },
  ],
  [
    'a fixed field that ends early',
    '02001000000000000000123456',
    { code: 'truncated', field: 4, offset: 10, needed: 6, had: 3 },
  ],
  [
    'no length at all',
    '02004000000000000000',
    { code: 'truncated', field: 2, offset: 10, needed: 1, had: 0 },
  ],
  [
    'half a length',
    '0200000000000000000400',
    { code: 'truncated', field: 62, offset: 10, needed: 2, had: 1 },
  ],
  [
    'a length with letters',
    '020040000000000000001A00',
    { code: 'bad-length', field: 2, offset: 10 },
  ],
  [
    'a length above the field',
    '02004000000000000000201111111111111111111111',
    { code: 'bad-length', field: 2 },
  ],
  [
    'a length above the frame',
    '02000000000000000004001231',
    { code: 'truncated', field: 62, needed: 14, had: 3 },
  ],
];
for (const [what, hex, expected] of BAD) {
  t.test(`decode: ${what}`, async (t) => {
    t.throws(() => cup.decode(Buffer.from(hex, 'hex')), { name: 'ProtocolError', ...expected });
  });
}

t.test('a letter in a number is an error of that field only', async (t) => {
  const body = Buffer.from(cupBody('syn_sale_request'));
  const amountOffset = 10 + 11 + 3;
  body[amountOffset] = 0x0a;
  const message = cup.decode(body);
  t.throws(() => message.get(4), { code: 'bad-digit', field: 4, offset: amountOffset });
  t.throws(() => message.number(4), { code: 'bad-digit', field: 4 });
  t.throws(() => message.check(), {
    code: 'bad-digit',
    field: 4,
    decoded: { mti: '0200', fields: { 2: '621999*********0010', 3: '000000', 4: undefined } },
  });
  t.equal(message.get(11), '000002');
});

t.test('what was read before the error is kept, masked', async (t) => {
  const body = cupBody('syn_sale_request').subarray(0, 40);
  try {
    cup.decode(body);
    t.fail('it must throw');
  } catch (error) {
    const { decoded } = error as ProtocolError;
    t.match(decoded, { mti: '0200', fields: { 2: '621999*********0010', 4: '000000012345' } });
    t.notMatch(JSON.stringify(error), /6219990000000000010/);
  }
});

const ENCODE: readonly (readonly [
  what: string,
  fields: Record<number, string | Uint8Array>,
  code: string,
])[] = [
  ['a field that terminals do not have', { 7: '1' }, 'unknown-field'],
  ['too many digits', { 4: '1234567890123' }, 'bad-value'],
  ['letters in a number', { 4: 'abc' }, 'bad-value'],
  ['odd hex', { 52: '123' }, 'bad-value'],
  ['short binary', { 52: '1234' }, 'bad-value'],
  ['bytes of another length', { 52: new Uint8Array(7) }, 'bad-value'],
  ['a variable field above its most', { 60: '1'.repeat(20) }, 'bad-value'],
  ['Chinese where ASCII is', { 41: '终端' }, 'bad-value'],
  ['a character that GBK lacks', { 57: '\u{1F600}' }, 'bad-value'],
];
for (const [what, fields, code] of ENCODE) {
  t.test(`encode: ${what}`, async (t) => {
    t.throws(() => cup.encode({ mti: '0200', fields }), { name: 'ProtocolError', code });
  });
}
t.test('encode: an MTI that is none', async (t) => {
  for (const mti of ['', '20', '02x0', '02000']) {
    t.throws(() => cup.encode({ mti, fields: {} }), { code: 'bad-mti' }, mti);
  }
});

const FILLED: readonly (readonly [field: number, given: string, read: string])[] = [
  [4, '100', '000000000100'],
  [22, '21', '021'],
  [23, '1', '001'],
  [37, '12', '12          '],
  [43, '门诊部', `门诊部${' '.repeat(34)}`],
  [35, '6219=3012', '6219D3012'],
];
for (const [field, given, read] of FILLED) {
  t.test(`field ${field}: ${given} is filled up to ${read}`, async (t) => {
    const message = cup.decode(cup.encode({ mti: '0200', fields: { [field]: given } }));
    t.equal(message.get(field), read);
  });
}

t.test('fillers stand where the dialect says', async (t) => {
  const body = cup.encode({ mti: '0200', fields: { 22: '021', 23: '001', 60: '220' } });
  t.equal(body.subarray(10).toString('hex'), '0210000100032200');
});

/** Frames whose bytes text alone cannot give back. */
const ODD: readonly (readonly [what: string, hex: string])[] = [
  ['a filler nibble that is not 0', `02000000040000000000021F`],
  ['a filler nibble on the left that is not 0', `02000000020000000000F001`],
  ['an odd card number with filler F', `0200400000000000000013621999000000000000001F`],
  ['half a GBK character', `02000000000000000080000181`],
  ['bytes behind the last field', `0820000000000080001031303030303030310000FFEE`],
];
for (const [what, hex] of ODD) {
  t.test(`encode(decode(x)) = x: ${what}`, async (t) => {
    const frame = Buffer.from(hex, 'hex');
    const read = readFrame(frame, CUP);
    t.equal(read.error, null);
    t.same(frameOf(documentOf(read, CUP)!, CUP).toString('hex'), frame.toString('hex'));
  });
}
