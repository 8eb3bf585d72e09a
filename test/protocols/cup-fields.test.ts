import t from 'tap';
import { cup } from '../../protocols/dialects/cup.ts';
import {
  field48Details,
  field48Totals,
  field54Amounts,
  field60,
  field61,
  field62TaggedKeys,
  field62WorkingKeys,
} from '../../protocols/dialects/cup-fields.ts';
import { isAccepted, responseOf } from '../../protocols/dialects/cup-responses.ts';
import { CUP_TRANSACTIONS } from '../../protocols/dialects/cup-transactions.ts';
import { findTransaction } from '../../protocols/iso8583/transactions.ts';
import { CUP_VECTORS } from './fixtures.ts';

const text = (name: string, field: number): string =>
  CUP_VECTORS.find((vector) => vector.name === name)!.expected.fields![field]!;

t.test('field 60', async (t) => {
  const parts = field60.parse('2200000700050');
  t.same(parts, {
    transactionType: '22',
    batchNumber: '000007',
    networkCode: '000',
    terminalCapability: '5',
    icCondition: '0',
  });
  t.equal(field60.format(parts), '2200000700050');
  t.equal(field60.format({ transactionType: '00', batchNumber: '000007' }), '00000007');
  t.throws(() => field60.format({ transactionType: '00', networkCode: '003' }), {
    code: 'bad-value',
  });
  t.throws(() => field60.format({ transactionType: '0' }), { code: 'bad-value' });
});

t.test('field 61', async (t) => {
  const parts = field61.parse(text('syn_void_request', 61));
  t.same(parts, { batchNumber: '000007', traceNumber: '000002', date: '0305' });
});

t.test('settlement totals', async (t) => {
  const given = text('syn_settlement_response_mismatch', 48);
  const totals = field48Totals.parse(given);
  t.same(totals, {
    domestic: { debitFen: 12_345, debitCount: 1, creditFen: 0, creditCount: 0, result: 2 },
    foreign: { debitFen: 0, debitCount: 0, creditFen: 0, creditCount: 0, result: 1 },
  });
  t.equal(field48Totals.format(totals), given);
  t.throws(() => field48Totals.parse('1'), { code: 'bad-digit' });
  t.throws(() => field48Totals.parse(`${given.slice(0, 30)}9${given.slice(31)}`), {
    code: 'bad-digit',
  });
  const tooMany = { ...totals, domestic: { ...totals.domestic, debitCount: 1000 } };
  t.throws(() => field48Totals.format(tooMany), { code: 'bad-value' });
});

t.test('batch details', async (t) => {
  const given = text('syn_batch_upload', 48);
  const details = field48Details.parse(given);
  t.same(details, [
    { foreign: false, traceNumber: '000002', pan: '6219990000000000010', amountFen: 12_345 },
    { foreign: false, traceNumber: '000006', pan: '6219990000000000010', amountFen: 2345 },
  ]);
  t.equal(field48Details.format(details), given);
  t.throws(() => field48Details.parse('03'.padEnd(82, '0')), { code: 'bad-digit' });
  t.throws(() => field48Details.format(Array(9).fill(details[0])), { code: 'bad-value' });
});

t.test('additional amounts', async (t) => {
  const amounts = [
    { accountType: '10', amountType: '02', currency: '156', amountFen: 123_456 },
    { accountType: '10', amountType: '01', currency: '156', amountFen: -5 },
  ];
  t.equal(field54Amounts.format(amounts), '1002156C0000001234561001156D000000000005');
  t.same(field54Amounts.parse('1002156C0000001234561001156D000000000005'), amounts);
  t.throws(() => field54Amounts.parse('10'), { code: 'bad-digit' });
  t.throws(() => field54Amounts.format([{ ...amounts[0]!, amountFen: 0.5 }]), {
    code: 'bad-value',
  });
});

t.test('working keys: layouts by length', async (t) => {
  const key = (length: number) => ({
    wrapped: new Uint8Array(length).fill(1),
    checkValue: new Uint8Array(4),
  });
  t.equal(field62WorkingKeys.layoutOf(24), '24');
  t.equal(field62WorkingKeys.layoutOf(40), '40');
  t.equal(field62WorkingKeys.layoutOf(57), '57');
  t.equal(field62WorkingKeys.layoutOf(60), '60');
  t.equal(field62WorkingKeys.layoutOf(60, '006'), 'sm60');
  t.equal(field62WorkingKeys.layoutOf(41), undefined);
  const short = { pin: key(16), mac: key(8), track: key(16) };
  t.equal(field62WorkingKeys.format(short, '60').subarray(28, 36).toString('hex'), '00'.repeat(8));
  t.throws(
    () => field62WorkingKeys.format(short, 'sm60'),
    { code: 'bad-value' },
    'SM keys have no zero half',
  );
  t.throws(() => field62WorkingKeys.format({ pin: key(16), mac: key(8) }, '60'), {
    code: 'bad-value',
  });
  t.throws(() => field62WorkingKeys.parse(new Uint8Array(41), '40'), { code: 'bad-length' });
});

t.test('keys that say what they are', async (t) => {
  const key = (fill: number) => ({
    wrapped: Buffer.alloc(16, fill),
    checkValue: Buffer.alloc(8, fill),
  });
  const keys = { mac: key(1), pin: key(2), track: key(3) };
  const bytes = field62TaggedKeys.format(keys);
  t.equal(bytes.length, 75);
  t.same(field62TaggedKeys.parse(bytes), keys);
  t.throws(() => field62TaggedKeys.parse(bytes.subarray(1)), { code: 'bad-length' });
  t.throws(() => field62TaggedKeys.parse(Buffer.alloc(25, 9)), { code: 'bad-value' });
  t.throws(() => field62TaggedKeys.format({ mac: { ...key(1), wrapped: Buffer.alloc(8) } }), {
    code: 'bad-value',
  });
});

t.test('answer codes', async (t) => {
  t.match(responseOf('A0'), { class: 'B', name: { en: /MAC/ } });
  t.match(responseOf('ZZ'), { class: 'C' });
  for (const code of ['00', '10', '11', 'A2', 'A6']) t.ok(isAccepted(code), code);
  for (const code of ['51', 'A0', '96', 'zz']) t.notOk(isAccepted(code), code);
});

/** MTI, F3, F22, F25, F60 and the row they belong to. */
const ROWS: readonly (readonly [
  mti: string,
  f3: string,
  f22: string,
  f25: string,
  f60: string,
  id: string | null,
])[] = [
  ['0200', '000000', '021', '00', '22000007', 'sale'],
  ['0210', '000000', '', '00', '22000007', 'sale'],
  ['0200', '000000', '032', '00', '22000007', 'scan-sale'],
  ['0200', '200000', '012', '00', '23000007', 'sale-void'],
  ['0220', '200000', '012', '00', '25000007', 'refund'],
  ['0100', '030000', '021', '06', '10000007', 'pre-auth'],
  ['0200', '000000', '021', '06', '20000007', 'completion'],
  ['0220', '000000', '021', '06', '24000007', 'completion-notice'],
  ['0200', '000000', '021', '64', '22000007', 'instalment-sale'],
  ['0200', '600000', '051', '91', '45000007', 'load'],
  ['0200', '000000', '071', '00', '36000007', 'offline-sale'],
  ['0200', '310000', '021', '00', '01000007', 'balance-inquiry'],
  ['0400', '000000', '021', '00', '22000007', 'sale'],
  ['0400', '200000', '021', '00', '25000007', null],
  ['0400', '310000', '021', '00', '01000007', null],
  ['0800', '', '', '', '00000007003', 'sign-in'],
  ['0800', '', '', '', '00000007006', 'sign-in'],
  ['0820', '', '', '', '00000007301', 'echo'],
  ['0820', '', '', '', '07000007801', 'e-signature'],
  ['0500', '', '', '', '00000007201', 'settlement'],
  ['0320', '', '', '', '00000007207', 'batch-upload-end-match'],
  ['0620', '', '', '', '22000007951', 'script-result'],
  ['0200', '999999', '021', '00', '22000007', null],
  ['0210', '000000', '', '06', '', 'completion'],
  ['0210', '000000', '', '', '', null],
  ['0210', '', '', '', '22000007', null],
];
for (const [mti, f3, f22, f25, f60, id] of ROWS) {
  t.test(`${mti} ${f3} ${f22} ${f25} ${f60} is ${id}`, async (t) => {
    const given = { 3: f3, 22: f22, 25: f25, 60: f60 };
    const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
    const message = cup.decode(cup.encode({ mti, fields }));
    const match = findTransaction(CUP_TRANSACTIONS, message);
    t.equal(match?.row.id ?? null, id);
    if (match !== null) t.equal(match.reversal, mti === '0400');
  });
}
