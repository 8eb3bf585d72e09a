import { writeFileSync } from 'node:fs';
import t from 'tap';
import { cup } from '../../protocols/dialects/cup.ts';
import { DIALECTS } from '../../protocols/dialects/index.ts';
import { joinEnvelope } from '../../protocols/framing/envelope.ts';
import { CUP_TERMINAL_FRAMING } from '../../protocols/framing/framing.ts';
import { displayWidth } from '../../protocols/inspect/display-width.ts';
import { readFrame } from '../../protocols/inspect/frame.ts';
import { pageOf } from '../../protocols/inspect/page.ts';
import { compile } from '../../protocols/iso8583/compile.ts';
import type { Explanation } from '../../protocols/iso8583/explain.ts';
import { cupFrame, fixtureText } from './fixtures.ts';
import { EVERYTHING } from './test-dialects.ts';

/** A purchase with an IC card, PIN and encrypted track, as a modern terminal sends it. */
const IC_PURCHASE = cup.encode({
  mti: '0200',
  fields: {
    2: '6219990000000000010',
    3: '000000',
    4: '000000012345',
    11: '000002',
    14: '3012',
    22: '051',
    23: '001',
    25: '00',
    26: '12',
    35: '6219990000000000010D30122010000000000',
    41: '10000001',
    42: '123456789012345',
    49: '156',
    52: 'D2C3C10F90CE4B95',
    53: '2600000000000000',
    55: '9F2608AABBCCDDEEFF00119F2701809F101307010103A0A000010A010000000000112233449F3704A1B2C3D49F36020123950500800480009A032611209C01009F02060000000123455F2A02015682027C009F1A0201569F03060000000000009F3303E0E9C89F34034203009F3501225A0A6219990000000000010F',
    60: '2200000700050',
    64: '3736443539314535',
  },
});
const FRAME = joinEnvelope(
  CUP_TERMINAL_FRAMING,
  Buffer.from('6000060000', 'hex'),
  Buffer.from('603100311234', 'hex'),
  IC_PURCHASE,
);

function explain(frame: Uint8Array): Explanation {
  return cup.explain(readFrame(frame, DIALECTS['cup']!).message!);
}

t.test('the page of a purchase with field 55', async (t) => {
  const read = readFrame(FRAME, DIALECTS['cup']!);
  const page = `${pageOf(cup.explain(read.message!), read.pieces)}\n`;
  if (process.env['POSP_UPDATE_FIXTURES'] !== undefined) {
    writeFileSync('test/fixtures/protocols/purchase-page.txt', page);
  }
  t.equal(page, fixtureText('purchase-page.txt'));
});

t.test('columns align although Chinese is two columns wide', async (t) => {
  const read = readFrame(FRAME, DIALECTS['cup']!);
  const lines = pageOf(cup.explain(read.message!), read.pieces).split('\n');
  const heading = lines.find((line) => line.includes('Value'))!;
  const column = displayWidth(heading.slice(0, heading.indexOf('内容')));
  for (const value of ['000000012345 · 123.45', '051', '2200000700050']) {
    const line = lines.find((candidate) => candidate.includes(`  ${value}`))!;
    t.equal(displayWidth(line.slice(0, line.lastIndexOf(value))), column, value);
  }
});

t.test('what a POS engineer asks about is said', async (t) => {
  const { transaction, fields } = explain(FRAME);
  t.match(transaction, { id: 'sale', name: { zh: '消费', en: 'Sale' } });
  const field = (number: number) => fields.find((candidate) => candidate.field === number)!;
  t.match(field(3).meaning, { zh: '消费' });
  t.match(field(4).meaning, { zh: '123.45 元' });
  t.match(
    field(22).parts.map(({ meaning }) => meaning?.en),
    ['contact IC', 'PIN entered'],
  );
  t.match(field(53).parts[1]?.meaning, { en: 'double-length 3DES' });
  t.equal(field(55).parts.find(({ id }) => id === '9F36')?.value, '0123');
  t.match(JSON.stringify(field(55).parts.find(({ id }) => id === '95')), /online PIN entered/);
  t.equal(field(55).parts.find(({ id }) => id === '5A')?.value, '621999*********0010');
  t.equal(field(52).raw, '<8 bytes>');
});

const SAID: readonly (readonly [
  frame: string,
  transaction: RegExp,
  field: number,
  said: RegExp,
])[] = [
  ['syn_sale_response_declined_51', /Sale/, 39, /资金不足.*insufficient funds/],
  ['syn_reversal_request_timeout', /冲正：消费.*Reversal: Sale/, 39, /未收到应答.*no answer/],
  ['syn_void_request', /消费撤销.*Sale void/, 61, /000002/],
  ['syn_settlement_response_mismatch', /批结算/, 48, /对账不平.*mismatch/],
  ['syn_balance_response', /余额查询/, 54, /1,234\.56 元/],
  ['syn_signin_request', /签到（双倍长密钥）/, 62, /SN00000001/],
  ['syn_signin_response_60', /签到/, 62, /76CDB553/],
  ['syn_sm4_signin_response', /国密/, 62, /438CF92D/],
  ['sale_response_0210_hospital_kiosk', /消费/, 63, /中国银联/],
  ['scan_pay_request_0200_mac_known', /扫码/, 62, /付款码.*<18 bytes>/],
  ['syn_batch_upload', /批上送/, 48, /621999\*+0010/],
];
for (const [name, transaction, number, said] of SAID) {
  t.test(`${name} field ${number}`, async (t) => {
    const explanation = explain(cupFrame(name));
    t.match(JSON.stringify(explanation.transaction), transaction);
    t.match(JSON.stringify(explanation.fields.find(({ field }) => field === number)), said);
  });
}

t.test('sub-fields by tag and by bitmap', async (t) => {
  const name = { zh: '测试', en: 'test' };
  const codec = compile({
    ...EVERYTHING,
    fields: {
      2: {
        name,
        type: 'b',
        max: 20,
        prefix: 'LL',
        subfields: [
          {
            layout: {
              by: 'bitmap',
              bitmapBytes: 1,
              parts: {
                1: { id: 'a', name, length: 2 },
                3: { id: 'b', name, length: 1, as: 'ascii' },
              },
            },
          },
        ],
      },
      3: {
        name,
        type: 'ans',
        max: 20,
        prefix: 'LL',
        subfields: [
          {
            layout: {
              by: 'tag',
              coding: { tagLength: 2, lengthLength: 2 },
              tags: { AA: { name, safe: 'shown' } },
            },
          },
        ],
      },
    },
  });
  const explained = (fields: Record<number, string>) =>
    codec.explain(codec.decode(codec.encode({ mti: '0200', fields }))).fields[0]!.parts;
  t.same(
    explained({ 2: 'A0112241' }).map(({ id, value }) => [id, value]),
    [
      ['a', '1122'],
      ['b', 'A'],
    ],
  );
  t.same(explained({ 2: '40' }), [], 'a part that is not defined is not guessed');
  t.same(
    explained({ 3: 'AA03xyzBB01q' }).map(({ id, value }) => [id, value]),
    [
      ['AA', 'xyz'],
      ['BB', '<1 byte>'],
    ],
  );
  t.same(explained({ 3: 'AA99x' }), []);
});
