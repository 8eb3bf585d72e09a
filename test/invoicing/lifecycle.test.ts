import t from 'tap';
import { billName } from '../../modules/invoicing/bill/bill.ts';
import { reconcile } from '../../modules/invoicing/reports/reconcile.ts';
import { InvoicingRefused } from '../../modules/invoicing/requests.ts';
import { checkStock } from '../../modules/invoicing/stock/check.ts';
import {
  billCodeOf,
  charge,
  type Hospital,
  hospitalFor,
  INSTITUTION,
  pay,
  receiveNumbers,
  reference,
  until,
} from './hospital.ts';

/** The bills of a busNo as one line each: kind, number, total, state. */
function bills({ queries }: Hospital, busNo: string): string[] {
  return queries.billsOfBusiness(INSTITUTION, busNo).map(({ bill, state }) => {
    return `${bill.kind} ${bill.generation} ${bill.content.totalFen} ${state.state}`;
  });
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (error instanceof InvoicingRefused) return error.code;
    throw error;
  }
}

t.test('a settled payment with a registered charge becomes one bill', async (t) => {
  const hospital = await hospitalFor(t);
  const { desk, queries } = hospital;

  const first = await pay(hospital, 'first', 10_000);
  t.equal(queries.unbilledPayments(INSTITUTION)[0]?.reason, 'no-charge', 'not yet: on record why');
  const after = await desk.registerCharge(charge('B1', 10_000), 'payment', [
    { reference: reference(first) },
  ]);
  t.equal(after.bill?.bill.content.totalFen, 10_000, 'charge after the payment');
  t.equal(queries.unbilledPayments(INSTITUTION).length, 0);

  const link = { terminalId: '10000001', batchNumber: '000001', traceNumber: '000777' };
  const before = await desk.registerCharge(charge('B2', 333), 'payment', [link]);
  t.strictSame([before.bill, before.reason], [null, 'payment-not-seen']);
  await pay(hospital, 'second', 333, { trace: '000777' });
  t.strictSame(
    bills(hospital, 'B2'),
    ['normal 1 333 issued'],
    'charge before the payment, by trace',
  );

  await desk.registerCharge(charge('B3', 42), 'payment', [{ businessNumber: 'N-42' }]);
  await pay(hospital, 'third', 42, { businessNumber: 'N-42' });
  t.strictSame(
    bills(hospital, 'B3'),
    ['normal 1 42 issued'],
    'by a number that the payment carries',
  );

  await desk.registerCharge(charge('B4', 43), 'payment', []);
  t.equal(desk.chargeAnswer('B4').reason, 'payment-not-seen', 'no money, no bill');
  await pay(hospital, 'fourth', 43, { businessNumber: 'B4' });
  t.strictSame(bills(hospital, 'B4'), ['normal 1 43 issued'], 'its own number names the payment');

  await desk.registerCharge(charge('B6', 45), 'payment', []);
  const later = [{ reference: reference(await pay(hospital, 'sixth', 45)) }];
  const told = await desk.registerCharge(charge('B6', 45), 'payment', later);
  t.equal(told.bill?.bill.content.totalFen, 45, 'the payment is named when it is known');
  const other = [{ reference: reference(await pay(hospital, 'seventh', 45)) }];
  const over = desk.registerCharge(charge('B6', 45), 'payment', other);
  t.equal(await refusal(over), 'payment-not-of-charge', 'and no other one is passed over');

  const twice = { terminalId: '10000001', batchNumber: '000001', traceNumber: '000778' };
  const fifth = await pay(hospital, 'fifth', 44, { trace: '000778' });
  const names = [{ reference: reference(fifth) }, twice, { reference: reference(fifth) }];
  const named = await desk.registerCharge(charge('B5', 44), 'payment', names);
  t.equal(named.bill?.bill.content.totalFen, 44, 'one payment by two names');

  const again = await desk.registerCharge(charge('B1', 10_000), 'payment', [
    { reference: reference(first) },
  ]);
  t.equal(again.bill?.key, after.bill?.key, 'the same charge again is the same bill');
  t.equal(
    await refusal(desk.registerCharge(charge('B1', 9_999), 'payment', [])),
    'busNo-used',
    'another content under the same busNo',
  );
  t.equal(
    await refusal(
      desk.registerCharge(charge('B9', 10_000), 'payment', [{ reference: reference(first) }]),
    ),
    'payment-of-another-charge',
  );
  const numbers = ['B1', 'B2', 'B3'].flatMap((busNo) =>
    queries.billsOfBusiness(INSTITUTION, busNo).map(({ bill }) => bill.billNumber),
  );
  t.strictSame(numbers, ['0000000001', '0000000002', '0000000003'], 'in the order of the journal');
  t.strictSame(checkStock(queries, [INSTITUTION]), []);
});

t.test('refunds: red bill for all of it, and a new bill for the rest', async (t) => {
  const hospital = await hospitalFor(t);
  const { desk } = hospital;
  const sale = async (busNo: string, amountFen: number) => {
    const position = await pay(hospital, busNo, amountFen);
    const link = { reference: reference(position) };
    await desk.registerCharge(charge(busNo, amountFen), 'payment', [link]);
    return position;
  };
  const back = (name: string, original: number, amountFen: number, kind = 'refund') =>
    pay(hospital, name, amountFen, { kind, original });

  await back('full', await sale('F1', 500), -500);
  t.strictSame(bills(hospital, 'F1'), ['normal 1 500 red-lettered', 'red 1 500 issued']);

  await back('void', await sale('F2', 700), -700, 'void');
  t.strictSame(bills(hospital, 'F2'), ['normal 1 700 red-lettered', 'red 1 700 issued']);

  const partial = await sale('P1', 1_000);
  await back('partial', partial, -400);
  t.equal(hospital.desk.chargeAnswer('P1').reason, 'remainder-not-registered');
  await desk.registerRemainder('P1', charge('P1', 600));
  t.strictSame(bills(hospital, 'P1'), [
    'normal 1 1000 red-lettered',
    'red 1 1000 issued',
    'normal 2 600 issued',
  ]);
  const second = await back('partial 2', partial, -600);
  t.strictSame(bills(hospital, 'P1').slice(2), ['normal 2 600 red-lettered', 'red 2 600 issued']);
  await pay(hospital, 'undone', 600, { kind: 'reversal', original: second });
  t.strictSame(bills(hospital, 'P1').slice(4), ['normal 3 600 issued'], 'the refund was undone');

  const early = await sale('P2', 800);
  await desk.registerRemainder('P2', charge('P2', 300));
  t.strictSame(
    bills(hospital, 'P2'),
    ['normal 1 800 issued'],
    'the rest is told before the refund',
  );
  await back('later', early, -500);
  t.strictSame(bills(hospital, 'P2').slice(1), ['red 1 800 issued', 'normal 2 300 issued']);
  t.strictSame(checkStock(hospital.queries, [INSTITUTION]), []);
});

t.test('registration: the bill comes at check-in, not with the payment', async (t) => {
  const hospital = await hospitalFor(t);
  const { desk } = hospital;
  const online = async (busNo: string) => {
    const position = await pay(hospital, busNo, 1_500);
    const link = { reference: reference(position) };
    return {
      position,
      answer: await desk.registerCharge(charge(busNo, 1_500, { busType: '06' }), 'check-in', [
        link,
      ]),
    };
  };
  const { answer } = await online('R1');
  t.strictSame([answer.bill, answer.reason], [null, 'not-checked-in']);
  await desk.ask('check-in', { busNo: 'R1' });
  t.strictSame(bills(hospital, 'R1'), ['normal 1 1500 issued']);
  await desk.ask('check-in', { busNo: 'R1' });
  t.strictSame(bills(hospital, 'R1').length, 1, 'checking in twice');

  const cancelled = await online('R2');
  await pay(hospital, 'cancel', -1_500, { kind: 'refund', original: cancelled.position });
  t.strictSame(bills(hospital, 'R2'), [], 'cancelled before: plain, no bill ever');
  t.equal(desk.chargeAnswer('R2').reason, 'paid-back');
  await desk.ask('check-in', { busNo: 'R2' });
  t.strictSame(bills(hospital, 'R2'), []);
});

t.test('paper: exchanged, spoiled, voided; what stands against a red bill', async (t) => {
  const hospital = await hospitalFor(t);
  const { desk, queries } = hospital;
  await receiveNumbers(hospital, '61060199', 1, 10, 'paper');
  const paperCode = '61060199';
  const distributed = { medium: 'paper' as const, billCode: paperCode, count: 5 };
  await desk.ask('numbers-distributed', {
    ...distributed,
    fromHolder: '',
    toHolder: 'outpatient',
  });
  const position = await pay(hospital, 'X1', 900);
  const { bill } = await desk.registerCharge(charge('X1', 900), 'payment', [
    { reference: reference(position) },
  ]);
  const { billCode, billNumber } = billName(bill!.key);
  const name = { billCode, billNumber };
  const at = { pointCode: 'outpatient', operator: 'C01' };
  const paper = (paperNumber: string) => ({ paperCode, paperNumber });
  const red = { ...name, reason: '退费', ...at };

  t.equal(
    await refusal(desk.ask('exchange', { ...name, ...paper('0000000009'), ...at })),
    'paper-not-in-stock',
  );
  t.equal(
    await refusal(desk.ask('re-exchange', { ...name, ...paper('0000000001'), ...at })),
    'not-exchanged',
  );
  await desk.ask('exchange', { ...name, ...paper('0000000001'), ...at });
  t.equal(
    await refusal(desk.ask('exchange', { ...name, ...paper('0000000002'), ...at })),
    'already-exchanged',
  );
  await desk.ask('re-exchange', { ...name, ...paper('0000000002'), ...at });
  t.equal(queries.paper(paper('0000000001'))?.state, 'void', 'the spoiled paper is void');
  t.equal(await refusal(desk.ask('red-letter', red)), 'paper-must-be-voided-first');

  await pay(hospital, 'X1 back', -900, { kind: 'refund', original: position });
  t.equal(
    desk.chargeAnswer('X1').reason,
    'paper-must-be-voided-first',
    'the refund waits, on record',
  );
  const voided = { ...paper('0000000002'), pointCode: 'outpatient', reason: '退费' };
  await desk.ask('paper-voided', voided);
  t.strictSame(bills(hospital, 'X1'), ['normal 1 900 red-lettered', 'red 1 900 issued']);
  t.equal(await refusal(desk.ask('paper-voided', voided)), 'already-void');

  const [, redBill] = queries.billsOfBusiness(INSTITUTION, 'X1');
  const redName = billName(redBill!.key);
  t.equal(
    await refusal(desk.ask('red-letter', { ...red, ...redName })),
    'is-a-red-bill',
    'a red bill is not red-lettered',
  );
  t.equal(await refusal(desk.ask('red-letter', red)), 'already-red-lettered');
  const booking = { ...redName, date: '20261122', amountFen: 900, by: '某单位' };
  t.equal(await refusal(desk.book(booking)), 'is-a-red-bill');

  const booked = await pay(hospital, 'X2', 100);
  const second = await desk.registerCharge(charge('X2', 100), 'payment', [
    { reference: reference(booked) },
  ]);
  const secondName = billName(second.bill!.key);
  await desk.ask('booked', { ...secondName, date: '20261122', amountFen: 100, by: '某单位' });
  t.equal(await refusal(desk.ask('red-letter', { ...red, ...secondName })), 'booked-by-the-payer');
  await pay(hospital, 'X2 back', -100, { kind: 'refund', original: booked });
  t.equal(desk.chargeAnswer('X2').reason, 'booked-by-the-payer', 'for a person to decide');
  t.equal(queries.waitingCharges(INSTITUTION).length, 1);
  t.strictSame(checkStock(queries, [INSTITUTION]), []);
});

t.test('what the HIS settles itself, and red-letters itself', async (t) => {
  const hospital = await hospitalFor(t);
  const { desk } = hospital;
  const cash = { channels: [{ code: '02', amountFen: 50 }] };
  const { bill } = await desk.registerCharge(charge('H1', 50, cash), 'now', []);
  t.equal(bill?.bill.billNumber, '0000000001');
  const name = billName(bill!.key);
  await desk.ask('red-letter', {
    ...name,
    reason: '开错',
    operator: 'C01',
    pointCode: 'outpatient',
  });
  t.strictSame(bills(hospital, 'H1'), ['normal 1 50 red-lettered', 'red 1 50 issued']);
  t.equal(desk.chargeAnswer('H1').reason, '', 'and no bill comes again by itself');

  const position = await pay(hospital, 'H2', 60);
  const link = [{ reference: reference(position) }];
  const second = await desk.registerCharge(charge('H2', 60), 'payment', link);
  const asked = { reason: '开错', operator: 'C01', pointCode: 'outpatient' };
  await desk.ask('red-letter', { ...billName(second.bill!.key), ...asked });
  t.equal(hospital.queries.unbilledPayments(INSTITUTION)[0]?.reason, 'written-off');
  const wrong = desk.issueOrRefuse(charge('H3', 61), link, []);
  t.equal(await refusal(wrong), 'amount-differs-from-payment');
  t.equal(hospital.queries.charge(INSTITUTION, 'H3'), null, 'a refusal leaves nothing');
  const third = await desk.issueOrRefuse(charge('H3', 60), link, []);
  t.equal(third.bill?.bill.busNo, 'H3', 'the payment may be billed under another busNo');

  const cashOf = (busNo: string) => charge(busNo, 5, { channels: [{ code: '02', amountFen: 5 }] });
  for (const busNo of ['Q', 'Q|000001|normal']) await desk.registerCharge(cashOf(busNo), 'now', []);
  t.strictSame(bills(hospital, 'Q'), ['normal 1 5 issued'], 'and not those of Q|…');

  await desk.registerCharge(
    charge('H4', 70, { channels: [{ code: '02', amountFen: 70 }] }),
    'now',
    [],
  );
  t.equal(reconcile(hospital.queries, INSTITUTION).holds, true);
  const value = { code: '02', name: '现金', journal: true, enabled: true };
  await desk.ask('managed', { table: 'channel', key: '02', value });
  const { holds, differences } = reconcile(hospital.queries, INSTITUTION);
  const unpaid = { subject: 'H4', ledgerFen: 0, billedFen: 70, reason: 'billed-without-payment' };
  t.equal(holds, false);
  t.strictSame(
    differences.find(({ subject }) => subject === 'H4'),
    unpaid,
    'a bill whose money the journal misses',
  );
});

t.test('refused before anything is written', async (t) => {
  const hospital = await hospitalFor(t, { numbers: 0 });
  const { desk } = hospital;
  const cash = { channels: [{ code: '02', amountFen: 50 }] };
  const lastYear = String(Number(billCodeOf('01').slice(6)) - 1).padStart(2, '0');
  await receiveNumbers(hospital, `610601${lastYear}`, 1, 5);
  const wrong: [what: string, content: ReturnType<typeof charge>, code: string][] = [
    ['unknown issuing point', charge('E1', 50, { ...cash, pointCode: 'nowhere' }), 'unknown-point'],
    [
      'unknown business type',
      charge('E2', 50, { ...cash, busType: '77' }),
      'unknown-business-type',
    ],
    ['no numbers of this year', charge('E3', 50, cash), 'stock-empty'],
    [
      'channels that do not add up',
      charge('E4', 50, { channels: [{ code: '02', amountFen: 49 }] }),
      'content-does-not-add-up',
    ],
  ];
  for (const [what, content, code] of wrong) {
    t.equal(await refusal(desk.registerCharge(content, 'now', [])), code, what);
  }
  const link = [{ reference: reference(await pay(hospital, 'E6', 71)) }];
  t.equal(await refusal(desk.issueOrRefuse(charge('E6', 71), link, [])), 'stock-empty');
  const position = await pay(hospital, 'E5', 70);
  const waiting = await desk.registerCharge(charge('E5', 70), 'payment', [
    { reference: reference(position) },
  ]);
  t.equal(waiting.reason, 'stock-empty', 'money that has moved waits for numbers, on record');
  await receiveNumbers(hospital, billCodeOf('01'), 1, 5);
  t.strictSame(bills(hospital, 'E5'), ['normal 1 70 issued'], 'and gets one when they come');
  t.strictSame(bills(hospital, 'E6'), [], 'what was refused does not');
});

t.test('deposits: voucher, used up by the inpatient bill, rest paid back', async (t) => {
  const hospital = await hospitalFor(t);
  const { desk, queries } = hospital;
  const inpatient = { pointCode: 'inpatient' };
  const deposit = async (busNo: string, amountFen: number) => {
    const position = await pay(hospital, busNo, amountFen);
    const content = charge(busNo, amountFen, { ...inpatient, busType: '07' });
    const link = { reference: reference(position) };
    const { bill } = await desk.registerCharge(content, 'payment', [link]);
    return { position, name: billName(bill!.key), key: bill!.key };
  };
  const first = await deposit('D1', 5_000);
  t.equal(queries.billByKey(first.key)?.bill.voucher, true);
  const stay = charge('S1', 4_000, {
    ...inpatient,
    busType: '01',
    channels: [],
    vouchers: [{ ...first.name, amountFen: 4_000 }],
  });
  const { bill } = await desk.registerCharge(stay, 'now', []);
  t.equal(bill?.bill.billType, 'inpatient');
  t.equal(queries.billByKey(first.key)?.state.consumedFen, 4_000);

  await pay(hospital, 'D1 rest', -1_000, { kind: 'refund', original: first.position });
  t.match(queries.billByKey(first.key)?.state, { consumedFen: 4_000, cancelledFen: 1_000 });
  t.equal(desk.chargeAnswer('D1').reason, '');
  await pay(hospital, 'D1 more', -500, { kind: 'refund', original: first.position });
  t.equal(desk.chargeAnswer('D1').reason, 'deposit-already-used', 'more back than was left');

  const unused = await deposit('D2', 300);
  await pay(hospital, 'D2 back', -300, { kind: 'refund', original: unused.position });
  t.strictSame(bills(hospital, 'D2'), ['normal 1 300 red-lettered', 'red 1 300 issued']);
  const parts = await deposit('D3', 1_000);
  for (const [name, amountFen] of [
    ['D3 some', 400],
    ['D3 rest', 600],
  ] as const) {
    await pay(hospital, name, -amountFen, { kind: 'refund', original: parts.position });
  }
  t.strictSame(bills(hospital, 'D3'), ['normal 1 1000 red-lettered', 'red 1 1000 issued']);
  const tooMuch = { ...stay, busNo: 'S2', vouchers: [{ ...unused.name, amountFen: 4_000 }] };
  t.equal((await desk.registerCharge(tooMuch, 'now', [])).reason, 'deposit-too-low');
});

t.test('every bill gets the unit’s signature over its exact bytes', async (t) => {
  const hospital = await hospitalFor(t);
  const { desk, queries } = hospital;
  const position = await pay(hospital, 'G1', 4_321);
  const { bill } = await desk.registerCharge(charge('G1', 4_321), 'payment', [
    { reference: reference(position) },
  ]);
  await until('the bill is signed', () => queries.original(bill!.key) !== null);
  const { state } = queries.billByKey(bill!.key)!;
  const original = queries.original(bill!.key)!;
  const { sm2Verify } = await import('../../hsm/operations/sm2.ts');
  const value = Buffer.from(state.unitSignature!.value, 'base64');
  const { publicKey } = state.unitSignature!;
  t.equal(sm2Verify(publicKey, original, value), true);
  const changed = Buffer.from(original);
  changed[100]! ^= 1;
  t.equal(sm2Verify(publicKey, changed, value), false, 'a changed byte fails');
  t.match(original.toString(), /<TotalAmount>43\.21<\/TotalAmount>/);
});
